"""Rows that wait in the pump's hand: for their chat, for a picture, for a slot. None is sent on stale knowledge."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from broadcasts.broadcast import BroadcastState
from broadcasts.pacing import PaceRules
from broadcasts.ports import Content, Due, Pick
from bulletins.bulletin import Media
from storage.ledger import SqlLedger
from tests.broadcasts.looks import CHATS, has_posted, nothing_open
from tests.broadcasts.station import ScriptedSender, Station, open_station


async def test_rows_that_wait_for_their_chat_do_not_keep_the_picker_busy(tmp_path: Path) -> None:
    pace = PaceRules(rate_per_second=10, chat_per_second=0.5)
    async with open_station(f"sqlite+aiosqlite:///{tmp_path}/loa.sqlite", pace=pace) as station:
        await station.channels(CHATS[:4])
        for number in range(3):
            await station.start(station.bulletin(f"Bản tin {number}"))
        ledger = station.ledger = CountingLedger(station.engine, station.committer)
        async with station.pumping():
            await station.until(lambda: has_posted(station, 4))
            ledger.picks = 0
            await asyncio.sleep(0.5)
        assert ledger.picks < 100


async def test_a_row_that_waited_long_in_the_hand_is_read_anew(station: Station) -> None:
    group = await station.channel("-1")
    bulletin = await station.start(station.bulletin())
    station.pacer.hold(1.5)
    async with station.pumping():
        await asyncio.sleep(0.2)
        await station.change_channel(group, silent=True)
        await station.until(lambda: station.is_done(bulletin))
    assert station.sender.posted[0].silent


async def test_while_a_picture_is_uploaded_no_slot_is_taken_and_a_stop_is_heard(station: Station) -> None:
    await station.channels(CHATS[:5])
    uploading = asyncio.Event()

    async def take_long(_: str) -> None:
        uploading.set()
        await asyncio.sleep(1.0)

    station.sender = OneUploadAtATime(before_answer=take_long)
    bulletin = await station.start(station.bulletin(media=Media("ab" * 32, "bản đồ.png")))
    async with station.pumping() as pump:
        await uploading.wait()
        await station.set_state(bulletin, BroadcastState.STOPPED)
        pump.wake()
        await station.until(lambda: nothing_open(station, bulletin))
    assert len(station.sender.posted) == 1


class CountingLedger(SqlLedger):
    """Counts how often somebody looks for what is due."""

    picks = 0

    async def pick(self, pick: Pick) -> Sequence[Due]:
        self.picks += 1
        return await super().pick(pick)


@dataclass
class OneUploadAtATime(ScriptedSender):
    """Nobody else may post while somebody uploads."""

    uploading: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def prepared(self, content: Content) -> AsyncIterator[None]:
        async with self.uploading:
            yield
