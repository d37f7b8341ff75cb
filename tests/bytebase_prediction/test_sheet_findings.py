"""What a finding says: the statement, why the server would run it otherwise, and text that can be pasted."""

import pytest

from schema_sensei.bytebase.prediction import Finding, predict


def _only(sheet: str, *, server: tuple[int, int] = (3, 22)) -> Finding:
    (finding,) = predict(sheet, server=server).why
    return finding


@pytest.mark.parametrize(
    ("sheet", "cure"),
    [
        ("UPDATE m SET role_level = 1;", 'UPDATE m SET "role_level" = 1;'),
        ("UPDATE m SET RoLe = 'SET ROLE';", "UPDATE m SET \"role\" = 'SET '\n'ROLE';"),
        ("UPDATE m AS s SET Role_É = 1;", 'UPDATE m AS s SET "role_É" = 1;'),
        ("SET ROLE clerk;", 'SET "role" TO clerk;'),
        ("SET LOCAL ROLE 'clerk';", "SET LOCAL \"role\" TO 'clerk';"),
        ("SET SESSION ROLE NONE;", 'SET SESSION "role" TO NONE;'),
        ("SET role TO clerk;", 'SET "role" TO clerk;'),
        ("RESET ROLE;", 'RESET "role";'),
        ("SELECT * FROM t OFFSET role_count;", 'SELECT * FROM t OFFSET "role_count";'),
        ("-- set role later\nALTER TABLE m ADD k int;", "ALTER TABLE m ADD k int;"),
        ("ALTER TABLE m /* set role */ ADD k int", "ALTER TABLE m   ADD k int;"),
        ("SELECT 1 -- set role", "SELECT 1 \n;"),
        ('ALTER TABLE m ADD "set role" int;', 'ALTER TABLE m ADD U&"set\\0020role" int;'),
        ("COMMENT ON TABLE m IS $$it's set role$$;", "COMMENT ON TABLE m IS 'it''s set '\n'role';"),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $f$ UPDATE m SET role = 1; SELECT 1 $f$;",
            'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $f$ UPDATE m SET "role" = 1; SELECT 1 $f$;',
        ),
        ("-- to set role\nCREATE INDEX CONCURRENTLY i ON t (a);", "CREATE INDEX CONCURRENTLY i ON t (a);"),
    ],
)
def test_what_would_run_twice_is_told_with_a_text_that_runs_once(sheet: str, cure: str) -> None:
    finding = _only(sheet)

    assert finding.reason.startswith("Runs twice: in the transaction, and once more after COMMIT.")
    assert finding.cure.replace(" \n;", "\n;") == cure.replace(" \n;", "\n;")
    assert predict(finding.cure).faithful


@pytest.mark.parametrize(
    "sheet",
    [
        "CREATE FUNCTION f() RETURNS int LANGUAGE plpython3u AS $$ # set role\nreturn 1 $$;",
        "DO LANGUAGE 'plperl' $$ # set role $$;\nSELECT 1;",
        "SELECT 1; /* set role",
    ],
)
def test_what_only_a_person_can_reword_is_left_to_one(sheet: str) -> None:
    assert _only(sheet).cure.startswith("Reword it: no part of its text")


@pytest.mark.parametrize(
    ("sheet", "place"),
    [
        ("UPDATE m SET\n  role = 1;", "“SET role” in the statement."),
        ("SELECT 1; -- set role\nSELECT 2;", "“set role” in a comment."),
        ("SELECT 'set role';", "“set role” in a constant."),
        ("DO $$ BEGIN UPDATE m SET role = 1; END $$;\n", "“SET role” in its body."),
        ('SELECT "set role";', "“set role” in a quoted name."),
    ],
)
def test_the_reason_says_where_the_words_stand(sheet: str, place: str) -> None:
    assert _only(sheet).reason.endswith(place)


@pytest.mark.parametrize(
    ("sheet", "statement", "cure"),
    [
        ("SELECT 1;CREATE UNIQUE INDEX CONCURRENTLY i ON t (a);", "CREATE UNIQUE", "CREATE UNIQUE INDEX CONCURRENTLY"),
        ("VACUUM t;\nSELECT 1;", "VACUUM t", "VACUUM t;"),
        ("SELECT 1;\n-- c\nVACUUM t;", "VACUUM t", "VACUUM t;"),
        ("-- txn-mode = off\nSELECT 1;DROP INDEX CONCURRENTLY i;", "DROP INDEX", "DROP INDEX CONCURRENTLY i;"),
        ("REINDEX TABLE CONCURRENTLY t;", "REINDEX", "-- txn-mode = off\nREINDEX TABLE CONCURRENTLY t;"),
        ("REINDEX (CONCURRENTLY) TABLE t;", "REINDEX", "-- txn-mode = off\nREINDEX"),
        ("CREATE INDEX /**/ CONCURRENTLY i ON t (a)", "CREATE", "-- txn-mode = off\nCREATE INDEX /**/"),
        ("ALTER TABLE p DETACH PARTITION q CONCURRENTLY;", "ALTER", "-- txn-mode = off\nALTER TABLE"),
        ("DROP  DATABASE x;", "DROP", "-- txn-mode = off\nDROP"),
        ("CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p;", "CREATE", "-- txn-mode = off\nCREATE SUBSCRIPTION"),
    ],
)
def test_what_needs_no_transaction_goes_alone(sheet: str, statement: str, cure: str) -> None:
    finding = _only(sheet)

    assert finding.statement.startswith(statement)
    assert finding.cure.startswith(cure)
    assert predict(finding.cure).faithful


@pytest.mark.parametrize(
    "sheet",
    [
        "REFRESH MATERIALIZED VIEW CONCURRENTLY v;",
        "REINDEX INDEX i;",
        "CLUSTER t;",
        "ALTER TABLE p DETACH PARTITION q;",
        "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (create_slot = false);",
        "CREATE TABLE concurrently_not (id int);",
        "SELECT 1;ROLLBACK TO s;",
        "UPDATE m SET (role, a) = (1, 2);UPDATE m SET /* c */ role = 1;SELECT setrole, reset, role;",
        "ALTER TABLE m ADD k int; -- set  up the role\n",
        "DROP INDEX CONCURRENTLY i;\nDROP INDEX CONCURRENTLY j;",
        "-- txn-mode = off\nREINDEX TABLE CONCURRENTLY t;\nSELECT 1;",
        "-- txn-mode = off\nCREATE INDEX CONCURRENTLY i ON t (a);\nSELECT 1;",
        "-- txn-mode = off\r\nSELECT 1;\r\nSELECT 2;\r\n",
        "COMMENT ON TABLE m IS 'never drop database';",
        "DO $$ BEGIN UPDATE m SET role = 1; END $$;",
        "",
        ";;\n-- nothing\n",
    ],
)
def test_no_false_alarm(sheet: str) -> None:
    assert predict(sheet).why == ()


@pytest.mark.parametrize(
    ("sheet", "statements"),
    [
        ("BEGIN;\nSELECT 1;\nCOMMIT;", ["BEGIN", "COMMIT"]),
        ("START TRANSACTION; SELECT 1; END", ["START TRANSACTION", "END"]),
        ("-- txn-mode = off\nBEGIN;SELECT 1;ROLLBACK;", ["BEGIN", "ROLLBACK"]),
        ("SELECT 1; PREPARE TRANSACTION 'x';", ["PREPARE TRANSACTION 'x'"]),
        ("\\restrict k\nSELECT 1;\n\\unrestrict k\n", ["\\restrict k", "\\unrestrict k"]),
        ("COPY t FROM STDIN;\n1\t\\N;\n\\.\nSELECT 1;", ["COPY t FROM STDIN"]),
        ("\ufeffSELECT 1;", ["\ufeffSELECT 1;"]),
        ("SELECT 1;\0", ["SELECT 1;\0"]),
        ("SELECT '\ud800';", ["SELECT '\ud800';"]),
        ("-- gh-ost = {}\nSELECT 1;", ["-- gh-ost = {}"]),
        ("SELECT 1;-- c\rSELECT 2;\n", ["SELECT 2"]),
        (
            "DO $$ BEGIN INSERT INTO t VALUES (1); COMMIT; END $$",
            ["DO $$ BEGIN INSERT INTO t VALUES (1); COMMIT; END $$"],
        ),
    ],
)
def test_what_cannot_travel_is_named(sheet: str, statements: list[str]) -> None:
    assert [each.statement for each in predict(sheet).why] == statements


@pytest.mark.parametrize(
    ("sheet", "server", "cure"),
    [
        ("SELECT $é$;$é$;", (3, 22), "SELECT $body$;$body$;"),
        ("SELECT $é$;$body$;$é$;", (3, 22), "SELECT $body1$;$body$;$body1$;"),
        ("SELECT E'a'\n'b\\';c';", (3, 22), "SELECT E'a'\n'b'';c';"),
        ("SELECT E'\\';\\\\\\'';", (3, 20), "SELECT E''';\\\\''';"),
    ],
)
def test_what_is_cut_in_two_is_written_in_other_quotes(sheet: str, server: tuple[int, int], cure: str) -> None:
    finding = _only(sheet, server=server)

    assert "cuts this statement in two" in finding.reason
    assert finding.cure == cure
    assert predict(cure, server=server).faithful


def test_servers_before_3_21_cut_within_parentheses() -> None:
    rule = "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2);"

    assert predict(rule, server=(3, 21)).faithful
    assert "cuts this statement in two" in predict(rule, server=(3, 20)).why[0].reason


def test_findings_of_one_sheet_come_in_the_order_of_its_text() -> None:
    sheet = "UPDATE m SET role = 1;\nSELECT 1;\nCREATE INDEX CONCURRENTLY i ON t (a);\n-- set role\nSELECT 2;"

    assert [each.statement.split()[0] for each in predict(sheet).why] == ["UPDATE", "CREATE", "SELECT"]
