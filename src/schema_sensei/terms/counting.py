"""Numbers of things in words."""


def counted(number: int, thing: str, *, several: str = "") -> str:
    """`1 table`, `3 tables`; `several` is the plural where an s does not make it."""
    return f"{number} {thing if number == 1 else several or f'{thing}s'}"
