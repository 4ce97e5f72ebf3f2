"""Pins that are owed: written with the outcome, read by their bot, taken away with how they ended."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import SQLAlchemyError

from broadcasts.broadcast import BroadcastState
from broadcasts.delivery import DeliveryId, DeliveryState, Moved, NoRights
from broadcasts.ports import Intent, PinEnding, Settlement
from bulletins.bulletin import BulletinId, MsgType
from members.channel import ChannelId
from storage.pins import SqlPins
from storage.tables import bulletins, pins_due
from tests.broadcasts.station import BOT, Station, open_station

SENT, UNSURE = DeliveryState.SENT, DeliveryState.UNSURE


@pytest.fixture
async def station(database_url: str) -> AsyncIterator[Station]:
    async with open_station(database_url) as station:
        yield station


def pins_of(station: Station) -> SqlPins:
    return SqlPins(station.engine, station.committer)


async def sent(station: Station, chat: str, **changes: Any) -> Settlement:
    """A message to this new channel was sent, and its pin is owed; not written down yet."""
    channel = await station.channel(chat, pin=True)
    bulletin = await station.start(station.bulletin())
    row = (await station.deliveries(bulletin))[chat]
    lease_until = station.time + timedelta(minutes=2)
    await station.ledger.intend(Intent([row.id], station.time, lease_until))
    settlement = _sent(row.id, channel, bulletin, station)
    return replace(settlement, message_id=chat.replace("-", "5"), **({"owes_pin": True} | changes))


async def owed(station: Station) -> int:
    return int(await station.value(select(func.count()).select_from(pins_due)))


def ending_of(settlement: Settlement, **changes: Any) -> PinEnding:
    ending = PinEnding(settlement.delivery_id, settlement.bulletin_id, settlement.channel_id, settlement.at)
    return replace(ending, **changes)


@pytest.mark.parametrize("mended", [False, True], ids=["among many", "alone, for it mends a flaw"])
async def test_what_was_sent_owes_its_pin(station: Station, mended: bool) -> None:
    settlement = await sent(station, "-1", mends="can_send_photos" if mended else None)
    await station.ledger.record(settlement)
    await station.ledger.record(settlement)  # its commit was made, and nobody heard of it
    (found,) = await pins_of(station).owed(BOT, 10)
    assert (found.pin.delivery_id, found.pin.chat, found.pin.message_id) == (
        settlement.delivery_id,
        "-1",
        "51",
    )
    assert (found.pin.attempt, found.is_postable, found.is_chosen) == (0, True, True)
    assert abs(found.posted_at - settlement.at) < timedelta(seconds=1)
    assert found.due_at == found.posted_at


async def test_what_the_channel_did_not_choose_is_not_owed(station: Station) -> None:
    await station.ledger.record(await sent(station, "-1", owes_pin=False))
    assert await owed(station) == 0


@pytest.mark.parametrize("mended", [False, True])
async def test_what_the_ledger_did_not_take_for_sent_owes_nothing(station: Station, mended: bool) -> None:
    settlement = await sent(station, "-1", mends="can_send_photos" if mended else None)
    await station.ledger.record(replace(settlement, attempt=7))
    await station.ledger.record(replace(settlement, state=UNSURE, message_id=None))
    assert await owed(station) == 0


async def test_without_the_pin_the_outcome_is_not_written_either(station: Station) -> None:
    settlement = await sent(station, "-1")
    async with station.engine.begin() as connection:
        await connection.run_sync(pins_due.drop)
    with pytest.raises((SQLAlchemyError, sqlite3.Error)):
        await station.ledger.record(settlement)
    assert await station.states(settlement.bulletin_id) == {"-1": DeliveryState.SENDING}
    async with station.engine.begin() as connection:
        await connection.run_sync(pins_due.create)
    await station.ledger.record(settlement)
    assert (await station.states(settlement.bulletin_id), await owed(station)) == ({"-1": SENT}, 1)


async def test_many_outcomes_of_one_commit_owe_their_pins(station: Station) -> None:
    await station.channels([f"-{number}" for number in range(1, 21)], pin=True)
    bulletin = await station.start(station.bulletin())
    rows = list((await station.deliveries(bulletin)).values())
    await station.ledger.intend(Intent([row.id for row in rows], station.time, station.time))
    async with station.pumping("loa-hai"):
        for row in rows:
            await station.ledger.record(_sent(row.id, row.channel_id, bulletin, station))
    assert await owed(station) == 10


def _sent(delivery: DeliveryId, channel: ChannelId, bulletin: BulletinId, station: Station) -> Settlement:
    return Settlement(
        delivery_id=delivery,
        channel_id=channel,
        bulletin_id=bulletin,
        attempt=1,
        at=station.time,
        state=SENT,
        counted=1,
        message_id=str(delivery),
        owes_pin=delivery % 2 == 0,
    )


async def test_pins_come_in_the_order_in_which_they_are_due_and_no_more_than_asked_for(
    station: Station,
) -> None:
    settlements = [await sent(station, chat) for chat in ("-1", "-2", "-3")]
    for settlement in settlements:
        await station.ledger.record(settlement)
        station.advance(seconds=1)
    pins = pins_of(station)
    first = (await pins.owed(BOT, 1))[0]
    assert first.pin.chat == "-1"
    await pins.put_off(replace(first.pin, attempt=3), station.time + timedelta(hours=1))
    found = await pins.owed(BOT, 10)
    assert [one.pin.chat for one in found] == ["-2", "-3", "-1"]
    assert found[-1].pin.attempt == 3
    assert await pins.owed("loa-hai", 10) == []


async def test_what_is_pinned_is_owed_no_longer(station: Station) -> None:
    settlement = await sent(station, "-1")
    await station.ledger.record(settlement)
    await station.change_channel(settlement.channel_id, flaw="can_pin_messages")
    await pins_of(station).end(ending_of(settlement, mends="can_pin_messages"))
    await pins_of(station).end(ending_of(settlement))
    assert await owed(station) == 0
    assert (await station.channel_row(settlement.channel_id)).flaw is None


async def test_a_pin_mends_no_flaw_that_was_found_while_it_was_on_its_way(station: Station) -> None:
    settlement = await sent(station, "-1")
    await station.ledger.record(settlement)
    await station.change_channel(settlement.channel_id, flaw="can_send_messages")
    await pins_of(station).end(ending_of(settlement, mends="can_pin_messages"))
    assert (await station.channel_row(settlement.channel_id)).flaw == "can_send_messages"


async def test_a_right_that_is_missing_is_kept_together_with_the_end(station: Station) -> None:
    settlement = await sent(station, "-1")
    await station.ledger.record(settlement)
    await pins_of(station).end(ending_of(settlement, effect=NoRights("can_pin_messages")))
    row = await station.channel_row(settlement.channel_id)
    assert (await owed(station), row.flaw, row.member_told_at) == (0, "can_pin_messages", None)
    assert await station.states(settlement.bulletin_id) == {"-1": SENT}


async def test_a_group_that_has_moved_is_followed_together_with_the_end(station: Station) -> None:
    settlement, other = await sent(station, "-1"), await sent(station, "-2")
    await station.ledger.record(settlement)
    await station.ledger.record(other)
    await pins_of(station).end(ending_of(settlement, effect=Moved("-1001")))
    assert (await station.channel_row(settlement.channel_id)).external_id == "-1001"
    assert await owed(station) == 1


async def test_a_copy_in_a_place_that_was_left_says_so(station: Station) -> None:
    settlement = await sent(station, "-1")
    await station.ledger.record(settlement)
    await station.change_deliveries(settlement.bulletin_id, reason="moved_away")
    assert [one.is_left_behind for one in await pins_of(station).owed(BOT, 10)] == [True]


async def test_a_correction_stops_its_bulletin_and_a_withdrawal_says_so(station: Station) -> None:
    settlement = await sent(station, "-1")
    await station.ledger.record(settlement)
    correction = station.correction_of(station.bulletin())
    await station.start(correction, corrects=settlement.bulletin_id)
    (found,) = await pins_of(station).owed(BOT, 10)
    assert (found.state, found.was_corrected, found.is_withdrawn) == (BroadcastState.STOPPED, True, False)
    withdrawal = replace(station.correction_of(station.bulletin()), msg_type=MsgType.CANCEL)
    await station.start(withdrawal, corrects=settlement.bulletin_id)
    (found,) = await pins_of(station).owed(BOT, 10)
    assert found.is_withdrawn


async def test_a_withdrawal_that_has_not_started_withdraws_nothing(station: Station) -> None:
    settlement = await sent(station, "-1")
    await station.ledger.record(settlement)
    withdrawal = replace(station.correction_of(station.bulletin()), msg_type=MsgType.CANCEL)
    waiting = await station.start(withdrawal, corrects=settlement.bulletin_id)
    async with station.engine.begin() as connection:
        await connection.execute(update(bulletins).where(bulletins.c.id == waiting).values(started_at=None))
    assert [one.is_withdrawn for one in await pins_of(station).owed(BOT, 10)] == [False]
