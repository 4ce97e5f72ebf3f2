"""Channels: the places where bulletins are posted, what each has chosen, and which changes of state are allowed.

pledging ──pledge──> active <──> paused
   │                  │  │          │
   └──────> left <────┘  └> lost <──┘      left, lost ──enrol again──> pledging
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from typing import NewType

ChannelId = NewType("ChannelId", int)
PersonId = NewType("PersonId", str)
"""``platform:external id``, for example ``telegram:1001``. A pseudonym of an account, never a name."""


class Platform(StrEnum):
    """A chat platform that Loa can post to."""

    TELEGRAM = "telegram"
    ZALO_BOT = "zalo_bot"
    ZALO_OA = "zalo_oa"
    BY_HAND = "by_hand"


class ChannelKind(StrEnum):
    """What sort of place a channel is. Telegram's own "channel" is ``BROADCAST``."""

    GROUP = "group"
    SUPERGROUP = "supergroup"
    BROADCAST = "broadcast"
    SUBSCRIBER = "subscriber"


class ChannelState(StrEnum):
    """Where a channel stands in its membership."""

    PLEDGING = "pledging"
    ACTIVE = "active"
    PAUSED = "paused"
    LEFT = "left"
    LOST = "lost"


CHANNEL_TRANSITIONS: dict[ChannelState, frozenset[ChannelState]] = {
    ChannelState.PLEDGING: frozenset({ChannelState.ACTIVE, ChannelState.LEFT, ChannelState.LOST}),
    ChannelState.ACTIVE: frozenset({ChannelState.PAUSED, ChannelState.LEFT, ChannelState.LOST}),
    ChannelState.PAUSED: frozenset({ChannelState.ACTIVE, ChannelState.LEFT, ChannelState.LOST}),
    ChannelState.LEFT: frozenset({ChannelState.PLEDGING}),
    ChannelState.LOST: frozenset({ChannelState.PLEDGING}),
}


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A daily stretch, in the network's time zone, in which only Extreme bulletins are posted.

    ``starts`` may be later than ``ends``: 22:00 to 06:00 crosses midnight.
    """

    starts: time
    ends: time


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a channel's member has chosen. Empty ``topics`` or ``areas`` mean: all of them."""

    topics: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    quiet: QuietHours | None = None
    pin: bool = False
    silent: bool = False
    drills: bool = False


@dataclass(frozen=True, slots=True)
class Channel:
    """One place where bulletins are posted."""

    id: ChannelId
    bot: str
    """Name, in the settings, of the bot (the token) that serves this channel."""
    platform: Platform
    external_id: str
    kind: ChannelKind
    title: str
    language: str
    state: ChannelState
    member: PersonId | None
    preferences: Preferences
    member_count: int
    flaw: str | None
    """The right the bot lacks there, in the platform's own word, or None when all is well."""
    enrolled_at: datetime | None
