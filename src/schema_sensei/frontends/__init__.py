"""How the product talks to people and scripts."""
