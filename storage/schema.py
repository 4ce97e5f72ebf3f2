"""Brings a database to this version's tables, at every start, in one transaction."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

_MIGRATIONS = Path(__file__).with_name("migrations")
_UPGRADE_LOCK = 0x4C6F6101  # any number, the same in every process: "Loa" and a 1


def migrations(connection: Connection | None = None) -> Config:
    """Alembic's configuration for our migrations, running on ``connection`` when one is given."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def newest_version() -> str:
    """The version that this code expects."""
    head = ScriptDirectory.from_config(migrations()).get_current_head()
    if head is None:
        raise RuntimeError("there are no migrations")
    return head


async def upgrade(engine: AsyncEngine) -> None:
    """Apply every migration that ``engine``'s database lacks. Raises what the database raises."""
    async with engine.begin() as connection:
        if engine.dialect.name == "postgresql":  # several processes may start at once; tables may be large
            await connection.execute(text("SET LOCAL lock_timeout = 0"))
            await connection.execute(text("SET LOCAL statement_timeout = 0"))
            await connection.execute(select(func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
        await connection.run_sync(lambda sync: command.upgrade(migrations(sync), "head"))


async def version_of(engine: AsyncEngine) -> str | None:
    """The version of ``engine``'s database, or None when it was never prepared."""
    async with engine.connect() as connection:
        return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())
