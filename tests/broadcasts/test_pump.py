"""The pump on a real database: everything arrives once, in the right order, and stops when it must."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from broadcasts.broadcast import BroadcastState
from broadcasts.delivery import DeliveryState, FloodWait, Moved, NotSent, Outcome, Rejected
from broadcasts.pacing import PaceRules
from bulletins.bulletin import Audience
from tests.broadcasts.looks import (
    arrived,
    has_posted,
    is_in_state,
    none_under_way,
    nothing_open,
    one_at_a_time,
)
from tests.broadcasts.station import Station, open_station

CHATS = [f"-100{number}" for number in range(1, 41)]
SENT, FAILED, UNSURE = DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNSURE
QUEUED, DROPPED = DeliveryState.QUEUED, DeliveryState.DROPPED


async def test_every_channel_gets_the_bulletin_once_and_then_it_is_done(station: Station) -> None:
    await station.channels(CHATS)
    bulletin = await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: station.is_done(bulletin))
    assert sorted(station.sender.chats()) == sorted(CHATS)
    rows = await station.deliveries(bulletin)
    assert {row.state for row in rows.values()} == {"sent"}
    copies = {one.chat: one.message_id for one in station.sender.posted}
    assert {chat: row.message_id for chat, row in rows.items()} == copies


async def test_a_bulletin_for_nobody_is_done_at_once(station: Station) -> None:
    bulletin = await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: station.is_done(bulletin))


async def test_the_canary_answers_before_anybody_else_is_sent_to(station: Station) -> None:
    await station.channels(CHATS)
    await station.channel("-999", canary=True)
    others_while_canary_waited: list[int] = []

    async def look_around(chat: str) -> None:
        if chat == "-999":
            await asyncio.sleep(0.1)
            others_while_canary_waited.append(len(station.sender.posted) - 1)

    station.sender.before_answer = look_around
    bulletin = await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: station.is_done(bulletin))
    assert station.sender.chats()[0] == "-999"
    assert others_while_canary_waited == [0]


async def test_a_silent_canary_does_not_hold_up_an_emergency_for_long(station: Station) -> None:
    await station.channels(CHATS[:3])
    await station.channel("-999", canary=True)
    waiting = asyncio.Event()

    async def never_answer(chat: str) -> None:
        if chat == "-999":
            waiting.set()
            await asyncio.sleep(3600)

    station.sender.before_answer = never_answer
    bulletin = await station.start(station.emergency())
    async with station.pumping():
        await waiting.wait()
        station.advance(seconds=11)
        await station.until(lambda: arrived(station, CHATS[:3]))
    assert (await station.states(bulletin))["-999"] is not SENT


async def test_a_canary_that_must_wait_for_hours_does_not_hold_up_an_emergency(station: Station) -> None:
    await station.channels(CHATS[:3])
    await station.channel("-999", canary=True)
    station.sender.answers["-999"].append(FloodWait(3 * 3_600.0))
    bulletin = await station.start(station.emergency())
    async with station.pumping():
        await station.until(lambda: arrived(station, CHATS[:3]))
    assert (await station.states(bulletin))["-999"] is QUEUED


@pytest.mark.parametrize(
    ("nothing", "then"), [(NotSent("ConnectionRefusedError"), "-999"), (Moved("-1000999"), "-1000999")]
)
async def test_a_canary_that_could_not_be_reached_or_has_moved_has_not_shown_anything(
    station: Station, nothing: Outcome, then: str
) -> None:
    await station.channels(CHATS)
    await station.channel("-999", canary=True, kind="group")
    station.sender.answers["-999"].append(nothing)
    station.sender.answers[then].append(Rejected("bad_markup"))
    bulletin = await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: is_in_state(station, bulletin, BroadcastState.PAUSED))
    assert station.sender.chats() == ["-999", then]


async def test_what_the_canary_refuses_goes_to_nobody_else(station: Station) -> None:
    await station.channels(CHATS)
    await station.channel("-999", canary=True)
    station.sender.answers["-999"].append(Rejected("bad_markup"))
    bulletin = await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: is_in_state(station, bulletin, BroadcastState.PAUSED))
    assert station.sender.chats() == ["-999"]
    assert station.told.halted == [bulletin]
    assert (await station.bulletin_row(bulletin)).halted_because == "rejected:bad_markup"


async def test_three_refusals_of_the_content_halt_the_bulletin(station: Station) -> None:
    station.rules = one_at_a_time(station)
    await station.channels(CHATS)
    for chat in CHATS:
        station.sender.answers[chat].append(Rejected("too_long"))
    bulletin = await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: is_in_state(station, bulletin, BroadcastState.PAUSED))
    assert len(station.sender.posted) < 10
    assert station.told.halted == [bulletin]


async def test_an_emergency_overtakes_routine_that_is_under_way(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/loa.sqlite"
    async with open_station(url, pace=PaceRules(rate_per_second=200, chat_per_second=1000)) as station:
        await station.channels(CHATS)
        routine = await station.start(station.bulletin("Chuyện thường"))
        async with station.pumping() as pump:
            await station.until(lambda: has_posted(station, 3))
            emergency = await station.start(station.emergency("Sơ tán ngay"))
            pump.wake()
            await station.until(lambda: station.is_done(emergency))
            order = ["Sơ tán ngay" in one.words for one in station.sender.posted]
            assert sum(order) == len(CHATS)
            assert not all(order[-10:]) or order.count(False) < len(CHATS), "routine went first"
            await station.until(lambda: station.is_done(routine))


async def test_bulletins_of_one_lane_take_turns(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/loa.sqlite"
    async with open_station(url, pace=PaceRules(rate_per_second=200, chat_per_second=1000)) as station:
        await station.channels(CHATS[:20], topics=("một",))
        await station.channels(CHATS[20:], topics=("hai",))
        first = await station.start(station.bulletin("Bản tin một", audience=Audience(topics=("một",))))
        second = await station.start(station.bulletin("Bản tin hai", audience=Audience(topics=("hai",))))
        async with station.pumping():
            await station.until(lambda: station.is_done(first))
            await station.until(lambda: station.is_done(second))
    begun = [one.words for one in station.sender.posted[:20]]
    assert 5 <= sum("Bản tin một" in words for words in begun) <= 15


async def test_nothing_leaves_after_a_stop_and_the_rest_is_dropped(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/loa.sqlite"
    async with open_station(url, pace=PaceRules(rate_per_second=100)) as station:
        await station.channels(CHATS)
        bulletin = await station.start(station.bulletin())
        async with station.pumping() as pump:
            await station.until(lambda: has_posted(station, 5))
            await station.set_state(bulletin, BroadcastState.STOPPED)
            pump.wake()
            await station.until(lambda: nothing_open(station, bulletin))
            sent = len(station.sender.posted)
            await asyncio.sleep(0.2)
        assert len(station.sender.posted) == sent < len(CHATS)
        states = (await station.states(bulletin)).values()
        assert set(states) == {SENT, DROPPED}
        assert list(states).count(SENT) == sent


async def test_a_paused_bulletin_waits_and_goes_on_where_it_was(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/loa.sqlite"
    async with open_station(url, pace=PaceRules(rate_per_second=100)) as station:
        await station.channels(CHATS)
        bulletin = await station.start(station.bulletin())
        async with station.pumping() as pump:
            await station.until(lambda: has_posted(station, 5))
            await station.set_state(bulletin, BroadcastState.PAUSED)
            pump.wake()
            await station.until(lambda: none_under_way(station, bulletin))
            sent = len(station.sender.posted)
            await asyncio.sleep(0.2)
            assert len(station.sender.posted) == sent < len(CHATS)
            await station.set_state(bulletin, BroadcastState.SENDING)
            pump.wake()
            await station.until(lambda: station.is_done(bulletin))
        assert sorted(station.sender.chats()) == sorted(CHATS)


async def test_what_has_expired_is_never_sent(station: Station) -> None:
    await station.channels(CHATS)
    bulletin = await station.start(station.bulletin())
    station.advance(hours=7)
    async with station.pumping():
        await station.until(lambda: station.is_done(bulletin))
    assert station.sender.posted == []
    rows = (await station.deliveries(bulletin)).values()
    assert {(row.state, row.reason) for row in rows} == {("dropped", "expired")}


async def test_a_channel_paused_after_planning_gets_nothing(station: Station) -> None:
    channel = await station.channel("-1")
    await station.channel("-2")
    bulletin = await station.start(station.bulletin())
    await station.change_channel(channel, state="paused")
    async with station.pumping():
        await station.until(lambda: station.is_done(bulletin))
    assert station.sender.chats() == ["-2"]
    assert (await station.deliveries(bulletin))["-1"].reason == "channel_not_active"
