"""A channel that chose pinning has every bulletin pinned in the end, whatever comes between the post and the pin."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from broadcasts.broadcast import BroadcastState
from broadcasts.delivery import (
    DeliveryId,
    DeliveryState,
    FloodWait,
    Gone,
    Moved,
    NoRights,
    NotSent,
    Outcome,
    Rejected,
    Sent,
    Unsure,
)
from broadcasts.pacing import Pacer
from broadcasts.persistence import Persistence
from broadcasts.pinning import PINNED_WITHIN, NotPinned, Pinning, PinningParts, why_not
from broadcasts.ports import OwedPin, Pin
from bulletins.bulletin import BulletinId, MsgType
from members.channel import ChannelId, Platform
from storage.pins import SqlPins
from storage.roster import Roster
from storage.tables import pins_due
from tests.broadcasts.station import BOT, NAMES, NOON, ScriptedSender, Station, running

SENT = DeliveryState.SENT
TOLD = NOON - timedelta(days=1)


@dataclass
class DyingSender(ScriptedSender):
    """The process dies while it waits for the answer to a pin."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def pin(self, chat: str, message_id: str) -> Outcome:
        self.asked.set()
        await asyncio.Event().wait()
        raise AssertionError


@dataclass
class SlowSender(ScriptedSender):
    """The answer to a pin in the first group takes long."""

    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def pin(self, chat: str, message_id: str) -> Outcome:
        outcome = await super().pin(chat, message_id)
        if chat == "-1":
            await self.may_answer.wait()
        return outcome


class FaultySender(ScriptedSender):
    """Has a bug in pinning."""

    async def pin(self, chat: str, message_id: str) -> Outcome:
        raise ZeroDivisionError


async def owed(station: Station) -> int:
    return int(await station.value(select(func.count()).select_from(pins_due)))


async def nothing_is_owed(station: Station) -> bool:
    return await owed(station) == 0


def pins(station: Station) -> list[tuple[str, str]]:
    """Which messages were asked to be pinned, in order."""
    return [(one.chat, one.message_id) for one in station.sender.posted if one.method == "pin"]


async def posted_but_not_pinned(station: Station, *chats: str, **changes: Any) -> BulletinId:
    """A bulletin was sent to these channels, which pin, and the process died before anything was pinned."""
    whole, station.sender = station.sender, DyingSender()
    station.rules = replace(station.rules, landing_seconds=0.01)
    await station.channels(chats, pin=True, kind="group")
    bulletin = await station.start(station.bulletin(**changes))
    async with station.pumping():
        await station.until(lambda: is_owed_for(station, len(chats)))
        await station.sender.asked.wait()
    station.sender = whole
    assert await station.states(bulletin) == dict.fromkeys(chats, SENT)
    return bulletin


async def is_owed_for(station: Station, number: int) -> bool:
    return await owed(station) == number


async def pump_until_nothing_is_owed(station: Station) -> None:
    async with station.pumping():
        await station.until(lambda: nothing_is_owed(station))


# --- it is pinned in the end -----------------------------------------------------------------------------


async def test_what_was_posted_before_a_crash_is_pinned_after_it(station: Station) -> None:
    await posted_but_not_pinned(station, "-1", "-2", "-3")
    await pump_until_nothing_is_owed(station)
    assert sorted(chat for chat, _ in pins(station)) == ["-1", "-2", "-3"]
    assert station.sender.chats() == []


async def test_a_pin_that_succeeds_at_once_is_asked_for_once(station: Station) -> None:
    await station.channel("-1", pin=True)
    bulletin = await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: station.is_done(bulletin))
        await station.until(lambda: nothing_is_owed(station))
        await asyncio.sleep(0.1)
    assert len(pins(station)) == 1


async def test_what_was_pinned_while_the_round_was_on_its_way_to_it_is_not_pinned_again(
    station: Station,
) -> None:
    await posted_but_not_pinned(station, "-1", "-2")
    asked: list[str] = []
    first_is_answered = asyncio.Event()

    async def ask(pin: Pin) -> Outcome:
        asked.append(pin.chat)
        if pin.chat == "-1":
            await first_is_answered.wait()
        return Sent(pin.message_id)

    async def first_is_asked() -> bool:
        return asked == ["-1"]

    store = SqlPins(station.engine, station.committer)
    _, second = await store.owed(BOT, 2)
    parts = PinningParts(store, station.pacer, station.told, lambda: station.time, ask)
    pinning = Pinning(BOT, parts, Persistence(BOT, station.told))
    async with running(pinning.run):
        with pinning.in_hand(second.pin.delivery_id):
            await station.until(first_is_asked)
            await pinning.attempt(second.pin)
        first_is_answered.set()
        await station.until(lambda: nothing_is_owed(station))
        await asyncio.sleep(0.1)
    assert asked == ["-1", "-2"]


async def test_a_pin_whose_answer_takes_long_is_not_asked_for_beside_it(station: Station) -> None:
    station.sender = sender = SlowSender(pins={"-2": Unsure("http_502")})
    await station.channels(["-1", "-2"], pin=True)
    await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: has_asked_for(station, "-1", "-2"))
        await asyncio.sleep(0.3)  # the other one was put off, and whoever pins has looked again
        assert [chat for chat, _ in pins(station)].count("-1") == 1
        sender.may_answer.set()
        await station.until(lambda: is_owed_for(station, 1))


async def has_asked_for(station: Station, *chats: str) -> bool:
    return set(chats) <= {chat for chat, _ in pins(station)}


async def test_a_channel_that_pins_nothing_owes_nothing(station: Station) -> None:
    await station.channel("-1")
    await station.pump_until_idle(await station.start(station.bulletin()))
    assert (await owed(station), pins(station)) == (0, [])


async def test_after_a_long_flood_wait_it_is_pinned_by_the_next_process_too(station: Station) -> None:
    await station.channel("-1", pin=True)
    station.sender.pins["-1"] = FloodWait(300.0)
    bulletin = await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: station.is_done(bulletin))
        await station.until(lambda: is_put_off(station, 200))
    station.pacer = Pacer(station.pace)
    async with station.pumping():
        await asyncio.sleep(0.2)
    assert len(pins(station)) == 1  # the wait outlives the process that was told of it
    del station.sender.pins["-1"]
    station.advance(minutes=6)
    await pump_until_nothing_is_owed(station)
    assert len(pins(station)) == 2


async def is_put_off(station: Station, seconds: float) -> bool:
    due_at = await station.value(select(pins_due.c.due_at))
    return due_at is not None and due_at > (station.time.timestamp() + seconds) * 1_000


@pytest.mark.parametrize("lost", [NotSent("ClientConnectorError"), Unsure("http_502")])
async def test_it_rests_longer_each_time_nothing_comes_of_it(station: Station, lost: Outcome) -> None:
    await posted_but_not_pinned(station, "-1")
    station.sender.pins["-1"] = lost
    async with station.pumping():
        await station.until(lambda: has_attempts(station, 2))
    assert await is_put_off(station, 0.3)
    assert await station.value(select(pins_due.c.bot)) == BOT


async def has_attempts(station: Station, number: int) -> bool:
    return bool(await station.value(select(pins_due.c.attempt)) == number)


async def test_while_the_token_is_held_nothing_is_pinned(station: Station) -> None:
    await posted_but_not_pinned(station, "-1")
    station.pacer.hold(1.0)
    async with station.pumping():
        await asyncio.sleep(0.2)
        assert pins(station) == []
        await station.until(lambda: nothing_is_owed(station))


async def test_each_bot_pins_what_it_has_posted(station: Station) -> None:
    await posted_but_not_pinned(station, "-1")
    async with station.pumping("loa-hai"):
        await asyncio.sleep(0.1)
    assert (await owed(station), pins(station)) == (1, [])


async def test_a_bulletin_that_a_correction_stopped_is_pinned_all_the_same(station: Station) -> None:
    original = await posted_but_not_pinned(station, "-1")
    await station.set_state(original, BroadcastState.SENDING)
    correction = await station.start(station.correction_of(station.bulletin()), corrects=original)
    async with station.pumping():
        await station.until(lambda: station.is_done(correction))
        await station.until(lambda: nothing_is_owed(station))
    assert await station.state_of(original) is BroadcastState.STOPPED
    assert pins(station) == [("-1", "1")]  # the copy that the correction has put right, not its notice


async def test_a_paused_bulletin_is_pinned_when_it_goes_on(station: Station) -> None:
    bulletin = await posted_but_not_pinned(station, "-1")
    await station.set_state(bulletin, BroadcastState.PAUSED)
    async with station.pumping():
        await station.until(lambda: is_put_off(station, 20))
    assert pins(station) == []
    await station.set_state(bulletin, BroadcastState.DONE)
    station.advance(minutes=1)
    await pump_until_nothing_is_owed(station)
    assert pins(station) == [("-1", "1")]


# --- it is not to be had ---------------------------------------------------------------------------------


async def test_without_the_right_the_member_is_told_once_and_nothing_is_owed(station: Station) -> None:
    await posted_but_not_pinned(station, "-1")
    station.sender.pins["-1"] = NoRights("can_pin_messages")
    await pump_until_nothing_is_owed(station)
    row = await station.channel_row(ChannelId(1))
    assert (row.flaw, row.member_told_at) == ("can_pin_messages", None)
    await station.change_channel(ChannelId(1), member_told_at=TOLD)
    await posted_again(station)
    await pump_until_nothing_is_owed(station)
    assert (await station.channel_row(ChannelId(1))).member_told_at == TOLD
    assert len(pins(station)) == 2


async def posted_again(station: Station) -> None:
    """The same group has another bulletin that nobody could pin."""
    whole, station.sender = station.sender, DyingSender()
    await station.start(station.bulletin("Cúp điện"))
    async with station.pumping():
        await station.until(lambda: is_owed_for(station, 1))
    station.sender = whole


async def test_once_it_is_pinned_late_the_right_is_missed_no_longer(station: Station) -> None:
    await posted_but_not_pinned(station, "-1")
    await station.change_channel(ChannelId(1), flaw="can_pin_messages", member_told_at=TOLD)
    await pump_until_nothing_is_owed(station)
    assert (await station.channel_row(ChannelId(1))).flaw is None


@pytest.mark.parametrize(
    "change", [{"state": "left"}, {"state": "lost"}, {"state": "paused"}, {"pin": False}]
)
async def test_a_channel_that_left_or_chose_otherwise_is_not_asked(station: Station, change: Any) -> None:
    await posted_but_not_pinned(station, "-1")
    await station.change_channel(ChannelId(1), **change)
    await pump_until_nothing_is_owed(station)
    assert pins(station) == []


@pytest.mark.parametrize("refusal", [Gone("kicked"), Rejected("copy_gone")])
async def test_what_is_there_no_more_is_asked_for_once(station: Station, refusal: Outcome) -> None:
    await posted_but_not_pinned(station, "-1")
    station.sender.pins["-1"] = refusal
    await pump_until_nothing_is_owed(station)
    assert len(pins(station)) == 1
    row = await station.channel_row(ChannelId(1))
    assert row.state == "active", "what posts find out is theirs to judge"


async def test_in_the_place_a_group_has_moved_to_nothing_strange_is_pinned(station: Station) -> None:
    await posted_but_not_pinned(station, "-1")
    assert await Roster(station.engine, station.committer, NAMES).move(Platform.TELEGRAM, "-1", "-1001")
    await pump_until_nothing_is_owed(station)
    assert pins(station) == []


async def test_a_pin_that_finds_the_group_moved_follows_it_and_leaves_the_copy_behind(
    station: Station,
) -> None:
    await posted_but_not_pinned(station, "-1")
    station.sender.pins["-1"] = Moved("-1001")
    await pump_until_nothing_is_owed(station)
    row = await station.channel_row(ChannelId(1))
    assert (row.external_id, row.kind) == ("-1001", "supergroup")
    assert [chat for chat, _ in pins(station)] == ["-1"]


async def test_a_bulletin_that_was_stopped_is_pinned_nowhere(station: Station) -> None:
    bulletin = await posted_but_not_pinned(station, "-1")
    await station.set_state(bulletin, BroadcastState.STOPPED)
    await pump_until_nothing_is_owed(station)
    assert pins(station) == []


async def test_a_bulletin_that_was_withdrawn_is_pinned_nowhere(station: Station) -> None:
    original = await posted_but_not_pinned(station, "-1")
    withdrawal = station.correction_of(station.bulletin(), "Bản tin này đã thu hồi")
    await station.start(replace(withdrawal, msg_type=MsgType.CANCEL), corrects=original)
    await pump_until_nothing_is_owed(station)
    assert pins(station) == []


@pytest.mark.parametrize(
    ("valid", "later"), [(timedelta(hours=6), {"hours": 7}), (timedelta(days=9), {"hours": 25})]
)
async def test_what_is_old_is_given_up(station: Station, valid: timedelta, later: Any) -> None:
    await posted_but_not_pinned(station, "-1", expires=station.time + valid)
    station.advance(**later)
    await pump_until_nothing_is_owed(station)
    assert pins(station) == []


async def test_a_bug_in_pinning_keeps_no_bulletin_from_going_out(station: Station) -> None:
    station.sender = FaultySender()
    await station.channels(["-1", "-2"], pin=True)
    bulletin = await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: station.is_done(bulletin))
    assert set((await station.states(bulletin)).values()) == {SENT}
    assert not await nothing_is_owed(station), "it is tried again, later and later"


# --- the rule --------------------------------------------------------------------------------------------

_OWED = OwedPin(
    pin=Pin(DeliveryId(1), BulletinId(1), ChannelId(1), "-1", "7", None),
    due_at=NOON,
    posted_at=NOON,
    is_postable=True,
    is_chosen=True,
    is_left_behind=False,
    state=BroadcastState.DONE,
    was_corrected=False,
    is_withdrawn=False,
    expires=NOON + timedelta(days=3),
)


@pytest.mark.parametrize("state", [BroadcastState.SENDING, BroadcastState.PAUSED, BroadcastState.DONE])
def test_what_goes_on_or_is_done_should_be_pinned(state: BroadcastState) -> None:
    assert why_not(replace(_OWED, state=state), NOON) is None


@pytest.mark.parametrize(
    ("owed", "reason"),
    [
        (replace(_OWED, is_postable=False), NotPinned.CHANNEL_NOT_ACTIVE),
        (replace(_OWED, is_chosen=False), NotPinned.NOT_CHOSEN),
        (replace(_OWED, is_left_behind=True), NotPinned.LEFT_BEHIND),
        (replace(_OWED, state=BroadcastState.STOPPED), NotPinned.STOPPED),
        (replace(_OWED, is_withdrawn=True), NotPinned.WITHDRAWN),
        (replace(_OWED, expires=NOON), NotPinned.EXPIRED),
        (replace(_OWED, posted_at=NOON - PINNED_WITHIN), NotPinned.TOO_LATE),
    ],
)
def test_each_reason_not_to_pin(owed: OwedPin, reason: NotPinned) -> None:
    assert why_not(owed, NOON) is reason


def test_what_a_correction_stopped_should_still_be_pinned() -> None:
    assert why_not(replace(_OWED, state=BroadcastState.STOPPED, was_corrected=True), NOON) is None
