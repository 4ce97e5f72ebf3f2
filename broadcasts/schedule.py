"""When: the moment a person typed, how long a bulletin is valid, and whether a start is due, early or missed.

Pure rules. Moments are aware; what people type is read on the network's own clock.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum

VALIDITIES_HOURS = (6, 24, 72)
"""The expiries offered as buttons."""

USUAL_VALIDITY_HOURS = 24

_MOST_TYPED_CHARACTERS = 64
_TIME = re.compile(
    r"(?<![\d/.\-])(?P<hour>\d{1,2}) ?(?:(?:[:h]|giờ) ?(?P<minute>\d{2})?)(?: ?(?:phút|p))?(?![\d/])"
)
_DATE = re.compile(r"(?<!\d)(?P<day>\d{1,2})[/.\-](?P<month>\d{1,2})(?:[/.\-](?P<year>\d{4}))?(?!\d)")
_FILLER = re.compile(r"\b(?:lúc|ngày|vào|at|on)\b|[,;]")
_DAYS_AHEAD = {"hôm nay": 0, "today": 0, "ngày mai": 1, "mai": 1, "tomorrow": 1}
MOST_YEARS_AWAY = 100
"""Further off no bulletin is for, and moments cannot be counted on from the last or the first year."""
# A date typed without its year that lies further back than this means next year's.
_LONG_PAST = timedelta(days=183)


class Due(StrEnum):
    """What a timer finds when it fires."""

    EARLY = "early"
    NOW = "now"
    MISSED = "missed"


def due(not_before: datetime | None, now: datetime, grace: timedelta) -> Due:
    """Whether a bulletin for ``not_before`` starts now; one missed by more than ``grace`` never does."""
    if not_before is None or not_before <= now <= not_before + grace:
        return Due.NOW
    return Due.EARLY if now < not_before else Due.MISSED


def expiry_after(hours: int, not_before: datetime | None, now: datetime) -> datetime:
    """``hours`` after the bulletin is to go out, to the minute: nobody reads seconds."""
    return (max(not_before or now, now) + timedelta(hours=hours)).replace(second=0, microsecond=0)


def read_moment(typed: str, now: datetime, zone: tzinfo) -> datetime | None:
    """The moment in "20/11 07:00", "7h30 20/11/2026", "mai 7h" or "19:00"; None when it is none.

    A time alone is the next such time. It may lie in the past: whoever asks says so to the person.
    """
    words = " ".join(typed.casefold().split())
    if len(words) > _MOST_TYPED_CHARACTERS:
        return None
    clock = _TIME.search(words)
    date = _DATE.search(words)
    if clock is None or not _is_all(words, clock, date):
        return None
    try:
        at = time(int(clock["hour"]), int(clock["minute"] or 0))
        return _moment(words, at, date, now.astimezone(zone))
    except (ValueError, OverflowError):
        return None


def _moment(words: str, at: time, date: re.Match[str] | None, local: datetime) -> datetime:
    """Raises ValueError for a day that no month has."""
    today = local.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    days = next((ahead for word, ahead in _DAYS_AHEAD.items() if word in words), None)
    if date is not None:
        found = _dated(today, date, local)
    elif days is not None:
        found = today + timedelta(days=days)
    else:
        found = today if today > local else today + timedelta(days=1)
    return found.astimezone(UTC)


def _dated(today: datetime, date: re.Match[str], local: datetime) -> datetime:
    year = int(date["year"] or local.year)
    if abs(year - local.year) > MOST_YEARS_AWAY:
        raise ValueError(f"the year {year} is too far off")
    found = _on(today, year, int(date["month"]), int(date["day"]))
    if date["year"] is None and local - found > _LONG_PAST:
        return _on(today, year + 1, int(date["month"]), int(date["day"]))
    return found


def _on(at: datetime, year: int, month: int, day: int) -> datetime:
    return at.replace(year=year, month=month, day=day)


def _is_all(words: str, clock: re.Match[str], date: re.Match[str] | None) -> bool:
    """Whether nothing else was typed, so that "7h ở nhà văn hoá" is no moment."""
    rest = words.replace(clock[0], " ", 1)
    rest = rest.replace(date[0], " ", 1) if date else rest
    for day in _DAYS_AHEAD:
        rest = rest.replace(day, " ")
    return not _FILLER.sub(" ", rest).strip()
