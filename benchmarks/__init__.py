"""Ours against the raw tools, alternating in one run; `make bench` prints the table."""
