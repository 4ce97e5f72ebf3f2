"""Quiet hours are planned by the clock of the network, whichever way a bulletin begins to go out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from broadcasts.broadcast import Broadcast
from broadcasts.planner import quiet_until
from storage.tables import channels, deliveries, milliseconds
from tests.broadcasts.office import LAN, MINH, Office, happened, open_office

HALF_AN_HOUR = timedelta(minutes=30)
PARIS = ZoneInfo("Europe/Paris")
NIGHT = (22 * 60, 6 * 60)
SPRING = datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
"""Eleven in the evening in Paris; in this night the clocks are put forward."""


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
    await office.sent_at_once(scheduled, LAN, MINH)
    assert await due_times(office, scheduled) == {milliseconds(office.time + HALF_AN_HOUR)}


async def test_an_occurrence_does_too(office: Office) -> None:
    series = await office.recurring()
    moment = (await office.upcoming(series)).astimezone(UTC)
    await quiet_around(office, moment)
    occurrence = await office.tick(series)
    assert occurrence is not None
    assert await due_times(office, occurrence) == {milliseconds(moment + HALF_AN_HOUR)}


@pytest.mark.parametrize(
    ("now", "morning"),
    [
        (SPRING, datetime(2026, 3, 29, 6, 0, tzinfo=PARIS)),
        (datetime(2026, 10, 24, 21, 0, tzinfo=UTC), datetime(2026, 10, 25, 6, 0, tzinfo=PARIS)),
        (datetime(2026, 7, 1, 21, 0, tzinfo=UTC), datetime(2026, 7, 2, 6, 0, tzinfo=PARIS)),
    ],
    ids=["clocks go forward", "clocks go back", "an ordinary night"],
)
def test_the_night_ends_by_the_clock_on_the_wall(now: datetime, morning: datetime) -> None:
    found = quiet_until(*NIGHT, now, PARIS)
    assert found is not None
    assert found.astimezone(UTC) == morning.astimezone(UTC)


def test_an_hour_that_comes_twice_is_quiet_twice() -> None:
    """Until half past two, first by summer time and then again: it never ends before it is asked."""
    for now in (datetime(2026, 10, 25, 0, 10, tzinfo=UTC), datetime(2026, 10, 25, 1, 10, tzinfo=UTC)):
        assert quiet_until(22 * 60, 150, now, PARIS) == now + timedelta(minutes=20)


async def test_in_the_night_of_summer_time_nobody_is_planned_for_too_late(office: Office) -> None:
    office.rules = replace(office.rules, zone=PARIS)
    office.time = SPRING
    starts, ends = NIGHT
    await office.write(update(channels).values(quiet_starts_minute=starts, quiet_ends_minute=ends))
    sending = await office.sending()
    morning = datetime(2026, 3, 29, 6, 0, tzinfo=PARIS)
    assert max(await due_times(office, sending)) <= milliseconds(morning.astimezone(UTC))
