"""Slow commits do not cost pace: more is written down ahead of its turn, and less again when they are quick."""

from __future__ import annotations

import asyncio

import pytest

from broadcasts.delivery import DeliveryId
from broadcasts.headway import Headway
from broadcasts.pacing import Pacer, PaceRules
from broadcasts.ports import Intent
from storage.ledger import SqlLedger
from tests.broadcasts.station import Station


def test_quick_commits_need_no_more_than_the_least() -> None:
    headway = Headway(0.05)
    headway.committed(0.002)
    assert headway.seconds == 0.05


def test_a_slow_commit_is_prepared_for_and_forgotten_little_by_little() -> None:
    headway = Headway(0.05)
    headway.committed(0.1)
    assert headway.seconds == pytest.approx(0.2)
    seen = []
    for _ in range(100):
        headway.committed(0.002)
        seen.append(headway.seconds)
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == 0.05


def test_however_slow_the_disk_not_much_can_ever_be_left_unsure() -> None:
    headway = Headway(0.05)
    headway.committed(30.0)
    assert headway.seconds == 0.25


class SlowLedger(SqlLedger):
    """Over a disk that is busy with something else."""

    asked: list[int]

    async def intend(self, intent: Intent) -> frozenset[DeliveryId]:
        self.asked.append(len(intent.deliveries))
        await asyncio.sleep(0.1)
        return await super().intend(intent)


async def test_a_pump_over_a_slow_disk_intends_more_at_a_time(station: Station) -> None:
    ledger = SlowLedger(station.engine, station.committer)
    ledger.asked = []
    station.ledger = ledger
    station.pacer = Pacer(PaceRules(rate_per_second=100, chat_per_second=1_000))
    await station.channels(f"{chat}" for chat in range(1, 81))
    bulletin_id = await station.start(station.bulletin())
    await station.pump_until_idle(bulletin_id)
    assert ledger.asked[0] <= 5, "a twentieth of a second, at first"
    assert 5 < max(ledger.asked) <= 25
