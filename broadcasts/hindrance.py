"""Why nothing of a bulletin moves though it is being sent: for one bot, or for all that have something of it left.

A pure rule over what the database says of the queue and of the tokens, so every process comes to the same answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Protocol

from broadcasts.line import REFUSED_TOKENS
from broadcasts.planner import quiet_until
from bulletins.bulletin import BulletinId

_WORTH_SAYING = timedelta(seconds=30)
"""So long a wait is told; what passes sooner, people see passing."""

_MINUTE = timedelta(minutes=1)


class Why(StrEnum):
    """What may be in the way, in the order in which it is told."""

    STORAGE = "storage"
    NO_BOT = "no_bot"
    """The bot of these channels is not in the settings."""
    TOKEN = "token"
    LINE = "line"
    FLOOD = "flood"
    QUIET = "quiet"
    LATER = "later"
    """What is left is tried again later."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What of a bulletin is in the queue of one bot, and how its token stands."""

    bot: str
    first_due: datetime
    quiet_minutes: tuple[int, int] | None
    """Those of the channel that is due first."""
    held_until: datetime | None
    """The end of the token's flood wait, which may be past."""
    line_trouble: str | None
    """The outcome's reason with which its line went down; None while it is up."""
    channels: int | None = None
    """How many wait; counted only where the bot is not at work."""


@dataclass(frozen=True, slots=True)
class Hindrance:
    """One thing that is in the way, of which bots, and until when where that is known."""

    why: Why
    bots: tuple[str, ...] = ()
    until: datetime | None = None
    channels: int = 0
    """How many wait; 0 where that is not counted."""


class Hindrances(Protocol):
    """The port: knows what is in the way."""

    async def of(self, bulletin_id: BulletinId) -> Sequence[Hindrance]:
        """What keeps a bulletin that is being sent from going on; nothing while all of it goes on."""


def hindrances(
    waiting: Sequence[Waiting], at_work: Collection[str], now: datetime, zone: tzinfo
) -> Sequence[Hindrance]:
    """Each reason once. That it is merely not yet time is one only where nothing else moves."""
    found = [(one.bot, _of_bot(one, at_work, now, zone)) for one in waiting]
    nothing_moves = all(hindrance is not None for _, hindrance in found)
    own = [hindrance for _, hindrance in found if hindrance is not None]
    told = [one for one in own if nothing_moves or one.why not in (Why.QUIET, Why.LATER)]
    return list(_together(told))


def _of_bot(waiting: Waiting, at_work: Collection[str], now: datetime, zone: tzinfo) -> Hindrance | None:
    bots = (waiting.bot,)
    if waiting.bot not in at_work:
        return Hindrance(Why.NO_BOT, bots, channels=waiting.channels or 0)
    if waiting.line_trouble is not None:
        return Hindrance(Why.TOKEN if waiting.line_trouble in REFUSED_TOKENS else Why.LINE, bots)
    if waiting.held_until is not None and waiting.held_until - now > _WORTH_SAYING:
        return Hindrance(Why.FLOOD, bots, waiting.held_until)
    if waiting.first_due - now <= _WORTH_SAYING:
        return None
    ends_at = quiet_until(*waiting.quiet_minutes, now, zone) if waiting.quiet_minutes else None
    is_quiet = ends_at is not None and abs(waiting.first_due - ends_at) <= _MINUTE
    return Hindrance(Why.QUIET if is_quiet else Why.LATER, bots, waiting.first_due)


def _together(found: Sequence[Hindrance]) -> Iterator[Hindrance]:
    for why in Why:
        alike = [one for one in found if one.why is why]
        if alike:
            bots = tuple(bot for one in alike for bot in one.bots)
            until = min((one.until for one in alike if one.until is not None), default=None)
            yield Hindrance(why, bots, until, sum(one.channels for one in alike))
