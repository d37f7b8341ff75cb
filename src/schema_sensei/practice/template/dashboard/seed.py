"""Believable rows for every table, the same ones every time."""

import random
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, text

from . import models

TODAY = date(2026, 3, 2)
FIRST = [
    "Ada",
    "Ben",
    "Carla",
    "Deniz",
    "Elif",
    "Farid",
    "Greta",
    "Hugo",
    "Ines",
    "Jonas",
    "Kaya",
    "Lena",
    "Malik",
    "Nora",
    "Omar",
    "Pia",
    "Quentin",
    "Rosa",
    "Sami",
    "Tessa",
]
LAST = [
    "Abel",
    "Brandt",
    "Costa",
    "Demir",
    "Engel",
    "Fuchs",
    "Garcia",
    "Haas",
    "Ivanov",
    "Jung",
    "Kaya",
    "Lange",
    "Meyer",
    "Nowak",
    "Okoye",
    "Peters",
    "Rossi",
    "Sato",
]
CITIES = {"Berlin": "Europe/Berlin", "Lisbon": "Europe/Lisbon", "Oslo": "Europe/Oslo", "Accra": "Africa/Accra"}
SITES = ("Harbour", "North Gate", "Old Mill", "Riverside")
KINDS = {"Safety walk": 45, "Team meeting": 60, "First aid training": 180, "Machine check": 30, "Feedback talk": 40}
QUESTIONS = (
    "Wears the right protection",
    "Explains the emergency exits",
    "Checks the machine before use",
    "Keeps the work area tidy",
    "Helps new colleagues",
)
REMARKS = ("Very sure.", "Asked for help in time.", "Should practise this again.", None, None)
SAYINGS = (
    "Went well, thank you.",
    "Please bring the checklist next time.",
    "Two people were missing.",
    "Moved to the other hall because of the noise.",
)
FILES = (("checklist.pdf", "application/pdf"), ("photo.jpg", "image/jpeg"), ("notes.txt", "text/plain"))
ACCOUNTS, ACTIVITIES, ASSESSMENTS = 240, 600, 180

Row = Mapping[str, Any]


def rows() -> Iterator[tuple[type[models.Base], list[Row]]]:
    """Every table with its rows, parents before children."""
    dice = random.Random(20260302)  # noqa: S311 - believable, not secret
    return _rows(dice)


def _moment(dice: random.Random, back: int, ahead: int = 0) -> datetime:
    day = TODAY + timedelta(days=dice.randint(-back, ahead))
    return datetime.combine(day, time(dice.randint(7, 17), dice.choice((0, 15, 30, 45))), UTC)


def _rows(dice: random.Random) -> Iterator[tuple[type[models.Base], list[Row]]]:
    names = [f"{first} {last}" for last in LAST for first in FIRST][:ACCOUNTS]
    yield (
        models.Account,
        [
            {
                "id": number,
                "email": f"{name.lower().replace(' ', '.')}@example.org",
                "display_name": name,
                "active": number % 17 != 0,
                "created_at": _moment(dice, 700),
            }
            for number, name in enumerate(names, 1)
        ],
    )
    yield (
        models.Profile,
        [
            {
                "account_id": number,
                "phone": f"+49 30 {5550000 + number}" if number % 4 else None,
                "born_on": date(1962, 1, 1) + timedelta(days=dice.randint(0, 15000)),
                "language": dice.choice(("en", "de", "pt", "tr")),
            }
            for number in range(1, ACCOUNTS + 1)
            if number % 9
        ],
    )
    sites = [(f"{city} {site}", city, zone) for city, zone in CITIES.items() for site in SITES]
    yield (
        models.Workplace,
        [
            {"id": number, "name": name, "city": city, "time_zone": zone}
            for number, (name, city, zone) in enumerate(sites, 1)
        ],
    )
    yield (
        models.Schedule,
        [
            {"workplace_id": place, "weekday": day, "opens_at": time(6 + place % 3), "closes_at": time(16 + place % 4)}
            for place in range(1, len(sites) + 1)
            for day in range(1, 6)
        ],
    )
    roles = ("worker", "coach", "manager", "auditor")
    yield (
        models.Role,
        [{"id": number, "name": name, "can_assess": name != "worker"} for number, name in enumerate(roles, 1)],
    )
    yield (
        models.Membership,
        [
            {
                "account_id": account,
                "workplace_id": place,
                "role_id": dice.choices((1, 2, 3, 4), (12, 4, 2, 1))[0],
                "joined_on": TODAY - timedelta(days=dice.randint(200, 900)),
                "left_on": TODAY - timedelta(days=dice.randint(1, 190)) if account % 13 == 0 else None,
            }
            for account in range(1, ACCOUNTS + 1)
            for place in sorted(dice.sample(range(1, len(sites) + 1), dice.choice((1, 1, 1, 2))))
        ],
    )
    kinds = list(KINDS.items())
    yield (
        models.ActivityType,
        [{"id": number, "name": name, "minutes": minutes} for number, (name, minutes) in enumerate(kinds, 1)],
    )
    yield models.Activity, [_activity(dice, number, kinds, len(sites)) for number in range(1, ACTIVITIES + 1)]
    yield (
        models.Attachment,
        [
            {
                "activity_id": activity,
                "file_name": name,
                "media_type": media,
                "size_bytes": dice.randint(900, 4_000_000),
            }
            for activity in range(1, ACTIVITIES + 1)
            for name, media in FILES[: dice.choice((0, 0, 1, 1, 2))]
        ],
    )
    yield (
        models.Comment,
        [
            {
                "activity_id": activity,
                "author_id": dice.randint(1, ACCOUNTS),
                "body": dice.choice(SAYINGS),
                "created_at": _moment(dice, 300),
            }
            for activity in range(1, ACTIVITIES + 1)
            for _ in range(dice.choice((0, 1, 2, 3)))
        ],
    )
    yield models.Assessment, [_assessment(dice, number, len(sites)) for number in range(1, ASSESSMENTS + 1)]
    items: list[Row] = [
        {
            "id": (assessment - 1) * len(QUESTIONS) + position,
            "assessment_id": assessment,
            "position": position,
            "question": question,
            "weight": 1 + position % 3,
        }
        for assessment in range(1, ASSESSMENTS + 1)
        for position, question in enumerate(QUESTIONS, 1)
    ]
    yield models.AssessmentItem, items
    yield (
        models.AssessmentAnswer,
        [
            {
                "item_id": item["id"],
                "points": dice.choices(range(6), (1, 1, 2, 5, 8, 6))[0],
                "remark": dice.choice(REMARKS),
            }
            for item in items
            if item["assessment_id"] % 4
        ],
    )
    yield (
        models.Notification,
        [
            {
                "account_id": dice.randint(1, ACCOUNTS),
                "message": f"An assessment is due on {TODAY + timedelta(days=number % 30)}.",
                "read_at": _moment(dice, 60) if number % 5 else None,
            }
            for number in range(500)
        ],
    )


def _activity(dice: random.Random, number: int, kinds: list[tuple[str, int]], sites: int) -> Row:
    kind = dice.randint(1, len(kinds))
    name, minutes = kinds[kind - 1]
    starts = _moment(dice, 300, 60)
    past = models.ActivityStatus.DONE if number % 11 else models.ActivityStatus.CANCELLED
    return {
        "id": number,
        "workplace_id": dice.randint(1, sites),
        "activity_type_id": kind,
        "organiser_id": dice.randint(1, ACCOUNTS),
        "title": f"{name} {number}",
        "status": past if starts.date() < TODAY else models.ActivityStatus.PLANNED,
        "starts_at": starts,
        "ends_at": starts + timedelta(minutes=minutes),
    }


def _assessment(dice: random.Random, number: int, sites: int) -> Row:
    account, assessor = dice.sample(range(1, ACCOUNTS + 1), 2)
    open_one = number % 4 == 0
    return {
        "id": number,
        "account_id": account,
        "assessor_id": assessor,
        "workplace_id": dice.randint(1, sites),
        "title": f"Yearly assessment {2024 + number % 3}",
        "finished_on": None if open_one else TODAY - timedelta(days=dice.randint(1, 400)),
        "due_on": TODAY + timedelta(days=dice.randint(-5, 60)) if open_one else None,
    }


def fill(connection: Connection) -> int:
    """Insert every row; sequences continue after the highest id. Returns the number of rows."""
    total = 0
    for model, many in rows():
        connection.execute(insert(model), many)
        total += len(many)
        if "id" in model.__table__.columns:
            table = model.__tablename__
            highest = select(func.max(model.__table__.c.id))
            connection.execute(
                text("SELECT setval(pg_get_serial_sequence(:t, 'id'), :n)"),
                {"t": table, "n": connection.scalar(highest)},
            )
    return total
