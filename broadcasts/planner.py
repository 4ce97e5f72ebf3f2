"""When a delivery may go out: quiet hours, and what overrides them. Pure rules.

The planning itself is one statement, in ``storage/planning.py``.
"""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from bulletins.bulletin import Severity, Status

MINUTES_A_DAY = 1_440


def overrides_quiet_hours(severity: Severity, status: Status) -> bool:
    """Extreme and real: the pledge says that such a bulletin is posted at any hour."""
    return severity is Severity.EXTREME and status is Status.ACTUAL


def minute_of_day(now: datetime, zone: tzinfo) -> int:
    """Minutes since midnight on the network's clock."""
    local = now.astimezone(zone)
    return local.hour * 60 + local.minute


def whole_minute(now: datetime) -> datetime:
    """``now`` without its seconds: quiet hours begin and end on whole minutes."""
    return now.replace(second=0, microsecond=0)


def is_quiet(starts: int, ends: int, minute: int) -> bool:
    """Whether ``minute`` lies between two minutes of the day; from later to earlier crosses midnight."""
    if starts <= ends:
        return starts <= minute < ends
    return minute >= starts or minute < ends


def quiet_until(starts: int, ends: int, now: datetime, zone: tzinfo) -> datetime | None:
    """When the quiet hours that ``now`` lies in will end, by the clock on the wall; None outside of them."""
    minute = minute_of_day(now, zone)
    if not is_quiet(starts, ends, minute):
        return None
    local = whole_minute(now.astimezone(zone))
    on_the_wall = local.replace(tzinfo=None) + timedelta(minutes=(ends - minute) % MINUTES_A_DAY)
    # Where clocks go back, an hour comes twice: in the second one, its own end is meant.
    return on_the_wall.replace(tzinfo=zone, fold=local.fold).astimezone(now.tzinfo)


def clock_gains(now: datetime, zone: tzinfo) -> timedelta:
    """How much the clocks of ``zone`` are put forward within a day from ``now``; nothing, nearly always."""
    gained = (now + timedelta(days=1)).astimezone(zone).utcoffset() or timedelta()
    return max(timedelta(), gained - (now.astimezone(zone).utcoffset() or timedelta()))
