"""Who may go next when something is in the way: a picture's upload, a held token, a change that comes first."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from broadcasts.delivery import DeliveryId, FloodWait, Outcome
from broadcasts.pacing import Pacer, PaceRules
from broadcasts.ports import Content, Intent
from bulletins.bulletin import BulletinId, Lane, Media, Urgency
from storage.ledger import SqlLedger
from tests.broadcasts.looks import CHATS, arrived, has_posted, none_under_way
from tests.broadcasts.station import NO_PACE, ScriptedSender, Station, open_station

MAP = Media("ab" * 32, "bản đồ.png")
PACED = PaceRules(rate_per_second=50.0, chat_per_second=50.0)


@pytest.fixture
async def paced(tmp_path: Path) -> AsyncIterator[Station]:
    async with open_station(f"sqlite+aiosqlite:///{tmp_path}/loa.sqlite", pace=PACED) as station:
        yield station


async def test_an_upload_that_hangs_holds_up_no_bulletin_without_that_picture(paced: Station) -> None:
    await paced.channels(CHATS)
    paced.rules = replace(paced.rules, in_flight=8)
    paced.sender = upload = HangingUpload()
    urgent = replace(paced.bulletin("Ngập trên đường", media=MAP), urgency=Urgency.IMMEDIATE)
    pictured = await paced.start(urgent)
    async with paced.pumping():
        await paced.until(lambda: has_posted(paced, 1))
        plain = await paced.start(paced.bulletin("Lịch phun thuốc"))
        uploader, *others = CHATS
        await paced.until(lambda: arrived(paced, others))
        assert paced.sender.chats("Ngập") == [uploader]
        assert len(paced.sender.chats("Lịch")) == len(others)  # its own chat is busy with the upload
        upload.answer.set()
        await paced.until(lambda: paced.is_done(pictured))
        await paced.until(lambda: paced.is_done(plain))
    assert sorted(paced.sender.chats("Ngập")) == sorted(CHATS)


async def test_after_a_hold_the_more_urgent_is_read_again_before_anything_else_goes(paced: Station) -> None:
    """What was read before the hold is read anew; less urgent rows that were read later do not pass it."""
    await paced.channels(CHATS[:3])
    paced.pacer.hold(1.6)
    urgent = await paced.start(replace(paced.bulletin("Ngập trên đường"), urgency=Urgency.IMMEDIATE))
    async with paced.pumping() as pump:
        await asyncio.sleep(1.2)
        routine = await paced.start(paced.bulletin("Lịch phun thuốc"))
        pump.wake()
        await paced.until(lambda: paced.is_done(urgent))
        await paced.until(lambda: paced.is_done(routine))
    assert ["Ngập" in one.words for one in paced.sender.posted] == 3 * [True] + 3 * [False]


async def test_the_notice_of_a_correction_takes_a_slot_after_its_copy_was_changed(station: Station) -> None:
    await station.channel("-1")
    original = await station.start(station.bulletin())
    await station.pump_until_idle(original)
    station.pacer = slots = WatchedPacer(NO_PACE)
    slots.sender = station.sender
    correction = await station.start(station.correction_of(station.bulletin()), corrects=original)
    await station.pump_until_idle(correction)
    assert [one.method for one in station.sender.posted] == ["post", "edit", "post"]
    assert slots.taken_after == [["post", "edit"]]


async def test_a_flood_wait_for_a_pin_holds_its_chat(station: Station) -> None:
    await station.channel("-1", pin=True)
    station.sender.pins["-1"] = FloodWait(300.0)
    bulletin = await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: station.is_done(bulletin))
        await station.until(lambda: has_posted(station, 2))
    assert station.pacer.free_in("-1") > 200.0


async def test_quiet_hours_that_begin_while_the_token_is_held_count(station: Station) -> None:
    await station.channel("-1", quiet_starts_minute=12 * 60 + 5, quiet_ends_minute=13 * 60)
    bulletin = await station.start(station.bulletin())
    station.pacer.hold(1.5)
    async with station.pumping():
        await asyncio.sleep(0.3)
        station.advance(minutes=5)
        await station.until(lambda: is_put_off(station, bulletin))
    assert station.sender.posted == []


@dataclass
class HangingUpload(ScriptedSender):
    """The first to post a picture uploads it, which takes until somebody says so; all others wait for that."""

    answer: asyncio.Event = field(default_factory=asyncio.Event)
    uploading: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def prepared(self, content: Content) -> AsyncIterator[None]:
        async with self.uploading:
            yield

    async def post(self, chat: str, content: Content, reply_to: str | None = None) -> Outcome:
        outcome = await super().post(chat, content, reply_to)
        if content.media is not None:
            await self.answer.wait()
        return outcome


class WatchedPacer(Pacer):
    """Writes down, with each slot, which requests had been made before it."""

    sender: ScriptedSender

    def __init__(self, rules: PaceRules) -> None:
        super().__init__(rules)
        self.taken_after: list[list[str]] = []

    async def slot(self, lane: Lane, chat: str, patience_seconds: float = math.inf) -> bool:
        self.taken_after.append([one.method for one in self.sender.posted])
        return await super().slot(lane, chat, patience_seconds)


async def is_put_off(station: Station, bulletin: BulletinId) -> bool:
    (row,) = (await station.deliveries(bulletin)).values()
    return bool(row.state == "queued" and row.due_at > (station.time.timestamp() + 600) * 1000)


@pytest.mark.parametrize(
    ("hours", "quiet"), [(0.5, {"quiet_starts_minute": 12 * 60 + 5, "quiet_ends_minute": 13 * 60}), (7.0, {})]
)
async def test_what_could_not_be_written_down_for_long_does_not_go_when_its_time_is_over(
    station: Station, hours: float, quiet: dict[str, int]
) -> None:
    """It was read before quiet hours began, or before it expired; the database took the intent only later."""
    await station.channels(CHATS[:3], **quiet)
    bulletin = await station.start(station.bulletin())
    ledger = station.ledger = LateLedger(station.engine, station.committer)
    async with station.pumping():
        await station.until(lambda: is_asked(ledger))
        station.advance(hours=hours)
        ledger.may_answer.set()
        await station.until(lambda: none_under_way(station, bulletin))
        await asyncio.sleep(0.1)
    assert station.sender.posted == []


class LateLedger(SqlLedger):
    """Takes no intent before somebody says so, and then all of them."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.may_answer = asyncio.Event()
        self.is_asked = False

    async def intend(self, intent: Intent) -> frozenset[DeliveryId]:
        self.is_asked = True
        await self.may_answer.wait()
        return await super().intend(intent)


async def is_asked(ledger: LateLedger) -> bool:
    return ledger.is_asked
