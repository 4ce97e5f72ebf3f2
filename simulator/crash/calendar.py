"""The calendar of seeded runs: an hour of the network's clock passes in three seconds.

A rule repeats once an hour at most, and a run lasts a minute. So a run's calendar hurries, and a rule that is
hourly by its words brings about an occurrence every three seconds.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from broadcasts.recurrence import NextMoment
from bulletins.cron import read_cron

HOUR_SECONDS = 3
_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
_BASE = datetime(2026, 12, 2, 5, 0, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_FASTER = 3_600 // HOUR_SECONDS
_HOURS_TRIED = 48


def hurried(next_moment: NextMoment) -> NextMoment:
    """The same calendar on a clock that runs so much faster. Full hours stay whole seconds: nothing is rounded."""

    def sooner(line: str, after: datetime, until: datetime) -> datetime | None:
        found = next_moment(line, _BASE + (after - _BASE) * _FASTER, _BASE + (until - _BASE) * _FASTER)
        return None if found is None else _BASE + (found - _BASE) / _FASTER

    return sooner


def by_the_hour(line: str, after: datetime, until: datetime) -> datetime | None:
    """A calendar for lines that name hours alone; the product's own gives the same moments for them."""
    cron = read_cron(line)
    if cron is None:
        return None
    moment = after.replace(minute=0, second=0, microsecond=0)
    for _ in range(_HOURS_TRIED):
        moment += _HOUR
        if moment > until:
            return None
        if moment.astimezone(_ZONE).hour in cron.hours:
            return moment
    return None


CALENDAR = hurried(by_the_hour)
