"""The verbs a step can name, one module each."""
