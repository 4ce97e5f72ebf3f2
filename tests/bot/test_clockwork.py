"""Timers are rebuilt from the book, a tick leads to the desk, and a chore that fails keeps no other from being done."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from bot.clockwork import Chore, Clockwork
from broadcasts.broadcast import BroadcastState
from broadcasts.lifecycle import Desk
from bulletins.bulletin import BulletinId
from tests.broadcasts.office import open_office

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def now() -> datetime:
    return datetime.now(UTC)


class BookedDesk:
    """A desk with a schedule, which notes what it is told to start."""

    def __init__(self, *booked: tuple[BulletinId, datetime]) -> None:
        self.booked = list(booked)
        self.started = asyncio.Queue[BulletinId]()

    async def schedule_to_rebuild(self) -> Sequence[tuple[BulletinId, datetime]]:
        return self.booked

    async def start_due(self, bulletin_id: BulletinId) -> None:
        self.started.put_nowait(bulletin_id)


def clockwork(desk: BookedDesk, *chores: Chore) -> Clockwork:
    made = Clockwork(ZONE, chores, now)
    made.serve(cast(Desk, desk))
    return made


async def running(made: Clockwork, until: Any) -> Any:
    task = asyncio.create_task(made.run())
    try:
        async with asyncio.timeout(20):
            return await until
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_what_was_due_while_the_machine_was_off_is_handed_to_the_desk_at_the_start() -> None:
    desk = BookedDesk((BulletinId(7), now() - timedelta(hours=3)))
    assert await running(clockwork(desk), desk.started.get()) == 7


async def test_a_timer_set_while_it_runs_leads_to_the_desk_once() -> None:
    desk = BookedDesk()
    made = clockwork(desk)

    async def set_and_wait() -> BulletinId:
        await asyncio.sleep(0)
        made.set_timer(BulletinId(8), now() + timedelta(milliseconds=200))
        made.set_timer(BulletinId(8), now() + timedelta(milliseconds=50))
        first = await desk.started.get()
        await asyncio.sleep(0.4)
        return first

    assert await running(made, set_and_wait()) == 8
    assert desk.started.empty()


async def test_after_a_restart_a_series_goes_on_from_the_database(tmp_path: Path) -> None:
    """The process died at night; the timers of the new one know only what the book says."""
    async with open_office(tmp_path) as office:
        office.time = now() - timedelta(days=3)
        series = await office.recurring()
        office.time = now()

        made = Clockwork(ZONE, (), lambda: office.time)
        made.serve(office.desk)
        await running(made, office.until_recurred(series))

        (held,) = await office.occurrences(series)
        assert held.state is BroadcastState.HELD
        assert office.timers[series.id] == await office.upcoming(series) > office.time


async def test_a_chore_that_fails_keeps_no_other_from_being_done() -> None:
    done: list[datetime] = []

    async def fails(_: datetime) -> None:
        raise OSError("the disk is full")

    async def notes(at: datetime) -> None:
        done.append(at)

    await clockwork(BookedDesk(), fails, notes).night()
    assert len(done) == 1
