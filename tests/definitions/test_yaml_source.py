"""Strict YAML: plain data or a problem in its place, on libyaml and on the pure Python parser alike."""

import pytest
import yaml

from schema_sensei.definitions import yaml_source
from schema_sensei.definitions.contents import bundled_directory
from schema_sensei.definitions.yaml_source import MAX_BYTES, read
from schema_sensei.terms.json import JsonValue


@pytest.fixture(autouse=True, params=["libyaml", "python"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both parsers: libyaml may be missing on a machine."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader) if request.param == "libyaml" else yaml.SafeLoader
    monkeypatch.setattr(yaml_source, "_Loader", loader)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("True", "True"),
        ("true", True),
        ("null", None),
        ("~", None),
        ("010", "010"),
        ("0o7", "0o7"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("-7", -7),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".inf", ".inf"),
        ("2026-11-23", "2026-11-23"),
        ("'12'", "12"),
        ("<<", "<<"),
        ("9" * 30, "9" * 30),
        ("1e999", "1e999"),
    ],
)
def test_scalars_are_read_as_in_json(text: str, value: JsonValue) -> None:
    document = read(f"a: {text}".encode(), "f.yaml")
    assert document.problems == []
    assert document.data == {"a": value}
    assert isinstance(document.data, dict)
    assert type(document.data["a"]) is type(value)


@pytest.mark.parametrize(
    ("content", "code", "line", "column"),
    [
        (b"", "empty", 1, 1),
        (b"# only a comment\n", "empty", 1, 1),
        (b"a: 1\nb: 2\na: 3\n", "duplicate-key", 3, 1),
        (b"a: {x: 1, x: {y: 1}}\n", "duplicate-key", 1, 11),
        (b"a: &x 1\n", "anchor", 1, 4),
        (b"a: !!python/name:os.system\n", "tag", 1, 4),
        (b"a: !x {b: 1}\n", "tag", 1, 4),
        (b"1: a\n", "key-not-text", 1, 1),
        (b"true: a\n", "key-not-text", 1, 1),
        (b"null: a\n", "key-not-text", 1, 1),
        (b"? [a, b]\n: {c: d}\n", "key-not-text", 1, 3),
        (b"a: 1\n---\nb: 2\n", "several-documents", 2, 1),
        (b"a: 1\nb: \xff\n", "not-utf8", 2, 4),
        (b"a: 1\n b: \x00\n", "not-text", 2, 5),
        ("a: \u2028".encode(), "not-text", 1, 4),
        (b'a: "\\e[31m"', "control-character", 1, 4),
        ("a: left\u202eright".encode(), "control-character", 1, 4),
        ("a: 1".encode("utf-16"), "not-utf8", 1, 1),
        (b"a:\n\tb: 1\n", "yaml-syntax", 2, 1),
        (b"a: b: c\n", "yaml-syntax", 1, 5),
        (b"a: [1, 2\n", "yaml-syntax", 1, 4),
        (b"a: @x\n", "yaml-syntax", 1, 4),
        (b"a: " + b"[" * 50 + b"]" * 50, "too-deep", 1, 35),
        (b"x" * (MAX_BYTES + 1), "too-big", 1, 1),
    ],
)
def test_what_is_not_plain_data_is_told_in_its_place(content: bytes, code: str, line: int, column: int) -> None:
    problem = read(content, "f.yaml").problems[0]
    assert (problem.file, problem.code) == ("f.yaml", code)
    assert (problem.line, problem.column) == (line, column)
    assert problem.hint


def test_hostile_nesting_does_not_exhaust_the_stack() -> None:
    for content in (b"[" * 200_000, b"{a: " * 200_000, b"- " * 200_000, b"? " * 200_000):
        assert read(content, "f.yaml").problems


def test_a_bomb_of_aliases_is_refused_unexpanded() -> None:
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12)]
    document = read(("l0: &l0 [x]\n" + "\n".join(levels)).encode(), "f.yaml")
    assert {"anchor", "alias"} == {problem.code for problem in document.problems}
    assert len(document.problems) == yaml_source.MAX_PROBLEMS


def test_every_problem_of_a_file_is_told_at_once() -> None:
    document = read(b"a: 1\na: 2\nb: &x 1\nc: !t x\n3: y\n", "f.yaml")
    assert [problem.code for problem in document.problems] == ["duplicate-key", "anchor", "tag", "key-not-text"]


def test_keys_and_values_know_their_place() -> None:
    document = read("\ufeffa:\r\n  - b: 'x y'\r\n    c: |\r\n      text\r\n".encode(), "f.yaml")
    assert document.data == {"a": [{"b": "x y", "c": "text\n"}]}
    assert document.mark(("a", 0, "b")) == (2, 8)
    assert document.mark(("a", 0, "b"), key=True) == (2, 5)
    assert document.mark(("a", 0, "missing")) == (2, 5)
    assert document.mark_within(("a", 0, "b"), 3) == (2, 11)
    assert document.mark_within(("a", 0, "c"), 3) == (3, 8)


def test_a_tab_and_an_unquoted_colon_are_explained() -> None:
    assert "spaces" in read(b"a:\n\tb: 1\n", "f.yaml").problems[0].hint
    assert "quoted" in read(b"a: b: c\n", "f.yaml").problems[0].hint
    assert "quoted" in read(b"a: @x\n", "f.yaml").problems[0].hint


def test_line_ends_do_not_change_the_digest() -> None:
    assert read(b"a: 1\r\n", "f").digest == read(b"a: 1\n", "g").digest != read(b"a: 2\n", "f").digest


def test_bundled_definitions_read_alike_on_both_parsers() -> None:
    for file in bundled_directory().rglob("*.yaml"):
        document = read(file.read_bytes(), file.name)
        assert document.problems == []
        assert isinstance(document.data, dict)
