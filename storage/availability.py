"""When the database itself is the trouble, full, locked or gone, and not one of our own mistakes."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionInTime

from broadcasts.ports import LedgerUnavailable

T = TypeVar("T")

UNAVAILABLE = (
    OperationalError,
    InterfaceError,
    InternalError,
    NoConnectionInTime,
    sqlite3.OperationalError,
    OSError,
)
# Result codes (sqlite.org/rescode.html): a statement that cannot be run, and calls in a wrong order or number.
_MISTAKES_IN_SQLITE = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISUSE, sqlite3.SQLITE_RANGE)
# States and their classes (postgresql.org, appendix A). The driver calls some of our mistakes internal or operational
# errors: a statement in a transaction that has failed already, one that no server could run, a trigger's refusal.
_MISTAKES_IN_POSTGRES = ("24", "25", "27", "2B", "2D", "2F", "38", "39", "3B", "54", "P0")
# A standby that takes no writes, and sessions ended because they idled or took too long.
_NOT_OUR_FAULT = ("25006", "25P03", "25P04")


async def available(answer: Awaitable[T]) -> T:
    """The answer, or ``LedgerUnavailable`` when the database could not give one."""
    try:
        return await answer
    except UNAVAILABLE as error:
        raise instead_of(error) from error


def instead_of(error: Exception) -> Exception:
    """What to raise for one of ``UNAVAILABLE``: itself, when it is our own mistake."""
    return error if is_mistake(error) else LedgerUnavailable(str(error.__cause__ or error))


def is_mistake(error: BaseException) -> bool:
    """Whether it is our statement that is wrong: asked again, it would fail for ever."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", None)
        return isinstance(cause, sqlite3.InterfaceError) or code in _MISTAKES_IN_SQLITE
    state = getattr(cause, "sqlstate", None) or ""
    return state[:2] in _MISTAKES_IN_POSTGRES and state not in _NOT_OUR_FAULT


async def to_the_end(reading: Coroutine[Any, Any, T]) -> T:
    """What ``reading`` answers. Whoever is cancelled meanwhile waits until it is over.

    A read that is cut off between the pool and its caller leaves a connection that nobody gives back.
    """
    task = asyncio.ensure_future(reading)
    try:
        return await asyncio.shield(task)
    finally:
        if not task.done():
            await asyncio.wait([task])
