"""When the database itself is the trouble, full, locked or gone, and not one of our own mistakes."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable
from typing import TypeVar

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
# A standby that takes no writes, and a session ended because it idled (postgresql.org, appendix A).
_NOT_OUR_FAULT = ("25006", "25P03")


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
    """Whether it is our statement that is wrong: SQLite calls that an operational error too."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", None)
    return isinstance(cause, sqlite3.Error) and code == sqlite3.SQLITE_ERROR
