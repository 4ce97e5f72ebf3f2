"""What was published, for checking copies against: only bulletins that began to be sent, never drafts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bulletins.bulletin import Bulletin, Code
from reports.checks.comparison import Published
from storage.bulletin_records import bulletin_of
from storage.tables import bulletins

_NEWEST_AT_MOST = 100
_READ = (
    select(bulletins)
    .where(bulletins.c.started_at.is_not(None))
    .order_by(bulletins.c.started_at.desc(), bulletins.c.id.desc())
)
_CORRECTIONS_AT_MOST = 500


class PublishedBulletins:
    """Finds published bulletins with what they correct and what has corrected them."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._newest: Sequence[Published] = ()
        self._newest_mark: tuple[Any, ...] = ()

    async def published(self, code: Code) -> Published | None:
        """The bulletin with this code, if any copy of it was ever sent."""
        async with self._engine.connect() as connection:
            found = await _published(connection, bulletins.c.code == code)
            return found[0] if found else None

    async def newest(self) -> Sequence[Published]:
        """The 100 most recent ones; read again only when something was published since."""
        mark = select(func.max(bulletins.c.started_at), func.count(bulletins.c.started_at))
        async with self._engine.connect() as connection:
            now_marked = tuple((await connection.execute(mark)).one())
            if now_marked != self._newest_mark:
                self._newest = await _published(connection, bulletins.c.started_at.is_not(None))
                self._newest_mark = now_marked
            return self._newest


async def _published(connection: AsyncConnection, wanted: ColumnElement[bool]) -> list[Published]:
    rows = await connection.execute(_READ.where(wanted).limit(_NEWEST_AT_MOST))
    found = rows.all()
    family = await _family(connection, {row.corrects or row.id for row in found})
    return [_with_family(row, family) for row in found]


async def _family(connection: AsyncConnection, firsts: set[int]) -> Sequence[Row[Any]]:
    """The first bulletins and all that corrected them, newest first."""
    related = or_(bulletins.c.id.in_(firsts), bulletins.c.corrects.in_(firsts))
    rows = await connection.execute(_READ.where(related).limit(_CORRECTIONS_AT_MOST))
    return rows.all()


def _with_family(row: Row[Any], family: Sequence[Row[Any]]) -> Published:
    first = row.corrects or row.id
    newest = next((one for one in family if one.corrects == first), None)
    original = next((one for one in family if one.id == row.corrects), None)
    return Published(
        bulletin=bulletin_of(row.record),
        original=_bulletin(original),
        newer=None if newest is None or newest.id == row.id else _bulletin(newest),
    )


def _bulletin(row: Row[Any] | None) -> Bulletin | None:
    return None if row is None else bulletin_of(row.record)
