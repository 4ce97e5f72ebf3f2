"""How a row of ``channels`` becomes a ``Channel``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any

from sqlalchemy import Row

from members.channel import (
    Channel,
    ChannelId,
    ChannelKind,
    ChannelState,
    PersonId,
    Platform,
    Preferences,
    QuietHours,
)

CHOSEN_NOTHING: Mapping[str, Any] = {
    "topics": [],
    "areas": [],
    "pin": False,
    "silent": False,
    "drills": False,
}
"""The columns of a channel whose member has chosen nothing yet."""


def channel_of(row: Row[Any]) -> Channel:
    """The value of one row."""
    return Channel(
        id=ChannelId(row.id),
        bot=row.bot,
        platform=Platform(row.platform),
        external_id=row.external_id,
        kind=ChannelKind(row.kind),
        title=row.title,
        language=row.language,
        state=ChannelState(row.state),
        member=None if row.member is None else PersonId(row.member),
        preferences=_preferences_of(row),
        member_count=row.member_count,
        flaw=row.flaw,
        enrolled_at=row.enrolled_at,
    )


def minute_of(moment: time) -> int:
    """Minutes since midnight."""
    return moment.hour * 60 + moment.minute


def _preferences_of(row: Row[Any]) -> Preferences:
    starts, ends = row.quiet_starts_minute, row.quiet_ends_minute
    quiet = None if starts is None or ends is None else QuietHours(_time(starts), _time(ends))
    return Preferences(tuple(row.topics), tuple(row.areas), quiet, row.pin, row.silent, row.drills)


def _time(minute: int) -> time:
    return time(minute // 60, minute % 60)
