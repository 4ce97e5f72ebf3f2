"""Latches: a file beside what only one process at a time may work on, held while it does.

    take_latch        at once, or not at all
    deliver_alone     whoever sends out of an SQLite file; with patience, for a process that is still ending

The kernel lets go of a latch when the process that holds it ends, however it ends.
"""

from __future__ import annotations

import asyncio
import fcntl
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO

import structlog

from bot.mistakes import OperatorMistake
from bot.settings import Settings
from bot.storehouse import make_folder
from bot.texts import gettext as _
from storage.engine import sqlite_file

log = structlog.get_logger(__name__)

_PATIENCE_SECONDS = 10.0
_LOOKED_EVERY_SECONDS = 0.1


def take_latch(file: Path) -> IO[bytes]:
    """Held until what this returns is closed. Raises BlockingIOError while somebody else holds it, or OSError.

    The file stays when it is let go of: if it were removed, two could hold two files of the same name.
    """
    latch = file.open("ab")
    try:
        fcntl.flock(latch, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        latch.close()
        raise
    return latch


async def deliver_alone(settings: Settings) -> AbstractContextManager[object]:
    """Until the end of what this returns, nobody else sends out of the database. Raises OperatorMistake.

    A second process would take for interrupted what the first is just sending, and send it once more. A cluster
    has locks of its own (``bot/cluster.py``); a database in memory is nobody else's.
    """
    database = sqlite_file(settings.database_url)
    if database is None:
        return nullcontext()
    make_folder(settings.data_folder)
    # Never the database's own file: to close it once would take SQLite's own locks off it.
    real = database.resolve()
    file = real.with_name(f"{real.name}.delivering")
    try:
        return await _take_soon(file)
    except BlockingIOError as error:
        raise OperatorMistake(
            _(
                "Another Loa process already delivers from {database}: stop that one first; for several "
                "processes or machines that share the work, use PostgreSQL (database.url)."
            ).format(database=database)
        ) from error
    except OSError as error:
        raise OperatorMistake(
            _(
                "Loa cannot make or lock {file} ({reason}): make sure that this user may write to its folder, "
                "and that it lies on a local disk."
            ).format(file=file, reason=error.strerror)
        ) from error


async def _take_soon(file: Path) -> IO[bytes]:
    """Whoever is started again may come before the process that it replaces has sent its last message."""
    loop = asyncio.get_running_loop()
    gives_up_at = loop.time() + _PATIENCE_SECONDS
    is_known = False
    while True:
        try:
            return take_latch(file)
        except BlockingIOError:
            if loop.time() >= gives_up_at:
                raise
        if not is_known:
            is_known = True
            log.warning("another process delivers: waiting for its end", seconds=_PATIENCE_SECONDS)
        await asyncio.sleep(_LOOKED_EVERY_SECONDS)
