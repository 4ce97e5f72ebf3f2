"""Every night reports, their consents and cases are laid down anew in an order by chance.

Databases lay rows down in the order in which they come: PostgreSQL in its pages and under the numbers of its
transactions, SQLite within each page. Two reports of one sitting lie side by side then. So each row is written again, a
few at a time; ``Traces`` then wipes what was left where they lay before.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from random import Random
from typing import Any

from sqlalchemy import Table, delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.committer import Committer
from storage.tables import cases, consents, reports

_AT_A_TIME = 200


class Shuffling:
    """Does it, for whatever may still be somebody's."""

    def __init__(self, engine: AsyncEngine, committer: Committer, chance: Random) -> None:
        self._engine = engine
        self._committer = committer
        self._chance = chance

    async def shuffle(self) -> None:
        """Write every such row again. Each few are one transaction, so nobody waits long."""
        theirs = select(reports.c.id).where(reports.c.reporter.is_not(None))
        for some in await self._slices(theirs):
            await self._committer.write(partial(self._lay_reports, some))
        for some in await self._slices(select(cases.c.id).where(cases.c.sealed.is_not(None))):
            await self._committer.write(partial(self._lay_cases, some))

    async def _slices(self, wanted: Any) -> list[Sequence[int]]:
        async with self._engine.connect() as connection:
            ids = list((await connection.execute(wanted)).scalars())
        self._chance.shuffle(ids)
        return [ids[first : first + _AT_A_TIME] for first in range(0, len(ids), _AT_A_TIME)]

    async def _lay_reports(self, some: Sequence[int], connection: AsyncConnection) -> None:
        agreed = await _taken_out(connection, consents, consents.c.report_id.in_(some))
        filed = await _taken_out(connection, reports, reports.c.id.in_(some))
        for table, rows in ((reports, filed), (consents, agreed)):
            self._chance.shuffle(rows)
            if rows:
                await connection.execute(insert(table), rows)

    async def _lay_cases(self, some: Sequence[int], connection: AsyncConnection) -> None:
        """Reports and verdicts point at cases: in SQLite that may wait until the end, in PostgreSQL they stay."""
        if connection.dialect.name == "sqlite":
            await connection.execute(text("PRAGMA defer_foreign_keys=ON"))
            rows = await _taken_out(connection, cases, cases.c.id.in_(some))
            self._chance.shuffle(rows)
            await connection.execute(insert(cases), rows)
            return
        for case in some:
            await connection.execute(update(cases).where(cases.c.id == case).values(state=cases.c.state))


async def _taken_out(connection: AsyncConnection, table: Table, which: Any) -> list[dict[str, Any]]:
    rows = [dict(row._mapping) for row in await connection.execute(select(table).where(which))]
    await connection.execute(delete(table).where(which))
    return rows
