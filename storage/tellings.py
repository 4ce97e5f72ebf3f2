"""Who is still to be told which verdict: taken before it is sent, so a crash neither loses nor hides one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from reports.cases import CaseState, ReportId, VerdictId
from reports.drafts import ReplyAddress
from reports.ports import Telling, Told
from reports.proposals import MOST_TOLD_ALONE
from storage.alone import count_alone, give_place_back, is_one_persons
from storage.case_keys import case_keys
from storage.cases import opened_address, told_id, verdict_columns, verdict_of, with_verdict
from storage.committer import Committer
from storage.sealing import SealBroken, Sealer
from storage.tables import cases, reports

log = structlog.get_logger(__name__)

_TRIED_AGAIN_AFTER = timedelta(minutes=5)


class TellingRecord:
    """The outbox of answers: a row of ``reports`` with an address and an older verdict is a telling."""

    def __init__(self, engine: AsyncEngine, committer: Committer, sealer: Sealer) -> None:
        self._engine = engine
        self._committer = committer
        self._sealer = sealer

    async def take(self, now: datetime, until: datetime, at_most: int) -> Sequence[Telling]:
        """Tellings to be done now; nobody else gets them until ``until``."""

        async def work(connection: AsyncConnection) -> list[Telling]:
            rows = (await connection.execute(_waiting(now).limit(at_most))).all()
            tellings: list[Telling] = []
            for row in rows:
                address = self._address_of(row)
                was_counted = address is not None and await _is_counted(connection, row)
                if address is not None and not was_counted and _needs_place(row) and row.awaits_second:
                    continue  # told once a second person agrees
                claimed = {"telling_verdict_id": row.told_id, "telling_until": until}
                values = claimed if address else {"sealed_address": None}
                await connection.execute(update(reports).where(reports.c.id == row.id).values(**values))
                tellings += [_telling_of(row, address, was_counted)] if address else []
            return tellings

        async with self._engine.connect() as connection:
            if (await connection.execute(_waiting(now).limit(1))).one_or_none() is None:
                return []
        return await self._committer.write(work)

    async def settle(self, telling: Telling, told: Told, at: datetime) -> None:
        """Record how it ended. Who was told, or cannot be, is not told this verdict again."""
        await self._committer.write(lambda connection: _settle(connection, telling, told, at))

    def _address_of(self, row: Row[Any]) -> ReplyAddress | None:
        """Where to tell it; None when it was sealed with a key that is no longer there."""
        try:
            key = self._sealer.case_key(row.wrapped, str(row.case_id))
            return opened_address(row.sealed_address, row.receipt, key)
        except SealBroken:
            log.warning("an address cannot be opened: was the secret key changed?", report=row.id)
            return None


async def _is_counted(connection: AsyncConnection, row: Row[Any]) -> bool:
    """Whether this telling took one of the places that one person's words have."""
    return _needs_place(row) and await count_alone(connection, row.case_id, row.told_id)


def _needs_place(row: Row[Any]) -> bool:
    return is_one_persons(row) and not _may_be_repeat(row)


def _may_be_repeat(row: Row[Any]) -> bool:
    return bool(row.telling_verdict_id == row.told_id)


def _telling_of(row: Row[Any], address: ReplyAddress, was_counted: bool) -> Telling:
    verdict = verdict_of(row)
    if verdict is None:
        raise RuntimeError(f"case {row.case_id} names a verdict that is not there")
    return Telling(
        report=ReportId(row.id),
        verdict_id=VerdictId(row.told_id),
        receipt=row.receipt,
        address=address,
        verdict=verdict,
        is_revision=row.told_verdict_id != 0,
        may_be_repeat=_may_be_repeat(row),
        was_counted=was_counted,
    )


def _waiting(now: datetime) -> Any:
    return (
        select(reports, told_id.label("told_id"), case_keys.c.wrapped, *verdict_columns)
        .select_from(
            with_verdict.join(reports, reports.c.case_id == cases.c.id).join(
                case_keys, case_keys.c.case_id == cases.c.id
            )
        )
        .where(
            reports.c.sealed_address.is_not(None),
            reports.c.told_verdict_id < told_id,
            cases.c.proposed_id.is_(None)
            | (cases.c.told_alone < MOST_TOLD_ALONE)
            | (reports.c.telling_verdict_id == cases.c.proposed_id),
            reports.c.telling_until.is_(None) | (reports.c.telling_until <= now),
        )
        .order_by(reports.c.id)
    )


async def _settle(connection: AsyncConnection, telling: Telling, told: Told, at: datetime) -> None:
    values: dict[str, Any] = {"telling_verdict_id": None, "telling_until": None}
    if telling.was_counted and told in (Told.GONE, Told.NOT_SENT):
        await give_place_back(connection, telling.report, telling.verdict_id)
    if told is Told.GONE:
        values |= {"sealed_address": None}
    elif told is Told.ARRIVED:
        values |= {"told_verdict_id": telling.verdict_id, "answered_at": at}
        if await _is_closed(connection, telling.report):
            values |= {"sealed_address": None}
    else:
        values["telling_until"] = at + _TRIED_AGAIN_AFTER
        if told is Told.UNKNOWN or telling.may_be_repeat:
            del values["telling_verdict_id"]  # so the next attempt knows that it may be a repeat
    await connection.execute(update(reports).where(reports.c.id == telling.report).values(**values))


async def _is_closed(connection: AsyncConnection, report: ReportId) -> bool:
    state = await connection.execute(
        select(cases.c.state).select_from(reports.join(cases)).where(reports.c.id == report)
    )
    return bool(state.scalar_one() == CaseState.CLOSED)
