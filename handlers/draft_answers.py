"""What somebody typed for a field of a draft, and how such a field is described."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from broadcasts.broadcast import Broadcast
from broadcasts.drafting import Edit
from handlers.bulletin_desk import BulletinDesk


@dataclass(frozen=True, slots=True)
class Answer:
    """What was typed, for which draft."""

    typed: str
    broadcast: Broadcast
    desk: BulletinDesk


Read = Callable[[Answer], Edit | str]
"""An edit, or the sentence that says why there is none."""


@dataclass(frozen=True, slots=True)
class TypedField:
    """One field that is typed."""

    ask: Callable[[Broadcast, BulletinDesk], str]
    read: Read
