"""What a citizen sent, from arriving until they decide about it: kept sealed, and a day at most.

parked ──continued in private──> gathering ──quiet for a moment──> answering ──told──> asked
                                     ↑──────────── not told ───────────┘
From every state it is over when it becomes a report or is not wanted: what was sent is deleted then, and what is left
of the row when the day is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from members.channel import PersonId
from reports.content import Piece

DraftToken = NewType("DraftToken", str)

DRAFT_LASTS = timedelta(hours=24)


class DraftState(StrEnum):
    """Where a draft stands."""

    PARKED = "parked"
    GATHERING = "gathering"
    ANSWERING = "answering"
    ASKED = "asked"
    OVER = "over"


DRAFT_TRANSITIONS: dict[DraftState, frozenset[DraftState]] = {
    DraftState.PARKED: frozenset({DraftState.GATHERING, DraftState.OVER}),
    DraftState.GATHERING: frozenset({DraftState.ANSWERING, DraftState.OVER}),
    DraftState.ANSWERING: frozenset({DraftState.ANSWERING, DraftState.ASKED, DraftState.OVER}),
    DraftState.ASKED: frozenset({DraftState.GATHERING, DraftState.OVER}),
    DraftState.OVER: frozenset(),
}


@dataclass(frozen=True, slots=True)
class ReplyAddress:
    """Where a person is answered, and about which message of theirs. Sealed wherever it is kept."""

    bot: str
    """Name, in the settings, of the bot they wrote to."""
    chat: str
    message_id: str
    language: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message of one person, as the handlers hand it in."""

    person: PersonId
    address: ReplyAddress
    piece: Piece


@dataclass(frozen=True, slots=True)
class Draft:
    """What one person sent within a moment."""

    token: DraftToken
    state: DraftState
    address: ReplyAddress
    pieces: tuple[Piece, ...]
    begun_at: datetime
    due_at: datetime
    """GATHERING: when it is answered. ANSWERING: when somebody else may try."""


def may_become(before: DraftState, after: DraftState) -> bool:
    """Whether the transition table allows ``before`` to become ``after``."""
    return after in DRAFT_TRANSITIONS[before]
