"""What may be in a chat though nobody knows: never forgotten, always corrected, never taken for another message."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from broadcasts.broadcast import BroadcastState
from broadcasts.delivery import Moved, Outcome, Unsure
from broadcasts.ports import Content
from broadcasts.progress import Resolution, Settling
from bulletins.bulletin import BulletinId, MsgType
from members.channel import ChannelId, Platform
from storage.roster import Roster
from tests.broadcasts.looks import DROPPED, QUEUED, SENT, UNSURE, has_posted, nothing_open
from tests.broadcasts.station import ScriptedSender, Station
from tests.keys import NAMES

SENT_AGAIN = {"state": "queued", "attempt": 1, "resent": True, "reason": "unsure:TimeoutError"}


# --- a repeat that ends otherwise ------------------------------------------------------------------------


async def test_a_repeat_to_a_channel_that_paused_leaves_the_first_copy_unsure(station: Station) -> None:
    group = await station.channel("-1")
    bulletin = await station.start(station.emergency())
    await station.change_deliveries(bulletin, **SENT_AGAIN)
    await station.change_channel(group, state="paused")
    await station.pump_until_idle(bulletin)
    row = (await station.deliveries(bulletin))["-1"]
    assert (row.state, row.reason) == (UNSURE, "channel_not_active")


async def test_a_repeat_that_expired_leaves_the_first_copy_unsure(station: Station) -> None:
    await station.channel("-1")
    bulletin = await station.start(station.emergency())
    await station.change_deliveries(bulletin, **SENT_AGAIN)
    station.advance(hours=7)
    async with station.pumping():
        await station.until(lambda: nothing_open(station, bulletin))
    assert await station.states(bulletin) == {"-1": UNSURE}


async def test_a_repeat_that_moves_to_a_place_with_its_own_copy_leaves_the_first_unsure(
    station: Station,
) -> None:
    await station.channels(["-1", "-1001"])
    station.sender.answers["-1"].extend([Unsure("TimeoutError"), Moved("-1001")])
    bulletin = await station.start(station.emergency())
    await station.pump_until_idle(bulletin)
    assert await station.states(bulletin) == {"-1": UNSURE, "-1001": SENT}


async def test_a_repeat_that_was_interrupted_too_is_not_sent_a_third_time(station: Station) -> None:
    await station.channel("-1")
    bulletin = await station.start(station.emergency())
    await station.change_deliveries(bulletin, **SENT_AGAIN | {"state": "sending", "attempt": 2})
    await station.pump_until_idle(bulletin)
    assert station.sender.posted == []
    assert await station.states(bulletin) == {"-1": UNSURE}


@pytest.mark.parametrize("resolution", [Resolution.ARRIVED, Resolution.LEAVE])
async def test_a_correction_goes_where_a_moderator_let_the_unsure_be(
    station: Station, resolution: Resolution
) -> None:
    """Left as it was, nobody knows whether a copy is there: the whole correction is posted."""
    await station.channel("-1")
    station.sender.answers["-1"].append(Unsure("TimeoutError"))
    original = await station.start(station.bulletin())
    await station.pump_until_idle(original)
    assert await station.aftermath.settle_unsure(Settling(original, resolution, station.time)) == 1
    correction = await corrected(station, original)
    assert await station.states(correction) == {"-1": SENT}
    assert [one.method for one in station.sender.posted] == ["post", "post"]


async def test_a_copy_of_which_nobody_knows_is_named_when_its_correction_stands_beside_it(
    station: Station,
) -> None:
    await station.channel("-1")
    station.sender.answers["-1"].append(Unsure("TimeoutError"))
    original = await station.start(station.bulletin())
    await station.pump_until_idle(original)
    correction = await corrected(station, original)
    (straggler,) = await station.aftermath.stragglers(correction, 10)
    assert straggler.reason == "not_edited:copy_unknown"


async def test_a_copy_in_a_channel_that_paused_is_named_for_its_correction_did_not_come(
    station: Station,
) -> None:
    group, _ = await station.channels(["-1", "-2"])
    original = await station.start(station.bulletin())
    await station.pump_until_idle(original)
    await station.change_channel(group, state="paused")
    correction = await corrected(station, original)
    (straggler,) = await station.aftermath.stragglers(correction, 10)
    assert (straggler.channel_title, straggler.reason) == ("Nhóm -1", "channel_not_active")
    assert await station.aftermath.in_trouble(correction) == {DROPPED: 1}


# --- a group that moves ----------------------------------------------------------------------------------


async def test_what_was_on_its_way_when_the_group_moved_is_not_looked_for_in_the_new_place(
    station: Station,
) -> None:
    """It was confirmed after the move, under an id of the old place."""
    await station.channel("-1", kind="group")
    roster = Roster(station.engine, station.committer, NAMES)

    async def move(_: str) -> None:
        assert await roster.move(Platform.TELEGRAM, "-1", "-1001")

    station.sender.before_answer = move
    original = await station.start(station.bulletin())
    await station.pump_until_idle(original)
    station.sender.before_answer = None
    assert await station.states(original) == {"-1001": SENT}
    correction = await corrected(station, original)
    assert "edit" not in [one.method for one in station.sender.posted]
    (straggler,) = await station.aftermath.stragglers(correction, 10)
    assert straggler.reason == "not_edited:moved_away"


async def test_that_a_copy_could_not_be_corrected_is_still_listed_after_a_move(station: Station) -> None:
    await station.channel("-1", kind="group")
    original = await station.start(station.bulletin())
    await station.pump_until_idle(original)
    await station.change_deliveries(original, state="sent", message_id="1", reason="moved_away")
    correction = await corrected(station, original)
    roster = Roster(station.engine, station.committer, NAMES)
    assert await roster.move(Platform.TELEGRAM, "-1", "-1001")
    (straggler,) = await station.aftermath.stragglers(correction, 10)
    assert straggler.reason == "not_edited:left_behind"


async def test_what_is_sent_after_a_move_is_corrected_in_place(station: Station) -> None:
    await station.channel("-1", kind="group")
    station.sender.answers["-1"].append(Moved("-1001"))
    original = await station.start(station.bulletin())
    await station.pump_until_idle(original)
    await corrected(station, original)
    assert [(one.method, one.chat) for one in station.sender.posted[2:]] == [
        ("edit", "-1001"),
        ("post", "-1001"),
    ]


# --- a correction whose change is answered late ----------------------------------------------------------


async def test_a_correction_stopped_while_its_change_hung_posts_no_notice(station: Station) -> None:
    correction = await hanging_correction(station, quiet=False)
    async with station.pumping() as pump:
        await station.until(lambda: has_posted(station, 2))
        await station.set_state(correction, BroadcastState.STOPPED)
        pump.wake()
        await asyncio.sleep(station.rules.patience_seconds * 1.5)
        sender(station).answer.set()
        await station.until(lambda: nothing_open(station, correction))
    assert [one.method for one in station.sender.posted] == ["post", "edit"]
    assert await station.states(correction) == {"-1": DROPPED}


async def test_no_notice_reaches_a_channel_that_paused_while_its_change_hung(station: Station) -> None:
    correction = await hanging_correction(station, quiet=False)
    async with station.pumping():
        await station.until(lambda: has_posted(station, 2))
        await station.change_channel(ChannelId(1), state="paused")
        await asyncio.sleep(station.rules.patience_seconds * 1.5)
        sender(station).answer.set()
        await station.until(lambda: nothing_open(station, correction))
    assert [one.method for one in station.sender.posted] == ["post", "edit"]
    assert await station.states(correction) == {"-1": DROPPED}


async def test_a_notice_waits_when_quiet_hours_began_while_its_change_hung(station: Station) -> None:
    correction = await hanging_correction(station, quiet=True)
    async with station.pumping():
        await station.until(lambda: has_posted(station, 2))
        station.advance(minutes=5)
        await asyncio.sleep(station.rules.patience_seconds * 1.5)
        sender(station).answer.set()
        await station.until(lambda: is_put_off(station, correction))
    assert [one.method for one in station.sender.posted] == ["post", "edit"]


async def test_a_notice_follows_a_change_that_was_only_answered_late(station: Station) -> None:
    correction = await hanging_correction(station, quiet=False)
    async with station.pumping():
        await station.until(lambda: has_posted(station, 2))
        await asyncio.sleep(station.rules.patience_seconds * 1.5)
        sender(station).answer.set()
        await station.until(lambda: station.is_done(correction))
    assert [one.method for one in station.sender.posted] == ["post", "edit", "post"]


class LateChanges(ScriptedSender):
    """No change is answered until somebody says so."""

    answer: asyncio.Event

    async def edit(self, chat: str, message_id: str, content: Content) -> Outcome:
        outcome = await super().edit(chat, message_id, content)
        await self.answer.wait()
        return outcome


async def hanging_correction(station: Station, *, quiet: bool) -> BulletinId:
    """A correction of what stands in a group, in which quiet hours begin in five minutes, or never."""
    late = LateChanges()
    late.answer = asyncio.Event()
    station.sender = late
    minutes = {"quiet_starts_minute": 12 * 60 + 5, "quiet_ends_minute": 13 * 60} if quiet else {}
    await station.channel("-1", **minutes)
    original = await station.start(station.bulletin())
    await station.pump_until_idle(original)
    return await station.start(station.correction_of(station.bulletin()), corrects=original)


def sender(station: Station) -> LateChanges:
    assert isinstance(station.sender, LateChanges)
    return station.sender


async def is_put_off(station: Station, bulletin: BulletinId) -> bool:
    (row,) = (await station.deliveries(bulletin)).values()
    return row.state == QUEUED and row.due_at > (station.time.timestamp() + 600) * 1000


async def corrected(station: Station, original: BulletinId) -> BulletinId:
    """A correction of it has gone out."""
    amended = replace(station.correction_of(station.bulletin()), msg_type=MsgType.UPDATE)
    correction = await station.start(amended, corrects=original)
    await station.pump_until_idle(correction)
    return correction
