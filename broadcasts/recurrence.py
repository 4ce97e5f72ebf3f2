"""When a recurring bulletin is due: pure rules over its series and the moments that its cron line names.

A series is approved once and never sent itself; each of its occurrences is a bulletin of its own:

    series ──due──> occurrence ──> sending | held | nothing (skipped)      series ──no more──> finished

The moments come from a calendar that is handed in, `NextMoment`: it knows the network's time zone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import islice

from bulletins.bulletin import Bulletin, BulletinId, Code, Problem, ProblemKind, Recurrence
from bulletins.problems import recurrence_problems

NextMoment = Callable[[str, datetime, datetime], datetime | None]
"""(cron line, after, until) -> the first moment later than ``after`` and not later than ``until``, if any."""

MOMENTS_SHOWN = 3
_MISSED_AT_MOST = 10_000
"""More than a year of hours: no series can have missed more."""


def never(_cron: str, _after: datetime, _until: datetime) -> datetime | None:
    """The calendar of an installation without recurring bulletins."""
    return None


class Doubt(StrEnum):
    """Why an occurrence waits for a moderator though it is in time: something was wrong with an earlier one."""

    CORRECTED = "earlier_corrected"
    STOPPED = "earlier_stopped"
    HALTED = "earlier_halted"


SUPERSEDED = "superseded"
"""Why a held occurrence was stopped by itself: the next one is due, and nobody had decided."""
SERIES_STOPPED = "series_stopped"
"""Why a held occurrence was stopped by itself: somebody stopped its series, and no more of it is to go out."""


@dataclass(frozen=True, slots=True)
class Upcoming:
    """The next occurrence of a series, and whether it is to be left out."""

    at: datetime
    is_skipped: bool = False


@dataclass(frozen=True, slots=True)
class Round:
    """What a tick finds: the occurrence to bring about, how many older ones were missed, what comes next."""

    due_at: datetime | None
    left_out: int
    following: datetime | None


@dataclass(frozen=True, slots=True)
class Recur:
    """A tick for one series. ``code`` is for the occurrence that may come of it."""

    series: BulletinId
    at: datetime
    code: Code


def first_after(recurrence: Recurrence, after: datetime, next_moment: NextMoment) -> datetime | None:
    """The series' next moment later than ``after``; None when its end comes first."""
    return next_moment(recurrence.cron, after, recurrence.ends)


def moments(recurrence: Recurrence, after: datetime, next_moment: NextMoment) -> Iterator[datetime]:
    """All moments later than ``after``, up to the end."""
    moment = first_after(recurrence, after, next_moment)
    while moment is not None:
        yield moment
        moment = first_after(recurrence, moment, next_moment)


def next_few(recurrence: Recurrence, after: datetime, next_moment: NextMoment) -> tuple[datetime, ...]:
    """The next three moments, for people to see whether the rule means what they meant."""
    return tuple(islice(moments(recurrence, after, next_moment), MOMENTS_SHOWN))


def series_problems(bulletin: Bulletin, now: datetime, next_moment: NextMoment) -> tuple[Problem, ...]:
    """That a rule never comes about before its end; nothing when something else is wrong with it already."""
    recurrence = bulletin.recurrence
    if recurrence is None or next(recurrence_problems(bulletin, now), None) is not None:
        return ()
    if first_after(recurrence, now, next_moment) is None:
        return (Problem(ProblemKind.RULE_NEVER, recurrence.cron),)
    return ()


def round_at(recurrence: Recurrence, upcoming: Upcoming, now: datetime, next_moment: NextMoment) -> Round:
    """Only the latest of several missed occurrences comes about; a skipped one never does.

    ``upcoming`` is due. Those before the latest count as left out, but for the one somebody skipped.
    """
    due_now = [upcoming.at]
    following = None
    for moment in islice(moments(recurrence, upcoming.at, next_moment), _MISSED_AT_MOST):
        if moment > now:
            following = moment
            break
        due_now.append(moment)
    if upcoming.is_skipped:
        due_now = due_now[1:]
    return Round(due_now[-1] if due_now else None, max(0, len(due_now) - 1), following)


def occurrence(series: Bulletin, code: Code, moment: datetime) -> Bulletin:
    """The bulletin that goes out at ``moment``: the approved words, a code and a time of its own.

    Raises ValueError for a bulletin that does not repeat.
    """
    if series.recurrence is None:
        raise ValueError(f"bulletin {series.code} does not repeat")
    return replace(
        series,
        code=code,
        version=1,
        recurrence=None,
        not_before=moment,
        expires=moment + series.recurrence.validity,
    )


def held_because(reason: str, left_out: int) -> str:
    """How a row says why an occurrence is held and how many before it were left out: ``too_late:2``."""
    return f"{reason}:{left_out}" if left_out else reason


def why_it_is_held(halted_because: str | None) -> tuple[str, int]:
    """What `held_because` wrote: the reason, and how many were left out."""
    reason, _colon, left_out = (halted_because or "").partition(":")
    return reason, int(left_out) if left_out.isdigit() else 0
