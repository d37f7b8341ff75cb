"""What travels, and how it is judged."""
