"""Brings a database to this version's tables, at every start, in one transaction.

Most starts find nothing to do. So the version is asked for with one query, and Alembic, which takes a third of a
second to load, is loaded only when it differs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.case_keys import prepare_keys

if TYPE_CHECKING:
    from alembic.config import Config

_MIGRATIONS = Path(__file__).with_name("migrations")
_VERSION_TABLE = "alembic_version"
_UPGRADE_LOCK = 0x4C6F6101  # any number, the same in every process: "Loa" and a 1


def migrations(connection: Connection | None = None) -> Config:
    """Alembic's configuration for our migrations, running on ``connection`` when one is given."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def newest_version() -> str:
    """The version that this code expects: migrations are numbered, and their files begin with the number."""
    numbers = [path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*_*.py")]
    if not numbers:
        raise RuntimeError("there are no migrations")
    return max(numbers)


async def upgrade(engine: AsyncEngine) -> None:
    """Apply every migration that ``engine``'s database lacks. Raises what the database raises."""
    if await version_of(engine) != newest_version():
        await _upgrade(engine)
    async with engine.begin() as connection:
        await connection.run_sync(prepare_keys)


async def _upgrade(engine: AsyncEngine) -> None:
    from alembic import command

    async with engine.begin() as connection:
        if engine.dialect.name == "postgresql":  # several processes may start at once; tables may be large
            await connection.execute(text("SET LOCAL lock_timeout = 0"))
            await connection.execute(text("SET LOCAL statement_timeout = 0"))
            await connection.execute(select(func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
        await connection.run_sync(lambda sync: command.upgrade(migrations(sync), "head"))


async def version_of(engine: AsyncEngine) -> str | None:
    """The version of ``engine``'s database, or None when it was never prepared."""
    async with engine.connect() as connection:
        return await connection.run_sync(_version_on)


def _version_on(connection: Connection) -> str | None:
    if not connection.dialect.has_table(connection, _VERSION_TABLE):
        return None
    version: str | None = connection.scalar(text(f"SELECT version_num FROM {_VERSION_TABLE}"))  # noqa: S608 (ours)
    return version
