"""What a delivery's outcome means for its channel, its member, and what is sent later."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from broadcasts.broadcast import BroadcastState
from broadcasts.delivery import DeliveryState, Gone, Moved, NoRights, NotSent, Outcome, Rejected, Sent, Unsure
from broadcasts.planner import quiet_until
from broadcasts.progress import Resolution, Settling
from bulletins.bulletin import BulletinId, MsgType
from members.channel import Platform
from storage.roster import Roster
from tests.broadcasts.station import VIET_NAM, Station
from tests.keys import NAMES

SENT, FAILED, UNSURE = DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNSURE
QUEUED, DROPPED = DeliveryState.QUEUED, DeliveryState.DROPPED
TOLD = datetime(2026, 12, 1, tzinfo=UTC)


async def test_a_channel_that_threw_the_bot_out_is_lost_and_its_member_is_to_be_told(
    station: Station,
) -> None:
    group = await station.channel("-1")
    station.sender.answers["-1"].append(Gone("kicked"))
    await sent_out(station)
    row = await station.channel_row(group)
    assert (row.state, row.flaw, row.member_told_at) == ("lost", "kicked", None)
    assert station.told.troubles == 1
    await sent_out(station)
    assert station.sender.chats() == ["-1"]


async def test_a_missing_right_is_told_once_not_once_a_bulletin(station: Station) -> None:
    group = await station.channel("-1")
    station.sender.answers["-1"].extend([NoRights("can_send_messages"), NoRights("can_send_messages")])
    await sent_out(station)
    assert (await station.channel_row(group)).flaw == "can_send_messages"
    await station.change_channel(group, member_told_at=TOLD)
    await sent_out(station)
    assert (await station.channel_row(group)).member_told_at == TOLD


async def test_a_channel_that_works_again_loses_its_flaw(station: Station) -> None:
    group = await station.channel("-1", flaw="can_send_messages", member_told_at=TOLD)
    await sent_out(station)
    assert (await station.channel_row(group)).flaw is None


async def test_what_arrives_mends_no_flaw_that_was_found_while_it_was_on_its_way(station: Station) -> None:
    group = await station.channel("-1", flaw="can_send_photos", member_told_at=TOLD)

    async def lose_another_right(chat: str) -> None:
        await station.change_channel(group, flaw="can_pin_messages", member_told_at=None)

    station.sender.before_answer = lose_another_right
    await sent_out(station)
    assert (await station.channel_row(group)).flaw == "can_pin_messages"


async def test_a_right_to_pin_that_is_missing_is_told_once_and_only_a_pin_ends_it(station: Station) -> None:
    group = await station.channel("-1", pin=True)
    station.sender.pins["-1"] = NoRights("can_pin_messages")
    await sent_out(station)
    await station.change_channel(group, member_told_at=TOLD)
    await sent_out(station)
    row = await station.channel_row(group)
    assert (row.flaw, row.member_told_at) == ("can_pin_messages", TOLD)
    del station.sender.pins["-1"]
    bulletin = await sent_out(station)
    assert (await station.channel_row(group)).flaw is None
    assert await station.states(bulletin) == {"-1": SENT}


async def test_a_pin_whose_answer_was_lost_is_tried_again(station: Station) -> None:
    await station.channel("-1", pin=True)
    outcomes = [Unsure("http_502"), NotSent("ClientConnectorError"), Sent("1")]

    async def pin(chat: str, message_id: str) -> Outcome:
        return outcomes.pop(0)

    station.sender.pin = pin  # type: ignore[method-assign]
    bulletin = await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: station.is_done(bulletin))
        async with asyncio.timeout(10.0):
            while outcomes:  # noqa: ASYNC110 (nobody tells of it)
                await asyncio.sleep(0.02)
    assert await station.states(bulletin) == {"-1": SENT}
    assert station.sender.chats() == ["-1"]


async def test_where_nothing_is_pinned_any_more_the_right_to_is_not_missed(station: Station) -> None:
    group = await station.channel("-1", flaw="can_pin_messages", member_told_at=TOLD)
    await sent_out(station)
    assert (await station.channel_row(group)).flaw is None


async def test_a_group_that_became_a_supergroup_gets_it_under_its_new_id(station: Station) -> None:
    group = await station.channel("-1", kind="group")
    station.sender.answers["-1"].append(Moved("-1001"))
    bulletin = await sent_out(station)
    row = await station.channel_row(group)
    assert (row.external_id, row.kind) == ("-1001", "supergroup")
    assert station.sender.chats() == ["-1", "-1001"]
    assert await station.states(bulletin) == {"-1001": SENT}


async def test_a_supergroup_that_was_enrolled_by_itself_gets_one_copy(station: Station) -> None:
    old, new = await station.channels(["-1", "-1001"])
    station.sender.answers["-1"].append(Moved("-1001"))
    bulletin = await sent_out(station)
    assert station.sender.chats().count("-1001") == 1
    assert await station.states(bulletin) == {"-1": DROPPED, "-1001": SENT}
    assert (await station.channel_row(old)).state == "lost"
    assert (await station.channel_row(new)).state == "active"


async def test_a_supergroup_enrolled_too_late_for_the_bulletin_inherits_the_delivery(
    station: Station,
) -> None:
    await station.channel("-1")
    station.sender.answers["-1"].append(Moved("-1001"))
    bulletin = await station.start(station.bulletin())
    await station.channel("-1001")
    await pumped(station, bulletin)
    assert station.sender.chats() == ["-1", "-1001"]
    assert await station.states(bulletin) == {"-1001": SENT}


async def test_a_bulletin_is_pinned_where_the_channel_chose_so(station: Station) -> None:
    await station.channel("-1", pin=True)
    await station.channel("-2")
    await sent_out(station)
    pins = [one.chat for one in station.sender.posted if one.method == "pin"]
    assert pins == ["-1"]


async def test_a_bulletin_that_cannot_be_pinned_is_sent_all_the_same(station: Station) -> None:
    group = await station.channel("-1", pin=True)
    station.sender.pins["-1"] = NoRights("can_pin_messages")
    bulletin = await sent_out(station)
    assert await station.states(bulletin) == {"-1": SENT}
    assert (await station.channel_row(group)).flaw == "can_pin_messages"


# --- quiet hours -----------------------------------------------------------------------------------------


async def test_quiet_hours_put_off_what_is_not_extreme(station: Station) -> None:
    await station.channel("-1", quiet_starts_minute=11 * 60, quiet_ends_minute=13 * 60)
    await station.channel("-2", quiet_starts_minute=22 * 60, quiet_ends_minute=6 * 60)
    bulletin = await station.start(station.bulletin())
    await pumped(station, bulletin)
    assert station.sender.chats() == ["-2"]
    station.advance(hours=1, minutes=1)
    await pumped(station, bulletin)
    assert station.sender.chats() == ["-2", "-1"]


async def test_an_extreme_bulletin_is_posted_at_any_hour(station: Station) -> None:
    await station.channel("-1", quiet_starts_minute=0, quiet_ends_minute=23 * 60)
    bulletin = await station.start(station.emergency())
    await pumped(station, bulletin)
    assert station.sender.chats() == ["-1"]


async def test_quiet_hours_that_began_after_planning_count_too(station: Station) -> None:
    group = await station.channel("-1")
    bulletin = await station.start(station.bulletin())
    await station.change_channel(group, quiet_starts_minute=11 * 60, quiet_ends_minute=13 * 60)
    await pumped(station, bulletin)
    assert station.sender.chats() == []


def test_quiet_hours_that_cross_midnight_end_in_the_morning() -> None:
    late = datetime(2026, 12, 2, 23, 30, 20, tzinfo=VIET_NAM)
    assert quiet_until(22 * 60, 6 * 60, late, VIET_NAM) == datetime(2026, 12, 3, 6, 0, tzinfo=VIET_NAM)
    assert quiet_until(22 * 60, 6 * 60, late.replace(hour=12), VIET_NAM) is None


# --- corrections -----------------------------------------------------------------------------------------


async def test_a_correction_changes_the_copy_and_replies_to_it(station: Station) -> None:
    await station.channel("-1")
    original = await sent_out(station)
    copy = station.sender.posted[0].message_id
    await corrected(station, original)
    edit, reply = station.sender.posted[1:]
    assert (edit.method, edit.message_id) == ("edit", copy)
    assert (reply.method, reply.reply_to) == ("post", copy)
    assert "Đúng là 8 giờ" in edit.words


async def test_a_correction_goes_only_where_the_original_is_or_may_be(station: Station) -> None:
    await station.channels(["-1", "-2", "-3"])
    station.sender.answers["-2"].append(Gone("blocked"))
    station.sender.answers["-3"].append(Unsure("TimeoutError"))
    original = await sent_out(station)
    await station.channel("-4")
    correction = await corrected(station, original)
    assert await station.states(correction) == {"-1": SENT, "-3": SENT}


async def test_where_the_copy_is_unknown_the_whole_correction_is_posted(station: Station) -> None:
    await station.channel("-1")
    station.sender.answers["-1"].append(Unsure("TimeoutError"))
    original = await sent_out(station)
    await corrected(station, original)
    last = station.sender.posted[-1]
    assert last.reply_to is None
    assert "Từ 7 giờ, các hộ đóng kín cửa." in last.words


async def test_a_copy_that_cannot_be_changed_gets_the_reply_and_is_listed_by_name(station: Station) -> None:
    await station.channel("-1")
    original = await sent_out(station)
    station.sender.edits["-1"].append(Rejected("copy_not_editable"))
    correction = await corrected(station, original)
    assert [one.method for one in station.sender.posted[1:]] == ["edit", "post"]
    (straggler,) = await station.aftermath.stragglers(correction, 10)
    assert (straggler.channel_title, straggler.reason) == ("Nhóm -1", "not_edited:copy_not_editable")


async def test_a_correction_waits_for_an_original_that_is_still_on_its_way(station: Station) -> None:
    await station.channel("-1")
    original = await station.start(station.bulletin())
    await station.change_deliveries(original, state="sending", attempt=1)
    await station.set_state(original, BroadcastState.STOPPED)
    correction = await station.start(station.correction_of(station.bulletin()), corrects=original)
    async with station.pumping():  # it finds the row left behind, and calls it unsure
        await station.until(lambda: station.is_done(correction))
    assert await station.states(correction) == {"-1": SENT}


async def test_a_copy_that_never_arrived_needs_no_correction(station: Station) -> None:
    await station.channel("-1")
    original = await sent_out(station)
    correction = await station.start(station.correction_of(station.bulletin()), corrects=original)
    await station.change_deliveries(original, state="failed")
    await pumped(station, correction)
    assert await station.states(correction) == {"-1": DROPPED}


async def test_after_a_move_no_message_of_the_new_place_is_taken_for_the_old_copy(station: Station) -> None:
    """Under the id of the old copy the supergroup has another message, perhaps one of ours."""
    await station.channel("-1", kind="group")
    original = await sent_out(station)
    station.sender.answers["-1"].append(Moved("-1001"))
    await sent_out(station)
    correction = await corrected(station, original)
    assert "edit" not in [one.method for one in station.sender.posted]
    (straggler,) = await station.aftermath.stragglers(correction, 10)
    assert straggler.reason == "not_edited:moved_away"


async def test_what_may_have_arrived_is_corrected_even_if_its_repeat_was_stopped(station: Station) -> None:
    await station.channel("-1")
    original = await station.start(station.emergency())
    await station.change_deliveries(
        original, state="queued", attempt=1, resent=True, reason="unsure:TimeoutError"
    )
    await station.set_state(original, BroadcastState.STOPPED)
    correction = await station.start(station.correction_of(station.bulletin()), corrects=original)
    async with station.pumping():
        await station.until(lambda: is_unsure(station, original))
        station.advance(seconds=5)
        await station.until(lambda: station.is_done(correction))
    assert await station.states(correction) == {"-1": SENT}


async def test_a_repeat_that_is_refused_says_nothing_of_the_first_copy(station: Station) -> None:
    await station.channel("-1")
    station.sender.answers["-1"].extend([Unsure("TimeoutError"), Gone("kicked")])
    bulletin = await station.start(station.emergency())
    await pumped(station, bulletin)
    assert await station.states(bulletin) == {"-1": UNSURE}


async def test_a_correction_that_is_sent_again_says_so(station: Station) -> None:
    await station.channel("-1")
    original = await station.start(station.emergency())
    await pumped(station, original)
    station.sender.answers["-1"].append(Unsure("TimeoutError"))
    amended = replace(station.emergency("Đập không vỡ"), msg_type=MsgType.UPDATE)
    correction = await station.start(amended, corrects=original)
    await pumped(station, correction)
    first, second = [one for one in station.sender.posted if one.reply_to is not None]
    assert "Gửi lại" not in first.words
    assert "Gửi lại" in second.words
    assert await station.states(correction) == {"-1": SENT}


# --- afterwards ------------------------------------------------------------------------------------------


async def test_the_failed_are_tried_again_where_the_channel_is_still_there(station: Station) -> None:
    await station.channels(["-1", "-2"])
    station.sender.answers["-1"].append(NoRights("can_send_messages"))
    station.sender.answers["-2"].append(Gone("kicked"))
    bulletin = await sent_out(station)
    assert await station.aftermath.retry_failed(bulletin, station.time) == 1
    await pumped(station, bulletin)
    assert await station.states(bulletin) == {"-1": SENT, "-2": FAILED}


async def test_a_moderator_settles_the_unsure(station: Station) -> None:
    await station.channels(["-1", "-2", "-3"])
    for chat in ("-1", "-2", "-3"):
        station.sender.answers[chat].append(Unsure("TimeoutError"))
    bulletin = await sent_out(station)
    rows = await station.deliveries(bulletin)
    for chat, resolution in zip(rows, Resolution, strict=True):
        settling = Settling(bulletin, resolution, station.time, only=rows[chat].id)
        assert await station.aftermath.settle_unsure(settling) == 1
    await pumped(station, bulletin)
    assert await station.states(bulletin) == {"-1": SENT, "-2": SENT, "-3": DROPPED}
    assert station.sender.chats("Gửi lại") == ["-2"]


async def test_what_was_corrected_since_is_not_sent_again(station: Station) -> None:
    await station.channel("-1")
    station.sender.answers["-1"].append(Unsure("TimeoutError"))
    original = await sent_out(station)
    await corrected(station, original)
    settling = Settling(original, Resolution.RESEND, station.time)
    assert await station.aftermath.settle_unsure(settling) == "superseded"


async def test_what_expired_is_not_sent_again(station: Station) -> None:
    await station.channel("-1")
    station.sender.answers["-1"].append(NoRights("can_send_messages"))
    bulletin = await sent_out(station)
    station.advance(hours=7)
    assert await station.aftermath.retry_failed(bulletin, station.time) == "too_late"


async def test_the_table_of_reasons_counts_what_did_not_arrive(station: Station) -> None:
    await station.channels(["-1", "-2", "-3", "-4"])
    station.sender.answers["-1"].append(Gone("kicked"))
    station.sender.answers["-2"].append(Gone("kicked"))
    station.sender.answers["-3"].append(Unsure("TimeoutError"))
    bulletin = await sent_out(station)
    reasons = {(one.state, one.reason): one.count for one in await station.aftermath.reasons(bulletin)}
    assert reasons == {(FAILED, "gone:kicked"): 2, (UNSURE, "unsure:TimeoutError"): 1}


async def test_a_move_to_a_place_that_is_enrolled_already_leaves_everything_to_it(station: Station) -> None:
    roster = Roster(station.engine, station.committer, NAMES)
    old = await station.channel("-1", kind="group")
    earlier = await station.start(station.bulletin("Bản tin đầu"))
    await station.channel("-1001")
    later = await station.start(station.bulletin("Bản tin sau"))
    assert await roster.move(Platform.TELEGRAM, "-1", "-1001")
    assert not await roster.move(Platform.TELEGRAM, "-1", "-1001"), "and again nothing is left to do"
    await pumped(station, earlier)
    await pumped(station, later)
    assert station.sender.chats("Bản tin đầu") == ["-1001"]
    assert station.sender.chats("Bản tin sau") == ["-1001"], "once, not twice"
    row = await station.channel_row(old)
    assert (row.state, row.flaw) == ("lost", None), "and its member is told nothing"


async def is_unsure(station: Station, bulletin: BulletinId) -> bool:
    return set((await station.states(bulletin)).values()) == {UNSURE}


# --- steps -----------------------------------------------------------------------------------------------


async def sent_out(station: Station) -> BulletinId:
    """A routine bulletin, gone out to whoever there is."""
    bulletin = await station.start(station.bulletin())
    await pumped(station, bulletin)
    return bulletin


async def corrected(station: Station, original: BulletinId) -> BulletinId:
    """Its correction, gone out."""
    correction = await station.start(station.correction_of(station.bulletin()), corrects=original)
    await pumped(station, correction)
    return correction


async def pumped(station: Station, bulletin: BulletinId) -> None:
    await station.pump_until_idle(bulletin)
