"""Schema Sensei: a guided, proven way for schema and auth changes on PostgreSQL."""

import logging

__version__ = "0.1.0"

logging.getLogger(__name__).addHandler(logging.NullHandler())  # without --debug nothing is logged to a terminal
