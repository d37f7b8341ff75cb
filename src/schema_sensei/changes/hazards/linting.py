"""What squawk's rules are called here, and which of them the copy can confirm or clear."""

from collections.abc import Mapping

HAZARD_OF: Mapping[str, str] = {
    "require-concurrent-index-creation": "index-blocks-writes",
    "require-concurrent-index-deletion": "index-drop-blocks",
    "require-concurrent-reindex": "reindex-blocks",
    "require-concurrent-partition-detach": "detach-blocks",
    "constraint-missing-not-valid": "constraint-scan",
    "adding-foreign-key-constraint": "foreign-key-scan",
    "disallowed-unique-constraint": "unique-constraint-build",
    "adding-field-with-default": "table-rewrite",
    "changing-column-type": "table-rewrite",
    "adding-serial-primary-key-field": "table-rewrite",
    "adding-not-nullable-field": "not-null-scan",
    "adding-required-field": "required-column",
    "renaming-column": "rename-column",
    "renaming-table": "rename-table",
    "renaming-object": "rename-object",
    "ban-set-schema": "rename-table",
    "ban-drop-column": "drop-column",
    "ban-drop-table": "drop-table",
    "ban-drop-not-null": "drop-not-null",
    "ban-drop-constraint": "drop-constraint",
    "ban-drop-default": "drop-default",
    "ban-drop-view": "drop-object",
    "ban-drop-function": "drop-object",
    "ban-drop-type": "drop-object",
    "ban-drop-schema": "drop-object",
    "ban-drop-sequence": "drop-object",
    "ban-drop-domain": "drop-object",
    "ban-drop-extension": "drop-object",
    "ban-truncate-cascade": "truncate",
    "ban-concurrent-index-creation-in-transaction": "concurrently-in-transaction",
    "ban-uncommitted-transaction": "uncommitted",
    "ban-alter-identity": "identity-changed",
    "ban-create-domain-with-constraint": "domain-constraint",
    "ban-alter-domain-with-add-constraint": "domain-constraint",
    "prefer-bigint-over-int": "narrow-integer",
    "prefer-bigint-over-smallint": "narrow-integer",
    "prefer-identity": "serial-column",
    "prefer-text-field": "length-limit",
    "ban-char-field": "char-column",
    "prefer-timestamp-tz": "timestamp-without-zone",
    "identifier-too-long": "naming",
    "ban-drop-generated-expression": "drop-default",
}
"""Our hazard for a rule of squawk 2.70; a rule that is not here is a `questionable`."""

SEEN_BY_LOCKS = frozenset(
    {
        "index-blocks-writes", "reindex-blocks", "detach-blocks", "constraint-scan", "foreign-key-scan",
        "unique-constraint-build", "table-rewrite", "not-null-scan",
    }
)  # fmt: skip
"""A watched statement that shows none of its locks, scans and rewrites clears these."""

SEEN_BY_CATALOG = frozenset(
    {
        "index-drop-blocks", "required-column", "rename-column", "rename-table", "rename-object", "drop-column",
        "drop-table", "drop-not-null", "drop-constraint", "drop-default", "drop-object", "truncate",
    }
)  # fmt: skip
"""A statement after which the catalog has lost nothing of what was there before clears these."""

SEEN_BY_DESIGN = frozenset(
    {"narrow-integer", "length-limit", "char-column", "timestamp-without-zone", "naming", "serial-column"}
)
"""Ours say the same on what is left at the end, and name the object."""
