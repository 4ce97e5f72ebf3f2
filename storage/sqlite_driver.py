"""aiosqlite with one trip to its thread a statement, where it makes four.

Every trip costs a hand-over between threads, which on one core is dearer than the statement itself. So a cursor is
made, run and read in one trip, and words that answer nothing (BEGIN, SAVEPOINT, RELEASE) travel with the
statement after them. What they mean is unchanged: they are run in order, before anything that could see them.
"""

from __future__ import annotations

import sqlite3
from asyncio import Future
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any, Literal, Self, TypeVar

import aiosqlite
from aiosqlite.core import _STOP_RUNNING_SENTINEL, set_exception, set_result

from storage.sqlite_works import AtOnce, speaking_at_once

_ANSWERS_NOTHING = ("BEGIN", "SAVEPOINT ", "RELEASE SAVEPOINT ")
_STATEMENTS_CACHED = 512

Row = tuple[Any, ...]
T = TypeVar("T")


class SwiftCursor:
    """What SQLAlchemy's adapter asks of a cursor; its rows are already here when ``execute`` returns."""

    __slots__ = ("_connection", "_rows", "arraysize", "description", "lastrowid", "rowcount")

    def __init__(self, connection: SwiftConnection) -> None:
        self._connection = connection
        self._rows: list[Row] = []
        self.arraysize = 1
        self.description: Any = None
        self.lastrowid: int | None = None
        self.rowcount = -1

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Self:
        """Run one statement, now or together with the next one."""
        if statement.startswith(_ANSWERS_NOTHING):
            self._connection.say_soon(statement)
        else:
            await self._connection.trip(partial(self._run, statement, parameters))
        return self

    async def executemany(self, statement: str, parameters: Iterable[Sequence[Any]]) -> Self:
        """Run one statement for each of ``parameters``."""
        await self._connection.trip(partial(self._run_many, statement, parameters))
        return self

    async def fetchall(self) -> Sequence[Row]:
        """All rows that were not fetched before."""
        rows, self._rows = self._rows, []
        return rows

    async def fetchone(self) -> Row | None:
        """The next row."""
        return self._rows.pop(0) if self._rows else None

    async def fetchmany(self, size: int | None = None) -> Sequence[Row]:
        """The next few rows."""
        count = size or self.arraysize
        rows, self._rows = self._rows[:count], self._rows[count:]
        return rows

    async def close(self) -> None:
        """Nothing is left open: the rows were read."""

    def _run(self, statement: str, parameters: Sequence[Any], connection: sqlite3.Connection) -> None:
        cursor = connection.execute(statement, parameters)
        self.description = cursor.description
        if cursor.description is not None:
            self._rows = cursor.fetchall()
        self.lastrowid, self.rowcount = cursor.lastrowid, cursor.rowcount

    def _run_many(
        self, statement: str, parameters: Iterable[Sequence[Any]], connection: sqlite3.Connection
    ) -> None:
        cursor = connection.executemany(statement, parameters)
        self.lastrowid, self.rowcount = cursor.lastrowid, cursor.rowcount


class SwiftConnection(aiosqlite.Connection):
    """A connection in a thread of its own. One coroutine at a time uses it, as with any DBAPI connection."""

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=64)
        self._thread = Thread(target=_serve, args=(self._tx,), daemon=True)
        self._soon: list[str] = []
        self._at_once: AtOnce | None = None
        self._trips_made = 0  # counted by the loop
        self._trips_ended = 0  # counted by the thread

    def cursor(self) -> SwiftCursor:  # type: ignore[override]
        """A cursor; nothing travels yet."""
        return SwiftCursor(self)

    def say_soon(self, statement: str) -> None:
        """Run ``statement`` before the next one that travels."""
        self._soon.append(statement)

    async def trip(self, run: Callable[[sqlite3.Connection], None]) -> None:
        """Go to the thread, say what was to be said first, and ``run``."""
        soon, self._soon = self._soon, []
        await self._travel(partial(_said_first, soon, run, self._conn))

    async def visit(self, run: Callable[[sqlite3.Connection, AtOnce], T]) -> T:
        """What ``run`` returns, run in the thread; no transaction is open before it or after it."""
        return await self._travel(partial(self._visited, run))

    def _visited(self, run: Callable[[sqlite3.Connection, AtOnce], T]) -> T:
        if self._at_once is None:
            self._at_once = speaking_at_once(self._conn)
        return run(self._conn, self._at_once)

    async def commit(self) -> None:
        """Commit; a transaction in which nothing was done ends here, without a trip."""
        await self._end("COMMIT")

    async def rollback(self) -> None:
        """Roll back."""
        await self._end("ROLLBACK")

    async def _end(self, how: Literal["COMMIT", "ROLLBACK"]) -> None:
        """A trip given up by its caller may still be under way: only the thread knows what is open then."""
        soon, self._soon = self._soon, []
        is_quiet = self._trips_made == self._trips_ended
        if is_quiet and not self._conn.in_transaction:
            return
        if how == "ROLLBACK":
            soon = []
        await self._travel(partial(_said_first, soon, partial(_ended, how), self._conn))

    async def _travel(self, run: Callable[[], T]) -> T:
        self._trips_made += 1
        result: T = await self._execute(self._trip_there, run)  # type: ignore[no-untyped-call]
        return result

    def _trip_there(self, run: Callable[[], T]) -> T:
        try:
            return run()
        finally:
            self._trips_ended += 1


def _serve(asked: SimpleQueue[tuple[Future[Any] | None, Callable[[], Any]]]) -> None:
    """The thread: as aiosqlite's own, but it does not mind when those who asked are gone with their loop."""
    while True:
        future, work = asked.get()
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 it is handed to whoever asked
            _answer(future, set_exception, error)
        else:
            _answer(future, set_result, result)
            if result is _STOP_RUNNING_SENTINEL:
                return


def _answer(future: Future[Any] | None, how: Callable[[Future[Any], Any], None], what: Any) -> None:
    if future is not None:
        with suppress(RuntimeError):
            future.get_loop().call_soon_threadsafe(how, future, what)


def _ended(how: str, connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute(how)


def _said_first(
    soon: list[str], run: Callable[[sqlite3.Connection], Any], connection: sqlite3.Connection
) -> None:
    for statement in soon:
        connection.execute(statement)
    run(connection)


def connect(database: str, **options: Any) -> SwiftConnection:
    """A connection to the file ``database``; options are those of ``sqlite3.connect``.

    Transactions begin when we say so (``isolation_level`` None).
    """
    options |= {"isolation_level": None, "cached_statements": _STATEMENTS_CACHED}
    return SwiftConnection(partial(_opened, database, options))


def _opened(database: str, options: dict[str, Any]) -> sqlite3.Connection:
    connection: sqlite3.Connection = sqlite3.connect(database, **options)
    return connection
