"""The `sensei` command: each verb parses, chooses, calls and exits."""


def main() -> None:
    """Run the command line."""
