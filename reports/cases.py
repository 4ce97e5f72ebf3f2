"""A case from its first report to its end: values, and which changes of state are allowed.

    open <──> claimed ───────────> answered ──> revised ─┐
     ↑ │       │ ↑ └─> proposed ──┘  ↑ │         ↑ └─────┘
     │ │       │ └───────┘ ↑ ↓ ──────┘ │         │
     │ │       │           └──answered, revised, closed
     │ └───────┴─────────────────┴─────┴─────────┴──> closed
     └──────────────────── reported again, never answered ┘

Proposed: the verdict is written, and takes a second person (``reports/proposals.py``). It becomes answered or
revised when they agree; sent back or taken back, the case is what it was before. What stands already is proposed
anew by a revision that takes two, and when somebody reports for a severe reason what one person alone called false.
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
    PROPOSED = "proposed"
    """A verdict is written, on which a second person must agree."""
    ANSWERED = "answered"
    REVISED = "revised"
    CLOSED = "closed"


CASE_TRANSITIONS: dict[CaseState, frozenset[CaseState]] = {
    CaseState.OPEN: frozenset({CaseState.CLAIMED, CaseState.CLOSED}),
    CaseState.CLAIMED: frozenset({CaseState.OPEN, CaseState.PROPOSED, CaseState.ANSWERED, CaseState.CLOSED}),
    CaseState.PROPOSED: frozenset(
        {CaseState.OPEN, CaseState.CLAIMED, CaseState.ANSWERED, CaseState.REVISED, CaseState.CLOSED}
    ),
    CaseState.ANSWERED: frozenset({CaseState.PROPOSED, CaseState.REVISED, CaseState.CLOSED}),
    CaseState.REVISED: frozenset({CaseState.PROPOSED, CaseState.REVISED, CaseState.CLOSED}),
    CaseState.CLOSED: frozenset({CaseState.OPEN, CaseState.PROPOSED}),
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


class Need(StrEnum):
    """Why a verdict takes a second person."""

    SCAM = "scam"
    """It calls something a scam."""
    SEVERE = "severe"
    """It calls something false that was reported for a severe reason."""
    LINKS = "links"
    """It leads beyond published bulletins and protected domains."""


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
    awaits_second: bool = False
    """One person's words so far: a second must agree before they go to more than ten."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A verdict on which a second person must agree: who wrote it, and why it takes two."""

    sha256: str
    """Of exactly what is agreed to, see ``reports.proposals.words_sha256``."""
    author: PersonId
    author_name: str
    needs: tuple[Need, ...]


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
    """The proposed one where there is a proposal."""
    listeners: int = 0
    """How many of the reporters asked to hear, and can be told."""
    proposal: Proposal | None = None
    agreed_by_name: str = ""
    """The second person behind the verdict, by name; empty when one was enough."""
    is_erased: bool = False
    """What it was about is no longer kept."""


def may_become(before: CaseState, after: CaseState) -> bool:
    """Whether the transition table allows ``before`` to become ``after``."""
    return after in CASE_TRANSITIONS[before]


def state_after(before: CaseState, kind: VerdictKind, needs: tuple[Need, ...] = ()) -> CaseState:
    """What a case becomes when it is given this verdict. An opinion closes it with no further action."""
    if needs:
        return CaseState.PROPOSED
    if kind is VerdictKind.OPINION:
        return CaseState.CLOSED
    return CaseState.REVISED if before in HAS_VERDICT else CaseState.ANSWERED
