"""The database engine: opened once, with the settings that durability rests on.

SQLite runs in WAL mode with ``synchronous=FULL``: a commit that was answered survives a power cut. PostgreSQL
does so by itself; there a peer that vanished is noticed within seconds, and nobody is waited for without end.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote

from sqlalchemy import Connection, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from storage.lookups import look_up_in_place
from storage.sqlite_driver import connect

_BUSY_TIMEOUT_MILLISECONDS = 5_000
_CACHE_KIBIBYTES = 16_000

# libpq's words for how soon a dead connection is noticed (postgresql.org, "Parameter Key Words").
POSTGRES_CONNECTION = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "application_name": "loa",
}
# A process that froze inside a transaction must not hold up all others.
_POSTGRES_SESSION = {
    "lock_timeout": "30s",
    "statement_timeout": "120s",
    "idle_in_transaction_session_timeout": "20s",
    # Our statements are short: to compile one costs more than to run it.
    "jit": "off",
}
# They stay: to open one costs both sides more than a hundred statements.
_POSTGRES_CONNECTIONS = 16
# Each connection is a thread: a few that stay are cheaper than many that come and go.
_POOL = {"pool_size": 4, "max_overflow": 0, "pool_timeout": 30.0}


def open_engine(url: str, *, synchronous: str = "FULL", **options: Any) -> AsyncEngine:
    """An engine for ``url`` (``sqlite+aiosqlite:///FILE`` or ``postgresql+psycopg://…``).

    ``synchronous`` is SQLite's own word (FULL, NORMAL); see sqlite.org/pragma.html#pragma_synchronous.
    ``options`` go to SQLAlchemy as they are: the seeded runs hand in their own connections.
    """
    # An error of the database goes to the logs: its statement may, what it was about may not.
    options = {"hide_parameters": True, **options}
    if make_url(url).get_backend_name() == "postgresql":
        return create_async_engine(url, **{**_postgres_options(url), **options})
    is_ours = "async_creator" not in options
    if is_ours:
        connect_args = {"async_creator_fn": connect, **options.pop("connect_args", {})}
        options = {**_POOL, **options, "connect_args": connect_args}
    engine = create_async_engine(url, **options)
    _prepare_sqlite(engine, synchronous, _keys_file(url) if is_ours else None)
    if is_ours:
        look_up_in_place(engine)
    return engine


def sqlite_file(url: str) -> Path | None:
    """The file that ``url`` leads to; None when it leads into memory, or to a server."""
    parts = make_url(url)
    name = parts.database or ":memory:"
    is_in_memory = name.endswith(":memory:") or parts.query.get("mode") == "memory"
    if parts.get_backend_name() != "sqlite" or is_in_memory:
        return None
    # sqlite.org/uri.html: the name may be an address itself.
    return Path(unquote(name.removeprefix("file:")) if name.startswith("file:") else name)


def _keys_file(url: str) -> str:
    """Beside the database, for backups are made of the database alone; see ``case_keys.py``."""
    file = sqlite_file(url)
    return ":memory:" if file is None else str(file.with_name(f"{file.stem}-keys{file.suffix}"))


def _postgres_options(url: str) -> dict[str, Any]:
    """What the address itself says comes first."""
    said = make_url(url).query
    session = " ".join(f"-c {name}={value}" for name, value in _POSTGRES_SESSION.items())
    wanted = {**POSTGRES_CONNECTION, "options": session}
    return {
        "connect_args": {name: value for name, value in wanted.items() if name not in said},
        "pool_size": _POSTGRES_CONNECTIONS,
        "max_overflow": 0,
    }


def for_reading(engine: AsyncEngine) -> AsyncEngine:
    """The same database for single SELECTs: PostgreSQL is spared the transaction around each, two trips less."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="AUTOCOMMIT")
    return engine


def _prepare_sqlite(engine: AsyncEngine, synchronous: str, keys_file: str | None) -> None:
    """WAL and FULL on each new connection, for both files; transactions begin when we say so, not when the driver
    guesses. Without ``keys_file`` no keys are at hand.
    """
    if synchronous not in ("FULL", "NORMAL", "EXTRA"):
        raise ValueError(f"synchronous cannot be {synchronous}")

    @event.listens_for(engine.sync_engine, "connect")
    def set_pragmas(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            "secure_delete=ON",  # what was erased is overwritten, not only unlinked
            f"busy_timeout={_BUSY_TIMEOUT_MILLISECONDS}",
            f"cache_size=-{_CACHE_KIBIBYTES}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        if keys_file is not None:
            cursor.execute("ATTACH DATABASE ? AS keys", (keys_file,))
            cursor.execute("PRAGMA keys.journal_mode=WAL")
            cursor.execute(f"PRAGMA keys.synchronous={synchronous}")
        cursor.close()
        connection.isolation_level = None

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")
