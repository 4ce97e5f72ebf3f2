"""Operator mistakes: what the operator can put right, said in one sentence.

    OperatorMistake        the command line prints its sentence and exits 2; never a stack trace

Everything else that is raised is a bug in Loa and is logged as one.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from bot.texts import gettext as _

_REFUSALS = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class OperatorMistake(Exception):
    """Something only the operator can put right. ``str()``: what happened, and what to do next."""


def mistake_behind(error: BaseException) -> OperatorMistake | None:
    """The operator mistake that lies under ``error``, or None when it is a bug."""
    for cause in _causes(error):
        if isinstance(cause, OperatorMistake):
            return cause
        if isinstance(cause, OSError) and cause.errno == errno.EADDRINUSE:
            return OperatorMistake(
                _("Another program already listens on that port: stop it, or choose another port (web.port).")
            )
        if isinstance(cause, sqlite3.OperationalError) and _is_unwritable(cause):
            return unwritable_database()
        if isinstance(cause, sqlite3.DatabaseError) and _is_damaged(cause):
            return OperatorMistake(
                _(
                    "The file of the database is damaged, or no database: restore a copy, or name another file."
                )
            )
        if isinstance(cause, OSError) and cause.errno in _REFUSALS and cause.filename:
            return OperatorMistake(
                _("Loa may not write {path}: give this user the right to, or choose another place.").format(
                    path=cause.filename
                )
            )
    return None


def unwritable_database(folder: Path | None = None) -> OperatorMistake:
    """The database file, or the folder it lies in, refuses writing."""
    return OperatorMistake(
        _(
            "The database cannot be written: make sure that {folder} exists, that this user owns it, "
            "and that the disk is not full."
        ).format(folder=folder or _("the folder of the database (data_folder)"))
    )


def _is_unwritable(error: sqlite3.OperationalError) -> bool:
    return any(
        words in str(error) for words in ("unable to open database file", "readonly database", "disk is full")
    )


def _is_damaged(error: sqlite3.DatabaseError) -> bool:
    return any(words in str(error) for words in ("file is not a database", "disk image is malformed"))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, then what it was raised from, and the members of groups; each once."""
    waiting, seen = [error], set[int]()
    while waiting:
        cause = waiting.pop()
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        if isinstance(cause, BaseExceptionGroup):
            waiting.extend(cause.exceptions)
        waiting.extend(filter(None, (cause.__cause__, cause.__context__)))
        original = getattr(cause, "orig", None)  # where SQLAlchemy keeps the driver's own error
        if isinstance(original, BaseException):
            waiting.append(original)
