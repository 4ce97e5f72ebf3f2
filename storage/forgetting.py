"""Deleting what may no longer be kept: one person's traces at once, everybody's when their time is over."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from members.channel import PersonId
from reports.cases import HAS_VERDICT, CaseState
from reports.drafts import DRAFT_LASTS
from reports.ports import Retention
from storage.committer import Committer
from storage.sealing import CaseKey, Sealer
from storage.tables import cases, drafts, reports, verdicts

_READ_AT_A_TIME = 1_000
_FORGOTTEN: dict[str, Any] = {
    "sealed_address": None,
    "wants_answer": False,
    "telling_verdict_id": None,
    "telling_until": None,
}


class OwnReports:
    """One person's reports: handed out, or made nobody's.

    Nothing in the database says which reports are whose, so each one is asked with its own case's key.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        committer: Committer,
        sealer: Sealer,
        *,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._engine = engine
        self._committer = committer
        self._sealer = sealer
        self._random_bytes = random_bytes

    async def export(self, person: PersonId) -> dict[str, Any]:
        """The reports of this person, as JSON. Instants are written in ISO 8601, UTC."""
        return {"reports": [_exported(report) async for report in self._reports_of(person)]}

    async def forget(self, person: PersonId) -> None:
        """Erase every trace of this person from drafts and reports, now. The cases stay."""
        theirs = [report.id async for report in self._reports_of(person)]
        asker = self._sealer.pseudonym("asker", person)

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(drafts).where(drafts.c.asker == asker))
            for report in theirs:
                nobody = {
                    "reporter": self._random_bytes(32).hex(),
                    "origin_key": self._random_bytes(32).hex(),
                }
                await connection.execute(
                    update(reports).where(reports.c.id == report).values(**nobody, **_FORGOTTEN)
                )

        await self._committer.write(work)

    async def _reports_of(self, person: PersonId) -> AsyncIterator[Row[Any]]:
        last = 0
        while True:
            rows = await self._reports_after(last)
            keys: dict[int, CaseKey | None] = {}
            for row in rows:
                if row.case_id not in keys:
                    keys[row.case_id] = self._sealer.case_key_if_any(row.wrapped_key, row.content_sha256)
                key = keys[row.case_id]
                if key is not None and key.pseudonym(row.case_id, person) == row.reporter:
                    yield row
            if len(rows) < _READ_AT_A_TIME:
                return
            last = rows[-1].id

    async def _reports_after(self, last: int) -> Sequence[Row[Any]]:
        wanted: Select[Any] = (
            select(reports, cases.c.wrapped_key, cases.c.content_sha256, cases.c.content)
            .select_from(reports.join(cases))
            .where(reports.c.id > last, cases.c.wrapped_key.is_not(None))
            .order_by(reports.c.id)
            .limit(_READ_AT_A_TIME)
        )
        async with self._engine.connect() as connection:
            rows: Sequence[Row[Any]] = (await connection.execute(wanted)).all()
            return rows


class EvidenceBook:
    """What everybody's evidence is subject to: it goes when its time is over."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer

    async def sweep(self, rules: Retention, now: datetime) -> None:
        """Delete old drafts, close settled cases, erase evidence and keys whose time is over."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(drafts).where(drafts.c.begun_at <= now - DRAFT_LASTS))
            await _close_settled(connection, now - timedelta(days=rules.settled_days), now)
            await _erase_addresses_of_closed(connection)
            await _erase_evidence(connection, rules, now)

        await self._committer.write(work)


def _exported(report: Row[Any]) -> dict[str, Any]:
    return {
        "receipt": report.receipt,
        "reason": report.reason,
        "content": report.content,
        "filed_at": report.filed_at.isoformat(),
        "wants_answer": report.wants_answer,
        "answered_at": None if report.answered_at is None else report.answered_at.isoformat(),
    }


async def _close_settled(connection: AsyncConnection, given_before: datetime, now: datetime) -> None:
    settled = (
        select(cases.c.id)
        .select_from(cases.join(verdicts, verdicts.c.id == cases.c.verdict_id))
        .where(
            cases.c.state.in_(HAS_VERDICT), cases.c.claimed_by.is_(None), verdicts.c.given_at <= given_before
        )
    )
    await connection.execute(
        update(cases).where(cases.c.id.in_(settled)).values(state=CaseState.CLOSED, changed_at=now)
    )


async def _erase_addresses_of_closed(connection: AsyncConnection) -> None:
    """Of those who were told: a closed case has no more news for them."""
    told = (
        select(reports.c.id)
        .select_from(reports.join(cases))
        .where(
            cases.c.state == CaseState.CLOSED,
            reports.c.sealed_address.is_not(None),
            reports.c.told_verdict_id >= cases.c.verdict_id,
        )
    )
    await connection.execute(update(reports).where(reports.c.id.in_(told)).values(sealed_address=None))


async def _erase_evidence(connection: AsyncConnection, rules: Retention, now: datetime) -> None:
    closed_before = now - timedelta(days=rules.evidence_days_after_closing)
    filed_before = now - timedelta(days=rules.evidence_days_at_most)
    over = and_(
        cases.c.wrapped_key.is_not(None),
        or_(
            and_(cases.c.state == CaseState.CLOSED, cases.c.changed_at <= closed_before),
            cases.c.opened_at <= filed_before,
        ),
    )
    ids = select(cases.c.id).where(over)
    await connection.execute(
        update(reports).where(reports.c.case_id.in_(ids)).values(sealed_address=None, telling_verdict_id=None)
    )
    still_open = and_(over, cases.c.state != CaseState.CLOSED)
    await connection.execute(update(cases).where(still_open).values(state=CaseState.CLOSED, changed_at=now))
    await connection.execute(
        update(cases)
        .where(over)
        .values(
            content="",
            findings=[],
            wrapped_key=None,
            claimed_by=None,
            proposed_id=None,
            deciding=None,
            deciding_text=None,
        )
    )
