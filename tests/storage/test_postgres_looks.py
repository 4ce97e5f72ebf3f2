"""Looks in PostgreSQL: they go down an index though nobody has told the planner how large the tables are by now."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from benchmarks.network import open_network, routine, start_bulletin
from storage import postgres_looks, workload
from storage.workload import bots_with_work

BOTS = tuple(f"loa{number}" for number in range(20))
CHANNELS_A_BOT = 500


@pytest.fixture
async def engine(fresh_postgres_url: str) -> AsyncIterator[AsyncEngine]:
    """A bulletin for many channels, planned a moment ago."""
    engine = await open_network(fresh_postgres_url, CHANNELS_A_BOT, BOTS)
    async with engine.begin() as connection:
        await start_bulletin(connection, routine())
    yield engine
    await engine.dispose()


async def test_no_look_reads_a_whole_table(engine: AsyncEngine) -> None:
    far = 2**60
    looks = {
        "bots": list(BOTS),
        "now": 0,
        "until": far,
        "patient_since": 0,
        "patient_until": far,
        "at_most": 1_000,
    }
    zeros, ones = [0] * len(BOTS), [1] * len(BOTS)
    picks = {"bots": list(BOTS), "bulletins": ones, "corrected": ones, "canaries": ones, "now": far}
    picks |= {"after_due": zeros, "after_id": zeros, "at_most": [20] * len(BOTS)}
    async with engine.connect() as connection:
        for statement in (postgres_looks._OPEN_BULLETINS, postgres_looks._LEFTOVERS, workload._BUSY):
            assert "Seq Scan on" not in await plan(connection, statement, looks)
        for statement in postgres_looks._PICKS.values():
            assert "Seq Scan on" not in await plan(connection, statement, picks)


async def test_a_bot_has_work_when_something_is_due_left_behind_or_never_to_be_sent(
    engine: AsyncEngine,
) -> None:
    async def busy(at: datetime) -> frozenset[str]:
        return await bots_with_work(engine, ("loa0", "loa1", "loa2", "loa3"), at, at + timedelta(minutes=1))

    now = datetime.now(UTC)  # not earlier: rows planned after a look has begun are not due in it
    later = now + timedelta(hours=1)
    await write(engine, "UPDATE deliveries SET due_at = :later WHERE bot = 'loa1'", later=ms(later))
    await write(engine, "UPDATE deliveries SET state = 'sent' WHERE bot IN ('loa2', 'loa3')")
    assert await busy(now) == {"loa0"}
    assert await busy(later) == {"loa0", "loa1"}
    left = "UPDATE deliveries SET state = 'sending', lease_until = :at WHERE bot = 'loa2'"
    await write(engine, left, at=ms(now) - 1)
    assert await busy(now) == {"loa0", "loa2"}
    await write(engine, "UPDATE bulletins SET state = 'paused'")
    assert await busy(now) == {"loa2"}
    await write(engine, "UPDATE bulletins SET state = 'stopped'")
    assert await busy(now) == {"loa0", "loa1", "loa2"}
    await write(engine, "INSERT INTO lines VALUES ('loa3', 'http_502'), ('loa9', 'http_502')")
    assert await busy(now) == {"loa0", "loa1", "loa2", "loa3"}, "somebody must find out when it is up again"


# --- steps -----------------------------------------------------------------------------------------------


async def plan(connection: AsyncConnection, statement: TextClause, given: Mapping[str, object]) -> str:
    """What PostgreSQL would do; of small tables it may read all, so bulletins do not count."""
    lines = await connection.scalars(text(f"EXPLAIN {statement.text}"), given)
    return "\n".join(line for line in lines if "on bulletins" not in line)


async def write(engine: AsyncEngine, statement: str, **values: object) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(statement), values)


def ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
