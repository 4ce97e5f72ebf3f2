"""The calendar of recurring bulletins: APScheduler computes a cron line's moments on the network's clock.

It is loaded when it is first asked for something: what only delivers never asks.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from broadcasts.recurrence import NextMoment
from bulletins.cron import read_cron

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

# APScheduler counts weekdays from Monday, cron from Sunday: by name nobody is mistaken.
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_ANY = "*"
_RULES_KEPT = 64  # a year of missed hours asks nine thousand times
_A_MOMENT = timedelta(microseconds=1)


def calendar_of(zone: ZoneInfo) -> NextMoment:
    """The port of `broadcasts.recurrence`, on the clock of ``zone``."""

    def next_moment(line: str, after: datetime, until: datetime) -> datetime | None:
        if until <= after:
            return None
        found = (_next(trigger, after) for trigger in _triggers(line, zone, until))
        return min((moment for moment in found if moment is not None), default=None)

    return next_moment


@lru_cache(maxsize=_RULES_KEPT)
def _triggers(line: str, zone: ZoneInfo, until: datetime) -> tuple[CronTrigger, ...]:
    """One; two where a day of the month or of the week is enough; none for what is no cron line."""
    from apscheduler.triggers.cron import CronTrigger

    cron = read_cron(line)
    if cron is None:
        return ()
    days = ",".join(map(str, cron.days))
    weekdays = ",".join(_WEEKDAYS[day] for day in cron.weekdays)
    ways = ((days, _ANY), (_ANY, weekdays)) if cron.either_day else ((days, weekdays),)
    return tuple(
        CronTrigger(
            minute=",".join(map(str, cron.minutes)),
            hour=",".join(map(str, cron.hours)),
            day=day,
            month=",".join(map(str, cron.months)),
            day_of_week=weekday,
            end_date=until,
            timezone=zone,
        )
        for day, weekday in ways
    )


def _next(trigger: CronTrigger, after: datetime) -> datetime | None:
    """Where clocks go back, an hour comes twice: the second time does not count."""
    while True:
        # On the local clock, and a moment later: otherwise such an hour would be found again and again.
        start = (after + _A_MOMENT).astimezone(trigger.timezone)
        found: datetime | None = trigger.get_next_fire_time(None, start)
        if found is None:
            return None
        after = found.astimezone(UTC)
        if not after.astimezone(trigger.timezone).fold:
            return after
