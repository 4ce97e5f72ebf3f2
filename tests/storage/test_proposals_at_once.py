"""Two processes in the middle of it, on PostgreSQL: with SQLite there is one writer at a time."""

from __future__ import annotations

import asyncio

from sqlalchemy import insert, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from reports.cases import CaseState, Reason, VerdictKind
from reports.ports import GivingOutcome
from storage.engine import open_engine
from storage.tables import cases, reports, verdicts
from tests.storage.proposing import CASE, LAN, NOON, process


async def held_up(connection: AsyncConnection) -> None:
    """Until another transaction waits for what this one holds."""
    waiting = text("SELECT count(*) FROM pg_locks, pg_sleep(0.01) WHERE NOT granted")
    async with asyncio.timeout(30):
        while not await connection.scalar(waiting):
            pass


async def test_a_severe_report_waits_for_a_verdict_on_its_way(prepared_postgres_url: str) -> None:
    async with process(prepared_postgres_url, 1) as books, process(prepared_postgres_url, 100_000) as others:
        await books.file(1)
        engine = open_engine(prepared_postgres_url)
        async with engine.connect() as connection, asyncio.TaskGroup() as group:
            lone = {"case_id": CASE, "kind": VerdictKind.FALSE, "explanation": "Sai.", "sources": []}
            given = insert(verdicts).values(**lone, author=LAN, origin_key="press:x", given_at=NOON)
            verdict_id = await connection.scalar(given.returning(verdicts.c.id))
            answered = {"state": CaseState.ANSWERED, "verdict_id": verdict_id}
            await connection.execute(update(cases).values(**answered))

            group.create_task(others.file(2, Reason.HARMFUL_RUMOUR))
            await held_up(connection)
            await connection.commit()
        await engine.dispose()

        assert (await books.case()).state is CaseState.PROPOSED


async def test_a_verdict_waits_for_a_severe_report_on_its_way(prepared_postgres_url: str) -> None:
    async with process(prepared_postgres_url, 1) as books:
        await books.file(1)
        await books.casework.claim(CASE, LAN, NOON)
        engine = open_engine(prepared_postgres_url)
        async with engine.connect() as connection, asyncio.TaskGroup() as group:
            await connection.execute(update(cases).values(changed_at=NOON))
            await connection.execute(update(reports).values(reason=Reason.HARMFUL_RUMOUR))

            giving = group.create_task(books.give())
            await held_up(connection)
            await connection.commit()
        await engine.dispose()

        assert giving.result() is GivingOutcome.PROPOSED
