"""Bác Sáu asks whether it is real, and hears it in a second."""

from __future__ import annotations

import pytest

from broadcasts.broadcast import Broadcast
from bulletins.bulletin import VIETNAMESE
from bulletins.rendering import render
from tests.handlers.house import House
from tests.handlers.newsroom import SOURCE, Newsroom


@pytest.fixture
async def newsroom(house: House) -> Newsroom:
    newsroom = Newsroom(house)
    await newsroom.open()
    return newsroom


def copy_of(newsroom: Newsroom, broadcast: Broadcast) -> str:
    return render(broadcast.bulletin, VIETNAMESE, imprint=newsroom.bulletin_desk.imprint).plain


@pytest.mark.parametrize("asked", ["{code}", "/verify {code}", "/kiemtra {code}", "{code} có thật không?"])
async def test_a_code_finds_issuer_time_and_source(newsroom: Newsroom, asked: str) -> None:
    house, sau = newsroom.house, newsroom.sau
    published = await newsroom.published()
    await house.say(sau, asked.format(code=published.bulletin.code.lower()))
    answer = house.last(sau).text
    assert "Có bản tin mang mã này" in answer
    for shown in ("Trung tâm Y tế thành phố", "08:00 02/11/2026", SOURCE, "Phun thuốc muỗi phường 5"):
        assert shown in answer


async def test_a_forwarded_copy_word_for_word_is_genuine(newsroom: Newsroom) -> None:
    house, sau = newsroom.house, newsroom.sau
    published = await newsroom.published()
    group = house.world.add_chat("group", "Xóm 3", sau)
    said = house.world.say(sau, group, copy_of(newsroom, published))
    house.world.forward(sau, group, said.id, house.account)
    await house.settle()
    assert "✅ Tin thật" in house.last(sau).text


async def test_an_altered_copy_names_the_changed_fact_first(newsroom: Newsroom) -> None:
    house, sau = newsroom.house, newsroom.sau
    published = await newsroom.published()
    altered = copy_of(newsroom, published).replace("phường 5", "phường 6")
    altered = altered.replace("0912 345 678", "0999 888 777")
    await house.say(sau, f"/verify {altered}")
    answer = house.last(sau).text
    assert "ĐÃ BỊ SỬA" in answer
    phone = "số điện thoại: “0999 888 777”, trong khi bản tin ghi “0912 345 678”"
    assert answer.index(phone) < answer.index("“6”")


async def test_a_reply_in_a_group_is_answered_there(newsroom: Newsroom) -> None:
    house, sau = newsroom.house, newsroom.sau
    published = await newsroom.published()
    group = house.world.add_chat("group", "Xóm 3", sau)
    house.world.add_member(group, house.account)
    said = house.world.say(sau, group, copy_of(newsroom, published))
    await house.say(sau, "/verify", chat=group, reply_to=said)
    assert "✅ Tin thật" in house.last(group).text


async def test_a_corrected_bulletin_leads_to_the_newer(newsroom: Newsroom) -> None:
    house, lan, sau = newsroom.house, newsroom.lan, newsroom.sau
    published = await newsroom.published()
    corrected = await newsroom.correct(lan, published, "Giờ phun đúng là 8 giờ ngày 3/12.", newsroom.minh)
    newer = corrected.bulletin.code
    for asked in (published.bulletin.code, f"/verify {copy_of(newsroom, published)}"):
        await house.say(sau, asked)
        answer = house.last(sau).text
        assert "đính chính" in answer
        assert newer in answer
        assert "8 giờ" in answer


async def test_the_code_of_a_draft_is_never_revealed(newsroom: Newsroom) -> None:
    house, sau = newsroom.house, newsroom.sau
    await newsroom.compose(newsroom.lan)
    await newsroom.submit(newsroom.lan)
    draft = await newsroom.newest()
    for asked in (draft.bulletin.code, f"/verify {copy_of(newsroom, draft)}"):
        await house.say(sau, asked)
        answer = house.last(sau).text
        assert "không tìm thấy bản tin mang mã" in answer
        assert "Phun thuốc" not in answer


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("/verify", "Bạn hãy ghi mã trên bản tin"),
        ("/verify LOA-0000-0", "không tìm thấy bản tin mang mã LOA-0000-0"),
        ("/verify LOA-0000-9", "mã có dạng LOA-XXXX-X"),
        ("/verify mai nghỉ học toàn tỉnh do bão", "Như vậy không có nghĩa là tin sai"),
    ],
)
async def test_what_is_not_found_is_called_unknown_and_not_false(
    newsroom: Newsroom, asked: str, answer: str
) -> None:
    await newsroom.house.say(newsroom.sau, asked)
    assert answer in newsroom.house.last(newsroom.sau).text


async def test_a_drill_is_genuine_and_said_to_be_a_drill(newsroom: Newsroom) -> None:
    house, sau = newsroom.house, newsroom.sau
    await newsroom.hear_drills()
    published = await newsroom.published(kind="🟦 Diễn tập")
    await house.say(sau, f"/verify {copy_of(newsroom, published)}")
    answer = house.last(sau).text
    assert "✅ Tin thật" in answer
    assert "Đây là diễn tập" in answer
