"""Alembic's entry: on the connection that ``storage.schema`` hands over, or on the one of LOA_DATABASE__URL."""

from __future__ import annotations

import asyncio
import os

from alembic import context
from sqlalchemy import Connection

from storage.engine import open_engine
from storage.tables import metadata


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        user_module_prefix="storage.tables.",
    )
    with context.begin_transaction():
        context.run_migrations()


async def _run_from_the_command_line() -> None:
    engine = open_engine(os.environ.get("LOA_DATABASE__URL", "sqlite+aiosqlite:///loa.sqlite"))
    async with engine.begin() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


handed_over = context.config.attributes.get("connection")
if handed_over is None:
    asyncio.run(_run_from_the_command_line())
else:
    _run(handed_over)
