"""A walk through the tree: forwards, back, by deep link, by jumping."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schema_sensei.definitions.library import Library
from schema_sensei.definitions.tree import Choice, Question, ToQuestion, ToWorkflow, Tree
from schema_sensei.guide.explain import because
from schema_sensei.guide.walk import NoSuchAnswer, Walk, offered

BUNDLED = Library.load()


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Acyclic trees: a question leads to later questions or to workflows; every question can be reached."""
    size = draw(st.integers(1, 6))
    questions = []
    for at in range(size):
        ways: list[ToQuestion | ToWorkflow]
        ways = [ToQuestion(f"q{at + 1}")] if at + 1 < size else [ToWorkflow("w0")]
        later: list[ToQuestion | ToWorkflow] = [ToQuestion(f"q{number}") for number in range(at + 1, size)]
        leaves: list[ToQuestion | ToWorkflow] = [ToWorkflow(f"w{number}") for number in range(4)]
        ways = [*ways, *draw(st.lists(st.sampled_from([*later, *leaves]), max_size=3))]
        choices = tuple(Choice(key=f"c{number}", label=f"Way {number}", to=to) for number, to in enumerate(ways))
        questions.append(Question(id=f"q{at}", ask=f"Question {at}?", choices=choices))
    return Tree(root="q0", questions=tuple(questions))


@settings(max_examples=60, deadline=None)
@given(tree=trees(), data=st.data())
def test_back_undoes_every_choice_and_the_deep_link_leads_to_the_same_place(tree: Tree, data: st.DataObject) -> None:
    walk = Walk.start(tree)
    question = walk.question
    while question is not None:
        key = data.draw(st.sampled_from([choice.key for choice in question.choices]))
        further = walk.choose(key)
        assert further.back() == walk
        walk = further
        question = walk.question
    assert walk.workflow is not None
    assert Walk.follow(tree, walk.answers) == walk


@settings(max_examples=60, deadline=None)
@given(tree=trees(), data=st.data())
def test_a_jump_arrives_and_keeps_the_answers_it_can(tree: Tree, data: st.DataObject) -> None:
    walk = Walk.start(tree)
    for _ in range(data.draw(st.integers(0, 3))):
        question = walk.question
        if question is None:
            break
        walk = walk.choose(data.draw(st.sampled_from([choice.key for choice in question.choices])))
    goal = data.draw(
        st.sampled_from([c.to.id for q in tree.questions for c in q.choices if isinstance(c.to, ToWorkflow)])
    )
    there = walk.jump(goal)
    assert there.workflow == goal
    shared = sum(1 for one, other in zip(walk.answers, there.answers, strict=False) if one == other)
    assert there.back_to(0) == walk.back_to(0)
    assert shared <= len(walk.answers)


def test_back_at_the_start_stays_there() -> None:
    assert Walk.start(BUNDLED.tree).back() == Walk.start(BUNDLED.tree)


def test_an_unknown_answer_names_those_there_are() -> None:
    with pytest.raises(NoSuchAnswer, match="tables, onward, look"):
        Walk.start(BUNDLED.tree).choose("nothing")


def test_every_scenario_reaches_its_workflow() -> None:
    for scenario in BUNDLED.tree.scenarios:
        assert Walk.follow(BUNDLED.tree, scenario.answers).workflow == scenario.leads_to


def test_every_choice_says_what_it_means_and_why_it_leads_there() -> None:
    for question in BUNDLED.tree.questions:
        assert question.why
        for choice in question.choices:
            assert choice.note, choice.key
            assert choice.because, choice.key


def test_every_workflow_can_be_reached_and_gives_a_reason_per_answer() -> None:
    for workflow in BUNDLED.workflows:
        walk = Walk.start(BUNDLED.tree).jump(workflow)
        assert walk.workflow == workflow
        assert len(because(walk)) == len(walk.answers)


def test_a_choice_that_does_not_apply_is_not_offered_and_an_unknown_one_is() -> None:
    choices = (
        Choice(key="a", label="A", to=ToWorkflow("w"), when="project.name == 'x'"),
        Choice(key="b", label="B", to=ToWorkflow("w")),
    )
    question = Question(id="q", ask="Q?", choices=choices)
    assert [each.key for each in offered(question, {"project": {"name": "y"}})] == ["b"]
    assert [each.key for each in offered(question)] == ["a", "b"]
