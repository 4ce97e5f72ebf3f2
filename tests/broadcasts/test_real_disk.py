"""A disk that is really full and a database that somebody has really locked: sending stops, says so, and goes on."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.broadcasts.looks import CHATS, SENT, has_posted, has_told_of_storage
from tests.broadcasts.station import Station, open_station

STOPPED = "sending stopped: the database does not answer"
GOES_ON = "sending goes on: the database answers again"
_A_FEW_BYTES = 512


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[Station]:
    async with open_station(f"sqlite+aiosqlite:///{tmp_path}/loa.sqlite") as station:
        await station.committer.write(_wait_for_locks_briefly)
        yield station


async def test_while_the_disk_is_full_nothing_leaves_and_then_everything_does(station: Station) -> None:
    await station.channels(CHATS)
    bulletin = await station.start(station.bulletin())
    with structlog.testing.capture_logs() as logs:
        with no_room_for_files():
            async with station.pumping():
                await station.until(lambda: has_told_of_storage(station))
                await asyncio.sleep(0.2)
        assert station.sender.posted == []
        async with station.pumping():
            await station.until(lambda: station.is_done(bulletin))
    assert sorted(station.sender.chats()) == sorted(CHATS)
    assert STOPPED in [entry["event"] for entry in logs]


async def test_what_was_on_its_way_when_the_disk_filled_up_is_written_down_later(station: Station) -> None:
    await station.channels(CHATS[:5])
    bulletin = await station.start(station.bulletin())
    answer = asyncio.Event()

    async def wait(_: str) -> None:
        await answer.wait()

    station.sender.before_answer = wait
    with structlog.testing.capture_logs() as logs:
        async with station.pumping():
            await station.until(lambda: has_posted(station, 5))
            with no_room_for_files():
                answer.set()
                await station.until(lambda: has_told_of_storage(station))
            await station.until(lambda: station.is_done(bulletin))
    assert sorted(station.sender.chats()) == sorted(CHATS[:5])
    assert set((await station.states(bulletin)).values()) == {SENT}
    assert station.told.storage[1:] == [None]
    assert [entry["event"] for entry in logs if entry["event"] in (STOPPED, GOES_ON)] == [STOPPED, GOES_ON]


async def test_while_somebody_else_has_locked_the_database_nothing_leaves(
    station: Station, tmp_path: Path
) -> None:
    await station.channels(CHATS)
    bulletin = await station.start(station.bulletin())
    other = sqlite3.connect(tmp_path / "loa.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with structlog.testing.capture_logs():
        async with station.pumping():
            await station.until(lambda: has_told_of_storage(station))
            await asyncio.sleep(0.2)
            assert station.sender.posted == []
            other.execute("ROLLBACK")
            other.close()
            await station.until(lambda: station.is_done(bulletin))
    assert sorted(station.sender.chats()) == sorted(CHATS)
    assert station.told.storage == ["database is locked", None]


@contextmanager
def no_room_for_files() -> Iterator[None]:
    """No file of this process may grow beyond a few bytes: the operating system refuses what SQLite writes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (_A_FEW_BYTES, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def _wait_for_locks_briefly(connection: AsyncConnection) -> None:
    await connection.execute(text("PRAGMA busy_timeout=50"))
