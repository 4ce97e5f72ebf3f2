"""The works of one commit, run in SQLite's own thread in one visit.

A work is written for an asynchronous connection, which PostgreSQL needs, but in SQLite each of its statements would
travel to the thread and back. A work awaits nothing but its connection; so here it is given one that answers at
once, and runs from its beginning to its end without ever stopping.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Connection, CursorResult, Dialect, ScalarResult, StaticPool, create_engine
from sqlalchemy.ext.asyncio import AsyncConnection

Work = Callable[[AsyncConnection], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Failed:
    """A work failed, and was undone alone."""

    error: Exception


class AtOnce:
    """The face of ``AsyncConnection`` that works see."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def dialect(self) -> Dialect:
        """Which database this is."""
        return self._connection.dialect

    async def execute(self, statement: Any, parameters: Any = None, **options: Any) -> CursorResult[Any]:
        """Run one statement."""
        return self._connection.execute(statement, parameters, **options)

    async def scalar(self, statement: Any, parameters: Any = None, **options: Any) -> Any:
        """The first value of the first row."""
        return self._connection.scalar(statement, parameters, **options)

    async def scalars(self, statement: Any, parameters: Any = None, **options: Any) -> ScalarResult[Any]:
        """The first value of each row."""
        return self._connection.scalars(statement, parameters, **options)


def speaking_at_once(driver: sqlite3.Connection) -> AtOnce:
    """What works of this connection are given; make it once, in the thread in which the connection lives.

    Transactions are not SQLAlchemy's here (AUTOCOMMIT), and the connection is closed by whoever opened it.
    """
    engine = create_engine(
        "sqlite://",
        creator=lambda: driver,
        poolclass=StaticPool,
        pool_reset_on_return=None,
        isolation_level="AUTOCOMMIT",
    )
    return AtOnce(engine.connect())


def run_works(
    driver: sqlite3.Connection,
    connection: AtOnce,
    works: Sequence[Work],
    undoes_everything: Callable[[Exception], bool],
) -> list[Any | Failed]:
    """What each work returned, or that it failed, in one transaction that is committed when this returns."""
    driver.execute("BEGIN IMMEDIATE")
    try:
        results = [_run(driver, connection, work, undoes_everything) for work in works]
        driver.execute("COMMIT")
    except BaseException:
        if driver.in_transaction:
            driver.execute("ROLLBACK")
        raise
    return results


def _run(
    driver: sqlite3.Connection,
    connection: AtOnce,
    work: Work,
    undoes_everything: Callable[[Exception], bool],
) -> Any | Failed:
    driver.execute("SAVEPOINT work")
    try:
        result = _to_its_end(work(cast(AsyncConnection, connection)))
    except Exception as error:
        if undoes_everything(error):
            raise
        driver.execute("ROLLBACK TO work")
        result = Failed(error)
    driver.execute("RELEASE work")
    return result


def _to_its_end(work: Awaitable[Any]) -> Any:
    steps = work.__await__()
    try:
        next(steps)
    except StopIteration as end:
        return end.value
    steps.close()
    raise RuntimeError("a work awaits nothing but its connection")
