"""Dashboard: people, workplaces, what they do there, and how they are assessed."""
