"""A broadcast: one bulletin on its way from draft to done, and which changes of state are allowed.

draft ──> in_review ──> approved ──> scheduled ──> sending <──> paused
  ^           │             │            │            │
  └── edit ───┘             └── now ─────┼──> sending └──> done
                                         └──> held (missed its time) ──> sending | stopped
                            └── recurring (each time a bulletin of its own) ──> finished
paused ──> done (its time was over)
every state but done and finished ──> stopped            done ──> sending (retry the failed, resolve the unsure)
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from broadcasts.recurrence import Upcoming
from bulletins.bulletin import Bulletin, BulletinId, Code
from members.channel import PersonId


class BroadcastState(StrEnum):
    """Where a bulletin stands on its way to the channels."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    HELD = "held"
    SENDING = "sending"
    PAUSED = "paused"
    DONE = "done"
    STOPPED = "stopped"
    RECURRING = "recurring"
    FINISHED = "finished"


_S = BroadcastState
BROADCAST_TRANSITIONS: dict[BroadcastState, frozenset[BroadcastState]] = {
    _S.DRAFT: frozenset({_S.IN_REVIEW, _S.STOPPED}),
    _S.IN_REVIEW: frozenset({_S.DRAFT, _S.APPROVED, _S.STOPPED}),
    _S.APPROVED: frozenset({_S.SCHEDULED, _S.RECURRING, _S.SENDING, _S.STOPPED}),
    _S.SCHEDULED: frozenset({_S.SENDING, _S.HELD, _S.STOPPED}),
    _S.HELD: frozenset({_S.SENDING, _S.STOPPED}),
    _S.SENDING: frozenset({_S.PAUSED, _S.DONE, _S.STOPPED}),
    _S.PAUSED: frozenset({_S.SENDING, _S.DONE, _S.STOPPED}),
    _S.DONE: frozenset({_S.SENDING}),
    _S.STOPPED: frozenset(),
    _S.RECURRING: frozenset({_S.FINISHED, _S.STOPPED}),
    _S.FINISHED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a correction finds: the first bulletin, whose copies stand in the channels, and what they say by now."""

    first: Bulletin
    standing: Bulletin
    """The newest words about it that went out: those of the first one, or of its last correction."""


@dataclass(frozen=True, slots=True)
class Broadcast:
    """One bulletin, as the operator's book holds it."""

    id: BulletinId
    bulletin: Bulletin
    state: BroadcastState
    author: PersonId
    author_chat: str
    """Where progress is shown: the external id of the author's private chat."""
    approval_hash: str
    approved_by: tuple[PersonId, ...]
    """Those whose consent to exactly these bytes still counts."""
    corrects: BulletinId | None
    """The earlier bulletin that this Update or Cancel refers to."""
    halted_because: str | None
    upcoming: Upcoming | None = None
    """Of a series that goes on: its next occurrence."""
    series: Code | None = None
    """Of an occurrence: the code of the series that was approved, and it with it."""
    earlier: Earlier | None = None
    """Of a correction: what it puts right."""
    is_by_one: bool = False
    """It rests on its author's own yes, given to fixed words."""
