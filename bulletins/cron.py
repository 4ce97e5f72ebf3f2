"""A cron line read: five fields, each the set of values it names. Pure; it computes no moments.

minute hour day-of-month month day-of-week, as crontab(5) of POSIX systems has them: the week begins with Sunday,
which is 0 and also 7; where both the day of the month and that of the week are limited, either is enough.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

FIELDS = 5
MOST_CRON_CHARACTERS = 80

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_SUNDAY_AGAIN = 7
_ITEM = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d{1,2}))?")


@dataclass(frozen=True, slots=True)
class Cron:
    """The values of each field, ascending. Weekdays count from Sunday, which is 0."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    either_day: bool
    """Both kinds of day are limited, so that a day of one kind is enough."""

    @property
    def every_day(self) -> bool:
        """Whether no day of the month is left out."""
        return len(self.days) == 31

    @property
    def every_weekday(self) -> bool:
        """Whether no day of the week is left out."""
        return len(self.weekdays) == 7

    @property
    def every_month(self) -> bool:
        """Whether no month is left out."""
        return len(self.months) == 12


def read_cron(line: str) -> Cron | None:
    """What a line says; None when it is no cron line."""
    fields = line.casefold().split()
    if len(fields) != FIELDS or len(line) > MOST_CRON_CHARACTERS:
        return None
    minutes, hours = _values(fields[0], 0, 59), _values(fields[1], 0, 23)
    days, months = _values(fields[2], 1, 31), _values(fields[3], 1, 12, _MONTHS)
    weekdays = _values(fields[4], 0, _SUNDAY_AGAIN, _WEEKDAYS)
    if minutes is None or hours is None or days is None or months is None or weekdays is None:
        return None
    return Cron(
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=tuple(sorted(days)),
        months=tuple(sorted(months)),
        weekdays=tuple(sorted({day % _SUNDAY_AGAIN for day in weekdays})),
        either_day=not fields[2].startswith("*") and not fields[4].startswith("*"),
    )


def _values(field: str, lowest: int, highest: int, names: tuple[str, ...] = ()) -> frozenset[int] | None:
    found = set[int]()
    for item in field.split(","):
        values = _range(item, lowest, highest, names)
        if not values:
            return None
        found |= set(values)
    return frozenset(found)


def _range(item: str, lowest: int, highest: int, names: tuple[str, ...]) -> range | None:
    """The values of "*", "7", "1-5", "*/2" or "1-9/2"; None or empty for anything else."""
    said = _ITEM.fullmatch(item)
    if said is None or (said["first"] == "*" and said["last"]):
        return None
    if said["step"] is not None and (said["first"] != "*" and said["last"] is None):
        return None
    first = lowest if said["first"] == "*" else _number(said["first"], lowest, names)
    last = highest if said["first"] == "*" else _number(said["last"] or said["first"], lowest, names)
    if first is None or last is None:
        return None
    if names is _WEEKDAYS and said["last"] == "sun":
        last = _SUNDAY_AGAIN
    step = int(said["step"] or 1)
    return range(first, last + 1, step) if lowest <= first <= last <= highest and step else None


def _number(said: str, lowest: int, names: tuple[str, ...]) -> int | None:
    """A name counts from the field's lowest value."""
    if said in names:
        return names.index(said) + lowest
    return int(said) if said.isascii() and said.isdigit() and len(said) <= 2 else None
