"""Lan composes a bulletin, in few taps, and loses nothing on the way."""

from __future__ import annotations

import pytest

from broadcasts.broadcast import BroadcastState
from bulletins.bulletin import ENGLISH, VIETNAMESE, Severity, Status
from bulletins.rendering import render
from storage.tables import bulletins
from tests.handlers.house import House
from tests.handlers.newsroom import SOURCE, TYPED, Newsroom


@pytest.fixture
async def newsroom(house: House) -> Newsroom:
    newsroom = Newsroom(house)
    await newsroom.open()
    return newsroom


async def test_lan_composes_previews_and_asks_in_seven_steps(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan

    await newsroom.compose(lan)
    card = house.last(lan).text
    assert "Phun thuốc muỗi phường 5" in card
    assert "Trung tâm Y tế thành phố" in card
    assert SOURCE in card
    assert "❗" not in card

    await house.press(lan, "👁 Xem trước và gửi")
    assert "2 kênh, độ phủ tiềm năng 370 người" in house.last(lan).text
    assert "Cần thêm 1 phê duyệt." in house.last(lan).text

    await house.press(lan, "📨 Gửi duyệt")
    assert "Đã hỏi: Minh, Phúc." in house.last(lan).text
    assert (await newsroom.newest()).state is BroadcastState.IN_REVIEW


async def test_the_preview_is_what_channels_get(newsroom: Newsroom) -> None:
    await newsroom.compose(newsroom.lan)
    await newsroom.house.press(newsroom.lan, "👁 Xem trước và gửi")
    bulletin = (await newsroom.newest()).bulletin
    rendered = render(bulletin, VIETNAMESE, imprint=newsroom.bulletin_desk.imprint)
    assert rendered.plain in newsroom.seen(newsroom.lan)


async def test_a_drill_needs_no_source_and_looks_different_everywhere(newsroom: Newsroom) -> None:
    await newsroom.compose(newsroom.lan, kind="🟦 Diễn tập")
    assert "🟦 DIỄN TẬP, không có thật" in newsroom.house.last(newsroom.lan).text
    assert (await newsroom.newest()).bulletin.status is Status.EXERCISE


async def test_fields_are_chosen_with_a_tap(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await newsroom.compose(lan)

    await house.press(lan, "⚖️ Mức độ")
    await house.press(lan, "🔴 Đe doạ tính mạng")
    await house.press(lan, "Lĩnh vực")
    await house.press(lan, "Y tế")
    await house.press(lan, "Chủ đề")
    await house.press(lan, "Bão lũ")
    await house.press(lan, "Lừa đảo")
    await house.press(lan, "⬅️ Quay lại")
    await house.press(lan, "Khu vực")
    await house.press(lan, "➡️")
    await house.press(lan, "Xã 13")
    await house.press(lan, "⬅️ Quay lại")
    await house.press(lan, "⏳ Thời hạn")
    await house.press(lan, "3 ngày")
    await house.press(lan, "🕖 Giờ gửi")
    await house.press(lan, "Lúc 07:00 03/11")

    bulletin = (await newsroom.newest()).bulletin
    assert bulletin.severity is Severity.EXTREME
    assert bulletin.audience.topics == ("flood", "scam")
    assert bulletin.audience.areas == ("xa-13",)
    assert bulletin.category.value == "Health"
    card = house.last(lan).text
    for shown in ("🔴 Đe doạ tính mạng", "Bão lũ, Lừa đảo", "Xã 13", "08:00 05/11/2026", "07:00 03/11/2026"):
        assert shown in card


async def test_english_is_optional_and_can_be_taken_out(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await newsroom.compose(lan)
    await house.press(lan, "🇬🇧 Tiếng Anh")
    await house.say(lan, "Mosquito spraying in ward 5\nPlease keep your doors closed.")
    assert (await newsroom.newest()).bulletin.texts[ENGLISH].headline == "Mosquito spraying in ward 5"
    await house.press(lan, "🇬🇧 Tiếng Anh")
    await house.say(lan, "-")
    assert ENGLISH not in (await newsroom.newest()).bulletin.texts


async def test_where_the_network_speaks_english_vietnamese_is_the_second_text(house: House) -> None:
    newsroom = Newsroom(house, language=ENGLISH)
    await newsroom.open()
    lan = newsroom.lan
    await house.say(lan, "/broadcast")
    await house.press(lan, "🟥 Bản tin thật")
    assert "“What to do:”" in house.last(lan).text
    await house.say(lan, "Mosquito spraying\nKeep your doors closed.\nWhat to do: Call 115 with questions.")
    await house.say(lan, SOURCE)
    await house.press(lan, "🇻🇳 Tiếng Việt")
    await house.say(lan, "Phun thuốc muỗi\nĐóng kín cửa.")

    bulletin = (await newsroom.newest()).bulletin
    assert {language: text.headline for language, text in bulletin.texts.items()} == {
        ENGLISH: "Mosquito spraying",
        VIETNAMESE: "Phun thuốc muỗi",
    }
    assert bulletin.texts[ENGLISH].instruction == "Call 115 with questions."
    assert bulletin.issuer == "City Health Centre"
    assert "Keep your doors closed." in house.last(lan).text


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("25/12 07:00", "07:00 25/12/2026"),
        ("hôm qua", "Loa chưa hiểu thời điểm đó"),
        ("31/2 07:00", "Loa chưa hiểu thời điểm đó"),
        ("1/11 07:00", "07:00 01/11/2026 đã qua rồi"),
    ],
)
async def test_a_moment_is_read_or_asked_for_again(newsroom: Newsroom, typed: str, answer: str) -> None:
    house, lan = newsroom.house, newsroom.lan
    await newsroom.compose(lan)
    await house.press(lan, "⏳ Thời hạn")
    await house.press(lan, "Giờ khác")
    await house.say(lan, typed)
    assert answer in house.last(lan).text


async def test_a_bad_link_is_refused_and_asked_for_again(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await house.say(lan, "/bantin")
    await house.press(lan, "🟥 Bản tin thật")
    await house.say(lan, TYPED)
    await house.say(lan, "chưa có")
    assert "không phải liên kết" in house.last(lan).text
    await house.say(lan, "soyte.example.vn/tin/1")
    assert (await newsroom.newest()).bulletin.source_url == SOURCE


async def test_what_is_missing_is_said_before_anything_is_asked_of_others(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await house.say(lan, "/broadcast")
    await house.press(lan, "🟥 Bản tin thật")
    await house.say(lan, TYPED)
    await house.say(lan, "/broadcast")
    await house.press(lan, "Viết tiếp: Phun thuốc muỗi phường 5")
    await house.press(lan, "👁 Xem trước và gửi")
    assert "Chưa có nguồn" in house.last(lan).text
    assert (await newsroom.newest()).state is BroadcastState.DRAFT


async def test_hidden_characters_are_refused_with_the_reason_and_the_text_is_kept(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await newsroom.compose(lan, typed="Phun thuốc \u202eiỗum\nĐóng cửa.")
    assert "U+202E" in house.last(lan).text
    assert (await newsroom.newest()).bulletin.texts[VIETNAMESE].body == "Đóng cửa."


async def test_a_text_cut_in_two_by_the_app_is_kept_whole_and_called_too_long(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await house.say(lan, "/broadcast")
    await house.press(lan, "🟦 Diễn tập")
    house.world.say(lan, house.account, "Tiêu đề\n" + "a" * 4_080)
    house.world.say(lan, house.account, "phần sau")
    await house.settle()
    assert "dài quá mức cho phép" in house.last(lan).text
    kept = (await newsroom.newest()).bulletin.texts[VIETNAMESE]
    assert kept.headline == "Tiêu đề"
    assert kept.body.endswith("phần sau")


async def test_a_draft_survives_other_conversations_and_can_be_thrown_away(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await newsroom.compose(lan)
    await house.say(lan, "/huy")
    await house.say(lan, "/bantin")
    await house.press(lan, "Viết tiếp: Phun thuốc muỗi phường 5")
    await house.press(lan, "🗑 Bỏ bản nháp")
    assert "Đã bỏ bản nháp" in house.last(lan).text
    assert (await newsroom.newest()).state is BroadcastState.STOPPED


async def test_a_drill_cannot_say_that_it_is_no_drill(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await newsroom.compose(lan, kind="🟦 Diễn tập", typed="Cháy lớn\nĐây KHÔNG PHẢI diễn tập!")
    assert "không được nói là không phải diễn tập" in house.last(lan).text


async def test_a_citizen_cannot_compose(newsroom: Newsroom) -> None:
    await newsroom.house.say(newsroom.sau, "/broadcast")
    assert "Bản tin loại nào" not in newsroom.house.said(newsroom.sau)


async def test_everything_handled_twice_after_a_crash_has_one_effect(newsroom: Newsroom) -> None:
    newsroom.house.times = 2
    await newsroom.compose(newsroom.lan)
    await newsroom.submit(newsroom.lan)
    await newsroom.house.press(newsroom.minh, "✅ Phê duyệt")
    (row,) = await newsroom.house.rows(bulletins)
    assert (row.state, row.record["source_url"]) == ("sending", SOURCE)
    assert await newsroom.planned(await newsroom.newest()) == 2


async def test_a_bulletin_that_nobody_would_get_is_refused_and_can_be_changed(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await newsroom.compose(lan, kind="🟦 Diễn tập")
    await house.press(lan, "👁 Xem trước và gửi")
    assert "0 kênh" in house.last(lan).text
    await house.press(lan, "📨 Gửi duyệt")
    assert "Không có kênh nào nhận được" in house.last(lan).text
    await house.press(lan, "Xem bản nháp")
    assert "Phun thuốc muỗi phường 5" in house.last(lan).text


async def test_an_older_preview_asks_for_nothing(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await newsroom.compose(lan)
    await house.press(lan, "👁 Xem trước và gửi")
    old = house.last(lan)
    await house.say(lan, "/broadcast")
    await house.press(lan, "Viết tiếp: Phun thuốc muỗi phường 5")
    await house.press(lan, "⚖️ Mức độ")
    await house.press(lan, "🟠 Khẩn")
    house.world.press(lan, house.account, old.message_id, "📨 Gửi duyệt")
    await house.settle()
    assert any("đã thay đổi sau khi bạn xem" in text for text in newsroom.seen(lan))
    assert (await newsroom.newest()).state is BroadcastState.DRAFT
