"""Quiet hours are planned by the clock of the network, whichever way a bulletin begins to go out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from broadcasts.broadcast import Broadcast
from storage.tables import channels, deliveries, milliseconds
from tests.broadcasts.office import MINH, Office, happened, open_office

HALF_AN_HOUR = timedelta(minutes=30)


@pytest.fixture
async def office(tmp_path: Path, database_url: str) -> AsyncIterator[Office]:
    """Of a network that does not live by the clock of Viet Nam."""
    async with open_office(tmp_path, url=database_url) as office:
        office.rules = replace(office.rules, zone=UTC)
        yield office


async def quiet_around(office: Office, moment: datetime) -> None:
    """The groups sleep from half an hour before to half an hour after, by the network's clock."""
    starts, ends = moment - HALF_AN_HOUR, moment + HALF_AN_HOUR
    hours = {
        "quiet_starts_minute": starts.hour * 60 + starts.minute,
        "quiet_ends_minute": ends.hour * 60 + ends.minute,
    }
    await office.write(update(channels).values(hours))


async def due_times(office: Office, broadcast: Broadcast) -> set[int]:
    async with office.engine.connect() as connection:
        wanted = select(deliveries.c.due_at).where(deliveries.c.bulletin_id == broadcast.id)
        return set(await connection.scalars(wanted))


async def test_what_goes_out_with_the_last_approval_waits_for_the_morning_there(office: Office) -> None:
    await quiet_around(office, office.time)
    sending = await office.sending()
    assert await due_times(office, sending) == {milliseconds(office.time + HALF_AN_HOUR)}


async def test_what_was_scheduled_does_too(office: Office) -> None:
    later = office.time + timedelta(hours=2)
    await quiet_around(office, later)
    scheduled = await office.sending(replace(office.notice(), not_before=later))
    office.time = later
    happened(await office.desk.start_due(scheduled.id))
    assert await due_times(office, scheduled) == {milliseconds(later + HALF_AN_HOUR)}


async def test_what_somebody_sends_at_once_does_too(office: Office) -> None:
    await quiet_around(office, office.time)
    later = office.time + timedelta(hours=2)
    scheduled = await office.sending(replace(office.notice(), not_before=later))
    happened(await office.desk.send_now(scheduled.id, MINH))
    assert await due_times(office, scheduled) == {milliseconds(office.time + HALF_AN_HOUR)}


async def test_an_occurrence_does_too(office: Office) -> None:
    series = await office.recurring()
    moment = (await office.upcoming(series)).astimezone(UTC)
    await quiet_around(office, moment)
    occurrence = await office.tick(series)
    assert occurrence is not None
    assert await due_times(office, occurrence) == {milliseconds(moment + HALF_AN_HOUR)}
