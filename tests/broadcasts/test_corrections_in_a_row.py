"""A correction was wrong too: the newest one stands everywhere, and nothing older comes after it."""

from __future__ import annotations

import asyncio

from broadcasts.book import Refusal
from broadcasts.broadcast import BroadcastState
from broadcasts.delivery import FloodWait, Gone, NotSent, Unsure
from bulletins.bulletin import BulletinId
from members.channel import Platform
from storage.roster import Roster
from tests.broadcasts.looks import DROPPED, SENT
from tests.broadcasts.station import Station
from tests.keys import NAMES

WRONG, RIGHT = "Đúng là 8 giờ", "Đúng là 9 giờ"


async def test_a_paused_correction_is_stopped_by_the_next_one(station: Station) -> None:
    original = await sent_out(station)
    older = await corrected(station, original, WRONG, pumped=False)
    await station.set_state(older, BroadcastState.PAUSED)
    newer = await corrected(station, original, RIGHT)
    row = await station.bulletin_row(older)
    assert (row.state, row.halted_because) == ("stopped", "corrected")
    assert await station.states(newer) == {"-1": SENT}
    assert WRONG not in words_of_edits(station)


async def test_a_change_put_off_by_a_flood_wait_never_lands_on_the_next_correction(station: Station) -> None:
    original = await sent_out(station)
    station.sender.edits["-1"].append(FloodWait(0.5))
    older = await corrected(station, original, WRONG, pumped=False)
    async with station.pumping():
        await station.until(lambda: was_asked(station))
        newer = await corrected(station, original, RIGHT, pumped=False)
        await station.until(lambda: station.is_done(newer))
        await asyncio.sleep(0.6)
    assert await station.states(older) == {"-1": DROPPED}
    assert RIGHT in words_of_edits(station)[-1]


async def test_why_a_correction_is_tried_again_stands_beside_it_until_it_is(station: Station) -> None:
    await station.channel("-1")
    station.sender.answers["-1"].extend([Unsure("no_answer_in_time"), NotSent("ConnectionRefusedError")])
    original = await station.start(station.bulletin())
    await station.pump_until_idle(original)
    reasons: list[str | None] = []

    async def look(chat: str) -> None:
        reasons.append((await station.deliveries(correction))[chat].reason)

    station.sender.before_answer = look
    correction = await corrected(station, original, RIGHT, pumped=False)
    await station.pump_until_idle(correction)
    await station.pump_until_idle(correction)
    assert reasons == [None, "not_sent:ConnectionRefusedError"], "as the canary's, on which all others wait"
    assert (await station.deliveries(correction))["-1"].reason == "not_edited:copy_unknown"


async def test_a_correction_waits_for_an_older_one_that_is_on_its_way(station: Station) -> None:
    original = await sent_out(station)
    older = await corrected(station, original, WRONG, pumped=False)
    newer = await corrected(station, original, RIGHT, pumped=False)
    other_bots = {"state": "sending", "attempt": 1, "lease_until": 2**50, "bot": "other"}
    await station.change_deliveries(older, **other_bots)  # so that no pump calls it interrupted
    async with station.pumping():
        await asyncio.sleep(0.2)
        assert words_of_edits(station) == []
        await station.change_deliveries(older, state="sent", message_id="7", lease_until=None)
        await station.until(lambda: station.is_done(newer))
    assert await station.states(newer) == {"-1": SENT}


async def test_what_failed_of_an_older_correction_is_not_tried_again(station: Station) -> None:
    original = await sent_out(station)
    station.sender.answers["-1"].append(Gone("kicked"))
    older = await corrected(station, original, WRONG)
    assert await station.aftermath.retry_failed(older, station.time) != Refusal.SUPERSEDED
    newer = await corrected(station, original, RIGHT)
    assert await station.aftermath.retry_failed(older, station.time) is Refusal.SUPERSEDED
    assert await station.aftermath.retry_failed(newer, station.time) == 0


async def test_the_notice_of_an_older_correction_says_afterwards_what_the_newest_says(
    station: Station,
) -> None:
    original = await sent_out(station)
    await corrected(station, original, WRONG)
    copy, older_notice = station.sender.posted[0], station.sender.posted[-1]
    await corrected(station, original, RIGHT)
    change, notice_change, notice = station.sender.posted[-3:]
    assert (change.method, change.message_id) == ("edit", copy.message_id)
    assert (notice_change.method, notice_change.message_id) == ("edit", older_notice.message_id)
    assert notice_change.words == notice.words
    assert notice.reply_to == copy.message_id


async def test_an_older_correction_that_was_posted_whole_is_put_right_itself(station: Station) -> None:
    """Of the first bulletin nobody knows; of its first correction the message is known."""
    await station.channel("-1")
    station.sender.answers["-1"].append(Unsure("TimeoutError"))
    original = await station.start(station.bulletin())
    await station.pump_until_idle(original)
    await corrected(station, original, WRONG)
    whole = station.sender.posted[-1]
    newest = await corrected(station, original, RIGHT)
    change, notice = station.sender.posted[-2:]
    assert (change.method, change.message_id) == ("edit", whole.message_id)
    assert RIGHT in change.words
    assert WRONG not in change.words
    assert (notice.method, notice.reply_to) == ("post", whole.message_id)
    assert (await station.deliveries(newest))["-1"].reason == "not_edited:copy_unknown"


async def test_a_group_that_moved_keeps_the_older_notice_in_the_old_place(station: Station) -> None:
    """Under its id the new place has another message, perhaps one of ours."""
    await station.channel("-1", kind="group")
    original = await station.start(station.bulletin())
    await station.pump_until_idle(original)
    await corrected(station, original, WRONG)
    await Roster(station.engine, station.committer, NAMES).move(Platform.TELEGRAM, "-1", "-1001")
    await corrected(station, original, RIGHT)
    assert [(one.method, one.chat) for one in station.sender.posted[3:]] == [("post", "-1001")]


def words_of_edits(station: Station) -> list[str]:
    return [one.words for one in station.sender.posted if one.method == "edit"]


async def was_asked(station: Station) -> bool:
    return bool(words_of_edits(station))


async def sent_out(station: Station) -> BulletinId:
    await station.channel("-1")
    original = await station.start(station.bulletin())
    await station.pump_until_idle(original)
    return original


async def corrected(
    station: Station, original: BulletinId, headline: str, *, pumped: bool = True
) -> BulletinId:
    correction = await station.start(station.correction_of(station.bulletin(), headline), corrects=original)
    if pumped:
        await station.pump_until_idle(correction)
    return correction
