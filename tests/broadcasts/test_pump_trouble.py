"""The pump in trouble: floods, lost answers, full disks, our own bugs; nothing lost, nothing silently repeated."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from broadcasts import letters
from broadcasts.broadcast import BroadcastState
from broadcasts.delivery import DeliveryId, DeliveryState, FloodWait, NotSent, Unsure
from broadcasts.pacing import Pacer, PaceRules
from broadcasts.ports import Intent, LedgerUnavailable, Settlement
from bulletins.bulletin import VIETNAMESE, Bulletin
from platforms.telegram_outcomes import outcome_of
from storage.ledger import SqlLedger
from storage.tables import bulletins
from tests.broadcasts.looks import (
    arrived,
    has_posted,
    has_told_of_storage,
    is_held,
    is_in_state,
    none_under_way,
    state_of,
)
from tests.broadcasts.station import BOT, Station, running

CHATS = [f"-100{number}" for number in range(1, 41)]
SENT, FAILED, UNSURE = DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNSURE
QUEUED, DROPPED = DeliveryState.QUEUED, DeliveryState.DROPPED


async def test_what_never_left_is_tried_again(station: Station) -> None:
    await station.channel("-1")
    station.sender.answers["-1"].append(NotSent("ClientConnectorError"))
    bulletin = await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: state_of(station, bulletin, "-1", QUEUED))
        station.advance(seconds=10)
        await station.until(lambda: station.is_done(bulletin))
    assert station.sender.chats() == ["-1", "-1"]


async def test_a_flood_wait_is_kept_as_a_due_time(station: Station) -> None:
    await station.channel("-1")
    station.sender.answers["-1"].append(FloodWait(3_000.0))
    bulletin = await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: state_of(station, bulletin, "-1", QUEUED))
        row = (await station.deliveries(bulletin))["-1"]
    assert row.due_at >= (station.time + timedelta(seconds=2_900)).timestamp() * 1000
    assert row.attempt == 0
    assert station.sender.chats() == ["-1"]


async def test_a_chat_that_must_wait_long_holds_up_no_other(station: Station) -> None:
    await station.channels(CHATS)
    station.pacer = Pacer(PaceRules(rate_per_second=500.0))
    for chat in CHATS[:30]:
        station.pacer._chats.hold(chat, asyncio.get_running_loop().time() + 3_000.0)
    bulletin = await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: arrived(station, CHATS[30:]))
        await station.until(lambda: none_under_way(station, bulletin))
    assert sorted(station.sender.chats()) == sorted(CHATS[30:])
    assert set(list((await station.states(bulletin)).values())[:30]) == {QUEUED}


async def test_a_token_that_is_held_stays_held_over_a_restart(station: Station) -> None:
    await station.channels(CHATS[:3])
    for chat in CHATS[:2]:
        station.sender.answers[chat].append(FloodWait(3_000.0))
    await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: is_held(station))
    station.pacer = Pacer(station.pace)
    async with station.pumping():
        await station.until(lambda: is_held(station))
    assert 2_900 < station.pacer.held_for() <= 3_000


@pytest.mark.parametrize("wording", [r"half of \ud800", r"a \u0000 in it"])
async def test_a_refusal_in_words_that_no_database_takes_holds_up_nobody(
    station: Station, wording: str
) -> None:
    await station.channels(["-1", "-2"])
    body = '{"ok":false,"error_code":400,"description":"%s"}' % wording  # noqa: UP031
    station.sender.answers["-1"].append(outcome_of(400, body.encode()))
    bulletin = await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: station.is_done(bulletin))
    assert await station.states(bulletin) == {"-1": FAILED, "-2": SENT}
    assert len(await station.aftermath.reasons(bulletin)) == 1


async def test_a_bug_in_rendering_holds_up_no_other_bulletin(station: Station, monkeypatch: Any) -> None:
    await station.channel("-1")
    await station.channel("-2")
    good = letters.render

    def fails_for_one(bulletin: Bulletin, *args: Any, **options: Any) -> Any:
        if "hỏng" in bulletin.texts[VIETNAMESE].headline:
            raise KeyError("no such label")
        return good(bulletin, *args, **options)

    monkeypatch.setattr(letters, "render", fails_for_one)
    broken = await station.start(station.bulletin("Bản tin hỏng"))
    whole = await station.start(station.bulletin("Bản tin lành"))
    async with station.pumping():
        await station.until(lambda: station.is_done(whole))
        assert not station.pacer.held_for()
        await station.until(lambda: station.is_done(broken))
    assert set((await station.states(broken)).values()) == {FAILED}


async def test_an_unsure_routine_delivery_waits_for_a_moderator(station: Station) -> None:
    await station.channel("-1")
    station.sender.answers["-1"].append(Unsure("ServerDisconnectedError"))
    bulletin = await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: station.is_done(bulletin))
    assert station.sender.chats() == ["-1"]
    assert await station.states(bulletin) == {"-1": UNSURE}


async def test_an_unsure_emergency_is_sent_once_more_and_says_so(station: Station) -> None:
    await station.channel("-1")
    station.sender.answers["-1"].extend([Unsure("TimeoutError"), Unsure("TimeoutError")])
    bulletin = await station.start(station.emergency())
    async with station.pumping():
        await station.until(lambda: station.is_done(bulletin))
    first, second = station.sender.posted
    assert "Gửi lại" not in first.words
    assert "Gửi lại" in second.words
    assert await station.states(bulletin) == {"-1": UNSURE}


async def test_a_delivery_that_was_interrupted_is_never_silently_repeated(station: Station) -> None:
    await station.channels(["-1", "-2"])
    routine = await station.start(station.bulletin("Chuyện thường"))
    emergency = await station.start(station.emergency("Sơ tán ngay"))
    for bulletin in (routine, emergency):
        await station.change_deliveries(bulletin, state="sending", attempt=1, lease_until=0)
    async with station.pumping():
        await station.until(lambda: station.is_done(routine))
        await station.until(lambda: station.is_done(emergency))
    assert station.sender.chats("Chuyện thường") == []
    assert set((await station.states(routine)).values()) == {UNSURE}
    assert sorted(station.sender.chats("Gửi lại")) == ["-1", "-2"]
    assert set((await station.states(emergency)).values()) == {SENT}


async def test_an_end_of_the_process_waits_for_what_is_under_way(station: Station) -> None:
    await station.channels(CHATS[:5])
    answer = asyncio.Event()

    async def wait(_: str) -> None:
        await answer.wait()

    station.sender.before_answer = wait
    bulletin = await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: has_posted(station, 5))
        asyncio.get_running_loop().call_later(0.05, answer.set)
    assert set((await station.states(bulletin)).values()) == {SENT}


async def test_two_bots_send_their_own_channels_only(station: Station) -> None:
    await station.channels(["-1", "-2"])
    await station.channels(["-3"], bot="loa-hai")
    bulletin = await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: has_posted(station, 2))
        await asyncio.sleep(0.1)
    assert sorted(station.sender.chats()) == ["-1", "-2"]
    assert await station.state_of(bulletin) is BroadcastState.SENDING
    async with station.pumping("loa-hai"):
        await station.until(lambda: station.is_done(bulletin))
    assert sorted(station.sender.chats()) == ["-1", "-2", "-3"]


async def test_a_bulletin_changed_after_its_approval_is_halted(station: Station) -> None:
    await station.channel("-1")
    bulletin = await station.start(station.bulletin())
    async with station.engine.begin() as connection:
        record = dict((await connection.execute(select(bulletins.c.record))).scalar_one())
        record["texts"] = {"vi": ["Ngân hàng tặng tiền", "Bấm vào đây", ""]}
        await connection.execute(bulletins.update().values(record=record))
    async with station.pumping():
        await station.until(lambda: is_in_state(station, bulletin, BroadcastState.PAUSED))
    assert station.sender.posted == []
    assert station.told.halted == [bulletin]


async def test_a_bug_in_sending_is_no_silent_repeat(station: Station) -> None:
    await station.channel("-1")

    async def fail(_: str) -> None:
        raise ZeroDivisionError

    station.sender.before_answer = fail
    bulletin = await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: station.is_done(bulletin))
    row = (await station.deliveries(bulletin))["-1"]
    assert (row.state, row.reason) == ("unsure", "unsure:fault ZeroDivisionError")


async def test_while_nothing_can_be_written_nothing_is_sent(station: Station) -> None:
    await station.channels(CHATS)
    disk = station.ledger = FullDisk(station.engine, station.committer)
    bulletin = await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: has_told_of_storage(station))
        await asyncio.sleep(0.1)
        assert station.sender.posted == []
        disk.is_full = False
        await station.until(lambda: station.is_done(bulletin))
    assert station.told.storage == ["database or disk is full", None]
    assert sorted(station.sender.chats()) == sorted(CHATS)


async def test_a_pump_that_ends_while_nothing_can_be_written_leaves_no_alarm_behind(station: Station) -> None:
    await station.channels(CHATS[:3])
    station.ledger = FullDisk(station.engine, station.committer)
    await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: has_told_of_storage(station))
    assert station.told.storage == ["database or disk is full", None]


async def test_an_outcome_that_cannot_be_written_is_kept_until_it_can(station: Station) -> None:
    await station.channels(CHATS[:3])
    disk = station.ledger = FullDisk(station.engine, station.committer)
    disk.is_full = False
    bulletin = await station.start(station.bulletin())

    async def fill_up(_: str) -> None:
        disk.is_full = True

    station.sender.before_answer = fill_up
    async with station.pumping():
        await station.until(lambda: has_told_of_storage(station))
        disk.is_full = False
        station.sender.before_answer = None
        await station.until(lambda: station.is_done(bulletin))
    assert sorted(station.sender.chats()) == sorted(CHATS[:3])
    assert set((await station.states(bulletin)).values()) == {SENT}


@pytest.mark.parametrize("chosen", [{"silent": True}, {"silent": False}])
async def test_silence_is_as_the_channel_chose(station: Station, chosen: dict[str, bool]) -> None:
    await station.channel("-1", **chosen)
    bulletin = await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: station.is_done(bulletin))
    assert station.sender.posted[0].silent is chosen["silent"]


async def test_two_pumps_of_different_bots_share_one_committer(station: Station) -> None:
    await station.channels(CHATS)
    await station.channels([f"{chat}000" for chat in CHATS], bot="loa-hai")
    bulletin = await station.start(station.bulletin())
    async with running(station.pump(BOT).run), running(station.pump("loa-hai").run):
        await station.until(lambda: station.is_done(bulletin))
    assert len(station.sender.chats()) == len(set(station.sender.chats())) == 2 * len(CHATS)


class FullDisk(SqlLedger):
    """A ledger that nothing can be written to until somebody makes room."""

    is_full = True

    async def intend(self, intent: Intent) -> frozenset[DeliveryId]:
        if self.is_full:
            raise LedgerUnavailable("database or disk is full")
        return await super().intend(intent)

    async def record(self, settlement: Settlement) -> bool:
        if self.is_full:
            raise LedgerUnavailable("database or disk is full")
        return await super().record(settlement)


# --- what the tests wait for -----------------------------------------------------------------------------
