"""By which its own reporter, and nobody else, finds a report again: a name drawn from the person, the day and a number.

No two reports have anything in common by it, for whoever has no key. With the person at hand, all that they reported
while reports can be told apart is found by looking up a few thousand names, however many reports there are.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from members.channel import PersonId
from storage.case_keys import case_keys
from storage.naming import Names
from storage.sealing import Sealer
from storage.tables import cases, reports

_DAYS = 92
"""No evidence is kept longer; when it goes, nobody can tell any more whose a report was, and its locator goes, too."""
_A_DAY = 32
"""Of one person, for certain; those beyond are looked for only where there are so many."""
_AT_A_TIME = 400


def locator(names: Names, person: PersonId, day: int, number: int) -> str:
    """Of a person's report with this number on this day, in days since 1970."""
    return names.pseudonym("locator", f"{person}\0{day}\0{number}")


async def free_locator(connection: AsyncConnection, names: Names, person: PersonId, at: datetime) -> str:
    """That of the person's next report on this day."""
    first = 0
    while True:
        some = [locator(names, person, _day_of(at), number) for number in range(first, first + _A_DAY)]
        taken = set((await connection.execute(_taken(some))).scalars())
        for one in some:
            if one not in taken:
                return one
        first += _A_DAY


async def reports_of(
    engine: AsyncEngine, names: Names, person: PersonId, now: datetime
) -> AsyncIterator[Row[Any]]:
    """Every report of this person that is not nobody's yet, with its case."""
    days: Sequence[int] = [_day_of(now + timedelta(days=1)) - back for back in range(_DAYS + 2)]
    first = 0
    while days:
        by_name = {
            locator(names, person, day, number): day
            for day in days
            for number in range(first, first + _A_DAY)
        }
        found: dict[int, int] = {}
        every = list(by_name)
        for start in range(0, len(every), _AT_A_TIME):
            for row in await _rows(engine, every[start : start + _AT_A_TIME]):
                found[by_name[row.locator]] = found.get(by_name[row.locator], 0) + 1
                yield row
        days = [day for day, count in found.items() if count == _A_DAY]
        first += _A_DAY


async def reports_of_before(engine: AsyncEngine, sealer: Sealer, person: PersonId) -> AsyncIterator[Row[Any]]:
    """Those filed before there were locators: each is asked, a few at a time. After 90 days there are none."""
    last = 0
    while True:
        wanted = (
            select(reports, cases.c.sealed, case_keys.c.wrapped)
            .select_from(reports.join(cases).join(case_keys, case_keys.c.case_id == cases.c.id))
            .where(reports.c.locator.is_(None), reports.c.reporter.is_not(None), reports.c.id > last)
            .order_by(reports.c.id)
            .limit(_AT_A_TIME)
        )
        async with engine.connect() as connection:
            rows = (await connection.execute(wanted)).all()
        for row in await asyncio.to_thread(_theirs, rows, sealer, person):
            yield row
        if len(rows) < _AT_A_TIME:
            return
        last = rows[-1].id


def _theirs(rows: Sequence[Row[Any]], sealer: Sealer, person: PersonId) -> list[Row[Any]]:
    keys = {row.case_id: sealer.case_key_if_any(row.wrapped, str(row.case_id)) for row in rows}
    return [
        row
        for row in rows
        if (key := keys[row.case_id]) and key.pseudonym(row.case_id, person) == row.reporter
    ]


async def _rows(engine: AsyncEngine, some: Sequence[str]) -> Sequence[Row[Any]]:
    wanted = (
        select(reports, cases.c.sealed).select_from(reports.join(cases)).where(reports.c.locator.in_(some))
    )
    async with engine.connect() as connection:
        rows: Sequence[Row[Any]] = (await connection.execute(wanted)).all()
        return rows


def _taken(some: Sequence[str]) -> Any:
    return select(reports.c.locator).where(reports.c.locator.in_(some))


def _day_of(moment: datetime) -> int:
    return int(moment.timestamp()) // 86_400
