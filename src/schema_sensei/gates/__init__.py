"""How a Script reaches a Target."""
