"""What a series missed is computed before anybody has to wait for it, and counts only while nothing has changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcasts.book import Recurred
from broadcasts.broadcast import BroadcastState
from broadcasts.recurrence import Recur
from bulletins.code import make
from storage.bulletins import BulletinBook
from storage.committer import Committer, T, Work
from storage.recurrences import foresee, recur_or_refuse
from tests.broadcasts.office import CALENDAR, PHUC, Office, happened, open_office


@pytest.fixture
async def office(tmp_path: Path, database_url: str) -> AsyncIterator[Office]:
    async with open_office(tmp_path, url=database_url) as office:
        yield office


class Watched(Committer):
    """Tells whether a transaction is being written."""

    is_writing = False

    async def write(self, work: Work[T]) -> T:
        async def watched(connection: AsyncConnection) -> T:
            self.is_writing = True
            try:
                return await work(connection)
            finally:
                self.is_writing = False

        return await super().write(watched)


async def test_no_writer_waits_while_the_hours_of_a_month_are_computed(office: Office) -> None:
    series = await office.recurring(office.daily(cron="0 * * * *", valid_hours=1))
    office.advance(days=29)
    committer = Watched(office.engine)
    asked_while_writing: list[bool] = []

    def calendar(cron: str, after: datetime, until: datetime) -> datetime | None:
        asked_while_writing.append(committer.is_writing)
        return CALENDAR(cron, after, until)

    rules = replace(office.rules, next_moment=calendar)
    serving = asyncio.create_task(committer.run())
    recurred = await BulletinBook(office.engine, committer, lambda: rules).recur(
        Recur(series.id, office.time, make(77))
    )
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)

    assert isinstance(recurred, Recurred)
    assert len(asked_while_writing) > 600
    assert not any(asked_while_writing)
    assert await office.upcoming(series) > office.time


async def test_a_skip_that_comes_in_between_is_kept(office: Office) -> None:
    series = await office.recurring()
    office.time = moment = await office.upcoming(series)
    recur = Recur(series.id, office.time, make(77))
    foreseen = foresee(series, recur, office.rules)
    happened(await office.desk.skip(series.id, PHUC, moment))

    await office.committer.write(
        lambda connection: recur_or_refuse(connection, recur, office.rules, foreseen)
    )
    assert await office.occurrences(series) == []
    assert await office.upcoming(series) > moment


async def test_another_tick_that_comes_in_between_leaves_nothing_to_do(office: Office) -> None:
    series = await office.recurring()
    office.time = await office.upcoming(series)
    recur = Recur(series.id, office.time, make(77))
    foreseen = foresee(series, recur, office.rules)
    happened(await office.desk.start_due(series.id))

    await office.committer.write(
        lambda connection: recur_or_refuse(connection, recur, office.rules, foreseen)
    )
    (only,) = await office.occurrences(series)
    assert only.state is BroadcastState.SENDING
