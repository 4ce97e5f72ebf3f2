"""Buttons under messages: what one stands for, and the rule by which a press counts.

A button is an opaque token. It is bound to a person (or to all whom its handler lets in), a chat and an
action, and the buttons of one message are used up together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from members.channel import PersonId

Payload = dict[str, Any]
"""What the handler needs to know, as JSON. Nobody outside sees it."""


@dataclass(frozen=True, slots=True)
class Button:
    """One button as it is kept."""

    token: str
    person: PersonId | None
    """Who alone may press it, or None: whoever its handler lets in."""
    chat: str
    action: str
    payload: Payload
    group: str
    """The message it stands under: its buttons are used up together."""
    repeatable: bool
    expires_at: datetime
    about: str = ""
    """The draft of a report that it is about, if it is: its buttons are deleted with it, and soon after their use."""
    used_by: str | None = None
    """The press that used it."""


@dataclass(frozen=True, slots=True)
class Press:
    """One press. The platform may deliver it more than once, always under the same ``id``."""

    token: str
    person: PersonId
    chat: str
    id: str


class Refusal(StrEnum):
    """Why a press does not count."""

    UNKNOWN = "unknown"
    FOREIGN = "foreign"
    USED = "used"
    LATE = "late"


def refusal(button: Button | None, press: Press, now: datetime) -> Refusal | None:
    """Why this press does not count, or None when it does.

    A press that counted before counts again: the process may have died between the press and its effect.
    """
    if button is None:
        return Refusal.UNKNOWN
    if button.chat != press.chat or button.person not in (None, press.person):
        return Refusal.FOREIGN
    if button.used_by == press.id:
        return None
    if button.used_by is not None:
        return Refusal.USED
    return Refusal.LATE if now >= button.expires_at else None
