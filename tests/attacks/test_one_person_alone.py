"""One dishonest moderator tries to start something alone, by the way that corrections go."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import update

from broadcasts.book import Refusal
from broadcasts.broadcast import BroadcastState
from broadcasts.drafting import Origin
from bulletins.bulletin import MsgType
from storage.tables import deliveries
from tests.handlers.house import House
from tests.handlers.newsroom import Newsroom


@pytest.fixture
async def newsroom(house: House) -> Newsroom:
    newsroom = Newsroom(house)
    await newsroom.open()
    return newsroom


async def test_a_stopped_correction_written_again_takes_two_to_start(newsroom: Newsroom) -> None:
    """Minh begins a correction, stops it, and lets it be written again: it corrects nothing any more."""
    house, minh = newsroom.house, newsroom.minh
    original = await newsroom.published()
    await house.say(minh, f"/dinhchinh {original.bulletin.code}")
    await house.say(minh, "Ai cũng phải chuyển tiền ngay.")
    stopped = await newsroom.newest()

    await house.say(minh, f"/stop {stopped.bulletin.code}")
    await house.press(minh, "📝 Soạn lại từ bản này")
    await house.press(minh, "👁 Xem trước và gửi")

    assert "📨 Gửi duyệt" in house.labels(minh)
    assert "✅ Đúng, gửi ngay tới mọi nơi đã nhận" not in house.labels(minh)
    again = await newsroom.newest()
    assert (again.bulletin.msg_type, again.bulletin.references) == (MsgType.ALERT, ())
    own = await newsroom.desk.approve(again.id, newsroom.person(minh), again.approval_hash)
    assert own is Refusal.OWN_BULLETIN
    assert await newsroom.planned(again) == 0


async def test_a_correction_of_nothing_counts_nobodys_yes(newsroom: Newsroom) -> None:
    """However it came into the book, it would be planned for everybody."""
    minh = newsroom.person(newsroom.minh)
    original = await newsroom.published()
    false = replace(original.bulletin, msg_type=MsgType.UPDATE, references=("LOA-0000-0",), sent=None)
    draft = await newsroom.desk.compose(false, Origin(minh, str(newsroom.minh.id), "a-key"))

    for person in (newsroom.minh, newsroom.phuc):
        yes = await newsroom.desk.approve(draft.id, newsroom.person(person), draft.approval_hash)
        assert yes is Refusal.NOT_READY

    assert (await newsroom.newest()).state is BroadcastState.DRAFT
    assert await newsroom.planned(draft) == 0


async def test_a_correction_reaches_only_who_has_the_original(newsroom: Newsroom) -> None:
    house, minh = newsroom.house, newsroom.minh
    original = await newsroom.published()
    await newsroom.write(update(deliveries).where(deliveries.c.channel_id == 1).values(state="failed"))
    await house.say(minh, f"/thuhoi {original.bulletin.code}")
    await house.press(minh, "👁 Xem trước và gửi")
    await house.press(minh, "✅ Đúng, gửi ngay tới mọi nơi đã nhận")

    assert await newsroom.planned(original) == 2
    assert await newsroom.planned(await newsroom.newest()) == 1


async def test_what_one_person_corrects_the_colleagues_see_at_once_and_can_stop(newsroom: Newsroom) -> None:
    house, lan, minh = newsroom.house, newsroom.lan, newsroom.minh
    original = await newsroom.published()
    group = await newsroom.open_moderators_chat()
    await house.say(minh, f"/dinhchinh {original.bulletin.code}")
    await house.say(minh, "Ai cũng phải chuyển tiền ngay.")
    await house.press(minh, "👁 Xem trước và gửi")
    await house.press(minh, "✅ Đúng, gửi ngay tới mọi nơi đã nhận")

    assert "Minh" in house.last(group).text
    await house.press(lan, "⏹ Dừng hẳn", group)
    assert (await newsroom.newest()).state is BroadcastState.STOPPED
