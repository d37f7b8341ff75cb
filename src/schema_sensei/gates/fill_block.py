"""The DO block that fills a column batch by batch by itself, for a server that runs a sheet and answers at its end."""

from psycopg import sql

from .filling import Filled


def fill_block(found: Filled, size: int, pause: float) -> str:
    """The block; it commits after each `size` rows and rests for `pause` seconds, so it must run outside of a
    transaction. It goes by ranges of the key: a row that its expression gives NULL is passed, not met again.
    """
    names = [sql.Identifier(name).as_string() for name, _ in found.key]
    numbers = range(1, len(names) + 1)
    keys, row = ", ".join(names), ", ".join(f'"row".{name}' for name in names)
    after, until = (", ".join(f"sensei_{word}_{number}" for number in numbers) for word in ("after", "until"))
    column, table = sql.Identifier(found.fill.column).as_string(), found.fill.relation.as_string()
    lines = [
        "#variable_conflict use_column",
        "DECLARE",
        *(f"  sensei_after_{number} {kind};" for number, (_, kind) in zip(numbers, found.key, strict=True)),
        *(f"  sensei_until_{number} {kind};" for number, (_, kind) in zip(numbers, found.key, strict=True)),
        "BEGIN",
        "  LOOP",
        "    PERFORM pg_catalog.set_config('plan_cache_mode', 'force_custom_plan', true);",
        f'    SELECT {row} INTO {until} FROM {table} AS "row" WHERE "row".{column} IS NULL',
        f"      AND (sensei_after_1 IS NULL OR ({row}) > ({after})) ORDER BY {row} OFFSET {size - 1} LIMIT 1;",
        f"    UPDATE {table} SET {column} = (",
        f"  {found.fill.expression}",
        f"    ) WHERE {column} IS NULL AND (sensei_after_1 IS NULL OR ({keys}) > ({after}))",
        f"      AND (sensei_until_1 IS NULL OR ({keys}) <= ({until}));",
        "    COMMIT;",
        "    EXIT WHEN sensei_until_1 IS NULL;",
        *(f"    sensei_after_{number} := sensei_until_{number};" for number in numbers),
        f"    PERFORM pg_catalog.pg_sleep({pause:g});",
        "  END LOOP;",
        "END",
    ]
    body, tag = "\n".join(lines), "$fill$"
    while tag in body:
        tag = f"{tag[:-1]}_$"
    return f"DO {tag}\n{body}\n{tag}"
