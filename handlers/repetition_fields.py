"""A rule for repeating and its end, as moderators type and choose them; and the pages of choices for both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from aiogram.utils.i18n import gettext as _

from broadcasts.broadcast import Broadcast
from broadcasts.drafting import Edit, repeating
from broadcasts.repetition import Rhythm, end_after_months, read_end, read_rule, read_rule_at
from broadcasts.schedule import USUAL_VALIDITY_HOURS
from bulletins.bulletin import Bulletin, Language, Problem, ProblemKind, Recurrence, is_too_grave_to_repeat
from handlers.bulletin_desk import BulletinDesk
from handlers.bulletin_words import problem_lines
from handlers.buttons import Cell
from handlers.draft_answers import Answer, Read, TypedField
from handlers.repetition_words import rule_words, weekday_words
from handlers.telling import spoken

_MONTHS_OFFERED = (1, 3)
_LONGEST_MONTHS = 12
_ABOUT_THE_RULE = frozenset({ProblemKind.RULE_UNREADABLE, ProblemKind.RULE_TOO_OFTEN, ProblemKind.RULE_NEVER})
_ABOUT_THE_END = frozenset(
    {ProblemKind.REPEATS_UNTIL_PAST, ProblemKind.REPEATS_TOO_LONG, ProblemKind.RULE_NEVER}
)
_MONDAY_FIRST = (1, 2, 3, 4, 5, 6, 0)

Page = tuple[str, list[list[Cell]]]


def repetition_page(broadcast: Broadcast, field: str) -> Page:
    """How often, on which day of the week, or until when. Raises KeyError for any other field."""
    if is_too_grave_to_repeat(broadcast.bulletin):
        return Problem(ProblemKind.REPEATS_DANGER).sentence(Language(spoken())), []
    pages: dict[str, Callable[[], Page]] = {
        "repeat": lambda: _rhythms(broadcast),
        "repeat.weekly": lambda: _weekdays(broadcast),
        "repeat.ends": lambda: _ends(broadcast),
    }
    return pages[field]()


def asks_for_end(field: str, broadcast: Broadcast) -> bool:
    """Whether a rule was typed just now, so that its end is the next question."""
    takes_rules = field.startswith(("repeat.", "start.")) and not field.startswith("repeat.ends")
    return takes_rules and broadcast.bulletin.recurrence is not None


def choose_end(months: int, desk: BulletinDesk) -> Edit:
    """The edit of a button on the page of ends."""
    return _until(end_after_months(months, desk.now(), desk.zone))


def _rhythms(broadcast: Broadcast) -> Page:
    rows: list[list[Cell]] = [
        [_opener(broadcast, _("Every day"), "repeat.daily")],
        [_opener(broadcast, _("Monday to Friday"), "repeat.weekdays")],
        [_opener(broadcast, _("Every week on a day"), "repeat.weekly")],
        [_opener(broadcast, _("Every month on a day"), "repeat.monthly")],
        [_opener(broadcast, _("Another rule"), "repeat.type")],
    ]
    if broadcast.bulletin.recurrence is not None:
        rows.append([_opener(broadcast, _("Change only the end"), "repeat.ends")])
    return _("How often should it go out? Each time it gets a code of its own."), rows


def _weekdays(broadcast: Broadcast) -> Page:
    cells = [
        _opener(broadcast, weekday_words(day).capitalize(), f"repeat.weekly.{day}") for day in _MONDAY_FIRST
    ]
    return _("On which day of the week?"), [cells[start : start + 2] for start in range(0, len(cells), 2)]


def _ends(broadcast: Broadcast) -> Page:
    recurrence = broadcast.bulletin.recurrence
    labels = {1: _("1 month"), 3: _("3 months")}
    offered: list[Cell] = [
        (labels[months], "draft.set", {"bulletin": broadcast.id, "field": "repeat.ends", "value": months})
        for months in _MONTHS_OFFERED
    ]
    asked = _("For how long does it repeat? After a year at most it must be approved anew.")
    said = "" if recurrence is None else f"🔁 {rule_words(recurrence.cron)}\n"
    return f"{said}{asked}", [offered, [_opener(broadcast, _("Until another day"), "repeat.ends.type")]]


def _opener(broadcast: Broadcast, label: str, field: str) -> Cell:
    return label, "draft.edit", {"bulletin": broadcast.id, "field": field}


def _ask_time(_broadcast: Broadcast, _desk: BulletinDesk) -> str:
    return _("At what time? For example 7:00.")


def _ask_day_and_time(_broadcast: Broadcast, _desk: BulletinDesk) -> str:
    return _("On which day of the month, and at what time? For example 15 8:00.")


def _ask_rule(_broadcast: Broadcast, _desk: BulletinDesk) -> str:
    return _(
        "Please write the rule, for example “daily 7:00”, “Mondays 7:30”, “monthly on the 15th 8:00”, or a "
        "cron line: minute, hour, day, month, weekday."
    )


def _ask_end(_broadcast: Broadcast, _desk: BulletinDesk) -> str:
    return _("Please write the last day, for example 31/12.")


def _read_rule(answer: Answer) -> Edit | str:
    return judged_rule(read_rule(answer.typed), answer)


def _read_at(rhythm: Rhythm, *days: int) -> Read:
    return lambda answer: judged_rule(read_rule_at(rhythm, answer.typed, days), answer)


def judged_rule(rule: str | None, answer: Answer) -> Edit | str:
    """The edit, with an end that is asked for next; or what is wrong with the rule, before anything changes."""
    if rule is None:
        return _("I do not understand that as a rule. Please write it like “daily 7:00” or “Mondays 7:30”.")
    desk, before = answer.desk, answer.broadcast.bulletin.recurrence
    hours = USUAL_VALIDITY_HOURS if before is None else before.valid_hours
    in_a_year = Recurrence(rule, end_after_months(_LONGEST_MONTHS, desk.now(), desk.zone), hours)
    wrong = _problems(answer, in_a_year, _ABOUT_THE_RULE)
    if wrong:
        return problem_lines(wrong)
    soon = replace(in_a_year, ends=end_after_months(_MONTHS_OFFERED[0], desk.now(), desk.zone))
    return repeating(in_a_year if _problems(answer, soon, _ABOUT_THE_RULE) else soon)


def _read_end(answer: Answer) -> Edit | str:
    desk, recurrence = answer.desk, answer.broadcast.bulletin.recurrence
    ends = read_end(answer.typed, desk.now(), desk.zone)
    if ends is None:
        return _("I do not understand that as a day. Please write it like 31/12 or 31/12/2027.")
    wrong = [] if recurrence is None else _problems(answer, replace(recurrence, ends=ends), _ABOUT_THE_END)
    return problem_lines(wrong) if wrong else _until(ends)


def _until(ends: datetime) -> Edit:
    def edit(bulletin: Bulletin) -> Bulletin:
        recurrence = bulletin.recurrence
        return bulletin if recurrence is None else repeating(replace(recurrence, ends=ends))(bulletin)

    return edit


def _problems(answer: Answer, recurrence: Recurrence, kinds: frozenset[ProblemKind]) -> list[Problem]:
    found = answer.desk.desk.problems_of(repeating(recurrence)(answer.broadcast.bulletin))
    return [problem for problem in found if problem.kind in kinds]


REPETITION_FIELDS: Mapping[str, TypedField] = {
    "repeat.daily": TypedField(_ask_time, _read_at(Rhythm.DAILY)),
    "repeat.weekdays": TypedField(_ask_time, _read_at(Rhythm.WEEKDAYS)),
    **{f"repeat.weekly.{day}": TypedField(_ask_time, _read_at(Rhythm.WEEKLY, day)) for day in range(7)},
    "repeat.monthly": TypedField(_ask_day_and_time, _read_at(Rhythm.MONTHLY)),
    "repeat.type": TypedField(_ask_rule, _read_rule),
    "repeat.ends.type": TypedField(_ask_end, _read_end),
}
