"""Groups that become supergroups in the middle of things: each bulletin arrives once, wherever the group is by then."""

from __future__ import annotations

import pytest

from broadcasts.delivery import DeliveryState, Moved, Unsure
from members.channel import Platform
from storage.roster import Roster
from tests.broadcasts.station import Station
from tests.keys import NAMES

SENT = DeliveryState.SENT


async def test_all_that_waits_for_the_old_place_goes_on_to_the_one_that_was_enrolled_by_itself(
    station: Station,
) -> None:
    await station.channel("-1", kind="group")
    first = await station.start(station.bulletin("Bản tin đầu"))
    second = await station.start(station.bulletin("Bản tin sau"))
    await station.channel("-1001")
    station.sender.answers["-1"].extend([Moved("-1001"), Moved("-1001")])
    async with station.pumping():
        await station.until(lambda: station.is_done(first))
        await station.until(lambda: station.is_done(second))
    assert await station.states(first) == {"-1001": SENT}
    assert await station.states(second) == {"-1001": SENT}
    assert station.sender.chats("Bản tin sau")[-1] == "-1001"


async def test_what_was_read_before_the_group_moved_is_not_lost_on_the_way(station: Station) -> None:
    """It goes to the old place once more, though its row belongs to the new one already."""
    roster = Roster(station.engine, station.committer, NAMES)
    await station.channel("-1", kind="group")
    first = await station.start(station.bulletin("Bản tin đầu"))
    second = await station.start(station.bulletin("Bản tin sau"))
    await station.channel("-1001")
    station.sender.answers["-1"].extend([Moved("-1001"), Moved("-1001")])

    async def hear_of_the_move(chat: str) -> None:
        if chat == "-1":
            await roster.move(Platform.TELEGRAM, "-1", "-1001")

    station.sender.before_answer = hear_of_the_move
    async with station.pumping():
        await station.until(lambda: station.is_done(first))
        await station.until(lambda: station.is_done(second))
    assert await station.states(first) == {"-1001": SENT}
    assert await station.states(second) == {"-1001": SENT}


async def test_a_new_place_that_has_only_begun_to_enrol_does_not_cost_the_old_one_its_membership(
    station: Station,
) -> None:
    group = await station.channel("-1", kind="group")
    bulletin = await station.start(station.bulletin())
    await station.channel("-1001", state="pledging")
    station.sender.answers["-1"].append(Moved("-1001"))
    async with station.pumping():
        await station.until(lambda: station.is_done(bulletin))
    assert await station.states(bulletin) == {"-1001": SENT}
    row = await station.channel_row(group)
    assert (row.external_id, row.state, row.kind) == ("-1001", "active", "supergroup")


async def test_a_copy_left_in_the_old_place_is_named_where_the_new_one_has_its_own(station: Station) -> None:
    await station.channels(["-1", "-1001"], kind="group")
    wrong = station.bulletin()
    original = await station.start(wrong)
    await station.pump_until_idle(original)
    correction = await station.start(station.correction_of(wrong), corrects=original)
    station.sender.edits["-1"].append(Moved("-1001"))
    await station.pump_until_idle(correction)
    assert await station.states(correction) == {"-1": DeliveryState.DROPPED, "-1001": SENT}
    listed = await station.aftermath.stragglers(correction, 10)
    assert [one.channel_title for one in listed] == ["Nhóm -1"]


async def test_a_copy_left_in_the_old_place_is_corrected_by_a_message_in_the_new_one_and_named(
    station: Station,
) -> None:
    """The new place was enrolled by itself after the bulletin had gone out to the old one."""
    await station.channel("-1", kind="group")
    wrong = station.bulletin()
    original = await station.start(wrong)
    await station.pump_until_idle(original)
    await station.channel("-1001")
    correction = await station.start(station.correction_of(wrong), corrects=original)
    station.sender.edits["-1"].append(Moved("-1001"))
    await station.pump_until_idle(correction)
    assert await station.states(correction) == {"-1001": SENT}
    assert station.sender.chats("Đúng là 8 giờ") == ["-1001"]
    assert [one.reason for one in await station.aftermath.stragglers(correction, 10)] == [
        "not_edited:moved_away"
    ]


@pytest.mark.parametrize("was_sure", [True, False])
async def test_a_correction_of_what_went_to_the_old_place_is_planned_for_the_new_one(
    station: Station, was_sure: bool
) -> None:
    await station.channel("-1", kind="group")
    if not was_sure:
        station.sender.answers["-1"].append(Unsure("no_answer_in_time"))
    wrong = station.bulletin()
    original = await station.start(wrong)
    await station.pump_until_idle(original)
    await station.channel("-1001")
    await Roster(station.engine, station.committer, NAMES).move(Platform.TELEGRAM, "-1", "-1001")
    correction = await station.start(station.correction_of(wrong), corrects=original)
    await station.pump_until_idle(correction)
    assert await station.states(correction) == {"-1001": SENT}
    assert len(await station.aftermath.stragglers(correction, 10)) == 1


async def test_what_is_on_its_way_to_the_old_place_ends_once_in_the_new_one(station: Station) -> None:
    roster = Roster(station.engine, station.committer, NAMES)
    await station.channel("-1", kind="group")
    bulletin = await station.start(station.bulletin())
    await station.channel("-1001")

    async def hear_of_the_move(chat: str) -> None:
        await roster.move(Platform.TELEGRAM, "-1", "-1001")

    station.sender.before_answer = hear_of_the_move
    await station.pump_until_idle(bulletin)
    assert station.sender.chats() == ["-1"], "it was taken there"
    assert await station.states(bulletin) == {"-1001": SENT}
    (row,) = (await station.deliveries(bulletin)).values()
    assert row.reason == "moved_away"
