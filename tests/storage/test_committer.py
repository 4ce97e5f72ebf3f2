"""Group commit: writes share transactions, fail alone, and are on disk before anybody hears of them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert, select, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from broadcasts.ports import LedgerUnavailable
from storage.availability import available
from storage.committer import Batch, Committer
from storage.engine import open_engine
from storage.sqlite_thread import in_its_thread
from storage.tables import media_handles, metadata
from tests.broadcasts.station import running


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """On each database that Loa runs on."""
    async with prepared(database_url) as engine:
        yield engine


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """For what only SQLite does so."""
    async with prepared(f"sqlite+aiosqlite:///{tmp_path}/loa.sqlite") as engine:
        yield engine


async def test_writers_get_their_own_answers(engine: AsyncEngine) -> None:
    committer = Committer(engine)

    def write(number: int) -> Any:
        async def work(connection: AsyncConnection) -> int:
            await put(connection, f"{number}")
            return number

        return committer.write(work)

    async with running(committer.run):
        assert await asyncio.gather(*(write(number) for number in range(40))) == list(range(40))
    assert len(await handles(engine)) == 40


async def test_writes_of_one_moment_share_one_commit(sqlite: AsyncEngine) -> None:
    said: list[str] = []
    async with sqlite.connect() as connection:  # the pool's only one so far: the committer is given it next
        await in_its_thread(connection, lambda driver: driver.set_trace_callback(said.append))
    committer = Committer(sqlite)
    writers = [asyncio.ensure_future(committer.write(lambda c, n=n: put(c, f"{n}"))) for n in range(40)]  # type: ignore[misc]
    await asyncio.sleep(0)
    async with running(committer.run):
        await asyncio.gather(*writers)
    assert said.count("COMMIT") == 1
    assert sum(one.startswith("INSERT") for one in said) == 40


async def test_what_was_answered_is_seen_by_everybody(engine: AsyncEngine) -> None:
    committer = Committer(engine)
    async with running(committer.run):
        await committer.write(lambda connection: put(connection, "a"))
        assert await handles(engine) == ["a"]


async def test_a_write_that_fails_is_undone_alone(engine: AsyncEngine) -> None:
    committer = Committer(engine)

    async def fails_half_way(connection: AsyncConnection) -> None:
        await put(connection, "half")
        await put(connection, "half")

    async with running(committer.run):
        results = await asyncio.gather(
            committer.write(lambda connection: put(connection, "a")),
            committer.write(fails_half_way),
            committer.write(lambda connection: put(connection, "b")),
            return_exceptions=True,
        )
    assert [type(result) for result in results] == [type(None), IntegrityError, type(None)]
    assert await handles(engine) == ["a", "b"]


async def test_a_work_that_waits_for_anything_but_the_database_is_a_mistake_and_undone(
    sqlite: AsyncEngine,
) -> None:
    committer = Committer(sqlite)

    async def dawdles(connection: AsyncConnection) -> None:
        await put(connection, "half")
        await asyncio.sleep(0)

    async with running(committer.run):
        with pytest.raises(RuntimeError, match="nothing but its connection"):
            await committer.write(dawdles)
        await committer.write(lambda connection: put(connection, "a"))
    assert await handles(sqlite) == ["a"]


async def test_rows_of_a_batch_are_written_together_and_answered_each_in_its_place(
    engine: AsyncEngine,
) -> None:
    calls: list[int] = []

    batch = keeping_count(calls)
    committer = Committer(engine)
    writers = [asyncio.ensure_future(committer.write_row(batch, f"{n}")) for n in range(30)]
    await asyncio.sleep(0)
    async with running(committer.run):
        assert await asyncio.gather(*writers) == [f"wrote {n}" for n in range(30)]
    assert calls == [30]
    assert len(await handles(engine)) == 30


async def test_rows_wait_for_company_but_works_do_not(engine: AsyncEngine) -> None:
    calls: list[int] = []
    batch = keeping_count(calls)
    committer = Committer(engine, rows_apart_seconds=3_600)
    async with running(committer.run):
        await committer.write_row(batch, "the first is written at once")
        rows = [asyncio.ensure_future(committer.write_row(batch, f"{n}")) for n in range(3)]
        await asyncio.sleep(0)
        await committer.write(lambda connection: put(connection, "a work"))
        await asyncio.gather(*rows)
    assert calls == [1, 3]


async def test_a_batch_that_fails_leaves_nothing_and_the_next_one_works(engine: AsyncEngine) -> None:
    batch = keeping_count([])
    committer = Committer(engine)
    writers = [asyncio.ensure_future(committer.write_row(batch, name)) for name in ("a", "b", "a")]
    await asyncio.sleep(0)
    async with running(committer.run):
        results = await asyncio.gather(*writers, return_exceptions=True)
        assert [type(result).__name__ for result in results] == ["IntegrityError"] * 3
        await committer.write_row(batch, "c")
    assert await handles(engine) == ["c"]


async def test_a_full_disk_is_heard_by_all_and_leaves_nothing_behind(sqlite: AsyncEngine) -> None:
    """When SQLite finds the disk full it undoes the whole transaction, also what went well before."""
    committer = Committer(sqlite)

    async def too_large(connection: AsyncConnection) -> None:
        await put(connection, "large", "x" * 500_000)

    await fill_disk(sqlite)
    writers = [
        asyncio.ensure_future(committer.write(lambda connection: put(connection, "before"))),
        asyncio.ensure_future(committer.write(too_large)),
        asyncio.ensure_future(committer.write(lambda connection: put(connection, "after"))),
    ]
    await asyncio.sleep(0)
    async with running(committer.run):
        results = await asyncio.gather(*writers, return_exceptions=True)
        assert [type(result) for result in results] == [OperationalError] * 3
        assert await handles(sqlite) == []
        await committer.write(lambda connection: put(connection, "small"))
    assert await handles(sqlite) == ["small"]


async def test_a_full_disk_is_not_taken_for_a_mistake_nor_a_mistake_for_a_full_disk(
    sqlite: AsyncEngine,
) -> None:
    committer = Committer(sqlite)
    await fill_disk(sqlite)
    async with running(committer.run):
        with pytest.raises(OperationalError):
            await available(committer.write(lambda connection: connection.execute(text("SELEKT 1"))))
        with pytest.raises(LedgerUnavailable, match="full"):
            await available(committer.write(lambda connection: put(connection, "large", "x" * 500_000)))


async def test_a_caller_who_gave_up_while_waiting_writes_nothing(engine: AsyncEngine) -> None:
    committer = Committer(engine)
    impatient = asyncio.ensure_future(committer.write(lambda connection: put(connection, "a")))
    await asyncio.sleep(0)
    impatient.cancel()
    async with running(committer.run):
        await committer.write(lambda connection: put(connection, "b"))
    assert await handles(engine) == ["b"]


# --- steps -----------------------------------------------------------------------------------------------


async def put(connection: AsyncConnection, sha256: str, handle: str = "h") -> None:
    await connection.execute(insert(media_handles).values(bot="loa", sha256=sha256, handle=handle))


async def handles(engine: AsyncEngine) -> list[str]:
    async with engine.connect() as connection:
        return sorted((await connection.scalars(select(media_handles.c.sha256))).all())


async def fill_disk(engine: AsyncEngine) -> None:
    """Let the database grow by a few pages only, on whatever connection opens it from now on."""

    @event.listens_for(engine.sync_engine, "connect")
    def stay_small(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA max_page_count = 150")

    await engine.dispose()


def keeping_count(calls: list[int]) -> Batch[str, str]:
    """A batch that keeps one handle a row; ``calls`` is how many rows it was given each time."""

    async def in_postgres(connection: AsyncConnection, rows: Sequence[str]) -> list[str]:
        calls.append(len(rows))
        await connection.execute(insert(media_handles), [_handle(row) for row in rows])
        return [f"wrote {row}" for row in rows]

    def in_sqlite(driver: sqlite3.Connection, rows: Sequence[str]) -> list[str]:
        calls.append(len(rows))
        driver.executemany("INSERT INTO media_handles VALUES ('loa', ?, 'h')", [(row,) for row in rows])
        return [f"wrote {row}" for row in rows]

    return Batch(in_postgres, in_sqlite)


def _handle(row: str) -> dict[str, str]:
    return {"bot": "loa", "sha256": row, "handle": "h"}


@asynccontextmanager
async def prepared(url: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield engine
    await engine.dispose()
