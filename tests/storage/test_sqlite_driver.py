"""The driver that merges trips: SQLite sees the same statements in the same order, and nothing is left open."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import bindparam, column, insert, select, table, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.engine import open_engine
from storage.sqlite_driver import SwiftConnection, connect
from storage.sqlite_thread import in_its_thread

_LETTERS = table("letters", column("id"), column("word"))
_PUT = insert(_LETTERS).values(word=bindparam("word"))


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path}/loa.sqlite")
    async with engine.begin() as connection:
        await connection.execute(
            text("CREATE TABLE letters (id INTEGER PRIMARY KEY, word TEXT UNIQUE NOT NULL)")
        )
    yield engine
    await engine.dispose()


# --- order -----------------------------------------------------------------------------------------------


async def test_statements_reach_sqlite_in_the_order_in_which_they_were_said(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        said = await listening(connection)
        async with connection.begin():
            await put(connection, "a")
            async with connection.begin_nested():
                await put(connection, "b")
            await put(connection, "c")
    assert [one.split()[0] for one in said] == [
        "BEGIN",
        "INSERT",
        "SAVEPOINT",
        "INSERT",
        "RELEASE",
        "INSERT",
        "COMMIT",
    ]


async def test_a_transaction_in_which_nothing_happens_never_reaches_sqlite(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        said = await listening(connection)
        async with connection.begin():
            pass
        async with connection.begin():
            async with connection.begin_nested():
                pass
            await connection.rollback()
    assert said == []


# --- undoing ---------------------------------------------------------------------------------------------


async def test_a_savepoint_is_undone_alone(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await put(connection, "kept")
        savepoint = await connection.begin_nested()
        await put(connection, "undone")
        await savepoint.rollback()
        await put(connection, "kept too")
    assert await words(engine) == ["kept", "kept too"]


async def test_a_savepoint_in_which_nothing_happened_can_be_undone(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        savepoint = await connection.begin_nested()
        await savepoint.rollback()
        await put(connection, "kept")
    assert await words(engine) == ["kept"]


async def test_an_error_in_a_savepoint_leaves_what_stands_around_it(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await put(connection, "kept")
        with pytest.raises(IntegrityError):
            await put_both(connection, "undone", "kept")
        await put(connection, "after")
    assert await words(engine) == ["after", "kept"]


async def test_a_statement_that_fails_first_of_all_leaves_a_connection_that_works(
    engine: AsyncEngine,
) -> None:
    async with engine.connect() as connection:
        with pytest.raises(OperationalError):
            await connection.execute(text("SELEKT 1"))
        await connection.rollback()
        await put(connection, "after")
        await connection.commit()
    assert await words(engine) == ["after"]


async def test_what_is_rolled_back_was_never_there(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await put(connection, "undone")
        await connection.rollback()
        await put(connection, "undone too")
    assert await words(engine) == []


# --- rows ------------------------------------------------------------------------------------------------


async def test_many_rows_are_written_with_one_statement_and_counted(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(_PUT, [{"word": word} for word in "abc"])
        changed = await connection.execute(text("UPDATE letters SET word = word || '!' WHERE word <> 'b'"))
        assert changed.rowcount == 2
    assert await words(engine) == ["a!", "b", "c!"]


async def test_many_rows_of_which_one_fails_leave_nothing(engine: AsyncEngine) -> None:
    with pytest.raises(IntegrityError):
        async with engine.begin() as connection:
            await connection.execute(_PUT, [{"word": word} for word in "aba"])
    assert await words(engine) == []


async def test_a_write_answers_with_its_rows(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        answered = await connection.execute(_PUT.returning(_LETTERS.c.id, _LETTERS.c.word), {"word": "a"})
        assert answered.all() == [(1, "a")]
        put_next = await connection.execute(_PUT, {"word": "b"})
        assert put_next.rowcount == 1


async def test_rows_can_be_taken_one_at_a_time_in_portions_or_all(tmp_path: Path) -> None:
    connection = await opened(f"{tmp_path}/rows.sqlite")
    cursor = await connection.cursor().execute("VALUES (1), (2), (3), (4), (5)")
    assert await cursor.fetchone() == (1,)
    assert await cursor.fetchmany() == [(2,)]
    assert await cursor.fetchmany(2) == [(3,), (4,)]
    assert await cursor.fetchall() == [(5,)]
    assert await cursor.fetchone() is None
    await connection.close()


# --- several at once, giving up, closing -----------------------------------------------------------------


async def test_readers_see_what_was_committed_and_nothing_before(engine: AsyncEngine) -> None:
    async with engine.connect() as writer:
        await put(writer, "a")
        assert await words(engine) == []
        await writer.commit()
        assert await words(engine) == ["a"]


async def test_many_at_once_each_get_their_own_answer(engine: AsyncEngine) -> None:
    async def ask(number: int) -> int:
        async with engine.connect() as connection:
            return int((await connection.execute(text("SELECT :n"), {"n": number})).scalar_one())

    assert await asyncio.gather(*map(ask, range(60))) == list(range(60))


async def test_giving_up_during_a_trip_leaves_no_transaction_open(engine: AsyncEngine) -> None:
    async def write_slowly() -> None:
        async with engine.begin() as connection:
            await put(connection, "given up")
            await connection.execute(text(_SLOW))

    impatient = asyncio.ensure_future(write_slowly())
    await asyncio.sleep(0.05)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    async with engine.begin() as connection:
        await put(connection, "next")
    assert await words(engine) == ["next"]


async def test_rolling_back_waits_for_a_visit_that_was_given_up(tmp_path: Path) -> None:
    connection = await opened(f"{tmp_path}/visit.sqlite")

    def in_one_visit(driver: sqlite3.Connection, _: object) -> None:
        driver.execute("BEGIN")
        driver.execute(_SLOW).fetchall()
        driver.execute("COMMIT")

    visit = asyncio.ensure_future(connection.visit(in_one_visit))
    await asyncio.sleep(0.01)
    visit.cancel()
    await connection.rollback()
    assert not connection.in_transaction
    await connection.close()


async def test_a_closed_connection_says_so(tmp_path: Path) -> None:
    connection = await opened(f"{tmp_path}/closed.sqlite")
    await connection.close()
    with pytest.raises(ValueError, match="no active connection"):
        await connection.cursor().execute("SELECT 1")


async def test_words_said_before_closing_are_not_said_any_more(tmp_path: Path) -> None:
    connection = await opened(f"{tmp_path}/closing.sqlite")
    await connection.cursor().execute("BEGIN")
    await connection.close()
    with sqlite3.connect(f"{tmp_path}/closing.sqlite") as other:
        other.execute("CREATE TABLE free (id)")
    other.close()


async def test_a_file_that_cannot_be_opened_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        await connect(f"{tmp_path}/no such folder/loa.sqlite")


def test_a_loop_that_closed_before_its_answer_came_troubles_nobody(tmp_path: Path) -> None:
    async def leave_early() -> SwiftConnection:
        connection = await opened(f"{tmp_path}/early.sqlite")
        trip = connection.visit(lambda driver, _: driver.execute(_SLOW).fetchall())
        asyncio.ensure_future(trip)  # noqa: RUF006
        await asyncio.sleep(0)
        return connection

    connection = asyncio.run(leave_early())
    connection.stop()
    connection._thread.join(timeout=20)
    assert not connection._thread.is_alive()


# --- steps -----------------------------------------------------------------------------------------------

_SLOW = (
    "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 400000) SELECT max(i) FROM n"
)


async def opened(database: str) -> SwiftConnection:
    connection = connect(database)
    await connection
    return connection


async def put(connection: AsyncConnection, word: str) -> None:
    await connection.execute(_PUT, {"word": word})


async def put_both(connection: AsyncConnection, one: str, other: str) -> None:
    async with connection.begin_nested():
        await put(connection, one)
        await put(connection, other)


async def words(engine: AsyncEngine) -> list[str]:
    async with engine.connect() as connection:
        return sorted((await connection.scalars(select(_LETTERS.c.word))).all())


async def listening(connection: AsyncConnection) -> list[str]:
    """What SQLite is told on this connection from now on."""
    said: list[str] = []
    raw = (await connection.get_raw_connection()).driver_connection
    assert isinstance(raw, SwiftConnection)
    await in_its_thread(connection, lambda driver: driver.set_trace_callback(said.append))
    await connection.rollback()
    return said
