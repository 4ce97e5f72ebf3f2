"""Deliveries: their states and transitions, and the closed catalogue of what can come of one attempt.

    queued ──intend──> sending ──> sent
      ^                  │  ├────> failed     definite refusal, not retryable
      │ due later        │  ├────> queued     retry: nothing left our machine, or a flood wait
      └──────────────────┘  └────> unsure     bytes went out, no answer came back
    queued ──> dropped (expired · stopped · channel paused or left)
    queued ──> unsure  (the same, where an earlier attempt may have arrived)
    unsure ──> sent | queued | dropped        by policy or by a moderator

Nothing is ever sent without a row, and a row is ``sending`` on disk before the first byte of it is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

DeliveryId = NewType("DeliveryId", int)


class DeliveryState(StrEnum):
    """Where one bulletin × one channel stands."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNSURE = "unsure"
    DROPPED = "dropped"


FINAL_STATES = frozenset({DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.DROPPED})

DELIVERY_TRANSITIONS: dict[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.QUEUED: frozenset({DeliveryState.SENDING, DeliveryState.DROPPED, DeliveryState.UNSURE}),
    DeliveryState.SENDING: frozenset(
        {DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.QUEUED, DeliveryState.UNSURE}
    ),
    DeliveryState.UNSURE: frozenset({DeliveryState.SENT, DeliveryState.QUEUED, DeliveryState.DROPPED}),
    DeliveryState.FAILED: frozenset({DeliveryState.QUEUED}),
    DeliveryState.SENT: frozenset(),
    DeliveryState.DROPPED: frozenset(),
}


class ForbiddenStep(Exception):
    """Our own mistake: a delivery was to take a step that the table does not have."""


def may_become(before: DeliveryState, after: DeliveryState) -> bool:
    """Whether a delivery may go from one state to the other."""
    return after in DELIVERY_TRANSITIONS[before]


def states_before(after: DeliveryState) -> tuple[DeliveryState, ...]:
    """From which states a delivery may become this."""
    return tuple(before for before in DeliveryState if may_become(before, after))


def leaving(before: DeliveryState, *afters: DeliveryState) -> DeliveryState:
    """``before``, for a change to one of ``afters``. Raises ForbiddenStep."""
    for after in afters:
        if not may_become(before, after):
            raise ForbiddenStep(f"a delivery that is {before} never becomes {after}")
    return before


@dataclass(frozen=True, slots=True)
class Sent:
    """The platform has it, under this message id."""

    message_id: str


@dataclass(frozen=True, slots=True)
class FloodWait:
    """The platform asks to wait before the next message."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Moved:
    """The group became a supergroup: the same place under a new id."""

    new_external_id: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The bot can no longer post there: kicked, blocked, deleted, deactivated."""

    reason: str


@dataclass(frozen=True, slots=True)
class NoRights:
    """The bot is there but lacks a right."""

    missing: str


NOT_OURS = "not_ours"
PICTURE_UNAVAILABLE = "picture_unavailable"
NO_ROOM = "no_room"
OUR_OWN = frozenset({NOT_OURS, PICTURE_UNAVAILABLE, NO_ROOM})
"""Reasons of `NotSent` that lie with us: another process may send by now, a picture cannot be read or is being uploaded
anew, too many requests are under way."""

PINNING = "can_pin_messages"
"""The right without which a message arrives all the same. Named as in the Bot API's ChatMemberAdministrator."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The platform will not take this content, here or anywhere."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """It failed before any byte left this machine: safe to try again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unsure:
    """It failed after bytes had left: nobody can know whether it arrived."""

    reason: str


@dataclass(frozen=True, slots=True)
class ByHand:
    """A member carries it out and confirms; until then it waits."""


Outcome = Sent | FloodWait | Moved | Gone | NoRights | Rejected | NotSent | Unsure | ByHand
