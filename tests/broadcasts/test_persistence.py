"""Keeping at a database that fails: it is said once that it does, and once that it is over."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from broadcasts.persistence import Persistence
from broadcasts.ports import LedgerUnavailable
from tests.broadcasts.station import Told
from tests.broadcasts.test_pacing import in_virtual_time


class FullDisk:
    """Nothing can be written until there is room; everything can be read."""

    def __init__(self) -> None:
        self.has_room = False

    async def write(self) -> str:
        if not self.has_room:
            raise LedgerUnavailable("database or disk is full")
        return "written"

    async def read(self) -> str:
        return "read"


def test_what_is_still_read_from_a_full_disk_does_not_say_that_it_is_over() -> None:
    told, disk = Told(), FullDisk()

    async def play() -> None:
        persistence = Persistence("loa", told)
        writes = [asyncio.create_task(persistence.until_done(disk.write)) for _ in range(3)]
        for _ in range(60):
            await asyncio.sleep(1.0)
            assert await persistence.until_done(disk.read) == "read"
        assert told.storage == ["database or disk is full"]
        disk.has_room = True
        assert await asyncio.gather(*writes) == ["written"] * 3
        assert told.storage == ["database or disk is full", None]

    in_virtual_time(play())


async def test_who_gives_up_asking_leaves_no_alarm_behind_and_does_not_log_that_it_is_over() -> None:
    told, disk = Told(), FullDisk()
    persistence = Persistence("loa", told)
    with pytest.raises(TimeoutError), capture_logs() as logged:
        async with asyncio.timeout(0.01):
            await persistence.until_done(disk.write)
    assert told.storage == ["database or disk is full", None]
    assert [line["event"] for line in logged] == ["sending stopped: the database does not answer"]
