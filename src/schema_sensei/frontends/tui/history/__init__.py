"""The History mode: earlier runs, what they did, and how to go on with them."""
