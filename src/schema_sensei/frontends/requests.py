"""What a visit is about: the guide, one workflow, or a run to go on with; and how an environment is shown to stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Literal, TypeAlias

from ..terms.values import value

if TYPE_CHECKING:
    from ..terms.json import JsonValue
    from ..terms.targets import TargetLabel

Standing: TypeAlias = Literal["unread", "current", "behind", "ahead", "drifted", "unreachable", "unconfigured"]
"""unread: not looked at yet; behind: revisions pending; ahead: stamped with a revision this checkout does not have;
drifted: the catalog differs from the migrations; unconfigured: its URL variable is not set."""


@value(kw_only=True)
class EnvironmentState:
    """Where one environment stands; `words` says it in two or three words ("2 pending")."""

    name: str
    standing: Standing
    words: str = ""
    protected: bool = False
    target: TargetLabel | None = None
    heads: tuple[str, ...] = ()


@value(kw_only=True)
class OpenGuide:
    """Walk the tree from its root, or from where `answers` (choice keys, root first: a deep link) lead."""

    answers: tuple[str, ...] = ()
    dry: bool = False


@value(kw_only=True)
class StartRun:
    """Run one workflow; `inputs` by name are not asked for again."""

    workflow: str
    inputs: Mapping[str, JsonValue] = field(default_factory=dict)
    answers: tuple[str, ...] = ()
    dry: bool = False


@value(kw_only=True)
class ResumeRun:
    """Go on with an unfinished run; `take_over` also from an owner on another host (journaled)."""

    run: str
    take_over: bool = False


Request: TypeAlias = OpenGuide | StartRun | ResumeRun
