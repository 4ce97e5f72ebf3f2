"""The backlog in a real database: sealed, gone when its update is handled, and given up after a few starts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.backlog import SqlBacklog
from storage.committer import Committer
from storage.engine import open_engine
from storage.sealing import Sealer
from storage.tables import backlog, metadata
from storage.updates import Updates

NOON = datetime(2026, 11, 2, 5, tzinfo=UTC)
WORDS = b'{"update_id": 5, "words": "t\xc3\xb4i b\xe1\xbb\x8b l\xe1\xbb\xaba"}'


class Book:
    """Both sides over one database."""

    def __init__(self, engine: AsyncEngine, committer: Committer, key: bytes = bytes(32)) -> None:
        self.engine, self.committer = engine, committer
        self.backlog = SqlBacklog(committer, Sealer(key), now=lambda: NOON)
        self.updates = Updates(engine, committer, now=lambda: NOON)

    async def sealed(self) -> list[bytes]:
        async with self.engine.connect() as connection:
            return list(await connection.scalars(select(backlog.c.sealed)))


@pytest.fixture
async def book(database_url: str) -> AsyncIterator[Book]:
    engine = open_engine(database_url)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    committer = Committer(engine)
    writing = asyncio.create_task(committer.run())
    yield Book(engine, committer)
    writing.cancel()
    with suppress(asyncio.CancelledError):
        await writing
    await engine.dispose()


async def test_what_is_kept_comes_back_as_it_was_until_it_is_marked_as_seen(book: Book) -> None:
    await book.backlog.keep("loa", {7: b"seven", 5: WORDS})
    await book.backlog.keep("loa", {5: b"another", 9: b"nine"})
    await book.backlog.keep("other", {5: b"elsewhere"})

    assert await book.backlog.kept("loa") == [WORDS, b"seven", b"nine"]

    await book.updates.mark_seen("loa", 5)
    await book.updates.mark_seen("loa", 5)
    assert await book.backlog.kept("loa") == [b"seven", b"nine"]
    assert await book.backlog.kept("other") == [b"elsewhere"]


async def test_what_was_handled_while_it_was_about_to_be_kept_is_not_kept(book: Book) -> None:
    await book.updates.mark_seen("loa", 5)
    await book.backlog.keep("loa", {5: WORDS, 6: b"six"})
    await book.backlog.keep("loa", {})

    assert await book.backlog.kept("loa") == [b"six"]


async def test_nobody_reads_it_without_the_operators_key(book: Book) -> None:
    await book.backlog.keep("loa", {5: WORDS})
    (sealed,) = await book.sealed()

    assert WORDS not in sealed
    assert b"words" not in sealed
    assert await Book(book.engine, book.committer, bytes([1]) * 32).backlog.kept("loa") == []


async def test_what_may_have_ended_the_process_three_times_is_given_up(book: Book) -> None:
    await book.backlog.keep("loa", {5: WORDS})

    assert [len(await book.backlog.kept("loa")) for _ in range(5)] == [1, 1, 1, 0, 0]


async def test_the_nightly_round_deletes_what_nobody_will_ever_ask_for(book: Book) -> None:
    await book.backlog.keep("a bot of last year", {5: WORDS})

    assert await book.backlog.forget(NOON) == 0
    assert await book.backlog.forget(NOON + timedelta(seconds=1)) == 1
    assert await book.sealed() == []
