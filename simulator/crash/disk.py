"""The database of seeded runs: real SQLite in a real file, run in place instead of in a thread.

The product's own connection is used; only the queue to its thread is another one, which does each visit as a step
of the event loop. So other tasks come in between, and a process can die before a visit, or after it but before
anybody hears of it. What a dead process had not committed is rolled back, as SQLite does when it finds the file.

One file and its connections serve all runs of this operating-system process, one after the other: opening them
anew would cost more than a run.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Generator, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from simulator.crash.scenario import OutageKind
from storage.engine import open_engine
from storage.sqlite_driver import SwiftConnection

_MEMORY = Path("/dev/shm")  # noqa: S108 (a folder in memory, where there is one: no run may wait for a disk)
_KEPT_STATEMENTS = 512
_CONNECTIONS = 11
_WRITES = ("INSERT", "UPDATE", "DELETE", "COMMIT")


@dataclass(slots=True)
class DiskWeather:
    """How the disk behaves during one life. Without a ``random`` it is quick and never fails."""

    random: Random | None = None
    slow_probability: float = 0.0
    slowest_seconds: float = 0.0
    failure_probability: float = 0.0
    """How often a write finds the disk full."""
    outage: OutageKind | None = None
    """Why no write works at the moment."""
    is_dead: bool = False

    def clear_up(self) -> None:
        """There is room again."""
        self.failure_probability = 0.0

    def delay_seconds(self) -> float:
        """How long a visit takes to begin."""
        if self.random is None or self.is_dead or not self.slow_probability:
            return 0.0
        is_slow = self.random.random() < self.slow_probability
        return self.random.random() * self.slowest_seconds if is_slow else 0.0

    def check(self, statement: str) -> None:
        """Raises what SQLite would when the disk is full. For the dead it is broken for good."""
        if self.is_dead and not statement.startswith("ROLLBACK"):
            raise _error("the process is dead", sqlite3.SQLITE_IOERR)
        if self.outage is not None:
            _refuse(statement, self.outage)
        if self.random is None or not self.failure_probability:
            return
        if statement.lstrip().startswith(_WRITES) and self.random.random() < self.failure_probability:
            raise _error("database or disk is full", sqlite3.SQLITE_FULL)


class _FrailConnection(sqlite3.Connection):
    """SQLite's own connection on a disk that may fail."""

    disk: Disk

    def execute(self, statement: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """One statement."""
        self.disk.weather.check(statement)
        return super().execute(statement, parameters)

    def executemany(self, statement: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        """One statement with many rows."""
        self.disk.weather.check(statement)
        return super().executemany(statement, parameters)


class _Visits:
    """Stands for aiosqlite's queue of work for its thread. What nobody waits for is done at once."""

    def __init__(self, delay_seconds: Callable[[], float]) -> None:
        self._delay_seconds = delay_seconds

    def put_nowait(self, asked: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        answer, work = asked
        if answer is None:
            work()
            return
        loop, delay_seconds = asyncio.get_running_loop(), self._delay_seconds()
        if delay_seconds:
            loop.call_later(delay_seconds, _visit, answer, work)
        else:
            loop.call_soon(_visit, answer, work)


def _visit(answer: asyncio.Future[Any], work: Callable[[], Any]) -> None:
    """It is done even when nobody waits for the answer any more, as a thread would."""
    try:
        result = work()
    except Exception as error:  # noqa: BLE001 it is handed to whoever asked
        if not answer.done():
            answer.set_exception(error)
    else:
        if not answer.done():
            answer.set_result(result)


class InPlaceConnection(SwiftConnection):
    """The product's connection without its thread. ``delay_seconds`` says how long a visit takes to begin."""

    def __init__(
        self, opened: Callable[[], sqlite3.Connection], delay_seconds: Callable[[], float] = lambda: 0.0
    ) -> None:
        super().__init__(opened)
        self._tx: Any = _Visits(delay_seconds)

    def __await__(self) -> Generator[Any, None, InPlaceConnection]:
        """Connected; no thread is started."""
        return self._connected().__await__()

    async def _connected(self) -> InPlaceConnection:
        self._connection = self._connector()
        return self

    @property
    def is_open(self) -> bool:
        """Whether nobody has closed it."""
        return self._connection is not None

    def give_up(self) -> None:
        """Let go of the file at once."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def crash(self) -> None:
        """The process is gone: what it had not committed never was, and what it still asked for is not done."""
        self._soon.clear()
        self._trips_ended = self._trips_made
        if self._connection is not None:
            self._connection.rollback()


@dataclass(slots=True)
class Disk:
    """A folder with one database file, and an engine of the product's own making on it."""

    weather: DiskWeather = field(default_factory=DiskWeather)
    _folder: TemporaryDirectory[str] = field(init=False)
    _open: list[InPlaceConnection] = field(default_factory=list)
    engine: AsyncEngine = field(init=False)
    observer: sqlite3.Connection = field(init=False)
    """A connection of the run's own, to look in without being part of it."""

    def __post_init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="loa-crash-", dir=_MEMORY if _MEMORY.is_dir() else None)
        self.engine = open_engine(
            f"sqlite+aiosqlite:///{self.path}",
            async_creator=self._connect,
            poolclass=AsyncAdaptedQueuePool,
            pool_size=_CONNECTIONS,
            max_overflow=0,
        )
        self.observer = sqlite3.connect(self.path, isolation_level=None)
        self.observer.row_factory = sqlite3.Row

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self._folder.name) / "loa.sqlite"

    def __enter__(self) -> Disk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for connection in self._open:
            connection.give_up()
        self.engine.sync_engine.dispose(close=False)
        self.observer.close()
        self._folder.cleanup()

    def open_file(self) -> sqlite3.Connection:
        """A connection of SQLite's own to the file."""
        opened = sqlite3.connect(
            self.path, isolation_level=None, cached_statements=_KEPT_STATEMENTS, factory=_FrailConnection
        )
        opened.disk = self
        return opened

    async def warm_up(self) -> None:
        """Open every connection that may be used at a time."""
        async with AsyncExitStack() as opened:
            for _ in range(_CONNECTIONS):
                await opened.enter_async_context(self.engine.connect())

    def _delay_seconds(self) -> float:
        return self.weather.delay_seconds()

    async def _connect(self, *_: Any, **__: Any) -> InPlaceConnection:
        self._open = [known for known in self._open if known.is_open]
        connection = await InPlaceConnection(self.open_file, self._delay_seconds)
        self._open.append(connection)
        return connection

    def crash(self) -> None:
        """Roll back whatever any connection had begun."""
        for connection in self._open:
            connection.crash()


def _refuse(statement: str, outage: OutageKind) -> None:
    """Locked, not even the transaction begins; full, nothing can be added to it."""
    said = statement.lstrip()
    if outage is OutageKind.LOCKED and said.startswith("BEGIN IMMEDIATE"):
        raise _error("database is locked", sqlite3.SQLITE_BUSY)
    if outage is OutageKind.FULL and said.startswith(_WRITES):
        raise _error("database or disk is full", sqlite3.SQLITE_FULL)


def _error(what: str, code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(what)
    error.sqlite_errorcode = code
    return error
