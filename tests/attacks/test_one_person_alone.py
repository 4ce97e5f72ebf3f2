"""One dishonest moderator tries to start something alone, by the way that corrections go."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from broadcasts.book import Refusal
from broadcasts.broadcast import Broadcast, BroadcastState
from broadcasts.consent import at_once
from broadcasts.drafting import Origin, once, reworded
from bulletins.bulletin import VIETNAMESE, MsgType
from storage.tables import deliveries
from tests.handlers.house import House
from tests.handlers.newsroom import Newsroom
from tests.handlers.test_composing_files import a_photo

YES = "✅ Đúng, gửi ngay tới mọi nơi đã nhận"


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
    assert YES not in house.labels(minh)
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
    minh = newsroom.minh
    original = await newsroom.published()
    await newsroom.write(update(deliveries).where(deliveries.c.channel_id == 1).values(state="failed"))
    await newsroom.withdraw(minh, original)

    assert await newsroom.planned(original) == 2
    assert await newsroom.planned(await newsroom.newest()) == 1


async def test_what_one_person_withdraws_the_colleagues_see_at_once_and_can_stop(newsroom: Newsroom) -> None:
    house, lan, minh = newsroom.house, newsroom.lan, newsroom.minh
    original = await newsroom.published()
    group = await newsroom.open_moderators_chat()
    await newsroom.withdraw(minh, original)

    assert "Minh" in house.last(group).text
    await house.press(lan, "⏹ Dừng hẳn", group)
    assert (await newsroom.newest()).state is BroadcastState.STOPPED


async def test_fixed_words_that_were_edited_after_their_preview_are_not_sent(newsroom: Newsroom) -> None:
    """The button of the preview is kept, the draft gets a text of its own, then the button is pressed."""
    house, minh = newsroom.house, newsroom.minh
    original = await newsroom.published()
    await house.say(minh, f"/thuhoi {original.bulletin.code}")
    await house.press(minh, "⛔ Thu hồi hẳn")
    draft = await newsroom.newest()
    scam = reworded(VIETNAMESE, "Xác minh ngay\nVào https://evil.example để giữ tài khoản.")
    edited = await newsroom.desk.edit(draft.id, newsroom.person(minh), scam)
    await house.press(minh, YES)
    assert isinstance(edited, Broadcast)
    own = await newsroom.desk.approve(draft.id, newsroom.person(minh), edited.approval_hash)
    assert own is Refusal.OWN_BULLETIN
    assert await newsroom.planned(draft) == 0


async def test_a_picture_in_a_correction_is_in_its_preview(newsroom: Newsroom) -> None:
    house, minh, phuc = newsroom.house, newsroom.minh, newsroom.phuc
    original = await newsroom.published()
    await house.say(minh, f"/dinhchinh {original.bulletin.code}")
    house.world.send_photo(minh, house.account, a_photo(), "Đúng là 8 giờ.")
    await house.settle()
    await newsroom.submit(minh)
    assert sum(one.photo is not None for one in house.shown(phuc)) == 1
    assert any("Ảnh: có ảnh mới" in one.text for one in house.shown(phuc))


@pytest.mark.parametrize("hours", [0, 5])
async def test_nobody_sends_alone_at_another_time_than_the_approved_one(
    newsroom: Newsroom, hours: int
) -> None:
    """Before it, or long after it was missed; the button is there for all of the staff."""
    house, minh = newsroom.house, newsroom.minh
    waiting = await approved_for_noon(newsroom)
    house.clock.pass_by(hours=hours)
    if hours:
        await newsroom.desk.start_due(waiting.id)
    state = BroadcastState.HELD if hours else BroadcastState.SCHEDULED
    hurried = at_once(waiting).approval_hash
    for person in (newsroom.lan, newsroom.minh, newsroom.phuc):
        who = newsroom.person(person)
        assert await newsroom.desk.send_now(waiting.id, who) is Refusal.NOT_ITS_TIME
        alone = await newsroom.desk.approve(waiting.id, who, hurried, asked_by=who)
        assert isinstance(alone, Refusal)
    found = await newsroom.desk.find(waiting.id)
    assert found is not None
    assert found.state is state
    assert await newsroom.planned(waiting) == 0

    await newsroom.board.show(waiting.id)
    await house.press(newsroom.lan, "📨 Gửi ngay")
    assert "Lan đề nghị gửi ngay" in house.last(minh).text
    await house.press(minh, "✅ Duyệt gửi ngay")
    assert await newsroom.planned(waiting) == 2


async def approved_for_noon(newsroom: Newsroom) -> Broadcast:
    """Lan's bulletin for four hours from now, which Minh approved."""
    await newsroom.compose(newsroom.lan)
    draft = await newsroom.newest()
    noon = newsroom.house.clock.now() + timedelta(hours=4)
    await newsroom.desk.edit(draft.id, draft.author, once(noon, newsroom.house.clock.now()))
    await newsroom.submit(newsroom.lan)
    await newsroom.house.press(newsroom.minh, "✅ Phê duyệt")
    return await newsroom.newest()
