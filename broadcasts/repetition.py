"""A rule for repeating as people say it, "hằng ngày 7h" or "Mondays 7:30", made into a cron line and told back.

Pure. A cron line typed as such stays as it is; what neither is, is no rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from broadcasts.schedule import MOST_YEARS_AWAY
from bulletins.cron import FIELDS, MOST_CRON_CHARACTERS, read_cron
from bulletins.wording import normal

_MOST_TYPED_CHARACTERS = 120
_EVERY_DAY, _MONDAY_TO_FRIDAY = "*", "1-5"

_TIME = re.compile(
    r"(?<![\d/.:\-])(?P<hour>\d{1,2}) ?(?:(?::|h|giờ) ?(?P<minute>\d{2})?(?: ?(?:phút|p))?)?"
    r" ?(?P<half>(?:am|pm|sáng|trưa|chiều|tối))?(?![\w:])"
)
_IS_TIME = re.compile(r"[:h]|giờ|am|pm|sáng|trưa|chiều|tối")
_LATER_HALF = frozenset({"pm", "chiều", "tối"})
_FILLER = re.compile(
    r"\b(?:lúc|vào|at|on|of|the|each|every|mỗi|hằng|hàng|các|tuần|week|weekly|và|and)\b|[,;&]"
)

_DAILY = re.compile(r"(?:hằng|hàng|mỗi) ngày|ngày nào cũng|daily|every ?day")
_WEEKDAYS = re.compile(
    r"ngày (?:thường|làm việc)|(?:từ )?thứ (?:hai|2) (?:đến|tới|-) thứ (?:sáu|6)|(?:every )?weekdays?\b"
    r"|monday (?:to|through|-) friday"
)
_MONTHLY = re.compile(
    r"(?:ngày )?(?P<vi>\d{1,2}) (?:hằng|hàng|mỗi) tháng|(?:hằng|hàng|mỗi) tháng (?:vào )?(?:ngày )?(?P<vi2>\d{1,2})"
    r"|(?:the )?(?P<en>\d{1,2})(?:st|nd|rd|th)? (?:of )?(?:every|each) month"
    r"|monthly (?:on )?(?:the )?(?P<en2>\d{1,2})(?:st|nd|rd|th)?"
)
_AGAIN = re.compile(r"\b(?:hằng|hàng|mỗi|ngày nào cũng|every|each|daily|monthly|\w+days)\b|\*")
_DAY_NAMES: tuple[tuple[str, int], ...] = (
    (r"chủ nhật|chúa nhật|cn|sun(?:days?)?", 0),
    (r"thứ (?:hai|2)|t2|mon(?:days?)?", 1),
    (r"thứ (?:ba|3)|t3|tue(?:s|sdays?)?", 2),
    (r"thứ (?:tư|bốn|4)|t4|wed(?:nesdays?)?", 3),
    (r"thứ (?:năm|5)|t5|thu(?:rs|rsdays?)?", 4),
    (r"thứ (?:sáu|6)|t6|fri(?:days?)?", 5),
    (r"thứ (?:bảy|bẩy|7)|t7|sat(?:urdays?)?", 6),
)

_DATE = re.compile(
    r"(?:đến |hết |until |ngày ){0,3}(?P<day>\d{1,2})[/.\-](?P<month>\d{1,2})(?:[/.\-](?P<year>\d{4}))?"
)


class Rhythm(StrEnum):
    """How often, in the words that people choose from."""

    DAILY = "daily"
    WEEKDAYS = "weekdays"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class PlainRule:
    """A cron line that has words: a time of day, and the days of the week (Sunday is 0) or of the month."""

    rhythm: Rhythm
    hour: int
    minute: int
    days: tuple[int, ...] = ()

    @property
    def cron(self) -> str:
        """The same as a cron line."""
        listed = ",".join(map(str, self.days))
        day = listed if self.rhythm is Rhythm.MONTHLY else _EVERY_DAY
        weekday = {Rhythm.WEEKDAYS: _MONDAY_TO_FRIDAY, Rhythm.WEEKLY: listed}.get(self.rhythm, _EVERY_DAY)
        return f"{self.minute} {self.hour} {day} * {weekday}"


def plain_rule(line: str) -> PlainRule | None:
    """The words that a cron line has; None when it must be shown as it is."""
    cron = read_cron(line)
    if cron is None or not cron.every_month or len(cron.minutes) > 1 or len(cron.hours) > 1:
        return None
    at = (cron.hours[0], cron.minutes[0])
    if cron.every_day and cron.every_weekday:
        return PlainRule(Rhythm.DAILY, *at)
    if cron.every_day:
        is_working = cron.weekdays == (1, 2, 3, 4, 5)
        return PlainRule(Rhythm.WEEKDAYS, *at) if is_working else PlainRule(Rhythm.WEEKLY, *at, cron.weekdays)
    return PlainRule(Rhythm.MONTHLY, *at, cron.days) if cron.every_weekday else None


def read_rule(typed: str) -> str | None:
    """The cron line that was meant; None when it is no rule. A line that looks like cron is left to be judged."""
    words = _words(typed)
    if looks_like_cron(words):
        return words
    if len(words) > _MOST_TYPED_CHARACTERS:
        return None
    rule = next(_readings(words), None)
    return None if rule is None else rule.cron


def says_again(typed: str) -> bool:
    """Whether the words themselves speak of repeating: "thứ hai 7h" alone may mean next Monday."""
    return _AGAIN.search(_words(typed)) is not None


def _words(typed: str) -> str:
    return " ".join(normal("NFC", typed).casefold().split()).strip(" .!")


def looks_like_cron(words: str) -> bool:
    """Whether somebody wrote fields: then what is wrong with them is better said than that it is no rule."""
    fields = words.split()
    return (
        len(fields) >= FIELDS
        and len(words) <= MOST_CRON_CHARACTERS
        and all(re.fullmatch(r"[\d*/,a-z\-]+", field) for field in fields)
        and sum(field[0] in "*0123456789" for field in fields) >= FIELDS - 1
    )


def read_rule_at(rhythm: Rhythm, typed: str, days: tuple[int, ...] = ()) -> str | None:
    """The same when how often was chosen already, so that "7h" is enough, or "15 8h" for a month."""
    words = _words(typed)
    if rhythm is Rhythm.MONTHLY:
        return read_rule(typed) or read_rule(f"monthly {words}") or read_rule(f"hằng tháng {words}")
    daily = next(_readings(f"daily {words}"), None)
    return read_rule(typed) if daily is None else replace(daily, rhythm=rhythm, days=days).cron


def _readings(words: str) -> Iterator[PlainRule]:
    """Each way to take one part of it as the time and the rest as the days; nothing may be left over."""
    for said in _TIME.finditer(words):
        at = _time_of_day(said)
        if at is None:
            continue
        rest = f"{words[: said.start()]} {words[said.end() :]}"
        found = _days(" ".join(rest.split()))
        if found is not None:
            yield PlainRule(found[0], *at, found[1])


def _time_of_day(said: re.Match[str]) -> tuple[int, int] | None:
    if not _IS_TIME.search(said[0]):
        return None
    hour, minute = int(said["hour"]), int(said["minute"] or 0)
    if said["half"] in _LATER_HALF and hour < 12:
        hour += 12
    if said["half"] == "am" and hour == 12:
        hour = 0
    return (hour, minute) if hour < 24 and minute < 60 else None


def _days(words: str) -> tuple[Rhythm, tuple[int, ...]] | None:
    for pattern, rhythm in ((_DAILY, Rhythm.DAILY), (_WEEKDAYS, Rhythm.WEEKDAYS)):
        said = pattern.search(words)
        if said and _is_filler(words.replace(said[0], " ", 1)):
            return rhythm, ()
    monthly = _MONTHLY.search(words)
    if monthly and _is_filler(words.replace(monthly[0], " ", 1)):
        day = int(next(filter(None, monthly.groups())))
        return (Rhythm.MONTHLY, (day,)) if 1 <= day <= 31 else None
    return _weekly(words)


def _weekly(words: str) -> tuple[Rhythm, tuple[int, ...]] | None:
    days = set[int]()
    for names, day in _DAY_NAMES:
        words, times = re.subn(rf"\b(?:{names})\b", " ", words)
        if times:
            days.add(day)
    return (Rhythm.WEEKLY, tuple(sorted(days))) if days and _is_filler(words) else None


def _is_filler(words: str) -> bool:
    return not _FILLER.sub(" ", words).strip()


def read_end(typed: str, now: datetime, zone: tzinfo) -> datetime | None:
    """The end of the day in "31/12", "hết 31/12/2026": its last minute; without a year, the next such day."""
    said = _DATE.fullmatch(_words(typed))
    if said is None:
        return None
    local = now.astimezone(zone)
    year = int(said["year"] or local.year)
    if abs(year - local.year) > MOST_YEARS_AWAY:
        return None
    try:
        day = local.replace(year=year, month=int(said["month"]), day=int(said["day"]))
        if said["year"] is None and day < local:
            day = day.replace(year=local.year + 1)
    except (ValueError, OverflowError):
        return None
    return end_of_day(day)


def end_of_day(day: datetime) -> datetime:
    """The last minute of that day, on the clock that ``day`` is told by."""
    return day.replace(hour=23, minute=59, second=0, microsecond=0)


def end_after_months(months: int, now: datetime, zone: tzinfo) -> datetime:
    """The end of the same day so many months on; of the month's last day where there is no such day."""
    local = now.astimezone(zone)
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    first = local.replace(year=year, month=month + 1, day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    last_day = (following - timedelta(days=1)).day
    return end_of_day(first.replace(day=min(local.day, last_day)))
