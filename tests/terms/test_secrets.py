"""Secrets stay secret: in their own type, and in text that came from elsewhere."""

import pytest

from schema_sensei.terms.secrets import MASK, Redactor, Secret


def test_a_secret_shows_itself_only_to_reveal() -> None:
    secret = Secret("hunter2!")

    assert "hunter2!" not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == "hunter2!"


def test_a_learned_secret_is_masked_wherever_it_stands() -> None:
    redactor = Redactor()
    redactor.learn("s3cr3t-key")

    assert redactor.mask("before s3cr3t-key after (s3cr3t-key)") == f"before {MASK} after ({MASK})"


def test_of_two_overlapping_secrets_nothing_is_left_over() -> None:
    redactor = Redactor()
    redactor.learn("abcd", "abcdefgh")

    assert redactor.mask("abcdefgh") == MASK


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://app:hunter2!@db.internal:5432/app",
        "postgresql+psycopg://app:hunter2!@/app?host=/tmp",
        "host=db password=hunter2! dbname=app",
        "PGPASSWORD=hunter2!",
        "password: 'hunter2!'",
        "postgresql:///app?host=/tmp&user=app&password=hunter2!",
    ],
)
def test_unknown_passwords_in_urls_and_conninfo_are_masked(text: str) -> None:
    assert "hunter2" not in Redactor().mask(text)


def test_ordinary_text_is_left_as_it_is() -> None:
    text = "ALTER TABLE users ADD COLUMN password_hash text; -- see a:b@c and 12:30"

    assert Redactor().mask(text) == text


def test_short_texts_are_not_learned_as_secrets() -> None:
    redactor = Redactor()
    redactor.learn("a", "")

    assert redactor.mask("a banana") == "a banana"
