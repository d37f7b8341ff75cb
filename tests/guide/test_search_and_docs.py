"""Search over the leaves, and the documentation that is rendered from the definitions."""

import json
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schema_sensei.actions.signatures import signatures
from schema_sensei.definitions.library import Library
from schema_sensei.definitions.tree import Choice, Question, Source, ToQuestion, ToWorkflow, Tree
from schema_sensei.definitions.workflow import Risk, Step, Workflow
from schema_sensei.guide import mermaid
from schema_sensei.guide.render import docs
from schema_sensei.guide.search import Index, leaves

BUNDLED = Library.load()
_LABEL = r'"(?:[^\W_]|[ ,?!]|#\d+;|<br/>)+"'
_NODE = r"[a-z]+\d*"
LINES = tuple(
    re.compile(pattern)
    for pattern in (
        r"flowchart (LR|TD)",
        rf"  {_NODE}\{{{_LABEL}\}}",
        rf"  {_NODE}\[{_LABEL}\]",
        rf"  {_NODE}\(\[{_LABEL}\]\)",
        rf"  {_NODE} -->(\|{_LABEL}\|)? {_NODE}",
        rf"  {_NODE} -\.->\|{_LABEL}\| {_NODE}",
        r"  classDef \w+ stroke-width:3px",
        rf"  class {_NODE}(,{_NODE})* \w+",
    )
)


def assert_grammar(chart: str) -> None:
    for line in chart.splitlines():
        assert any(pattern.fullmatch(line) for pattern in LINES), line


def workflow(name: str, title: str, when: str = "Now and then.") -> Workflow:
    return Workflow(
        id=name,
        title=title,
        when=when,
        risk=Risk(backup="none", review="low", testing="standard"),
        steps=(Step(id="one", title=title, action="test"),),
        source=Source(f"{name}.yaml", name),
    )


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60))
def test_any_label_stays_inside_its_quotes(text: str) -> None:
    flow = workflow("w", text)
    assert_grammar(mermaid.workflow(flow, {}))
    tree = Tree(
        root="q", questions=(Question(id="q", ask=text, choices=(Choice(key="c", label=text, to=ToWorkflow("w")),)),)
    )
    assert_grammar(mermaid.tree(tree, {"w": flow}))


@pytest.mark.parametrize(
    "text", ["end", 'a "b" [c] {d} <e> &amp; #35;', "1. first", "- dash", "`tick`", "graph | x --> y", "%% no"]
)
def test_words_of_the_grammar_are_only_text(text: str) -> None:
    assert_grammar(mermaid.workflow(workflow("w", text), {}))


def test_the_documentation_covers_every_workflow_and_every_link_leads_to_a_page() -> None:
    pages = docs(BUNDLED, signatures())
    assert {f"workflows/{each}.md" for each in BUNDLED.workflows} <= set(pages)
    for path, text in pages.items():
        for link in re.findall(r"\]\(([^)]+\.md)\)", text):
            assert str(Path(path).parent / link) in pages, (path, link)
    for chart in re.findall(r"```mermaid\n(.*?)```", "".join(pages.values()), re.DOTALL):
        assert_grammar(chart)
    assert "sensei run new-table --dry-run" in pages["workflows/new-table.md"]


def test_mermaid_itself_parses_every_chart(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not on this machine; the grammar test above always runs")
    packages = "require.resolve('mermaid'); require.resolve('jsdom')"
    if subprocess.run([node, "-e", packages], capture_output=True, check=False).returncode:
        pytest.skip("the npm packages mermaid and jsdom are not on this machine; the grammar test above always runs")
    hard = workflow("w", 'end "x" [y] {z} <b>&amp; 1. `q` | %% --> #35;')
    charts = re.findall(r"```mermaid\n(.*?)```", "".join(docs(BUNDLED, signatures()).values()), re.DOTALL)
    (tmp_path / "charts.json").write_text(json.dumps([*charts, mermaid.workflow(hard, {})]))
    script = (
        "const url=require('url');const {JSDOM}=require('jsdom');"
        "const {window}=new JSDOM('');globalThis.window=window;globalThis.document=window.document;"
        "import(url.pathToFileURL(require.resolve('mermaid'))).then(async m=>{"
        "for(const c of require(process.argv[1])) await m.default.parse(c);process.exit(0)})"
        ".catch(e=>{console.error(e);process.exit(1)})"
    )
    ran = subprocess.run(
        [node, "-e", script, str(tmp_path / "charts.json")], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("staging", "promote"),
        ("add tables", "new-table"),
        ("tabels new", "new-table"),
        ("drift look", "check"),
        ("ceck", "check"),
    ],
)
def test_search_forgives_and_ranks(text: str, found: str) -> None:
    assert leaves(BUNDLED, text)[0].workflow.id == found


def test_an_empty_search_lists_all_and_nonsense_finds_nothing() -> None:
    assert {hit.workflow.id for hit in leaves(BUNDLED, "")} == set(BUNDLED.workflows)
    assert leaves(BUNDLED, "xyzzyq") == ()


def test_ten_thousand_leaves_are_searched_like_a_key_press() -> None:
    questions = [
        Question(
            id="root",
            ask="?",
            choices=tuple(Choice(key=f"g{at}", label=f"Group {at}", to=ToQuestion(f"q{at}")) for at in range(100)),
        )
    ]
    flows = [
        workflow(f"w{at}", f"Change the thing number {at} of kind{at % 700}", f"You need case{at % 900}.")
        for at in range(10_000)
    ]
    questions += [
        Question(
            id=f"q{group}",
            ask="?",
            choices=tuple(
                Choice(key=f"c{at}", label=f"Leaf {at}", to=ToWorkflow(f"w{at}"))
                for at in range(group * 100, group * 100 + 100)
            ),
        )
        for group in range(100)
    ]
    started = time.perf_counter()
    index = Index(Tree(root="root", questions=tuple(questions)), flows)
    building = time.perf_counter() - started
    started = time.perf_counter()
    assert index.search("number 4711")[0].workflow.id == "w4711"
    assert time.perf_counter() - started < building, "a search costs less than building the index once"
