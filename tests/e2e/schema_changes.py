"""Changes of the practice project's tables, one for each workflow: the edit in the models, and answers to the end.

They are for a project with one environment: how a change travels on is the subject of other tests.
"""

import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PEOPLE = Path("dashboard/models/people.py")
ACTIVITIES = Path("dashboard/models/activities.py")
INIT = Path("dashboard/models/__init__.py")


@dataclass(frozen=True)
class SchemaChange:
    """A workflow, what a person writes in the editor, and the answers."""

    workflow: str
    edit: Callable[[Path], None]
    text: str

    def begin(self, root: Path) -> tuple[str, ...]:
        """Edit the models; the command that then takes the change to development."""
        self.edit(root)
        return "run", self.workflow, "--answers", self.answers(root)

    def answers(self, root: Path) -> str:
        """The answers as a file beside the project, which git does not see."""
        path = root.parent / f"{self.workflow}.yaml"
        path.write_text(textwrap.dedent(self.text))
        return str(path)


def with_one_environment(root: Path) -> None:
    """Take staging and production out of sensei.yaml."""
    path = root / "sensei.yaml"
    path.write_text(re.sub(r"^  (staging|prod): .*\n", "", path.read_text(), flags=re.MULTILINE))


def _replace(path: Path, *pairs: tuple[str, str]) -> None:
    text = path.read_text()
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text)


def _without_attachments(root: Path) -> None:
    path = root / ACTIVITIES
    path.write_text(re.sub(r"class Attachment\(.*?(?=\nclass )", "", path.read_text(), flags=re.DOTALL))
    _replace(root / INIT, ("ActivityType, Attachment, Comment", "ActivityType, Comment"), ('    "Attachment",\n', ""))


def _other_people(root: Path) -> None:
    _replace(
        root / PEOPLE,
        ("    phone: Mapped[str | None]", "    telephone: Mapped[str | None]"),
        ("    born_on: Mapped[date | None]\n", ""),
        ("    left_on: Mapped[date | None]", "    left_on: Mapped[datetime | None]"),
        ("from datetime import date\n", "from datetime import date, datetime\n"),
    )


def _locales(root: Path) -> None:
    old = '    language: Mapped[str] = mapped_column(String(8), server_default="en")'
    _replace(root / PEOPLE, (old, "    locale: Mapped[str] = mapped_column(String(16))"))


DELETE_TABLE = SchemaChange(
    "delete-table",
    _without_attachments,
    """\
    inputs.table: attachments
    inputs.message: files are kept elsewhere
    dependents: {answer: go_on, rule: "table == 'attachments' and dependents == []"}
    edit: ready
    review: {answer: approve, rule: "hazards.blocks == 0 and down"}
    deploy: {answer: true, rule: "environment == 'dev'"}
    note: all
    """,
)

DROP_FOR_GOOD = SchemaChange(
    "drop-for-good",
    lambda _: None,
    """\
    trash: {answer: attachments, rule: "rows == 473"}
    review: {answer: approve, rule: "hazards.blocks == 0 and down"}
    backup: {answer: true, rule: "tables == ['sensei_trash.attachments']"}
    deploy: {answer: drop sensei_trash.attachments, rule: "environment == 'dev'"}
    note: all
    """,
)

MODIFY_TABLE = SchemaChange(
    "modify-table",
    _other_people,
    """\
    inputs.message: telephones, and no birthdays
    edit: ready
    generate.rename.profiles.phone-telephone: rename
    generate.way: at_once
    review.drop-column: {accept: nobody needs birthdays, rule: "object == 'public.profiles.born_on'"}
    review.rename-column: {accept: the application is stopped, rule: "object == 'public.profiles.phone'"}
    review: {answer: approve, rule: "hazards.blocks == 0 and down"}
    backup: {answer: true, rule: "loses == ['convert memberships.left_on', 'drop profiles.born_on']"}
    deploy: {answer: "convert memberships.left_on, drop profiles.born_on", rule: "environment == 'dev'"}
    note: all
    """,
)

EXPAND_CONTRACT = SchemaChange(
    "expand-contract",
    _locales,
    """\
    inputs.message: locale in place of language
    edit: ready
    review-expand: {answer: approve, rule: "additive and hazards.blocks == 0"}
    deploy-expand: {answer: true, rule: "environment == 'dev'"}
    formula.profiles.locale: lower(language) || '_XX'
    backfill: {answer: true, rule: "columns == ['profiles.locale']"}
    release: all
    review.drop-column: {accept: it is in locale, rule: "object == 'public.profiles.language'"}
    review: {answer: approve, rule: "hazards.blocks == 0"}
    backup: {answer: true, rule: "loses == ['drop profiles.language']"}
    deploy: {answer: drop profiles.language, rule: "environment == 'dev'"}
    note: all
    """,
)
