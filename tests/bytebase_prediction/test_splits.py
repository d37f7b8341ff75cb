"""The cut, the order and the directives agree with the server's own splitter on texts made to be hard.

splits.json: what the splitters of both editions, and the driver's patterns, made of each text: byte offsets of what is
sent, and whether in the transaction.
"""

import json
from pathlib import Path
from typing import TypedDict

import pytest

from schema_sensei.bytebase.prediction import predict


class Split(TypedDict):
    sheet: str
    server: str
    sent: list[list[int | bool]]


SPLITS: list[Split] = json.loads(Path(__file__).with_name("splits.json").read_text("utf-8"))


@pytest.mark.parametrize(("server", "texts"), [("3.22", 333), ("3.18", 203)])
def test_hard_texts_are_sent_as_the_server_sends_them(server: str, texts: int) -> None:
    major, _, minor = server.partition(".")
    splits = [each for each in SPLITS if each["server"] == server]

    wrong = {
        each["sheet"]: sent
        for each in splits
        if (
            sent := [
                [sent.start, sent.stop, sent.transaction]
                for sent in predict(each["sheet"], server=(int(major), int(minor))).executions
            ]
        )
        != each["sent"]
    }

    assert wrong == {}
    assert len(splits) == texts


def test_the_two_editions_differ_somewhere() -> None:
    later = {each["sheet"]: each["sent"] for each in SPLITS if each["server"] == "3.22"}

    assert any(later.get(each["sheet"], each["sent"]) != each["sent"] for each in SPLITS if each["server"] == "3.18")
