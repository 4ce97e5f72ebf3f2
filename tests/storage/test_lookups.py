"""Look-ups on the spot: they see what was committed, and whatever is not quick goes the patient way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import bindparam, column, select, table, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.engine import open_engine
from storage.lookups import Lookups

_LETTERS = table("letters", column("id"), column("word"))
_WORD = select(_LETTERS.c.word).where(_LETTERS.c.id == bindparam("id"))
_COUNTED = text(
    "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < :upto) SELECT max(i) FROM n"
)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path}/loa.sqlite")
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE letters (id INTEGER PRIMARY KEY, word TEXT)"))
        await connection.execute(text("INSERT INTO letters (word) VALUES ('a'), ('b')"))
    yield engine
    await engine.dispose()


async def test_a_row_is_found_by_its_key_or_not_at_all(engine: AsyncEngine) -> None:
    lookups = Lookups(engine)
    assert await lookups.one(_WORD, {"id": 2}) == ("b",)
    assert await lookups.one(_WORD, {"id": 3}) is None
    assert list(await lookups.all(select(_LETTERS.c.id))) == [(1,), (2,)]


async def test_what_was_committed_a_moment_ago_is_seen_and_nothing_sooner(engine: AsyncEngine) -> None:
    lookups = Lookups(engine)
    async with engine.connect() as connection:
        await connection.execute(text("UPDATE letters SET word = 'new' WHERE id = 1"))
        assert await lookups.one(_WORD, {"id": 1}) == ("a",)
        await connection.commit()
        assert await lookups.one(_WORD, {"id": 1}) == ("new",)


async def test_no_other_task_runs_meanwhile(engine: AsyncEngine) -> None:
    lookups, ran = Lookups(engine), asyncio.Event()
    asyncio.get_running_loop().call_soon(ran.set)
    await lookups.one(_WORD, {"id": 1})
    assert not ran.is_set()


async def test_a_question_that_takes_long_does_not_hold_up_everybody(engine: AsyncEngine) -> None:
    lookups, ran = Lookups(engine), asyncio.Event()
    asyncio.get_running_loop().call_soon(ran.set)
    assert await lookups.one(_COUNTED, {"upto": 200_000}) == (200_000,)
    assert ran.is_set()


async def test_a_short_question_asked_often_is_never_taken_for_a_long_one(engine: AsyncEngine) -> None:
    lookups, ran = Lookups(engine), asyncio.Event()
    asyncio.get_running_loop().call_soon(ran.set)
    for _ in range(60):  # together far more steps than one question may take
        await lookups.one(_COUNTED, {"upto": 500})
    assert not ran.is_set()


async def test_a_mistake_in_the_question_is_heard(engine: AsyncEngine) -> None:
    lookups = Lookups(engine)
    with pytest.raises(OperationalError):
        await lookups.one(text("SELECT nothing FROM nowhere"))
    assert await lookups.one(_WORD, {"id": 1}) == ("a",)


async def test_nothing_can_be_written_by_looking(engine: AsyncEngine) -> None:
    lookups = Lookups(engine)
    await lookups.one(text("SELECT 1"))
    with pytest.raises(Exception, match="does not return rows"):
        await lookups.one(text("DELETE FROM letters"))
    assert len(await lookups.all(select(_LETTERS.c.id))) == 2


async def test_an_engine_that_was_closed_can_be_asked_again(engine: AsyncEngine) -> None:
    lookups = Lookups(engine)
    await lookups.one(_WORD, {"id": 1})
    await engine.dispose()
    assert await lookups.one(_WORD, {"id": 1}) == ("a",)
