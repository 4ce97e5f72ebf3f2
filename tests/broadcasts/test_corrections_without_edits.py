"""Platforms on which no message can be changed: the correction stands beside the copy, and the copy is listed."""

from __future__ import annotations

import pytest

from broadcasts.letters import Means
from bulletins.bulletin import BulletinId
from tests.broadcasts.station import Posted, Station


async def corrected_copy(station: Station, means: Means) -> tuple[Posted, Posted, BulletinId]:
    """The copy, what the correction posted, and the correction; nothing was changed, nothing else said."""
    station.means = means
    await station.channel("-1")
    wrong = station.bulletin()
    original = await station.start(wrong)
    await station.pump_until_idle(original)
    correction = await station.start(station.correction_of(wrong), corrects=original)
    await station.pump_until_idle(correction)
    copy, posted = station.sender.posted
    return copy, posted, correction


@pytest.mark.parametrize("replies", [True, False])
async def test_the_whole_correction_is_posted_and_under_the_copy_if_that_can_be(
    station: Station, replies: bool
) -> None:
    copy, posted, _ = await corrected_copy(station, Means(edits=False, replies=replies))
    assert posted.method == "post"
    assert posted.reply_to == (copy.message_id if replies else None)
    assert "Đúng là 8 giờ" in posted.words
    assert "LOA-0001-0" in posted.words, "it names what it corrects"


async def test_the_copy_is_listed_by_name_among_those_that_still_say_the_wrong_thing(
    station: Station,
) -> None:
    _, _, correction = await corrected_copy(station, Means(edits=False, replies=False))
    listed = await station.aftermath.stragglers(correction, 10)
    assert [(one.channel_title, one.reason) for one in listed] == [("Nhóm -1", "not_edited:cannot_edit")]
