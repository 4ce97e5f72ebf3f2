"""Group commit: the writes of the moment share one transaction, and each caller awaits the commit of its own.

One task owns the writing connection, so our own writers never wait for each other's locks. There are two
sorts of write. A *work* is any piece of code; it runs in its own savepoint, so one that fails is undone
alone. A *row* belongs to a batch: all rows gathered for one batch are handed to it at once, which makes a
million sends cheap. A commit that fails is heard by all it held, and nothing of it is in the database.

SQLite has one writer at a time, so what a work reads stays true until it writes. In PostgreSQL, where several
processes write, works take turns by a lock that belongs to the whole database; rows need none.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import (
    DatabaseError,
    DataError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.availability import is_mistake
from storage.sqlite_driver import SwiftConnection
from storage.sqlite_thread import in_its_thread
from storage.sqlite_works import Failed, run_works

log = structlog.get_logger(__name__)

T = TypeVar("T")
R = TypeVar("R")
Work = Callable[[AsyncConnection], Awaitable[T]]

_Answer = asyncio.Future[Any]
_Done = list[tuple[_Answer, Any]]

_GATHERED_AT_MOST = 512
_ERRORS_OF_ONE_STATEMENT = (DataError, IntegrityError, ProgrammingError)

_TURN_OF_WORKS = 0x4C6F6102  # any number, the same in every process: "Loa" and a 2
_CONFLICTS = ("40001", "40P01")  # serialization failure, deadlock (postgresql.org, appendix A)
_CONFLICTS_AT_MOST = 5

# To commit there costs both sides as much as thirty rows do. With a hundred pumps some row comes every
# millisecond, so rows wait this long for company, counted from the last commit; works never do.
_POSTGRES_ROWS_APART_SECONDS = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Batch(Generic[R, T]):
    """One way to write many rows of a kind, each answered in its place; it fails or succeeds as a whole.

    SQLite works in a thread. Every call into it and every row out of it would wait for the interpreter, so
    there all batches of a commit are written by plain functions in one visit to that thread.
    """

    in_postgres: Callable[[AsyncConnection, Sequence[R]], Awaitable[Sequence[T]]]
    in_sqlite: Callable[[sqlite3.Connection, Sequence[R]], Sequence[T]]


@dataclass(slots=True)
class _Gathered:
    """The writes of one moment."""

    works: list[tuple[Work[Any], _Answer]] = field(default_factory=list)
    batches: dict[Batch[Any, Any], list[tuple[Any, _Answer]]] = field(default_factory=dict)

    def add(self, batch: Batch[Any, Any] | None, what: Any, answer: _Answer) -> None:
        if batch is None:
            self.works.append((what, answer))
        else:
            self.batches.setdefault(batch, []).append((what, answer))

    def answers(self) -> list[_Answer]:
        rows = [answer for rows in self.batches.values() for _, answer in rows]
        return rows + [answer for _, answer in self.works]


class Committer:
    """Runs writes in shared transactions. ``run`` is the task the supervisor owns."""

    def __init__(
        self, engine: AsyncEngine, *, waiting_at_most: int = 10_000, rows_apart_seconds: float | None = None
    ) -> None:
        """``rows_apart_seconds`` is how long rows wait for company; by itself it is what suits the database."""
        self._engine = engine
        self._waiting: deque[tuple[Any, Any, _Answer]] = deque()
        self._has_work = asyncio.Event()
        self._in_a_hurry = asyncio.Event()
        if rows_apart_seconds is None:
            is_postgres = engine.dialect.name == "postgresql"
            rows_apart_seconds = _POSTGRES_ROWS_APART_SECONDS if is_postgres else 0.0
        self._apart_seconds = rows_apart_seconds
        self._room = asyncio.Semaphore(waiting_at_most)

    async def write(self, work: Work[T]) -> T:
        """The result of ``work(connection)``, once committed. Raises what the work or the commit raised."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        await self._room.acquire()
        self._waiting.append((None, work, answer))
        self._has_work.set()
        self._in_a_hurry.set()
        return await answer

    async def write_row(self, batch: Batch[R, T], row: R) -> T:
        """What ``batch`` answered for ``row``, once committed. Raises what the batch or the commit raised."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        await self._room.acquire()
        self._waiting.append((batch, row, answer))
        self._has_work.set()
        return await answer

    async def run(self) -> None:
        """Serve writes until cancelled. Writers hear of a failing database; the next commit tries it anew."""
        connection: AsyncConnection | None = None
        began = -math.inf
        try:
            while True:
                await self._has_work.wait()
                began = await self._with_company(began)
                gathered = self._gather()
                try:
                    connection = connection or await self._engine.connect()
                    await _commit(connection, gathered)
                except Exception as error:  # noqa: BLE001 it is handed to every writer
                    log.warning("commit failed", error=str(error), writes=len(gathered.answers()))
                    _fail(gathered.answers(), error)
                    await _close(connection)
                    connection = None
                except asyncio.CancelledError:
                    _cancel(gathered.answers())
                    raise
        finally:
            await _close(connection)

    async def _with_company(self, last: float) -> float:
        """Wait for more rows while a commit began only a moment ago; when this one begins."""
        clock = asyncio.get_running_loop().time
        wait_seconds = last + self._apart_seconds - clock()
        if wait_seconds > 0.0 and len(self._waiting) < _GATHERED_AT_MOST:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_seconds):
                    await self._in_a_hurry.wait()
        return clock()

    def _gather(self) -> _Gathered:
        gathered = _Gathered()
        for _ in range(min(len(self._waiting), _GATHERED_AT_MOST)):
            gathered.add(*self._waiting.popleft())
            self._room.release()
        if not self._waiting:
            self._has_work.clear()
            self._in_a_hurry.clear()
        return gathered


async def _commit(connection: AsyncConnection, gathered: _Gathered) -> None:
    """Rows first, then works: two transactions at most, and nearly always one."""
    if gathered.batches:
        _answer(await _despite_conflicts(lambda: _commit_rows(connection, gathered.batches)))
    if gathered.works:
        _answer(await _despite_conflicts(lambda: _commit_works(connection, gathered.works)))


async def _despite_conflicts(commit: Callable[[], Awaitable[_Done]]) -> _Done:
    """PostgreSQL ends one of two transactions that wait for each other; made anew, it finds the way free."""
    for _ in range(_CONFLICTS_AT_MOST):
        try:
            return await commit()
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) not in _CONFLICTS:
                raise
    return await commit()


async def _commit_rows(
    connection: AsyncConnection, batches: dict[Batch[Any, Any], list[tuple[Any, _Answer]]]
) -> _Done:
    if connection.dialect.name == "sqlite":
        jobs = [(batch, [row for row, _ in rows]) for batch, rows in batches.items()]
        results = await in_its_thread(connection, lambda driver: _write_in_sqlite(driver, jobs))
    else:
        async with connection.begin():
            results = [
                await batch.in_postgres(connection, [row for row, _ in rows])
                for batch, rows in batches.items()
            ]
    return [
        (answer, result)
        for rows, answered in zip(batches.values(), results, strict=True)
        for (_, answer), result in zip(rows, answered, strict=True)
    ]


def _write_in_sqlite(
    driver: sqlite3.Connection, jobs: Sequence[tuple[Batch[Any, Any], Sequence[Any]]]
) -> list[Sequence[Any]]:
    """One transaction of all batches, in SQLite's own thread."""
    driver.execute("BEGIN IMMEDIATE")
    try:
        results = [batch.in_sqlite(driver, rows) for batch, rows in jobs]
        driver.execute("COMMIT")
    except BaseException:
        if driver.in_transaction:
            driver.execute("ROLLBACK")
        raise
    return results


async def _commit_works(connection: AsyncConnection, works: Sequence[tuple[Work[Any], _Answer]]) -> _Done:
    raw = (await connection.get_raw_connection()).driver_connection
    if isinstance(raw, SwiftConnection):
        return await _commit_at_once(raw, [one for one in works if not one[1].done()])
    done: _Done = []
    async with connection.begin():
        if connection.dialect.name == "postgresql":
            await connection.execute(select(func.pg_advisory_xact_lock(_TURN_OF_WORKS)))
        for work, answer in works:
            done += await _try_work(connection, work, answer)
    return done


async def _commit_at_once(connection: SwiftConnection, works: Sequence[tuple[Work[Any], _Answer]]) -> _Done:
    """In SQLite all works are run in one visit to its thread."""
    asked = [work for work, _ in works]
    results = await connection.visit(
        lambda driver, at_once: run_works(driver, at_once, asked, _undoes_everything)
    )
    done: _Done = []
    for (_, answer), result in zip(works, results, strict=True):
        if isinstance(result, Failed):
            _fail((answer,), result.error)
        else:
            done.append((answer, result))
    return done


async def _try_work(connection: AsyncConnection, work: Work[Any], answer: _Answer) -> _Done:
    if answer.done():  # its caller gave up while it waited
        return []
    savepoint = await connection.begin_nested()
    try:
        result = await work(connection)
    except Exception as error:
        if _undoes_everything(error):
            raise
        await savepoint.rollback()
        _fail((answer,), error)
        return []
    await savepoint.commit()
    return [(answer, result)]


def _undoes_everything(error: Exception) -> bool:
    """Whether the database undid the whole transaction by itself, as SQLite does when the disk is full."""
    is_databases = isinstance(error, DatabaseError) and not isinstance(error, _ERRORS_OF_ONE_STATEMENT)
    return is_databases and not is_mistake(error)


async def _close(connection: AsyncConnection | None) -> None:
    """Give the connection back, whatever became of it; the pool throws a broken one away."""
    if connection is not None:
        with contextlib.suppress(SQLAlchemyError):
            await connection.close()


def _answer(done: _Done) -> None:
    for answer, result in done:
        if not answer.done():
            answer.set_result(result)


def _fail(answers: Iterable[_Answer], error: BaseException) -> None:
    for answer in answers:
        if not answer.done():
            answer.set_exception(error)


def _cancel(answers: Iterable[_Answer]) -> None:
    for answer in answers:
        answer.cancel()
