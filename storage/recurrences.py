"""Recurring bulletins in the database: the transactions by which a series goes on, and those that ask it.

A tick changes nothing unless the series still goes on and its next occurrence is due; it moves the series to the
one after in the same transaction that inserts the occurrence. So it does not matter who ticks, or how often.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, insert, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcasts.book import NewDraft, Recurred, Refusal, Skip
from broadcasts.broadcast import Broadcast, BroadcastState
from broadcasts.consent import StartRules, judge_skip, still_needed, why_held
from broadcasts.recurrence import (
    SUPERSEDED,
    Doubt,
    NextMoment,
    Recur,
    Round,
    Upcoming,
    first_after,
    held_because,
    occurrence,
    round_at,
)
from bulletins.bulletin import BulletinId, Recurrence
from members.staff import roles_of
from storage.audience import what_is_missing
from storage.bulletin_rows import read_broadcast
from storage.bulletin_writes import begin, id_where, insert_draft, read_surely, set_state
from storage.staff_rows import colleague_of
from storage.tables import Id, approvals, bulletins, milliseconds, recurrences

_b = bulletins.c


async def begin_series(
    connection: AsyncConnection, series: Broadcast, at: datetime, next_moment: NextMoment
) -> None:
    """Write down the first occurrence. ValueError when there is none: whoever consents has been asked before."""
    recurrence = series.bulletin.recurrence
    first = None if recurrence is None else first_after(recurrence, at, next_moment)
    if first is None:
        raise ValueError(f"bulletin {series.id} never comes about")
    await connection.execute(insert(recurrences).values(bulletin_id=series.id, next_at=first))


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A round that was computed before its transaction, and from what: it counts while that is unchanged."""

    recurrence: Recurrence
    upcoming: Upcoming
    round: Round


def foresee(series: Broadcast | None, recur: Recur, rules: StartRules) -> Foreseen | None:
    """What a tick will find. Of a series missed for a year that is thousands of moments: no writer waits for them."""
    if series is None or series.bulletin.recurrence is None or series.upcoming is None:
        return None
    if series.upcoming.at > recur.at:
        return None
    recurrence, upcoming = series.bulletin.recurrence, series.upcoming
    return Foreseen(recurrence, upcoming, round_at(recurrence, upcoming, recur.at, rules.next_moment))


async def recur_or_refuse(
    connection: AsyncConnection, recur: Recur, rules: StartRules, foreseen: Foreseen | None
) -> Recurred | Refusal | None:
    """Bring about the occurrence that is due, or nothing when none is; None when the code is taken."""
    # Two processes may tick at once, and somebody may stop the series meanwhile: one after the other.
    await connection.execute(select(_b.id).where(_b.id == recur.series).with_for_update())
    series = await read_broadcast(connection, recur.series)
    if series is None:
        return Refusal.UNKNOWN
    recurrence, upcoming = series.bulletin.recurrence, series.upcoming
    if recurrence is None or upcoming is None:
        return Refusal.TOO_LATE
    if upcoming.at > recur.at:
        return Recurred(series)
    if await id_where(connection, _b.code == recur.code):
        return None
    if foreseen is not None and (foreseen.recurrence, foreseen.upcoming) == (recurrence, upcoming):
        found = foreseen.round
    else:
        found = round_at(recurrence, upcoming, recur.at, rules.next_moment)
    return await _go_on(connection, series, recur, rules, found)


async def skip_or_refuse(connection: AsyncConnection, skip: Skip) -> Broadcast | Refusal:
    """Leave the next occurrence out or not, if it still is the one that was meant."""
    series = await read_broadcast(connection, skip.series)
    if series is None:
        return Refusal.UNKNOWN
    refused = judge_skip(series, skip, roles_of(await colleague_of(connection, skip.person)))
    if refused:
        return refused
    changed = await connection.execute(
        update(recurrences)
        .where(recurrences.c.bulletin_id == skip.series, recurrences.c.next_at == skip.moment)
        .values(skipped_at=skip.moment if skip.is_skipped else None)
    )
    return await read_surely(connection, skip.series) if changed.rowcount else Refusal.TOO_LATE


async def _go_on(
    connection: AsyncConnection, series: Broadcast, recur: Recur, rules: StartRules, found: Round
) -> Recurred:
    """The series first: what it says afterwards is that this round is over."""
    if found.following is None:
        series = await set_state(connection, series, (BroadcastState.FINISHED,), finished_at=recur.at)
    else:
        await connection.execute(
            update(recurrences).where(recurrences.c.bulletin_id == series.id).values(next_at=found.following)
        )
        series = await read_surely(connection, series.id)
    if found.due_at is None:
        return Recurred(series)
    doubt = await _doubt(connection, series.id)
    # What nobody decided about until now would come too late: no heap of them is kept.
    await stop_held(connection, series.id, recur.at, SUPERSEDED)
    made = await _bring_about(connection, series, recur, found.due_at)
    reason = _why_it_must_wait(made, recur.at, rules, doubt)
    if not isinstance(reason, Refusal) or reason is Refusal.TOO_LATE:
        reason = await what_is_missing(connection, made.bulletin, made.corrects) or reason
    if reason is None:
        begun = await begin(connection, made, (BroadcastState.SENDING,), recur.at, rules.zone)
        return Recurred(series, begun)
    because = held_because(reason.value, found.left_out)
    return Recurred(series, await set_state(connection, made, (BroadcastState.HELD,), halted_because=because))


async def _bring_about(
    connection: AsyncConnection, series: Broadcast, recur: Recur, moment: datetime
) -> Broadcast:
    """The occurrence as a bulletin that is scheduled for its moment, with the consents given to its series."""
    draft = NewDraft(
        bulletin=occurrence(series.bulletin, recur.code, moment),
        author=series.author,
        author_chat=series.author_chat,
        origin_key=f"occurrence:{series.id}:{milliseconds(moment)}",
        at=recur.at,
    )
    made = await insert_draft(connection, draft, state=BroadcastState.SCHEDULED.value, series=series.id)
    await _copy_consents(connection, series, await read_surely(connection, made))
    return await read_surely(connection, made)


async def _copy_consents(connection: AsyncConnection, series: Broadcast, made: Broadcast) -> None:
    """Whose consent to the series counts at this moment consented to this.

    Nobody's does when its row was changed behind the code's back: the copy would have a hash of its own that fits.
    """
    consents = select(
        literal(made.id, Id), approvals.c.person, literal(made.approval_hash), approvals.c.approved_at
    ).where(
        approvals.c.bulletin_id == series.id,
        approvals.c.approval_hash == series.approval_hash,
        approvals.c.person.in_(series.approved_by),
    )
    columns = ("bulletin_id", "person", "approval_hash", "approved_at")
    await connection.execute(insert(approvals).from_select(columns, consents, include_defaults=False))


def _why_it_must_wait(
    made: Broadcast, at: datetime, rules: StartRules, doubt: Doubt | None
) -> Refusal | Doubt | None:
    """What nobody may send comes first, then what was wrong earlier, then that it is late."""
    missing = still_needed(made, frozenset(made.approved_by), rules)
    held = why_held(made, missing, at, rules)
    return held if held not in (None, Refusal.TOO_LATE) else doubt or held


async def stop_held(connection: AsyncConnection, series: BulletinId, at: datetime, because: str) -> None:
    """Nobody can send any more what waited for a decision."""
    await connection.execute(
        update(bulletins)
        .where(_b.series == series, _b.state == BroadcastState.HELD.value)
        .values(state=BroadcastState.STOPPED.value, halted_because=because, finished_at=at)
    )


async def _doubt(connection: AsyncConnection, series: BulletinId) -> Doubt | None:
    """Whether something was found wrong with an occurrence since the newest one began to go out.

    Once somebody has sent one nevertheless, that is settled: they had seen it.
    """
    newest = await connection.scalar(select(func.max(_b.started_at)).where(_b.series == series))
    if newest is None:
        return None
    went_out = select(_b.id).where(_b.series == series, _b.started_at.is_not(None))
    corrected = select(_b.id).where(_b.corrects.in_(went_out), _b.started_at >= newest)
    stopped = went_out.where(_b.state == BroadcastState.STOPPED.value, _b.finished_at >= newest)
    # What nobody resumed until it expired is done, and still says why it had been halted.
    ran_out = and_(
        _b.state == BroadcastState.DONE.value, _b.halted_because.is_not(None), _b.finished_at >= newest
    )
    halted = went_out.where(or_(_b.state == BroadcastState.PAUSED.value, ran_out))
    for doubt, found in ((Doubt.CORRECTED, corrected), (Doubt.STOPPED, stopped), (Doubt.HALTED, halted)):
        if await connection.scalar(found.limit(1)) is not None:
            return doubt
    return None
