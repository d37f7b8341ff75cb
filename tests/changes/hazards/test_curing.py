"""Cures by machine: what is rewritten, how, and what is left to people."""

import ast

import pytest

from schema_sensei.changes.hazards.curing import cure
from schema_sensei.changes.hazards.model import Hazard

FILE = '''\
"""a change"""

from alembic import op
import sqlalchemy as sa

revision = "b2"


def upgrade():
{body}


def downgrade():
    op.drop_index("ix_t_a", "t")
'''


def cured(hazard: str, statement: str, *lines: str) -> str | None:
    """The body of upgrade() after the cure; None when there is none."""
    source = FILE.format(body="\n".join(f"    {line}" if line else "" for line in lines))
    found = cure(source, Hazard(hazard, "blocks", statement, 1, "public.t", "", ""))
    if found is None:
        return None
    ast.parse(found.source)
    before, _, rest = found.source.partition("def upgrade():\n")
    body, _, after = rest.partition("\n\n\ndef downgrade")
    assert (before, after) == (source.partition("def upgrade():\n")[0], source.partition("\n\n\ndef downgrade")[2])
    return "\n".join(line.removeprefix("    ") for line in body.split("\n"))


INDEX = "index-blocks-writes"


def test_an_index_is_built_concurrently_outside_of_the_transaction() -> None:
    body = cured(INDEX, "CREATE INDEX ix_t_a ON t (a)", "op.create_index(op.f('ix_t_a'), 't', ['a'], unique=False)")

    assert body == (
        "with op.get_context().autocommit_block():\n"
        "    op.create_index(op.f('ix_t_a'), 't', ['a'], unique=False, postgresql_concurrently=True)"
    )


def test_layout_comments_and_neighbours_stay() -> None:
    body = cured(
        INDEX, "CREATE INDEX ix_t_a ON t (a)",
        "op.add_column('t', sa.Column('a', sa.Text()))  # first",
        "op.create_index(",
        '    "ix_t_a",',
        '    "t",',
        '    ["a"],  # the one people search',
        ")",
        "# then",
        "op.create_index('ix_t_b', 't', ['b'])",
    )  # fmt: skip

    assert body is not None
    assert body.splitlines() == [
        "op.add_column('t', sa.Column('a', sa.Text()))  # first",
        "with op.get_context().autocommit_block():",
        "    op.create_index(",
        '        "ix_t_a",',
        '        "t",',
        '        ["a"],  # the one people search',
        "        postgresql_concurrently=True,",
        "    )",
        "# then",
        "op.create_index('ix_t_b', 't', ['b'])",
    ]


def test_a_foreign_key_is_validated_in_the_next_unit() -> None:
    body = cured(
        "foreign-key-scan",
        'ALTER TABLE app."Order" ADD CONSTRAINT fk_x FOREIGN KEY(x_id) REFERENCES x (id)',
        "op.create_foreign_key('fk_x', 'Order', 'x', ['x_id'], ['id'], source_schema='app')",
    )

    assert body is not None
    assert body.splitlines() == [
        "op.create_foreign_key('fk_x', 'Order', 'x', ['x_id'], ['id'], source_schema='app', postgresql_not_valid=True)",
        "with op.get_context().autocommit_block():",
        '    op.execute(\'ALTER TABLE "app"."Order" VALIDATE CONSTRAINT "fk_x"\')',
    ]


def test_not_null_is_proven_by_a_check_first() -> None:
    operation = "op.alter_column('t', 'due', existing_type=sa.Date(), nullable=False)"

    body = cured("not-null-scan", "ALTER TABLE t ALTER COLUMN due SET NOT NULL", operation)

    assert body is not None
    assert body.splitlines() == [
        "op.create_check_constraint(op.f('due_not_null'), 't', '\"due\" IS NOT NULL', postgresql_not_valid=True)",
        "with op.get_context().autocommit_block():",
        '    op.execute(\'ALTER TABLE "t" VALIDATE CONSTRAINT "due_not_null"\')',
        operation,
        "op.drop_constraint(op.f('due_not_null'), 't', type_='check')",
    ]


def test_a_unique_constraint_is_made_of_an_index() -> None:
    body = cured(
        "unique-constraint-build",
        "ALTER TABLE t ADD CONSTRAINT uq_t UNIQUE (a, b)",
        "op.create_unique_constraint('uq_t', 't', ['a', 'b'])",
    )

    assert body is not None
    assert "op.create_index(op.f('uq_t'), 't', ['a', 'b'], unique=True, postgresql_concurrently=True)" in body
    assert body.endswith("""op.execute('ALTER TABLE "t" ADD CONSTRAINT "uq_t" UNIQUE USING INDEX "uq_t"')""")


@pytest.mark.parametrize(
    ("hazard", "statement", "lines"),
    [
        (INDEX, "CREATE INDEX ix_t_a ON t (a)", ["op.execute('CREATE INDEX ix_t_a ON t (a)')"]),
        (INDEX, "CREATE INDEX ix_t_a ON t (a)", ["op.create_index(NAME, 't', ['a'])"]),
        (INDEX, "CREATE INDEX ix_t_a ON t (a)", ["if True:", "    op.create_index('ix_t_a', 't', ['a'])"]),
        (INDEX, "CREATE INDEX ix_t_a ON t (a)", ["op.create_index('ix_t_a', 't', ['a']); print('x')"]),
        (INDEX, "CREATE INDEX ix_t_a ON t (a)", ["op.create_index('ix_t_a', 't', ['a'])"] * 2),
        (INDEX, "CREATE INDEX ix_t_a ON t (a)", ["op.create_index('ix_t', 't', ['a'])"]),
        (INDEX, "CREATE INDEX ix_t_a ON t (a)", ["op.create_index('ix_t_a', 't', ['''a", "b'''])"]),
        (INDEX, "CREATE INDEX ix_t_a ON t (a)", ["op.create_index("]),
        ("foreign-key-scan", "ALTER TABLE t ADD FOREIGN KEY(x) REFERENCES x", [
            "op.create_foreign_key(None, 't', 'x')"
        ]),
        ("constraint-scan", "ALTER TABLE t ADD CONSTRAINT ck_t_pos CHECK (pos > 0)", [
            "op.create_check_constraint('pos', 't', 'pos > 0')"
        ]),
        ("not-null-scan", "ALTER TABLE t ALTER COLUMN a SET NOT NULL", [
            "op.alter_column('t', 'a', type_=sa.Text(), nullable=False)"
        ]),
        ("not-null-scan", "ALTER TABLE t ALTER COLUMN a SET NOT NULL", [
            "op.alter_column('t', 'a', nullable=VALUE)"
        ]),
        ("unique-constraint-build", "ALTER TABLE t ADD CONSTRAINT u UNIQUE (a)", [
            "op.create_unique_constraint('u', 't', ['a'], deferrable=True)"
        ]),
        ("drop-table", "DROP TABLE t", ["op.drop_table('t')"]),
    ],
)  # fmt: skip
def test_what_is_not_plain_is_left_to_people(hazard: str, statement: str, lines: list[str]) -> None:
    assert cured(hazard, statement, *lines) is None
