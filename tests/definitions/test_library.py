"""The library: what is bundled and what a team adds, kept compiled, never worse for a broken file."""

import json
import subprocess
import sys
import zlib
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path

import pytest
from tests.definitions.samples import ADD, FILES, LOOK, SIGNATURES, TREE, write

from schema_sensei.definitions import compiled, tree, workflow
from schema_sensei.definitions.contents import bundled_directory
from schema_sensei.definitions.library import Library, read_workflow
from schema_sensei.definitions.problems import DefinitionError, Problem
from schema_sensei.definitions.tree import ToQuestion, ToWorkflow, Tree
from schema_sensei.definitions.workflow import End, ToStep
from schema_sensei.terms.errors import UsageError
from schema_sensei.terms.exit_codes import ExitCode


def load(directory: Path, changes: Mapping[str, str] | None = None) -> Library:
    """The sound definitions with changes, as a library."""
    return Library.load(bundled=write(directory, {**FILES, **(changes or {})}), signatures=SIGNATURES)


def assert_walkable(tree: Tree, workflows: Mapping[str, object]) -> None:
    """Every way down the tree ends at a workflow that exists."""
    ids = {question.id for question in tree.questions}
    for question in tree.questions:
        assert question.choices
        for choice in question.choices:
            assert choice.to.id in (ids if isinstance(choice.to, ToQuestion) else workflows)


def test_yaml_becomes_frozen_definitions(tmp_path: Path) -> None:
    library = load(tmp_path)
    start = library.tree.question("start")
    assert start.choices[0].to == ToQuestion("tables")
    assert start.choices[1].emergency
    workflow = library.workflow("add")
    assert [step.id for step in workflow.steps] == ["generate", "review", "deploy-first"]
    assert [step.title for step in workflow.steps] == ["Generate", "Review", "Deploy first"]
    assert workflow.step("generate").timeout == 300.0
    assert workflow.step("deploy-first").with_["environment"] == "{environment.first}"
    assert workflow.inputs[0].pattern == r"\S.{2,70}"
    assert workflow.source.bundled
    assert library.text(workflow) == ADD
    assert library.troubles[0].workflow == "look"
    assert library.problems == ()


def test_outcomes_lead_where_the_file_says(tmp_path: Path) -> None:
    workflow = load(tmp_path).workflow("add")
    assert workflow.destination("generate", "ok") == ToStep("review")
    assert workflow.destination("generate", "unchanged") == End("done")
    assert workflow.destination("review", "rejected") == ToStep("generate")
    assert workflow.destination("deploy-first", "ok") == End("done")
    assert workflow.destination("deploy-first", "failed") is None
    with pytest.raises(KeyError):
        workflow.destination("nowhere", "ok")


def test_a_pinned_text_is_a_workflow_again(tmp_path: Path) -> None:
    workflow = load(tmp_path).workflow("add")
    assert read_workflow(ADD, workflow.source.file, bundled=True) == workflow
    with pytest.raises(DefinitionError) as caught:
        read_workflow("id: add", "add.yaml")
    assert {problem.code for problem in caught.value.problems} == {"missing-key"}


def test_the_bundled_library_is_found_and_sound() -> None:
    library = Library.load()
    assert bundled_directory().is_dir()
    assert library.problems == ()
    assert {"new-table", "check"} <= library.workflows.keys()
    assert_walkable(library.tree, library.workflows)
    assert {scenario.leads_to for scenario in library.tree.scenarios} <= library.workflows.keys()


def test_a_team_adds_workflows_of_its_own(tmp_path: Path) -> None:
    bundled = write(tmp_path / "bundled", FILES)
    team = write(
        tmp_path / "team",
        {
            "tree.yaml": 'questions: [{id: tables, choices: [{key: ours, label: Ours, to: "workflow:ours"}]}]',
            "ours.yml": LOOK.replace("id: look", "id: ours"),
        },
    )
    library = Library.load([team, tmp_path / "not-there"], bundled=bundled)
    assert library.problems == ()
    choice = library.tree.question("tables").choice("ours")
    assert choice is not None
    assert choice.to == ToWorkflow("ours")
    assert library.tree.question("tables").ask == "Are they there already?"
    assert not library.workflow("ours").source.bundled


def test_a_team_cannot_replace_a_bundled_workflow(tmp_path: Path) -> None:
    bundled = write(tmp_path / "bundled", FILES)
    team = write(tmp_path / "team", {"look.yaml": LOOK.replace("Look only", "Something else")})
    library = Library.load([team], bundled=bundled)
    assert [problem.code for problem in library.problems] == ["duplicate-id"]
    assert library.workflow("look").title == "Look only"


@pytest.mark.parametrize(
    "look",
    ["nonsense", "", "id: look", LOOK + "    on: {failed: nowhere}\n", LOOK.replace("test", "tset"), "a: b: c", "\0"],
)
def test_a_broken_workflow_is_left_out_and_the_rest_stays_walkable(tmp_path: Path, look: str) -> None:
    library = load(tmp_path, {"look.yaml": look})
    assert library.problems
    assert library.workflows.keys() == {"add"}
    assert_walkable(library.tree, library.workflows)
    assert [choice.key for choice in library.tree.question("start").choices] == ["tables"]
    with pytest.raises(DefinitionError) as caught:
        library.workflow("look")
    assert caught.value.exit_code is ExitCode.USAGE
    assert "look.yaml" in caught.value.where


def test_an_unknown_workflow_is_told_with_the_closest_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path).workflow("lock")
    assert "`look`" in caught.value.remedy


@pytest.mark.parametrize("tree", ["", "root: [", TREE.replace("root: start", "root: strt")])
def test_without_a_tree_there_is_an_error_with_every_problem(tmp_path: Path, tree: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        load(tmp_path, {"tree.yaml": tree})
    assert caught.value.problems


def test_circles_are_cut_so_that_every_walk_ends(tmp_path: Path) -> None:
    library = load(tmp_path, {"tree.yaml": TREE.replace("workflow:add", "question:start")})
    assert [choice.key for choice in library.tree.question("tables").choices] == ["there"]


def test_the_compiled_library_equals_the_read_one(tmp_path: Path) -> None:
    bundled = write(tmp_path / "w", {**FILES, "broken.yaml": "a: b: c"})
    cold = Library.load(bundled=bundled, cache=tmp_path / "cache", signatures=SIGNATURES)
    warm = Library.load(bundled=bundled, cache=tmp_path / "cache", signatures=SIGNATURES)
    assert warm.tree == cold.tree
    assert dict(warm.workflows) == dict(cold.workflows)
    assert tuple(warm.troubles) == tuple(cold.troubles)
    assert warm.texts == cold.texts
    assert warm.problems == cold.problems
    assert warm.problems
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_what_is_kept_has_the_fields_of_its_format() -> None:
    of_tree = (tree.Tree, tree.Question, tree.Choice, tree.Scenario, tree.Source, Problem)
    of_workflow = (workflow.Workflow, workflow.Risk, workflow.Input, workflow.Step, workflow.Trouble)
    layout = " ".join(
        f"{one.__name__}({','.join(field.name for field in fields(one))})" for one in (*of_tree, *of_workflow)
    )
    # When this fails, count compiled.FORMAT up and write the new checksum here: older caches must not be read.
    assert (compiled.FORMAT, zlib.crc32(layout.encode())) == (2, 3445168232), layout


def test_any_change_is_seen(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    bundled = write(tmp_path / "w", FILES)
    Library.load(bundled=bundled, cache=cache)
    write(bundled, {"look.yaml": LOOK.replace("Look only", "Just look")})
    assert Library.load(bundled=bundled, cache=cache).workflow("look").title == "Just look"
    (bundled / "troubleshooting.yaml").unlink()
    assert Library.load(bundled=bundled, cache=cache).troubles == ()
    without_drop = {name: one for name, one in SIGNATURES.items() if name != "test"}
    assert Library.load(bundled=bundled, cache=cache, signatures=without_drop).problems


@pytest.mark.parametrize("damage", [b"", b"{}", b"\xff\xfe", b"0\n[]", b"[" * 100_000])
def test_a_damaged_cache_is_rebuilt(tmp_path: Path, damage: bytes) -> None:
    bundled, cache = write(tmp_path / "w", FILES), tmp_path / "cache"
    whole = Library.load(bundled=bundled, cache=cache)
    (kept,) = cache.iterdir()
    sound = kept.read_bytes()
    kept.write_bytes(damage)
    assert Library.load(bundled=bundled, cache=cache) == whole
    assert kept.read_bytes() == sound
    kept.write_bytes(sound.replace(b"Look only", b"Look inly"))
    assert Library.load(bundled=bundled, cache=cache) == whole


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    bundled = write(tmp_path / "w", FILES)
    assert Library.load(bundled=bundled, cache=tmp_path / "file" / "cache").problems == ()
    assert Library.load(bundled=bundled, cache=tmp_path / "file").problems == ()


def test_old_compiled_libraries_are_cleared_away(tmp_path: Path) -> None:
    bundled = write(tmp_path / "w", FILES)
    for number in range(compiled.KEPT + 3):
        write(bundled, {"look.yaml": f"{LOOK}# {number}\n"})
        Library.load(bundled=bundled, cache=tmp_path / "cache")
    assert len(list((tmp_path / "cache").iterdir())) == compiled.KEPT


def test_the_warm_way_imports_neither_yaml_nor_pydantic(tmp_path: Path) -> None:
    bundled = write(tmp_path / "w", FILES)
    program = (
        "import json, sys; from pathlib import Path; from schema_sensei.definitions.library import Library\n"
        f"library = Library.load(bundled=Path({str(bundled)!r}), cache=Path({str(tmp_path / 'cache')!r}))\n"
        "print(json.dumps([sorted({'yaml', 'pydantic'} & sys.modules.keys()), len(library.workflows)]))"
    )
    outputs = [
        json.loads(subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout)
        for _ in range(2)
    ]
    assert outputs == [[["pydantic", "yaml"], 2], [[], 2]]


def test_a_large_tree_is_read(tmp_path: Path) -> None:
    choices = "".join(f'      - {{key: c{n}, label: Leaf {n}, to: "workflow:look"}}\n' for n in range(10_000))
    library = load(
        tmp_path, {"tree.yaml": f"root: start\nquestions:\n  - id: start\n    ask: Which?\n    choices:\n{choices}"}
    )
    assert len(library.tree.question("start").choices) == 10_000


def test_a_chain_of_questions_of_any_length_is_read(tmp_path: Path) -> None:
    chain = "".join(
        f'  - {{id: q{n}, ask: Next?, choices: [{{key: a, label: A, to: "question:q{n + 1}"}}]}}\n' for n in range(3000)
    )
    last = '  - {id: q3000, ask: Last?, choices: [{key: a, label: A, to: "workflow:look"}]}\n'
    library = load(tmp_path, {"tree.yaml": f"root: q0\nquestions:\n{chain}{last}"})
    assert len(library.tree.questions) == 3001


def test_definitions_are_values(tmp_path: Path) -> None:
    workflow = load(tmp_path).workflow("look")
    assert replace(workflow, title="x") != workflow == load(tmp_path).workflow("look")
