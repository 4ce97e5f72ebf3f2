"""One person stops what went out, in words that stand ready; what is right takes a second one."""

from __future__ import annotations

import pytest

from broadcasts.broadcast import BroadcastState
from bulletins.bulletin import VIETNAMESE, BulletinId, MsgType
from tests.handlers.house import House
from tests.handlers.newsroom import Newsroom

YES = "✅ Đúng, gửi ngay tới mọi nơi đã nhận"
FOR_NOW = "⛔ Thu hồi ngay, đính chính sau"
CHOICES = [
    "⛔ Thu hồi hẳn",
    FOR_NOW,
    "🕖 Sai thời gian, đính chính sau",
    "📍 Sai địa điểm, đính chính sau",
    "🔢 Sai số, đính chính sau",
]


@pytest.fixture
async def newsroom(house: House) -> Newsroom:
    newsroom = Newsroom(house)
    await newsroom.open()
    return newsroom


async def test_minh_withdraws_at_once_and_what_is_right_goes_out_when_phuc_has_approved_it(
    newsroom: Newsroom,
) -> None:
    house, minh, phuc = newsroom.house, newsroom.minh, newsroom.phuc
    original = await newsroom.published()

    await house.say(minh, f"/dinhchinh {original.bulletin.code}")
    assert any("bằng lời có sẵn" in text for text in newsroom.seen(minh))
    assert "Bạn hãy viết nội dung đúng" in house.last(minh).text
    await house.press(minh, FOR_NOW)
    assert any("ĐÃ THU HỒI" in text for text in newsroom.seen(minh))
    assert "2 kênh" in house.last(minh).text
    await house.press(minh, YES)
    withdrawal = await newsroom.newest()
    assert (withdrawal.bulletin.msg_type, withdrawal.state) == (MsgType.CANCEL, BroadcastState.SENDING)

    await house.say(minh, "Giờ phun đúng là 8 giờ ngày 3/12.")
    assert "✏️ ĐÍNH CHÍNH" in house.last(minh).text
    await newsroom.submit(minh)
    assert any("ĐÃ ĐÍNH CHÍNH" in text for text in newsroom.seen(phuc))
    await house.press(phuc, "✅ Phê duyệt")

    correction = await newsroom.desk.find(BulletinId(withdrawal.id - 1))
    assert correction is not None
    assert correction.state is BroadcastState.SENDING
    assert correction.bulletin.texts[VIETNAMESE].body == "Giờ phun đúng là 8 giờ ngày 3/12."
    assert await newsroom.planned(correction) == 2


async def test_the_approver_sees_what_changes_word_by_word_and_what_becomes_of_the_picture(
    newsroom: Newsroom,
) -> None:
    house, minh, phuc = newsroom.house, newsroom.minh, newsroom.phuc
    original = await newsroom.published()
    await house.say(minh, f"/dinhchinh {original.bulletin.code}")
    await house.say(
        minh,
        "Phun thuốc muỗi phường 5\nTừ 8 giờ ngày 3/12, các hộ đóng kín cửa.\n"
        "Cần làm: Gọi 0912 345 678 nếu cần hỏi.",
    )
    await newsroom.submit(minh)

    difference = next(one for one in house.shown(phuc) if one.text.startswith("🔍"))
    assert "<s>7</s> <b>8</b> giờ" in difference.html
    assert "<s>" not in difference.html.replace("<s>7</s>", "")
    assert "Ảnh: không có, như trước." in difference.text


async def test_a_correction_is_not_sent_by_whoever_wrote_it(newsroom: Newsroom) -> None:
    house, minh = newsroom.house, newsroom.minh
    original = await newsroom.published()
    await house.say(minh, f"/dinhchinh {original.bulletin.code}")
    await house.say(minh, "Ai cũng phải chuyển tiền ngay.")
    await house.press(minh, "👁 Xem trước và gửi")
    assert YES not in house.labels(minh)
    assert "Cần thêm 1 phê duyệt" in house.last(minh).text


async def test_somebody_who_only_approves_may_also_write_what_is_right(newsroom: Newsroom) -> None:
    original = await newsroom.published()
    corrected = await newsroom.correct(newsroom.phuc, original, "Đúng là 8 giờ.", newsroom.minh)
    assert corrected.state is BroadcastState.SENDING


async def test_an_empty_correction_is_no_correction(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    original = await newsroom.published()
    await house.say(lan, f"/dinhchinh {original.bulletin.code}")
    draft = await newsroom.newest()
    await house.say(lan, "/bantin")
    await house.press(lan, "Viết tiếp: Thông tin đúng về: Phun thuốc…")
    await house.press(lan, "👁 Xem trước và gửi")
    assert "chưa nói điều gì là đúng" in house.last(lan).text
    assert (await newsroom.desk.find(draft.id)) == draft


async def test_a_withdrawal_needs_no_words(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    original = await newsroom.published()
    await house.say(lan, f"/thuhoi {original.bulletin.code.lower()}")
    assert house.labels(lan) == CHOICES
    await house.press(lan, "⛔ Thu hồi hẳn")
    await house.press(lan, YES)
    withdrawal = await newsroom.newest()
    assert (withdrawal.bulletin.msg_type, withdrawal.state) == (MsgType.CANCEL, BroadcastState.SENDING)


async def test_after_a_notice_lan_is_told_how_to_go_on(newsroom: Newsroom) -> None:
    original = await newsroom.published()
    notice = await newsroom.withdraw(newsroom.lan, original, "🔢 Sai số, đính chính sau")
    assert any(f"/dinhchinh {notice.bulletin.code}" in text for text in newsroom.seen(newsroom.lan))


async def test_a_notice_that_was_chosen_by_mistake_is_thrown_away_and_the_talk_goes_on(
    newsroom: Newsroom,
) -> None:
    house, lan = newsroom.house, newsroom.lan
    original = await newsroom.published()
    await house.say(lan, f"/dinhchinh {original.bulletin.code}")
    correction = await newsroom.newest()
    await house.press(lan, "🕖 Sai thời gian, đính chính sau")
    await house.press(lan, "🗑 Bỏ bản nháp")
    await house.say(lan, "Đúng là 8 giờ.")
    found = await newsroom.desk.find(correction.id)
    assert found is not None
    assert found.bulletin.texts[VIETNAMESE].body == "Đúng là 8 giờ."


async def test_the_colleagues_are_told_who_it_was_and_can_stop_it(newsroom: Newsroom) -> None:
    house, phuc = newsroom.house, newsroom.phuc
    original = await newsroom.published()
    group = await newsroom.open_moderators_chat()
    await newsroom.withdraw(phuc, original)
    assert "Phúc đã một mình gửi tin này, bằng lời có sẵn." in house.last(group).text
    await house.press(newsroom.lan, "⏹ Dừng hẳn", group)
    assert (await newsroom.newest()).state is BroadcastState.STOPPED


async def test_the_buttons_under_the_progress_do_the_same(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    original = await newsroom.published()
    await house.press(lan, "⏹ Dừng hẳn")
    await house.press(lan, "⛔ Thu hồi")
    assert house.labels(lan) == CHOICES
    await house.press(lan, "✏️ Đính chính")
    assert (await newsroom.newest()).corrects == original.id


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("/correct", "Bản tin nào?"),
        ("/correct LOA-XXXX", "Bản tin nào?"),
        ("/thuhoi LOA-ZZZZ-Z", "Bản tin nào?"),
        ("/dinhchinh LOA-0000-0", "không tìm thấy bản tin đó"),
        ("/thuhoi LOA-0000-0", "không tìm thấy bản tin đó"),
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
