"""`sensei pull`: a file that is never lost, models on standard output, words beside them."""

import ast

from tests.e2e.person import Person

from schema_sensei.terms.exit_codes import ExitCode


def test_models_are_written_once_and_proven(person: Person) -> None:
    wrote = person.types("pull", "pulled/tables.py")
    assert wrote.returncode == ExitCode.DONE, wrote.stdout + wrote.stderr
    assert "15 tables of dev, written to pulled/tables.py. Proven" in wrote.stdout
    assert "view public.open_assessments" in wrote.stdout
    file = person.root / "pulled/tables.py"
    assert "class Workplaces(Base)" in file.read_text()

    file.write_text("# mine\n")
    again = person.types("pull", "pulled/tables.py")
    assert again.returncode == ExitCode.USAGE
    assert "--force" in again.stderr
    assert file.read_text() == "# mine\n"
    forced = person.types("pull", "pulled/tables.py", "--env", "staging", "--force")
    assert forced.returncode == ExitCode.DONE, forced.stderr
    assert "class Workplaces(Base)" in file.read_text()

    shown = person.types("pull", "--print")
    assert shown.returncode == ExitCode.DONE
    assert "Workplaces" in {node.name for node in ast.parse(shown.stdout).body if isinstance(node, ast.ClassDef)}
    assert "Proven" in shown.stderr


def test_what_cannot_be_done_is_told(person: Person) -> None:
    neither = person.types("pull")
    assert neither.returncode == ExitCode.USAGE
    assert "--print" in neither.stderr
    inside = person.types("pull", "README.md/tables.py")
    assert inside.returncode == ExitCode.FAILED
    assert "cannot be written" in inside.stderr
    revision = person.types("pull", "--revision")
    assert revision.returncode == ExitCode.DECLINED
    assert "There are revisions already" in revision.stderr
