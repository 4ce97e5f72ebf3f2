"""How often a bulletin repeats, in words: the rule, its end, the next three moments."""

from __future__ import annotations

from datetime import datetime

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from broadcasts.repetition import PlainRule, Rhythm, plain_rule
from bulletins.bulletin import Recurrence
from handlers.bulletin_desk import BulletinDesk

_NOT_EVERY_MONTH_FROM = 29


def recurrence_words(recurrence: Recurrence, desk: BulletinDesk, after: datetime | None = None) -> str:
    """All of it as plain text, what approvers consent to; with the moments from now on, or ``after`` one."""
    ends = recurrence.ends.astimezone(desk.zone).strftime("%d/%m/%Y")
    said = _("{rule}, until the end of {day}").format(rule=rule_words(recurrence.cron), day=ends)
    moments = [moment.astimezone(desk.zone) for moment in desk.desk.next_few(recurrence, after)]
    if not moments:
        return said
    listed = ", ".join(moment.strftime("%H:%M %d/%m") for moment in moments)
    next_ones = ngettext("the next time: {moments}", "the next {count} times: {moments}", len(moments))
    return f"{said} · {next_ones.format(count=len(moments), moments=listed)}"


def rule_words(line: str) -> str:
    """A rule in words where it has any; else the cron line itself."""
    rule = plain_rule(line)
    if rule is None:
        return _("by the rule {cron}").format(cron=line)
    time = f"{rule.hour:02}:{rule.minute:02}"
    match rule.rhythm:
        case Rhythm.DAILY:
            return _("every day at {time}").format(time=time)
        case Rhythm.WEEKDAYS:
            return _("Monday to Friday at {time}").format(time=time)
        case Rhythm.WEEKLY:
            days = ", ".join(weekday_words(day) for day in _monday_first(rule))
            return _("every week on {days} at {time}").format(days=days, time=time)
        case Rhythm.MONTHLY:
            return _monthly_words(rule, time)


def _monthly_words(rule: PlainRule, time: str) -> str:
    days = ", ".join(map(str, rule.days))
    said = _("every month on day {days} at {time}").format(days=days, time=time)
    if rule.days[-1] < _NOT_EVERY_MONTH_FROM:
        return said
    return _("{rule} (not in months that have no such day)").format(rule=said)


def validity_words(recurrence: Recurrence) -> str:
    """For how long each occurrence counts."""
    hours = recurrence.valid_hours
    return ngettext("{count} hour each time", "{count} hours each time", hours).format(count=hours)


def weekday_words(day: int) -> str:
    """The name of a weekday; Sunday is 0."""
    return (
        _("Sunday"),
        _("Monday"),
        _("Tuesday"),
        _("Wednesday"),
        _("Thursday"),
        _("Friday"),
        _("Saturday"),
    )[day]


def _monday_first(rule: PlainRule) -> list[int]:
    return sorted(rule.days, key=lambda day: day or 7)
