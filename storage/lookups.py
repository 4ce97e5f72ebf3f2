"""Look-ups of a few rows by their key, done on the spot.

A trip to SQLite's thread and back costs fifty times what finding a row by its key does. So there such a look-up is
run in place, by a connection that only reads; each sees all that was committed before it. What SQLite cannot answer
at once, because it would take long or must wait, is asked again in the patient way, which is the only one
PostgreSQL has.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, CursorResult, Engine, Executable, NullPool, Row, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

T = TypeVar("T")

# SQLite's steps (sqlite.org/opcode.html) until a look-up is given up: about a millisecond. One by key takes some 50.
_STEPS_AT_MOST = 20_000
_STATEMENTS_CACHED = 256


class Lookups:
    """Reads single statements. Anything that must hold over several belongs in a transaction."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._place = _PLACES.get(engine.sync_engine)

    async def one(self, query: Executable, parameters: Mapping[str, Any] | None = None) -> Row[Any] | None:
        """The only row, or None. Raises MultipleResultsFound."""
        return await self._ask(query, parameters, CursorResult.one_or_none)

    async def all(self, query: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """All rows."""
        return await self._ask(query, parameters, CursorResult.all)

    async def _ask(
        self, query: Executable, given: Mapping[str, Any] | None, read: Callable[[CursorResult[Any]], T]
    ) -> T:
        if self._place is not None:
            try:
                return read(self._place.execute(query, given))
            except DBAPIError:
                self._place.close()
        async with self._engine.connect() as connection:
            return read(await connection.execute(query, given))


class _Place:
    """The reading connection of one engine; opened when it is first needed."""

    def __init__(self, database: str) -> None:
        self._database = database
        self._engine = create_engine(
            "sqlite://", creator=self._opened, poolclass=NullPool, isolation_level="AUTOCOMMIT"
        )
        self._connection: Connection | None = None
        self._reminded = 0

    def execute(self, query: Executable, given: Mapping[str, Any] | None) -> CursorResult[Any]:
        """Raises DBAPIError when there is no such file, when something is locked, or when it takes long."""
        if self._connection is None:
            self._connection = self._engine.connect()
        self._reminded = 0
        return self._connection.execute(query, given)

    def close(self, _: Engine | None = None) -> None:
        """Let go of the file."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _opened(self) -> sqlite3.Connection:
        """Nothing is waited for: a lock in the way is an error, and the look-up then goes the patient way."""
        connection = sqlite3.connect(
            f"{Path(self._database).absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=0,
            isolation_level=None,
            cached_statements=_STATEMENTS_CACHED,
        )
        connection.execute("PRAGMA query_only=ON")
        connection.set_progress_handler(self._takes_long, _STEPS_AT_MOST)
        return connection

    def _takes_long(self) -> bool:
        """SQLite counts on from one run of a statement to the next, so its first reminder may mean little."""
        self._reminded += 1
        return self._reminded > 1


_PLACES: WeakKeyDictionary[Engine, _Place] = WeakKeyDictionary()


def look_up_in_place(engine: AsyncEngine) -> None:
    """From now on ``Lookups`` of this engine, which reads an SQLite file of ours, need no thread."""
    if engine.url.database in (None, "", ":memory:") or "mode=memory" in str(engine.url):
        return
    place = _PLACES[engine.sync_engine] = _Place(str(engine.url.database))
    event.listen(engine.sync_engine, "engine_disposed", place.close)
