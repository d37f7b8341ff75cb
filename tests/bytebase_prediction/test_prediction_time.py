"""A large sheet costs as much more as it is longer, whatever it is made of; both lengths are measured in one run."""

import time

import pytest

from schema_sensei.bytebase.prediction import predict

SHORT = 4 * 1024
TIMES = 8

STUFF = {
    "statements": ("", "UPDATE t SET role = 'x';\n", ""),
    "finds in comments": ("", "-- set role\n", "SELECT 1;"),
    "finds in one statement": ("UPDATE t SET a = 1", ", b = 'set role'", ";"),
    "finds in one body": ("CREATE PROCEDURE f() LANGUAGE sql AS $$ ", "UPDATE t SET role = 1;\n", "$$;"),
    "one block": ("DO $$ BEGIN ", "UPDATE t SET role = 1;\n", "END $$;"),
    "open parentheses": ("", "(", ""),
    "an open comment": ("", "/*", ""),
    "spaces behind SET": ("SET", " ", "x;"),
    "words that almost match": ("", "CREATE UNIQUE ", ""),
    "dollar tags": ("", "$a$ $b$ ", ""),
    "rows": ("COPY t FROM STDIN;\n", "1\tx\n", "\\.\n"),
    "copies without an end": ("", "COPY t FROM STDIN;\n1\n", ""),
    "bodies": ("CREATE FUNCTION f() RETURNS int ", "BEGIN ATOMIC ", ""),
    "quotes that go on": ("SELECT E'a'\n", "'b'\n", ";"),
    "psql commands": ("", "\\d x\n", ""),
}


@pytest.mark.parametrize("kind", STUFF)
def test_the_time_grows_with_the_length(kind: str) -> None:
    before, part, after = STUFF[kind]

    def seconds(length: int) -> float:
        sheet = before + part * (length // len(part)) + after
        began = time.process_time()
        predict(sheet)
        return time.process_time() - began

    short = min(seconds(SHORT) for _ in range(3))
    long = min(seconds(SHORT * TIMES) for _ in range(2))

    assert long < 3 * TIMES * max(short, 0.002), f"{short:.4f} s, {long:.4f} s"
