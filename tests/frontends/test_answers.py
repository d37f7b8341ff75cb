"""Answers instead of a person: which answer is used when, what is refused, what is said."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from tests.conformance import scenario
from tests.frontends.tui.memory_house import MemoryHouse, Scripted

from schema_sensei.definitions.signature import Signature
from schema_sensei.engine.errors import Declined, UnfitAnswer
from schema_sensei.engine.ports import Preview
from schema_sensei.engine.prompts import Choose, Confirm, EnterText, Option
from schema_sensei.frontends.answers import AnswersFront
from schema_sensei.frontends.answers_file import Answers, facts_words, suggested_rule
from schema_sensei.frontends.recording import recording
from schema_sensei.frontends.requests import OpenGuide, StartRun
from schema_sensei.terms.errors import SenseiError, UsageError
from schema_sensei.terms.exit_codes import ExitCode

START = StartRun(workflow="flow")
AGREE = Confirm(key="agree", question="Deploy?", binding=True, digest="d", facts={"additive": True, "rows": None})


def run(house: MemoryHouse, folder: Path, text: str, *pairs: str) -> tuple[int, str]:
    file = folder / "answers.yaml"
    file.write_text(text)
    out = io.StringIO()
    return AnswersFront(Answers.load(file, pairs), out).visit(house, START), out.getvalue()


def test_a_missing_answer_ends_with_exit_code_four_and_shows_the_line_to_add(tmp_path: Path) -> None:
    code, told = run(scenario.house(), tmp_path, "inputs.message: add certificates\n")
    assert code == ExitCode.ANSWER_MISSING
    assert "approve: Approve this text" in told
    assert 'review: {answer: approve, rule: "additive and not opaque"}' in told


def test_the_line_it_shows_is_the_line_that_works(tmp_path: Path) -> None:
    text = "inputs.message: add certificates\n"
    for _ in range(6):
        house = scenario.house()
        code, told = run(house, tmp_path, text)
        if code == ExitCode.DONE:
            break
        assert code == ExitCode.ANSWER_MISSING, told
        text += told.rstrip().splitlines()[-1].strip() + "\n"
    assert code == ExitCode.DONE


def test_a_single_answer_is_good_for_the_first_time_only(tmp_path: Path) -> None:
    text = scenario.ANSWERS.replace("  - {answer: approve, rule: additive and not opaque}\n", "")
    code, told = run(scenario.house(), tmp_path, text)
    assert code == ExitCode.ANSWER_MISSING
    assert "`review` asks" in told


def test_an_answer_that_nothing_asked_for_is_told_with_its_place(tmp_path: Path) -> None:
    code, told = run(scenario.house(), tmp_path, scenario.ANSWERS + "revue: approve\n")
    assert code == ExitCode.DONE
    assert "`revue` was not used" in told
    assert "answers.yaml:8" in told


def test_set_wins_over_the_file(tmp_path: Path) -> None:
    house = scenario.house()
    run(house, tmp_path, scenario.ANSWERS, "inputs.message=from the line")
    assert house.journal.records()[0].subject == "from the line"


def test_a_rule_must_hold() -> None:
    def answers(rule: str) -> Answers:
        return Answers.load(None, [f'agree={{answer: true, rule: "{rule}"}}'])

    reply = answers("additive and digest == 'd'").reply(AGREE, 0)
    assert reply is not None
    assert reply.rule == "additive and digest == 'd'"
    with pytest.raises(Declined, match="is false"):
        answers("not additive").reply(AGREE, 0)
    for undecided in ("rows < 5", "unheard_of"):
        with pytest.raises(Declined):
            answers(undecided).reply(AGREE, 0)


def test_an_agreement_without_a_rule_is_refused_and_a_no_needs_none() -> None:
    with pytest.raises(UnfitAnswer, match="needs a rule"):
        Answers.load(None, ["agree=true"]).reply(AGREE, 0)
    reply = Answers.load(None, ["agree=no"]).reply(AGREE, 0)
    assert reply is not None
    assert reply.value is False


def test_a_number_is_text_where_text_is_asked_for() -> None:
    prompt = EnterText(key="inputs.message", question="What for?")
    reply = Answers.load(None, ["inputs.message=1234"]).reply(prompt, 0)
    assert reply is not None
    assert reply.value == "1234"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("review: {answer: a, rule: 'x =='}", "answers.yaml:1"),
        ("a: 1\nreview: {anser: a}", "answers.yaml:2"),
        ("- a list", "answers.yaml:1"),
        ("a: 1\na: 2", "answers.yaml:2"),
        ("a: [", "answers.yaml"),
        ("review:", "answers.yaml:1"),
    ],
)
def test_a_broken_file_is_told_with_its_place(tmp_path: Path, text: str, place: str) -> None:
    file = tmp_path / "answers.yaml"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        Answers.load(file)
    assert place in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        Answers.load(tmp_path / "none.yaml")


def test_the_guide_without_a_terminal_ends_at_once_and_names_the_choices() -> None:
    with pytest.raises(SenseiError, match="go") as caught:
        AnswersFront(Answers({}), io.StringIO()).visit(scenario.house(), OpenGuide())
    assert caught.value.exit_code == ExitCode.ANSWER_MISSING


def test_a_recorded_run_runs_again_from_its_file(tmp_path: Path) -> None:
    record = tmp_path / "recorded.yaml"
    first, second = scenario.house(), scenario.house()
    (tmp_path / "a.yaml").write_text(scenario.ANSWERS)
    answers = Answers.load(tmp_path / "a.yaml")
    assert AnswersFront(answers, io.StringIO()).visit(recording(first, record), START) == 0
    assert AnswersFront(Answers.load(record), io.StringIO()).visit(second, START) == 0
    assert scenario.story(first) == scenario.story(second)


def test_recording_where_nothing_can_be_written_is_refused_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        recording(scenario.house(), tmp_path / "missing" / "file.yaml")


def test_a_suggested_rule_leaves_out_what_differs_by_chance() -> None:
    prompt = Choose(
        key="review",
        question="Approve?",
        options=(Option("approve", "Approve"),),
        binding=True,
        digest="0123456789abcdef",
        facts={"digest": "0123456789abcdef", "revisions": ["3f2a91c0d1e2"], "additive": True, "tables": ["it"]},
    )
    assert suggested_rule(prompt) == "additive and tables == ['it']"


def test_what_a_rule_declines_is_told_before_it_declines(tmp_path: Path) -> None:
    text = scenario.ANSWERS.replace("{answer: edit, rule: additive}", "{answer: approve, rule: not additive}")
    out = io.StringIO()
    file = tmp_path / "answers.yaml"
    file.write_text(text)
    code = AnswersFront(Answers.load(file, ()), out).visit(scenario.house(), START)
    assert code == ExitCode.DECLINED
    assert "CREATE TABLE t ()" in out.getvalue()


def test_a_dry_run_says_what_a_real_one_asks_and_nothing_is_missing(tmp_path: Path) -> None:
    out = io.StringIO()
    code = AnswersFront(Answers({}), out).visit(scenario.house(), StartRun(workflow="flow", dry=True))
    assert code == ExitCode.DONE
    assert "A real run also asks:\n  `inputs.message`" in out.getvalue()


FOUND = Choose(
    key="review.not-null-scan",
    question="not-null-scan on people: what now?",
    options=(Option("fix", "Take the safer SQL"), Option("accept", "Accept it, with a reason"), Option("stop", "Stop")),
    facts={"object": "people", "level": "blocks"},
    check=True,
)
REASON = EnterText(key="review.not-null-scan.reason", question="Why is it safe?", check=True)


def test_what_a_check_found_needs_one_answer_for_every_time(tmp_path: Path) -> None:
    file = tmp_path / "answers.yaml"
    file.write_text("review.not-null-scan: {accept: few rows, rule: \"object == 'people'\"}\n")
    answers = Answers.load(file)

    for turn in range(3):
        given, reason = answers.reply(FOUND, turn), answers.reply(REASON, turn)
        assert given is not None
        assert reason is not None
        assert (given.value, given.rule, reason.value) == ("accept", "object == 'people'", "few rows")
    assert answers.unused(frozenset({FOUND.key})) == ()
    assert [key for key, _ in answers.unused(frozenset())] == [FOUND.key]
    with pytest.raises(Declined, match="its rule is false"):
        answers.reply(replace(FOUND, facts={"object": "orders"}), 0)


def test_each_time_may_have_its_own_answer(tmp_path: Path) -> None:
    file = tmp_path / "answers.yaml"
    file.write_text("review.not-null-scan: [fix, {accept: few rows}]\n")
    answers = Answers.load(file)

    values = [given.value for turn in range(3) if (given := answers.reply(FOUND, turn)) is not None]

    assert values == ["fix", "accept"]
    assert (reason := answers.reply(REASON, 0)) is not None
    assert reason.value == "few rows"


def test_what_a_check_found_is_declined_without_an_answer(tmp_path: Path) -> None:
    house = scenario.house()
    found = Scripted(Signature("review", "Review"), Preview(summary="Judged.", prompt=FOUND, effect=False))
    house.actions["review"] = found

    code, told = run(house, tmp_path, scenario.ANSWERS)

    assert code == ExitCode.DECLINED
    assert "`review.not-null-scan` was declined" in told
    assert 'review.not-null-scan: {accept: "why it is safe here"}' in told
    assert "A rule may test: object = people, level = blocks" in told


@pytest.mark.parametrize("text", ["review.x: {accept: }\n", "review.x: {accept: why, because: me}\n"])
def test_an_acceptance_without_a_reason_is_refused_at_its_place(tmp_path: Path, text: str) -> None:
    file = tmp_path / "answers.yaml"
    file.write_text(text)

    with pytest.raises(SenseiError) as refused:
        Answers.load(file)

    assert "answers.yaml:1" in str(refused.value)


def test_facts_inside_of_facts_are_named_as_a_rule_names_them() -> None:
    prompt = replace(AGREE, facts={"hazards": {"blocks": 0, "ids": ["naming"]}})

    assert "hazards.blocks = 0, hazards.ids = [naming]" in facts_words(prompt)
