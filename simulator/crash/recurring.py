"""Reading what came of a series, and what must hold of it: each occurrence once, and none after the stop."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import zip_longest

from broadcasts.broadcast import BroadcastState
from broadcasts.recurrence import moments
from bulletins.values import Recurrence
from simulator.crash.calendar import CALENDAR
from simulator.crash.case import Case, Invariant, Violation
from simulator.crash.evidence import Evidence, OccurrenceFact, SeriesFact
from simulator.crash.scenario import STARTS
from simulator.crash.timers import LOOKED_AGAIN_SECONDS

_ROUNDED_SECONDS = 0.001

_SERIES = """
    SELECT code, state, finished_at, (SELECT max(approved_at) FROM approvals WHERE bulletin_id = id) AS approved_at
    FROM bulletins WHERE id = ?
"""
_OCCURRENCES = "SELECT code, origin_key, state, started_at FROM bulletins WHERE series = ? ORDER BY id"


def read_series(
    observer: sqlite3.Connection, series: int, recurrence: Recurrence, grace_seconds: float
) -> SeriesFact:
    """How the series stands, and everything it brought about; its moments count from its approval."""
    row = observer.execute(_SERIES, (series,)).fetchone()
    approved = _seconds(row["approved_at"])
    due: Iterator[datetime] = iter(())
    if approved is not None:
        due = moments(recurrence, STARTS + timedelta(seconds=approved), CALENDAR)
    return SeriesFact(
        code=row["code"],
        state=BroadcastState(row["state"]),
        grace_seconds=grace_seconds,
        finished=_seconds(row["finished_at"]),
        moments=tuple((moment - STARTS).total_seconds() for moment in due),
        occurrences=tuple(map(_occurrence, observer.execute(_OCCURRENCES, (series,)))),
    )


def _occurrence(row: sqlite3.Row) -> OccurrenceFact:
    """Its moment stands in the key of its origin: what was sent late was approved anew, for no moment."""
    moment = _seconds(int(row["origin_key"].rpartition(":")[2])) or 0.0
    return OccurrenceFact(row["code"], moment, BroadcastState(row["state"]), _seconds(row["started_at"]))


def _seconds(stored: int | None) -> float | None:
    """A moment of the database on the run's clock."""
    return None if stored is None else round(stored / 1_000 - STARTS.timestamp(), 3)


def recurs(case: Case) -> Iterator[Violation]:
    """Made, held, or skipped by a person; left out only when nothing could tick before the next one was due."""
    series = case.evidence.series
    if series is None:
        return
    for moment, following in zip_longest(series.moments, series.moments[1:]):
        made = sum(one.moment == moment for one in series.occurrences)
        wrong = _wrong_with(case.evidence, series, made, (moment, following))
        if wrong:
            yield Violation(Invariant.RECURS, f"the occurrence of {series.code} at {moment} was {wrong}")
    for one in series.occurrences:
        late_seconds = (one.started or one.moment) - one.moment
        if one.moment not in series.moments:
            yield Violation(Invariant.RECURS, f"{one.code} was made for {one.moment}, when none was due")
        elif (
            late_seconds > series.grace_seconds + _ROUNDED_SECONDS and one.code not in case.evidence.sent_late
        ):
            yield Violation(Invariant.RECURS, f"{one.code} went out by itself {late_seconds:.2f} s late")


def _wrong_with(
    evidence: Evidence, series: SeriesFact, made: int, moments: tuple[float, float | None]
) -> str | None:
    """What is wrong with how often it was made; ``moments`` are its own and the next one's."""
    is_skipped = _is_skipped(evidence, moments[0])
    if made > 1:
        return f"made {made} times"
    if made and is_skipped:
        return "made, though somebody had skipped it"
    if not made and is_skipped is False and _must_be_made(evidence, series, *moments):
        return "never made"
    return None


def _is_skipped(evidence: Evidence, moment: float) -> bool | None:
    """By the last press about it; None when nobody knows, for that was not confirmed or took back what was."""
    about_it = [one for one in evidence.skips if one.moment == moment]
    if not about_it:
        return False
    last = about_it[-1]
    return True if last.is_skipped and last.confirmed is not None else None


def _must_be_made(evidence: Evidence, series: SeriesFact, moment: float, following: float | None) -> bool:
    """Whether some process lived for long enough while this was the one to make."""
    if series.state is BroadcastState.FINISHED and following is None:
        return True
    until = float("inf") if following is None else following
    if series.state is BroadcastState.STOPPED:
        until = min(until, series.finished or 0.0)
    within_seconds = LOOKED_AGAIN_SECONDS + evidence.settles_within_seconds
    return any(
        min(life.asked_to_end, life.ended, until) - max(life.started, moment) > within_seconds
        for life in evidence.lives
    )


def ended(case: Case) -> Iterator[Violation]:
    """Neither is another one made, nor does one that was held go out."""
    series = case.evidence.series
    for stop in case.evidence.series_stopped:
        if series is None:
            continue
        said = f"{series.code} was stopped at {stop.confirmed:.2f}"
        if series.state is not BroadcastState.STOPPED:
            yield Violation(Invariant.ENDED, f"{said}, and is {series.state}")
        if len(series.occurrences) > stop.made:
            yield Violation(Invariant.ENDED, f"{said}, and {series.occurrences[-1].code} was made after that")
        for one in series.occurrences:
            if one.started is not None and one.started > stop.confirmed + _ROUNDED_SECONDS:
                yield Violation(Invariant.ENDED, f"{said}, and {one.code} began at {one.started:.2f}")
