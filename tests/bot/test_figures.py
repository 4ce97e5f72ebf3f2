"""The figures under a bulletin's progress: right, and never much of the work."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.figures import CountedFigures
from broadcasts.delivery import DeliveryState, Gone, Unsure
from bulletins.bulletin import BulletinId
from storage.counts import count_deliveries
from tests.broadcasts.station import open_station
from tests.broadcasts.test_pacing import in_virtual_time, now

LANS, MINHS = BulletinId(1), BulletinId(2)


class Ledger:
    """Ten more are sent every second; counting takes its time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.counted: list[BulletinId] = []

    async def count(self, bulletin_id: BulletinId) -> tuple[Mapping[DeliveryState, int], int]:
        self.counted.append(bulletin_id)
        await asyncio.sleep(self._seconds)
        return dict.fromkeys(DeliveryState, 0) | {DeliveryState.SENT: round(now() * 10)}, 0


async def watch(figures: CountedFigures, *bulletins: BulletinId) -> None:
    """Ten minutes of a board that looks every three seconds."""
    while now() < 600.0:
        for bulletin in bulletins:
            await figures.figures(bulletin)
        await asyncio.sleep(3.0)


@pytest.mark.parametrize("bulletins", [(LANS,), (LANS, MINHS)])
def test_a_count_that_takes_long_is_made_seldom_and_each_bulletin_has_its_turn(
    bulletins: tuple[BulletinId, ...],
) -> None:
    ledger = Ledger(seconds=0.5)
    in_virtual_time(watch(CountedFigures(ledger.count), *bulletins))
    assert len(ledger.counted) * 0.5 <= 0.04 * 600.0
    times = [ledger.counted.count(bulletin) for bulletin in bulletins]
    assert min(times) > 12
    assert max(times) - min(times) <= 1


def test_a_count_that_takes_no_time_is_made_at_every_look() -> None:
    ledger = Ledger(seconds=0.001)
    in_virtual_time(watch(CountedFigures(ledger.count), LANS))
    assert len(ledger.counted) == 200


def test_the_last_figures_are_exact_and_the_rate_is_that_of_the_last_count() -> None:
    ledger = Ledger(seconds=0.5)

    async def story() -> list[tuple[int, float]]:
        figures = CountedFigures(ledger.count)
        await figures.figures(LANS)
        await asyncio.sleep(20.0)
        seen = [await figures.figures(LANS)]
        await asyncio.sleep(3.0)
        seen += [await figures.figures(LANS), await figures.figures(LANS, is_final=True)]
        return [(one.sent, round(one.rate_per_second)) for one in seen]

    assert in_virtual_time(story()) == [(210, 10), (210, 10), (245, 10)]


async def test_what_was_sent_and_what_was_not_is_counted_where_it_stands(tmp_path: Path) -> None:
    async with open_station(f"sqlite+aiosqlite:///{tmp_path}/loa.sqlite") as station:
        await station.channels(["-1", "-2", "-3", "-4"], member_count=250)
        station.sender.answers["-1"].append(Unsure("http_502"))
        station.sender.answers["-2"].append(Gone("kicked"))
        bulletin = await station.start(station.bulletin())
        await station.pump_until_idle(bulletin)
        counts, reach = await count_deliveries(station.engine, bulletin)
    assert {state: count for state, count in counts.items() if count} == {
        DeliveryState.SENT: 2,
        DeliveryState.UNSURE: 1,
        DeliveryState.FAILED: 1,
    }
    assert reach == 500
