"""Two processes that write at the same moment to one PostgreSQL: each decision is made once, on what is true."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from broadcasts.broadcast import Broadcast, BroadcastState
from broadcasts.ports import LedgerUnavailable
from storage.availability import available
from storage.committer import Committer
from storage.engine import open_engine
from storage.schema import upgrade
from storage.tables import paces
from tests.broadcasts.office import Office, open_office

TIMES = 10


@pytest.fixture
async def offices(tmp_path: Path, prepared_postgres_url: str) -> AsyncIterator[tuple[Office, Office]]:
    """One office in two processes."""
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(open_office(tmp_path, url=prepared_postgres_url))
        there = await stack.enter_async_context(open_office(tmp_path, (), url=prepared_postgres_url))
        yield here, there


@asynccontextmanager
async def committing(engine: AsyncEngine) -> AsyncIterator[Committer]:
    committer = Committer(engine)
    running = asyncio.create_task(committer.run())
    yield committer
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_tick_on_two_machines_plans_a_bulletin_once(offices: tuple[Office, Office]) -> None:
    here, there = offices
    for _ in range(TIMES):
        scheduled = await here.sending(replace(here.notice(), not_before=here.time + timedelta(hours=1)))
        here.advance(hours=1)
        there.time = here.time
        started = await asyncio.gather(
            *(office.desk.start_due(scheduled.id) for office in offices for _ in range(3))
        )
        assert sum(isinstance(one, Broadcast) for one in started) == 1
        assert await here.state(scheduled) is BroadcastState.SENDING
        assert await here.planned(scheduled) == 2


async def test_two_transactions_that_wait_for_each_other_both_get_through(
    prepared_postgres_url: str,
) -> None:
    engine = open_engine(prepared_postgres_url)
    async with engine.begin() as connection:
        rows = [{"bot": bot, "held_until": 0, "rate_per_second": 1.0} for bot in ("loa", "rao")]
        await connection.execute(paces.insert(), rows)
    has_first = asyncio.Event()
    attempts = 0

    async def both(connection: AsyncConnection) -> None:
        nonlocal attempts
        attempts += 1
        await slow_down(connection, "loa")
        has_first.set()
        await asyncio.sleep(0.2)
        await slow_down(connection, "rao")

    async with committing(engine) as committer, engine.connect() as outside:
        await outside.execute(text("SET deadlock_timeout = '10s'"))  # the other one is to be ended
        await slow_down(outside, "rao")
        writing = asyncio.create_task(committer.write(both))
        await has_first.wait()
        await slow_down(outside, "loa")
        await outside.commit()
        await writing
    async with engine.connect() as connection:
        rates = await connection.scalars(paces.select().with_only_columns(paces.c.rate_per_second))
        assert set(rates) == {0.25}
    assert attempts == 2
    await engine.dispose()


async def slow_down(connection: AsyncConnection, bot: str) -> None:
    await connection.execute(
        paces.update().where(paces.c.bot == bot).values(rate_per_second=paces.c.rate_per_second / 2)
    )


async def test_a_database_that_went_away_is_said_to_be_and_used_again_once_it_is_back(
    prepared_postgres_url: str,
) -> None:
    engine = open_engine(prepared_postgres_url)

    async def ask(connection: AsyncConnection) -> int:
        return await connection.scalar(text("SELECT 1")) or 0

    async with committing(engine) as committer:
        assert await committer.write(ask) == 1
        async with engine.connect() as outside:
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            await outside.execute(text(f"{others} AND datname = current_database()"))
        with pytest.raises(LedgerUnavailable):
            await available(committer.write(ask))
        assert await available(committer.write(ask)) == 1
    await engine.dispose()


async def test_processes_that_start_together_migrate_once(fresh_postgres_url: str) -> None:
    engines = [open_engine(fresh_postgres_url) for _ in range(3)]
    await asyncio.gather(*(upgrade(engine) for engine in engines))
    for engine in engines:
        await engine.dispose()
