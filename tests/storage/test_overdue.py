"""Bulletins that are over end, also when nobody is there to send or to drop their last rows."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Update, update

from broadcasts.broadcast import BroadcastState
from broadcasts.delivery import DeliveryState
from bulletins.bulletin import BulletinId
from storage.overdue import Overdue
from storage.tables import bulletins, deliveries
from tests.broadcasts.station import Station, open_station


@pytest.fixture
async def station(database_url: str) -> AsyncIterator[Station]:
    async with open_station(database_url) as station:
        yield station


async def test_a_bulletin_that_expired_while_it_was_paused_is_done(station: Station) -> None:
    await station.channel("-1")
    bulletin = await station.start(station.bulletin())
    await station.set_state(bulletin, BroadcastState.PAUSED)
    station.advance(hours=7)
    assert await end(station) == 1
    assert await station.state_of(bulletin) is BroadcastState.DONE
    assert await station.states(bulletin) == {"-1": DeliveryState.DROPPED}


async def test_rows_of_a_bot_that_is_gone_do_not_keep_a_bulletin_open(station: Station) -> None:
    await station.channel("-1")
    await station.channels(["-2", "-3"], bot="gone")
    bulletin = await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: has_arrived(station, bulletin))
    second = (await station.deliveries(bulletin))["-2"].id
    lost = {"state": "sending", "attempt": 1, "lease_until": 1}
    await write(station, update(deliveries).where(deliveries.c.id == second).values(lost))
    assert await end(station) == 0  # it is not over yet
    station.advance(hours=7)
    assert await end(station) == 1
    assert await station.state_of(bulletin) is BroadcastState.DONE
    assert await station.states(bulletin) == {
        "-1": DeliveryState.SENT,
        "-2": DeliveryState.UNSURE,
        "-3": DeliveryState.DROPPED,
    }


async def test_a_stopped_bulletin_loses_the_rows_of_a_bot_that_is_gone(station: Station) -> None:
    await station.channel("-1", bot="gone")
    bulletin = await station.start(station.bulletin())
    stopped = {"state": "stopped", "finished_at": station.time}
    await write(station, update(bulletins).where(bulletins.c.id == bulletin).values(stopped))
    station.advance(minutes=10)
    assert await end(station) == 1
    assert await station.states(bulletin) == {"-1": DeliveryState.DROPPED}
    assert await station.state_of(bulletin) is BroadcastState.STOPPED


async def has_arrived(station: Station, bulletin: BulletinId) -> bool:
    return (await station.states(bulletin))["-1"] is DeliveryState.SENT


async def write(station: Station, statement: Update) -> None:
    async with station.engine.begin() as connection:
        await connection.execute(statement)


async def end(station: Station) -> int:
    return await Overdue(station.engine, station.committer).end(station.time)
