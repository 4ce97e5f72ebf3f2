"""A case from its first report to its end: values, and which changes of state are allowed.

    open <──> claimed ──> answered ──> revised ─┐
     ↑ │         │           │            ↑ └───┘
     │ └─────────┴───────────┴────────────┴──> closed
     └──────────── reported again, never answered ┘

A verdict that will need a second person puts one more state between claimed and answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from members.channel import PersonId

CaseId = NewType("CaseId", int)
ReportId = NewType("ReportId", int)
VerdictId = NewType("VerdictId", int)
Receipt = NewType("Receipt", str)


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    CLAIMED = "claimed"
    ANSWERED = "answered"
    REVISED = "revised"
    CLOSED = "closed"


CASE_TRANSITIONS: dict[CaseState, frozenset[CaseState]] = {
    CaseState.OPEN: frozenset({CaseState.CLAIMED, CaseState.CLOSED}),
    CaseState.CLAIMED: frozenset({CaseState.OPEN, CaseState.ANSWERED, CaseState.CLOSED}),
    CaseState.ANSWERED: frozenset({CaseState.REVISED, CaseState.CLOSED}),
    CaseState.REVISED: frozenset({CaseState.REVISED, CaseState.CLOSED}),
    CaseState.CLOSED: frozenset({CaseState.OPEN}),
}

HAS_VERDICT = frozenset({CaseState.ANSWERED, CaseState.REVISED})


class Reason(StrEnum):
    """The closed list of what can be reported. Opinion is not a reason."""

    SCAM = "scam"
    IMPERSONATION = "impersonation"
    FAKE_NOTICE = "fake_notice"
    HARMFUL_RUMOUR = "harmful_rumour"
    ALTERED_MEDIA = "altered_media"
    MALWARE = "malware"
    OTHER_FACTUAL = "other_factual"


class VerdictKind(StrEnum):
    """The answers that can be given."""

    FALSE = "false"
    MISLEADING = "misleading"
    TRUE = "true"
    OUTDATED = "outdated"
    SCAM = "scam"
    OPINION = "opinion"
    CANNOT_TELL = "cannot_tell"


class Purpose(StrEnum):
    """What a reporter may agree to, each by itself."""

    FILE = "file"
    TELL = "tell"
    PUBLISH = "publish"


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer as people are told it. Only an opinion has no sources."""

    kind: VerdictKind
    explanation: str
    sources: tuple[str, ...]
    given_at: datetime


@dataclass(frozen=True, slots=True)
class Case:
    """A case as moderators see it. ``content`` is as it was reported: mask it before showing it."""

    id: CaseId
    state: CaseState
    content: str
    findings: tuple[tuple[str, str], ...]
    """(what was found, about what), see ``reports.cards.summary``."""
    reasons: tuple[Reason, ...]
    """Those given by the reporters, the most frequent first."""
    reporters: int
    opened_at: datetime
    claimed_by: PersonId | None
    claimed_by_name: str
    verdict: Verdict | None
    is_erased: bool = False
    """What it was about is no longer kept."""


def may_become(before: CaseState, after: CaseState) -> bool:
    """Whether the transition table allows ``before`` to become ``after``."""
    return after in CASE_TRANSITIONS[before]


def state_after(before: CaseState, kind: VerdictKind) -> CaseState:
    """What a case becomes when it is given this verdict. An opinion closes it with no further action."""
    if kind is VerdictKind.OPINION:
        return CaseState.CLOSED
    return CaseState.REVISED if before in HAS_VERDICT else CaseState.ANSWERED
