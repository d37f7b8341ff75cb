"""Ten thousand random and mutated files: every one is read or refused with problems in their place, none raises."""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.definitions.samples import FILES, SIGNATURES

from schema_sensei.definitions.assembly import assemble
from schema_sensei.definitions.contents import Content, bundled_directory
from schema_sensei.definitions.files import DefinitionFile, read_contents, read_text
from schema_sensei.definitions.mending import read_all
from schema_sensei.definitions.tree import ToQuestion
from schema_sensei.definitions.workflow import ToStep
from schema_sensei.definitions.yaml_source import read

COUNT = 10_000
SOUND = read_contents([Content(Path(name), text.encode()) for name, text in FILES.items()])
HOSTILE = (
    *("&a", "*a", "!!str", "!x", "<<", "---", "...", "\t", "\0", "\x1b", "\u2028", "\ufeff", "\ud7ff", "\U0001f9e8"),
    *("{", "}", "[", "]", ": ", "- ", "? ", "|", ">", "#", "%", "@", "`", '"', "'", "\\", "\r\n", "\n", "\n\n  "),
    *("{a.b}", "{", "{{", "}}", "{inputs.message}", "{generate.change}", "null", "~", "no", "010", "1:30", "1e999"),
    *("-1", "9" * 40, "question:start", "workflow:look", "workflow:", "done", "stop", "with", "on", "when", "start"),
)


def assert_told(file: DefinitionFile) -> None:
    """What could be read is checked among sound files; whatever is wrong has a place within the file."""
    others = [other for other in SOUND if other.source.file != file.source.file]
    assembly = assemble([*others, file], SIGNATURES)
    lines = file.document.text.split("\n")
    assert file.definition is not None or file.problems
    for problem in assembly.problems:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", problem.code)
        assert problem.message
        if problem.file == file.source.file:
            assert 1 <= problem.line <= len(lines) + 1
            assert 1 <= problem.column <= len((*lines, "")[problem.line - 1]) + 2
    ids = {question.id for question in assembly.tree.questions}
    for question in assembly.tree.questions:
        assert question.choices
        assert all(
            choice.to.id in (ids if isinstance(choice.to, ToQuestion) else assembly.workflows)
            for choice in question.choices
        )


def sources() -> list[tuple[Path, bytes]]:
    """The sound samples, and the definitions people really use."""
    bundled = [(Path(file.name), file.read_bytes()) for file in sorted(bundled_directory().rglob("*.yaml"))]
    short = [(path, content) for path, content in bundled if len(content) < 6000]
    return [(Path(name), text.encode()) for name, text in FILES.items()] * 4 + short


def flip_bytes(rng: random.Random, content: bytes) -> bytes:
    """Some bytes become others."""
    changed = bytearray(content)
    for _ in range(rng.randint(1, 6)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def cut(rng: random.Random, content: bytes) -> bytes:
    """A piece is missing, or only a piece is there."""
    start, end = sorted(rng.choices(range(len(content) + 1), k=2))
    return content[start:end] if rng.random() < 0.3 else content[:start] + content[end:]


def shuffle_lines(rng: random.Random, content: bytes) -> bytes:
    """Lines change places, are doubled, or indented otherwise."""
    lines = content.splitlines(keepends=True)
    for _ in range(rng.randint(1, 3)):
        at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
        lines[at] = rng.choice([lines[other], b"  " + lines[at], lines[at].lstrip(b" "), lines[at] * 2, b""])
    return b"".join(lines)


def swap_words(rng: random.Random, content: bytes) -> bytes:
    """Words and marks of the language change places with each other and with hostile ones."""
    tokens = re.findall(r"\w+|\s+|[^\w\s]+", content.decode())
    for _ in range(rng.randint(1, 4)):
        tokens[rng.randrange(len(tokens))] = rng.choice([rng.choice(tokens), rng.choice(HOSTILE)])
    return "".join(tokens).encode()


def replace_values(rng: random.Random, content: bytes) -> bytes:
    """The data keeps its shape, except for one or two values of any other kind."""
    data: Any = read(content, "sound.yaml").data
    for _ in range(rng.randint(1, 2)):
        places = list(_places(data))
        container, key = rng.choice(places)
        container[key] = rng.choice(
            [None, True, 3, -1.5, "", "x" * 300, [], {}, [1], {"a": {"b": []}}, rng.choice(HOSTILE), places[0][0]]
        )
    return _dump(data)


def random_text(rng: random.Random, content: bytes) -> bytes:
    """Nothing but the marks of the language."""
    return "".join(rng.choices([*HOSTILE, " ", "  ", "id", "a", content[:1].decode()], k=rng.randint(0, 40))).encode()


def random_bytes(rng: random.Random, content: bytes) -> bytes:
    """Nothing but noise."""
    return rng.randbytes(rng.randint(0, min(200, len(content))))


MUTATIONS: Sequence[Callable[[random.Random, bytes], bytes]] = (
    *(flip_bytes, cut, shuffle_lines, swap_words, swap_words, replace_values, random_text, random_bytes),
)


def _places(data: Any) -> Iterator[tuple[Any, Any]]:
    todo, seen = [data], set()
    while todo:
        container = todo.pop()
        if id(container) in seen or not isinstance(container, dict | list):
            continue
        seen.add(id(container))
        keys: Sequence[Any] = list(container) if isinstance(container, dict) else range(len(container))
        for key in keys:
            yield container, key
            todo.append(container[key])


def _dump(data: Any) -> bytes:
    return yaml.dump(data, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), allow_unicode=True).encode()


def test_ten_thousand_mutated_files_never_raise() -> None:
    rng = random.Random(3)  # noqa: S311  -- the same files every time is the point
    originals = sources()
    understood = 0
    for number in range(COUNT):
        path, content = rng.choice(originals)
        mutated = MUTATIONS[number % len(MUTATIONS)](rng, content)
        file = read_text(mutated, path)
        assert_told(file)
        mended, _ = read_all(Content(path, mutated))
        assert set(file.problems) <= set(mended.problems)
        if file.problems:
            assert_told(mended)
        understood += file.definition is not None
    assert COUNT // 20 < understood < COUNT // 2  # both sides of the border are walked


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(HOSTILE),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "steps", "action", "with", "on", "when", "questions", "choices", "to"]), inner
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(FILES)), JSON)
def test_any_structure_is_read_or_told(name: str, data: Any) -> None:
    assert_told(read_text(_dump(data), Path(name)))
    assert_told(read_all(Content(Path(name), _dump(data)))[0])


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(["edit", "review", "deploy", "test"]), min_size=1, max_size=6, unique=True),
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.booleans()), max_size=8),
)
def test_any_graph_of_steps_is_judged(names: list[str], ways: list[tuple[int, int, bool]]) -> None:
    steps: list[dict[str, Any]] = [{"id": name, "action": "test", "on": {}} for name in names]
    for start, end, success in ways:
        outcome = "ok" if success else "failed"
        steps[start % len(steps)]["on"][outcome] = names[end % len(names)]
    risk = {"backup": "none", "review": "low", "testing": "standard"}
    data = {"id": "look", "title": "t", "when": "w", "risk": risk, "steps": steps}
    assembly = assemble([*SOUND[:2], read_text(_dump(data), Path("look.yaml"))], SIGNATURES)
    # A workflow that lint accepts can be left from every step that can be entered.
    if "look" in assembly.workflows:
        workflow = assembly.workflows["look"]
        leaving = {step.id for step in workflow.steps if not isinstance(workflow.destination(step.id, "ok"), ToStep)}
        assert leaving or any(not isinstance(to, ToStep) for step in workflow.steps for to in step.on.values())
