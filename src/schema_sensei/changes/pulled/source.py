"""Python source in small pieces: calls, names, SQL inside of text()."""

import keyword
import re
from collections.abc import Collection

RESERVED = frozenset({"sa", "pg", "orm", "dt", "decimal_", "uuid_", "Any", "Base", "PgType", "metadata", "registry"})
"""Names of the module's own imports and of declarative classes: no attribute may hide them."""

WIDTH = 100


def call(maker: str, /, *arguments: str, **named: str) -> str:
    """A call in source; arguments are source themselves, named ones with an empty value are left out."""
    parts = [*arguments, *(f"{key.removesuffix('_')}={value}" for key, value in named.items() if value)]
    return f"{maker}({', '.join(parts)})"


def spread(opening: str, parts: Collection[str], closing: str, indent: str) -> str:
    """`opening` parts `closing` on one line where they fit, else one part a line."""
    line = f"{indent}{opening}{', '.join(parts)}{closing}"
    if len(line) <= WIDTH:
        return line
    inner = "".join(f"{indent}    {part},\n" for part in parts)
    return f"{indent}{opening}\n{inner}{indent}{closing}"


def sql(text: str) -> str:
    """SQL as `sa.text(...)`: a colon before a word would be a parameter."""
    return f"sa.text({re.sub(r'(?<![:])[:](?=[A-Za-z_0-9])', lambda _: chr(92) + ':', text)!r})"


def strings(names: Collection[str]) -> str:
    """A list of string literals."""
    return f"[{', '.join(map(repr, names))}]"


def identifier(name: str, taken: Collection[str] = ()) -> str:
    """The name as a Python name that is not taken: itself where it is one."""
    found = re.sub(r"\W", "_", name)
    if not found.strip("_") or found[0].isdigit() or found.startswith("_"):
        found = f"c_{found.lstrip('_')}"
    while keyword.iskeyword(found) or keyword.issoftkeyword(found) or found in RESERVED or found in taken:
        found += "_"
    return found


def class_name(name: str, taken: Collection[str]) -> str:
    """`order_lines` as OrderLines."""
    found = "".join(part[:1].upper() + part[1:] for part in re.split(r"[\W_]+", name) if part) or "Table"
    return identifier(found if not found[0].isdigit() else f"T{found}", taken)
