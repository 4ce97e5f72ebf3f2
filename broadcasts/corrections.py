"""Correcting one delivered copy: change it in place, then reply to it, so that people notice.

Where the platform changes nothing the whole correction is posted, as a reply if it knows replies.
Changing is harmless to repeat, so whatever is not certain about it is tried again. The reply is not: it is
sent once, and in any case. A copy that could not be changed keeps the reason beside its delivery, to be
listed by name.
"""

from __future__ import annotations

from dataclasses import dataclass

from broadcasts.delivery import (
    DeliveryState,
    FloodWait,
    Gone,
    Moved,
    NoRights,
    NotSent,
    Outcome,
    Rejected,
    Unsure,
)
from broadcasts.ports import Due
from bulletins.bulletin import Bulletin, Media

EDITS_TRIED = 4
CORRECTED = "corrected"
"""Why a bulletin stopped whose place a correction has taken."""
NOT_EDITED = "not_edited"
MOVED_AWAY = "moved_away"
LEFT_BEHIND = f"{NOT_EDITED}:left_behind"
"""As ``MOVED_AWAY``, of a correction whose copy could not be changed even before the channel moved."""
CANNOT_EDIT = f"{NOT_EDITED}:cannot_edit"
"""The platform lets nobody change a message: the correction stands beside the copy, whole."""
LEFT_UNSURE = "moderator:leave"
"""Why a delivery was given up when a moderator left it as it was: nobody knows whether a copy is there."""


@dataclass(frozen=True, slots=True)
class AfterEdit:
    """What follows from changing a copy: stop with an ``outcome``, or reply, noting what failed."""

    outcome: Outcome | None = None
    note: str | None = None


def after_edit(outcome: Outcome, attempt: int) -> AfterEdit:
    """Whether to reply now, to try the change again later, or to give the channel up."""
    match outcome:
        case FloodWait() | Moved() | Gone():
            return AfterEdit(outcome)
        case NotSent(reason) | Unsure(reason):
            if attempt < EDITS_TRIED:
                return AfterEdit(NotSent(f"edit {reason}"))
            return AfterEdit(note=f"{NOT_EDITED}:{reason}")
        case Rejected(reason) | NoRights(reason):
            return AfterEdit(note=f"{NOT_EDITED}:{reason}")
        case _:
            return AfterEdit()


def new_picture(first: Bulletin, correction: Bulletin) -> Media | None:
    """The picture that goes with the reply: one that the copy does not have. A copy keeps the one it came with."""
    media = correction.media
    return None if media is None or (first.media and first.media.sha256 == media.sha256) else media


def known_copy(due: Due) -> str | None:
    """The message that can be changed; without one the correction is posted whole."""
    original = due.original
    if original is None or original.state is not DeliveryState.SENT or original.lost_because is not None:
        return None
    return original.message_id or None


def note_without_copy(due: Due) -> str | None:
    """What to keep beside a correction that was posted whole: there is or may be a copy that nobody can change."""
    original = due.original
    if original is None or known_copy(due) is not None:
        return None
    if original.state not in (DeliveryState.SENT, DeliveryState.UNSURE) and original.lost_because is None:
        return None
    return f"{NOT_EDITED}:{original.lost_because or 'copy_unknown'}"


def must_wait(due: Due) -> bool:
    """Whether nobody knows yet what there is to correct, or an older correction is on its way to the same copy."""
    if due.former is not None and due.former.state is DeliveryState.SENDING:
        return True
    return due.original is not None and due.original.state in (DeliveryState.QUEUED, DeliveryState.SENDING)


def has_nothing_to_correct(due: Due) -> bool:
    """Whether the original never got there after all."""
    original = due.original
    if original is None or original.lost_because == LEFT_UNSURE:
        return False
    return original.state in (DeliveryState.FAILED, DeliveryState.DROPPED)
