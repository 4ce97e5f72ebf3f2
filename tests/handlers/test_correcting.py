"""One person puts right, or takes back, what went out."""

from __future__ import annotations

import pytest

from broadcasts.broadcast import BroadcastState
from bulletins.bulletin import VIETNAMESE, MsgType
from tests.handlers.house import House
from tests.handlers.newsroom import Newsroom


@pytest.fixture
async def newsroom(house: House) -> Newsroom:
    newsroom = Newsroom(house)
    await newsroom.open()
    return newsroom


async def test_minh_alone_corrects_what_lan_sent(newsroom: Newsroom) -> None:
    house, minh = newsroom.house, newsroom.minh
    original = await newsroom.published()

    await house.say(minh, f"/dinhchinh {original.bulletin.code}")
    await house.say(minh, "Giờ phun đúng là 8 giờ ngày 3/12.")
    assert "✏️ ĐÍNH CHÍNH" in house.last(minh).text
    await house.press(minh, "👁 Xem trước và gửi")
    assert any("ĐÃ ĐÍNH CHÍNH" in text for text in newsroom.seen(minh))
    assert "2 kênh" in house.last(minh).text
    await house.press(minh, "✅ Đúng, gửi ngay tới mọi nơi đã nhận")

    correction = await newsroom.newest()
    assert correction.state is BroadcastState.SENDING
    assert correction.bulletin.msg_type is MsgType.UPDATE
    assert correction.bulletin.references == (original.bulletin.code,)
    assert correction.bulletin.texts[VIETNAMESE].body == "Giờ phun đúng là 8 giờ ngày 3/12."
    assert await newsroom.planned(correction) == 2


async def test_a_withdrawal_needs_no_words(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    original = await newsroom.published()
    await house.say(lan, f"/thuhoi {original.bulletin.code.lower()}")
    await house.press(lan, "👁 Xem trước và gửi")
    await house.press(lan, "✅ Đúng, gửi ngay tới mọi nơi đã nhận")
    withdrawal = await newsroom.newest()
    assert (withdrawal.bulletin.msg_type, withdrawal.state) == (MsgType.CANCEL, BroadcastState.SENDING)


async def test_the_buttons_under_the_progress_do_the_same(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    original = await newsroom.published()
    await house.press(lan, "⏹ Dừng hẳn")
    await house.press(lan, "⛔ Thu hồi")
    assert "⛔ THU HỒI, thật" in house.last(lan).text
    assert (await newsroom.newest()).corrects == original.id


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("/correct", "Bản tin nào?"),
        ("/correct LOA-XXXX", "Bản tin nào?"),
        ("/thuhoi LOA-ZZZZ-Z", "Bản tin nào?"),
        ("/dinhchinh LOA-0000-0", "không tìm thấy bản tin đó"),
    ],
)
async def test_a_wrong_code_is_said_kindly(newsroom: Newsroom, said: str, answer: str) -> None:
    await newsroom.house.say(newsroom.lan, said)
    assert answer in newsroom.house.last(newsroom.lan).text


async def test_a_draft_is_edited_and_not_corrected(newsroom: Newsroom) -> None:
    await newsroom.compose(newsroom.lan)
    draft = await newsroom.newest()
    await newsroom.house.say(newsroom.minh, f"/correct {draft.bulletin.code}")
    assert "chưa được gửi" in newsroom.house.last(newsroom.minh).text


async def test_a_citizen_withdraws_nothing(newsroom: Newsroom) -> None:
    original = await newsroom.published()
    await newsroom.house.say(newsroom.sau, f"/thuhoi {original.bulletin.code}")
    assert await newsroom.newest() == await newsroom.desk.find(original.id)
