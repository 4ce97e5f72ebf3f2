"""The last traces of what was erased: SQLite keeps overwritten pages in its write-ahead log until that is emptied."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from members.channel import PersonId
from storage.sqlite_thread import in_its_thread

_VACUUM = (
    "VACUUM drafts, buttons, conversations, invitations, members, channels, pledges, reports, consents, cases"
)


class Traces:
    """A keeper of nothing, which is asked last to forget: then no page with the person's data is left on the disk.

    On PostgreSQL old row versions of reports go with the vacuum of every night, the others with the next that it makes
    by itself; its log is the operator's to rotate.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def export(self, _person: PersonId) -> dict[str, Any]:
        """There is nothing here."""
        return {}

    async def forget(self, _person: PersonId) -> None:
        """Empty the log, unless somebody is reading from it: then the nightly round does."""
        if self._engine.dialect.name == "sqlite":
            await self.wipe()

    async def wipe(self) -> None:
        """Leave nothing of what was erased or moved on the disk (sqlite.org/wal.html, "Checkpointing")."""
        if self._engine.dialect.name != "sqlite":
            async with self._engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
                await connection.execute(text(_VACUUM))
            return
        async with self._engine.connect() as connection:
            await in_its_thread(
                connection, lambda driver: driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            )
