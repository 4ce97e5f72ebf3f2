"""Minh and Phúc see exactly what would go out, and answer for it."""

from __future__ import annotations

import pytest

from broadcasts.broadcast import BroadcastState
from bulletins.bulletin import VIETNAMESE
from bulletins.rendering import render
from members.roles import Role
from tests.handlers.house import House
from tests.handlers.newsroom import Newsroom
from tests.staff_rows import set_staff


@pytest.fixture
async def newsroom(house: House) -> Newsroom:
    newsroom = Newsroom(house)
    await newsroom.open()
    return newsroom


async def test_minh_sees_the_same_bytes_and_approves(newsroom: Newsroom) -> None:
    house, lan, minh = newsroom.house, newsroom.lan, newsroom.minh
    await newsroom.compose(lan)
    await newsroom.submit(lan)

    bulletin = (await newsroom.newest()).bulletin
    rendered = render(bulletin, VIETNAMESE, imprint=newsroom.bulletin_desk.imprint)
    assert rendered.plain in newsroom.seen(minh)
    assert "Người soạn: Lan" in house.last(minh).text

    await house.press(minh, "✅ Phê duyệt")

    broadcast = await newsroom.newest()
    assert broadcast.state is BroadcastState.SENDING
    assert await newsroom.planned(broadcast) == 2
    assert newsroom.wakes > 0
    assert "Minh đã phê duyệt: Phun thuốc muỗi phường 5" in house.last(minh).text
    assert any("Minh đã phê duyệt" in text for text in newsroom.seen(lan))
    assert "đang gửi" in house.last(lan).text
    assert "⏹ Dừng hẳn" in house.labels(lan)


async def test_a_second_press_and_a_second_approver_change_nothing_more(newsroom: Newsroom) -> None:
    house = newsroom.house
    await newsroom.compose(newsroom.lan)
    await newsroom.submit(newsroom.lan)
    first = house.touch(newsroom.minh, "✅ Phê duyệt")
    again = house.touch(newsroom.minh, "✅ Phê duyệt")
    await house.settle()
    assert "đã được trả lời" in house.world.callbacks[again].answer or first == again
    await house.press(newsroom.phuc, "✅ Phê duyệt")
    assert "đã sang bước khác" in house.last(newsroom.phuc).text
    assert await newsroom.planned(await newsroom.newest()) == 2


async def test_danger_to_life_takes_two(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await newsroom.compose(lan)
    await house.press(lan, "⚖️ Mức độ")
    await house.press(lan, "🔴 Đe doạ tính mạng")
    await newsroom.submit(lan)
    await house.press(newsroom.minh, "✅ Phê duyệt")
    assert "Cần thêm 1 phê duyệt" in house.last(newsroom.minh).text
    assert "Cần thêm 1 phê duyệt" in house.last(lan).text
    assert (await newsroom.newest()).state is BroadcastState.IN_REVIEW
    await house.press(newsroom.phuc, "✅ Phê duyệt")
    assert (await newsroom.newest()).state is BroadcastState.SENDING


async def test_an_edit_makes_the_old_preview_worthless(newsroom: Newsroom) -> None:
    house, lan, minh = newsroom.house, newsroom.lan, newsroom.minh
    await newsroom.compose(lan)
    card = [message for message in house.shown(lan) if message.buttons][-1]
    await newsroom.submit(lan)

    house.world.press(lan, house.account, card.message_id, "⚖️ Mức độ")
    await house.settle()
    await house.press(lan, "🟡 Cần chú ý")
    await house.press(minh, "✅ Phê duyệt")

    assert "đã thay đổi sau khi bạn xem" in house.last(minh).text
    assert (await newsroom.newest()).state is BroadcastState.DRAFT


async def test_minh_sends_it_back_and_lan_hears_why(newsroom: Newsroom) -> None:
    house, lan, minh = newsroom.house, newsroom.lan, newsroom.minh
    await newsroom.compose(lan)
    await newsroom.submit(lan)
    await house.press(minh, "↩️ Trả lại")
    await house.say(minh, "Giờ phun là 8 giờ chứ không phải 7 giờ")
    assert "Minh trả lại Phun thuốc muỗi phường 5: Giờ phun là 8 giờ" in house.last(lan).text
    assert (await newsroom.newest()).state is BroadcastState.DRAFT
    await house.press(lan, "Xem bản nháp")
    assert "Người phê duyệt trả lại: Giờ phun là 8 giờ" in house.last(lan).text


async def test_a_reason_can_be_chosen(newsroom: Newsroom) -> None:
    await newsroom.compose(newsroom.lan)
    await newsroom.submit(newsroom.lan)
    await newsroom.house.press(newsroom.phuc, "↩️ Trả lại")
    await newsroom.house.press(newsroom.phuc, "Nguồn chưa rõ")
    assert "Phúc trả lại Phun thuốc muỗi phường 5: Nguồn chưa rõ" in newsroom.house.last(newsroom.lan).text


async def test_among_several_only_a_reply_is_the_reason(newsroom: Newsroom) -> None:
    house, lan, minh = newsroom.house, newsroom.lan, newsroom.minh
    chat = await newsroom.open_moderators_chat()
    await newsroom.compose(lan)
    await newsroom.submit(lan)
    await house.press(minh, "↩️ Trả lại", chat)
    asked = house.last(chat)
    assert "Minh, vì sao bạn trả lại?" in asked.text

    await house.say(minh, "Ai đi ăn trưa không?", chat)
    assert (await newsroom.newest()).state is BroadcastState.IN_REVIEW

    await house.say(minh, "Giờ phun là 8 giờ", chat, reply_to=asked.message_id)
    assert (await newsroom.newest()).state is BroadcastState.DRAFT
    assert "Giờ phun là 8 giờ" in house.last(lan).text


async def test_somebody_demoted_between_preview_and_press_cannot_approve(newsroom: Newsroom) -> None:
    house = newsroom.house
    await newsroom.compose(newsroom.lan)
    await newsroom.submit(newsroom.lan)
    await set_staff(house.committer, [(newsroom.person(newsroom.lan), "Lan", (Role.MODERATOR,))])
    await house.press(newsroom.minh, "✅ Phê duyệt")
    assert (await newsroom.newest()).state is BroadcastState.IN_REVIEW


async def test_who_cannot_be_reached_is_named_and_finds_it_with_a_command(newsroom: Newsroom) -> None:
    house = newsroom.house
    house.world.block(newsroom.minh, house.account)
    await newsroom.compose(newsroom.lan)
    await newsroom.submit(newsroom.lan)
    assert "Loa không nhắn được cho Minh" in house.last(newsroom.lan).text
    house.world.unblock(newsroom.minh, house.account)
    await house.say(newsroom.minh, "/duyet")
    await house.press(newsroom.minh, "✅ Phê duyệt")
    assert (await newsroom.newest()).state is BroadcastState.SENDING


async def test_nothing_waits_for_lan_when_it_is_her_own(newsroom: Newsroom) -> None:
    await newsroom.compose(newsroom.lan)
    await newsroom.submit(newsroom.lan)
    await newsroom.house.say(newsroom.lan, "/review")
    assert "Không có bản tin nào chờ bạn duyệt" in newsroom.house.last(newsroom.lan).text


async def test_the_moderators_chat_decides_together_and_no_press_takes_it_from_the_others(
    newsroom: Newsroom,
) -> None:
    house, lan = newsroom.house, newsroom.lan
    chat = await newsroom.open_moderators_chat()
    await newsroom.compose(lan)
    await house.press(lan, "⚖️ Mức độ")
    await house.press(lan, "🔴 Đe doạ tính mạng")
    await newsroom.submit(lan)

    assert "phải có người khác phê duyệt" in await house.press(lan, "✅ Phê duyệt", chat)
    await house.press(newsroom.minh, "✅ Phê duyệt", chat)
    assert "Cần thêm 1 phê duyệt" in house.last(chat).text
    await house.press(newsroom.phuc, "✅ Phê duyệt", chat)
    assert (await newsroom.newest()).state is BroadcastState.SENDING


async def test_a_scheduled_bulletin_tells_both_when_it_goes_out(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await newsroom.compose(lan)
    await house.press(lan, "🕖 Giờ gửi")
    await house.press(lan, "Lúc 07:00 03/11")
    await newsroom.submit(lan)
    await house.press(newsroom.minh, "✅ Phê duyệt")
    broadcast = await newsroom.newest()
    assert broadcast.state is BroadcastState.SCHEDULED
    assert broadcast.id in newsroom.timers
    for person in (lan, newsroom.minh):
        assert "07:00 03/11/2026" in house.last(person).text
