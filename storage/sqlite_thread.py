"""Visits to the thread in which SQLite works.

aiosqlite runs each call in a thread of its own, and SQLAlchemy makes several calls a statement. While the
event loop is busy every one of them waits for the interpreter, so what happens thousands of times a second
is done in one visit. Reaching into aiosqlite is confined to this module; SQLAlchemy's own dialect does the
same.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")


async def in_its_thread(connection: AsyncConnection, work: Callable[[sqlite3.Connection], T]) -> T:
    """The result of ``work`` with the driver's own connection, run where that connection lives."""
    raw: Any = (await connection.get_raw_connection()).driver_connection
    result: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    raw._tx.put_nowait((result, partial(work, raw._conn)))
    return await result
