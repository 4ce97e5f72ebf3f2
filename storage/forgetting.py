"""Deleting what may no longer be kept: one person's traces at once, everybody's when their time is over."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Row, and_, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from members.channel import PersonId
from reports.cases import HAS_VERDICT, CaseId, CaseState
from reports.drafts import DRAFT_LASTS, Draft
from reports.ports import Retention
from storage.buttons import draft_name
from storage.case_contents import opened_content
from storage.case_keys import case_keys, drop_unused
from storage.committer import Committer
from storage.drafts import DraftBook
from storage.locators import reports_of, reports_of_before
from storage.sealing import Sealer
from storage.tables import ONE_MORE_CHANGE, buttons, cases, drafts, reports, verdicts

log = structlog.get_logger(__name__)

_ERASED_AT_A_TIME = 100
_NOBODYS: dict[str, Any] = {
    "reporter": None,
    "locator": None,
    "sealed_address": None,
    "wants_answer": False,
    "telling_verdict_id": None,
    "telling_until": None,
}
_EMPTY: dict[str, Any] = {
    "sealed": None,
    "claimed_by": None,
    "proposed_id": None,
    "deciding": None,
    "sealed_deciding": None,
}


class OwnReports:
    """One person's drafts and reports: handed out, or made nobody's; see ``locators.py`` for how they are found."""

    def __init__(
        self,
        engine: AsyncEngine,
        committer: Committer,
        sealer: Sealer,
        *,
        now: Callable[[], datetime],
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._engine = engine
        self._committer = committer
        self._sealer = sealer
        self._drafts = DraftBook(engine, committer, sealer)
        self._now = now
        self._random_bytes = random_bytes

    async def export(self, person: PersonId) -> dict[str, Any]:
        """The drafts and reports of this person, as JSON. Instants are written in ISO 8601, UTC."""
        found = await self._reports_of(person)
        kept = [draft for draft in await self._drafts.all_of(person, self._now()) if draft.pieces]
        return {
            "reports": [await self._exported(report) for report in found],
            "not_decided_about": [_draft_exported(draft) for draft in kept],
        }

    async def forget(self, person: PersonId) -> None:
        """Erase every trace of this person from drafts and reports. A case that nobody else reported is emptied."""
        of_theirs = await self._drafts.all_of(person, self._now())
        await self._delete_drafts([draft.token for draft in of_theirs])
        theirs = await self._reports_of(person)
        for first in range(0, len(theirs), _ERASED_AT_A_TIME):
            await self._make_nobodys(theirs[first : first + _ERASED_AT_A_TIME])

    async def _delete_drafts(self, tokens: Sequence[str]) -> None:
        belongs = [draft_name(self._sealer, token) for token in tokens]

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(buttons).where(buttons.c.belongs.in_(belongs)))
            await connection.execute(delete(drafts).where(drafts.c.token.in_(tokens)))

        if tokens:
            await self._committer.write(work)

    async def _make_nobodys(self, some: Sequence[Row[Any]]) -> None:
        async def work(connection: AsyncConnection) -> None:
            for report in some:
                nobody = {**_NOBODYS, "origin_key": self._random_bytes(32).hex()}
                await connection.execute(update(reports).where(reports.c.id == report.id).values(**nobody))
            somebodys = exists().where(reports.c.case_id == cases.c.id, reports.c.reporter.is_not(None))
            await _empty(
                connection, and_(cases.c.id.in_({row.case_id for row in some}), ~somebodys), self._now()
            )

        await self._committer.write(work)

    async def _reports_of(self, person: PersonId) -> list[Row[Any]]:
        found = [report async for report in reports_of(self._engine, self._sealer, person, self._now())]
        return found + [report async for report in reports_of_before(self._engine, self._sealer, person)]

    async def _exported(self, report: Row[Any]) -> dict[str, Any]:
        async with self._engine.connect() as connection:
            key_of = select(case_keys.c.wrapped).where(case_keys.c.case_id == report.case_id)
            wrapped = await connection.scalar(key_of)
        key = self._sealer.case_key_if_any(wrapped, str(report.case_id))
        opened = opened_content(key, report.case_id, report.sealed)
        return {
            "receipt": report.receipt,
            "reason": report.reason,
            "content": opened and opened[0],
            "filed_on": report.filed_at.date().isoformat(),
            "wants_answer": report.wants_answer,
            "answered_on": report.answered_at and report.answered_at.date().isoformat(),
        }


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
            await drop_unused(connection, now)

        await self._committer.write(work)

    async def give_up_unreadable(self, now: datetime) -> Sequence[CaseId]:
        """Close the undecided cases whose key is gone, as after a backup was restored; which they were.

        What is sealed stays until its time is over: the keys may only have been left behind by mistake.
        """
        has_key = exists().where(case_keys.c.case_id == cases.c.id)
        is_undecided = cases.c.state.not_in((*HAS_VERDICT, CaseState.CLOSED))
        lost = and_(cases.c.sealed.is_not(None), is_undecided, ~has_key)
        nobodys = {"claimed_by": None, "proposed_id": None, "deciding": None}
        closed = {"state": CaseState.CLOSED, "changed_at": now, **nobodys}

        async def work(connection: AsyncConnection) -> list[CaseId]:
            ids = (await connection.execute(select(cases.c.id).where(lost))).scalars().all()
            await connection.execute(update(cases).where(lost).values(**closed, **ONE_MORE_CHANGE))
            return [CaseId(case) for case in ids]

        return await self._committer.write(work)


async def _close_settled(connection: AsyncConnection, given_before: datetime, now: datetime) -> None:
    settled = (
        select(cases.c.id)
        .select_from(cases.join(verdicts, verdicts.c.id == cases.c.verdict_id))
        .where(
            cases.c.state.in_(HAS_VERDICT), cases.c.claimed_by.is_(None), verdicts.c.given_at <= given_before
        )
    )
    await connection.execute(
        update(cases)
        .where(cases.c.id.in_(settled))
        .values(state=CaseState.CLOSED, changed_at=now, **ONE_MORE_CHANGE)
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
    """Days are whole: what was filed or closed on a day goes when that day's time is over, and none later."""
    closed_before = now - timedelta(days=rules.evidence_days_after_closing)
    filed_before = now - timedelta(days=rules.evidence_days_at_most)
    has_key = exists().where(case_keys.c.case_id == cases.c.id)
    over = and_(
        or_(cases.c.sealed.is_not(None), has_key),
        or_(
            and_(cases.c.state == CaseState.CLOSED, cases.c.changed_at <= closed_before),
            cases.c.opened_at <= filed_before,
        ),
    )
    await _empty(connection, over, now)


async def _empty(connection: AsyncConnection, which: ColumnElement[bool], now: datetime) -> None:
    """Erase what these cases are about, their keys, and to whom their reports belong; what is open is closed."""
    ids = (await connection.execute(select(cases.c.id).where(which))).scalars().all()
    for first in range(0, len(ids), _ERASED_AT_A_TIME):
        some = ids[first : first + _ERASED_AT_A_TIME]
        of_them = reports.c.case_id.in_(some)
        await connection.execute(update(reports).where(of_them).values(**_NOBODYS))
        still_open = and_(cases.c.id.in_(some), cases.c.state != CaseState.CLOSED)
        closed = {"state": CaseState.CLOSED, "changed_at": now}
        await connection.execute(update(cases).where(still_open).values(**closed))
        emptied = update(cases).where(cases.c.id.in_(some))
        await connection.execute(emptied.values(**_EMPTY, **ONE_MORE_CHANGE))
        await connection.execute(delete(case_keys).where(case_keys.c.case_id.in_(some)))


def _draft_exported(draft: Draft) -> dict[str, Any]:
    return {
        "begun_at": draft.begun_at.isoformat(),
        "state": draft.state,
        "answered_at": {key: asdict(draft.address)[key] for key in ("bot", "chat", "language")},
        "pieces": [asdict(piece) for piece in draft.pieces],
    }
