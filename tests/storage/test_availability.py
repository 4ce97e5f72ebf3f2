"""What is the database's trouble is waited for; what is our own mistake is not asked again for ever."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from broadcasts.ports import LedgerUnavailable
from storage.availability import available, is_mistake, to_the_end
from storage.committer import Committer
from storage.engine import open_engine
from storage.tables import media_handles, metadata
from tests.broadcasts.station import running

ROW = {"bot": "loa", "sha256": "ab", "handle": "h"}


@pytest.fixture
async def lite(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path}/loa.sqlite")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield engine
    await engine.dispose()


@pytest.fixture
async def grown_up(prepared_postgres_url: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(prepared_postgres_url)
    yield engine
    await engine.dispose()


async def asked(engine: AsyncEngine, *statements: str) -> None:
    """In one transaction."""
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))


# --- SQLite ----------------------------------------------------------------------------------------------


async def test_a_database_that_somebody_else_has_locked_is_unavailable_until_he_lets_go(
    lite: AsyncEngine, tmp_path: Path
) -> None:
    committer = Committer(lite)
    other = sqlite3.connect(tmp_path / "loa.sqlite", isolation_level=None)
    async with lite.connect() as connection:
        await connection.execute(text("PRAGMA busy_timeout=50"))
    async with running(committer.run):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerUnavailable, match="locked"):
            await available(committer.write(put))
        other.execute("ROLLBACK")
        other.close()
        await available(committer.write(put))


async def test_a_file_that_may_only_be_read_is_unavailable_for_writing(lite: AsyncEngine) -> None:
    await asked(lite, "PRAGMA query_only=ON")
    committer = Committer(lite)
    async with running(committer.run):
        with pytest.raises(LedgerUnavailable, match="readonly"):
            await available(committer.write(put))


async def test_a_folder_that_is_gone_is_unavailable(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path}/gone/loa.sqlite")
    with pytest.raises(LedgerUnavailable, match="unable to open"):
        await available(asked(engine, "SELECT 1"))
    await engine.dispose()


@pytest.mark.parametrize("statement", ["SELEKT 1", "SELECT nope FROM deliveries", "SELECT 1 FROM nowhere"])
async def test_a_statement_that_sqlite_cannot_run_is_our_mistake(lite: AsyncEngine, statement: str) -> None:
    with pytest.raises(OperationalError):
        await available(asked(lite, statement))


def test_calls_in_a_wrong_order_are_our_mistake() -> None:
    error = sqlite3.InterfaceError("bad parameter or other API misuse")
    assert is_mistake(error)


# --- PostgreSQL ------------------------------------------------------------------------------------------


async def test_a_statement_in_a_transaction_that_failed_is_our_mistake(grown_up: AsyncEngine) -> None:
    """The driver calls it an internal error of the database."""

    async def goes_on_after_an_error() -> None:
        async with grown_up.connect() as connection:
            with pytest.raises(DBAPIError):
                await connection.execute(text("SELECT 1/0"))
            await connection.execute(text("SELECT 1"))

    with pytest.raises(DBAPIError, match="aborted"):
        await available(goes_on_after_an_error())


async def test_a_server_that_takes_no_writes_is_unavailable(grown_up: AsyncEngine) -> None:
    write = "INSERT INTO media_handles VALUES ('loa', 'ab', 'h')"
    with pytest.raises(LedgerUnavailable, match="read-only"):
        await available(asked(grown_up, "SET TRANSACTION READ ONLY", write))


async def test_a_row_that_stays_locked_is_unavailable(grown_up: AsyncEngine) -> None:
    await asked(grown_up, "INSERT INTO media_handles VALUES ('loa', 'ab', 'h')")
    async with grown_up.begin() as connection:
        await connection.execute(text("UPDATE media_handles SET handle = 'other'"))
        with pytest.raises(LedgerUnavailable, match="lock timeout"):
            await available(asked(grown_up, "SET LOCAL lock_timeout = 20", "DELETE FROM media_handles"))


async def test_a_session_that_the_server_ended_is_unavailable(grown_up: AsyncEngine) -> None:
    async def is_ended() -> None:
        async with grown_up.connect() as connection:
            backend = await connection.scalar(text("SELECT pg_backend_pid()"))
            await asked(grown_up, f"SELECT pg_terminate_backend({backend})")
            await asyncio.sleep(0.05)
            await connection.execute(text("SELECT 1"))

    with pytest.raises(LedgerUnavailable):
        await available(is_ended())


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    engine = open_engine("postgresql+psycopg://loa@127.0.0.1:9/loa")
    with pytest.raises(LedgerUnavailable):
        await available(asked(engine, "SELECT 1"))
    await engine.dispose()


@pytest.mark.parametrize("statement", ["SELEKT 1", "SELECT nope FROM deliveries", "SELECT 1/0"])
async def test_a_statement_that_postgres_cannot_run_is_our_mistake(
    grown_up: AsyncEngine, statement: str
) -> None:
    with pytest.raises(DBAPIError):
        await available(asked(grown_up, statement))


@pytest.mark.parametrize(
    ("state", "is_ours"),
    [
        ("54001", True),  # a statement too complex
        ("25001", True),  # a transaction within a transaction
        ("P0001", True),  # a trigger refused it
        ("25006", False),  # a standby
        ("25P03", False),  # the session idled too long in a transaction
        ("53100", False),  # the disk is full
        ("53300", False),  # too many connections
        ("55P03", False),  # somebody holds the lock
        ("57P01", False),  # the server is shut down
        ("57P03", False),  # the server starts up
        ("08006", False),  # the connection broke
        ("40001", False),  # another transaction came first
        ("XX001", False),  # its data is damaged
    ],
)
def test_each_state_of_postgres_is_ours_or_the_databases(state: str, *, is_ours: bool) -> None:
    cause = psycopg.errors.lookup(state)("said the server")
    assert is_mistake(OperationalError("SELECT", {}, cause)) is is_ours


async def put(connection: AsyncConnection) -> None:
    await connection.execute(insert(media_handles).values(ROW))


async def test_who_is_stopped_while_reading_waits_until_the_connection_is_given_back() -> None:
    has_begun, may_end = asyncio.Event(), asyncio.Event()
    given_back: list[str] = []

    async def read() -> None:
        has_begun.set()
        await may_end.wait()
        given_back.append("connection")

    reader = asyncio.create_task(to_the_end(read()))
    await has_begun.wait()
    reader.cancel()
    await asyncio.sleep(0)
    assert not reader.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert given_back == ["connection"]
