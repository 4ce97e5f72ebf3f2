"""Nobody who writes to Loa in private is left without an answer."""

from __future__ import annotations

import pytest

from bulletins.bulletin import VIETNAMESE
from handlers import otherwise
from handlers.crowding import CROWDED, Crowded
from simulator.world import FileKind, User
from tests.handlers.house import House
from tests.handlers.newsroom import Newsroom
from tests.handlers.reporting_house import Corner, furnish

UNKNOWN, LINK, IN_BETWEEN = "chưa hiểu lệnh này", "không còn dùng được nữa", "việc đang dở"


@pytest.fixture
async def corner(house: House) -> Corner:
    corner = await furnish(house)
    house.include(otherwise.router(house.roster))
    return corner


@pytest.fixture
async def newsroom(house: House) -> Newsroom:
    newsroom = Newsroom(house)
    await newsroom.open()
    house.include(otherwise.router(house.roster))
    return newsroom


@pytest.fixture
def sau(house: House) -> User:
    return house.world.add_user("Bác Sáu")


@pytest.mark.parametrize(
    ("written", "answered"),
    [
        ("/help", "Loa giúp được gì"),
        ("/trogiup", "Loa giúp được gì"),
        ("/foo", UNKNOWN),
        ("/verfy LOA-7K2M-9", UNKNOWN),
        ("/start old-link", LINK),
        ("/", UNKNOWN),
    ],
)
async def test_whatever_is_written_is_answered_once(
    house: House, corner: Corner, sau: User, written: str, answered: str
) -> None:
    await house.say(sau, written)

    (said,) = [shown.text for shown in house.shown(sau) if shown.sender_id == house.account.id]
    assert answered in said


async def test_words_to_look_at_still_reach_those_who_report(house: House, corner: Corner, sau: User) -> None:
    assert "chưa biết gì" in await corner.ask(sau, "/foo bar, chuyển khoản ngay cho tôi")
    assert UNKNOWN not in house.said(sau)


async def test_a_group_is_left_in_peace(house: House, corner: Corner) -> None:
    before = len(house.shown(corner.group))

    await house.say(corner.lan, "/foo", corner.group)

    assert len(house.shown(corner.group)) == before + 1


async def test_help_tells_the_staff_more(newsroom: Newsroom) -> None:
    house = newsroom.house
    told = {}
    for person in (newsroom.sau, newsroom.phuc, newsroom.lan):
        await house.say(person, "/help")
        told[person.first_name] = house.last(person).text

    known = ("/kiemtra", "/dung", "/duyet", "/bantin")
    assert [command in told["Bác Sáu"] for command in known] == [True, False, False, False]
    assert [command in told["Phúc"] for command in known] == [True, True, True, False]
    assert [command in told["Lan"] for command in known] == [True, True, True, True]


async def test_an_unknown_command_while_composing_loses_nothing(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await house.say(lan, "/broadcast")
    await house.press(lan, "🟥 Bản tin thật")

    await house.say(lan, "/foo")
    assert IN_BETWEEN in house.last(lan).text
    await house.say(lan, "/help")
    assert "/bantin" in house.last(lan).text
    await house.say(lan, "Nghỉ học ngày mai")

    assert (await newsroom.newest()).bulletin.texts[VIETNAMESE].headline == "Nghỉ học ngày mai"


async def test_a_sticker_is_no_reason_for_sending_back(newsroom: Newsroom) -> None:
    house, minh = newsroom.house, newsroom.minh
    await newsroom.compose(newsroom.lan)
    await newsroom.submit(newsroom.lan)
    await house.press(minh, "↩️ Trả lại")

    house.world.send_file(minh, house.account, house.world.keep_file(b"x", FileKind.STICKER))
    await house.settle()
    assert "viết lý do thành một câu" in house.last(minh).text

    await house.say(minh, "Thiếu số điện thoại")
    assert any("Thiếu số điện thoại" in text for text in newsroom.seen(newsroom.lan))


async def test_a_picture_where_nobody_takes_one_is_answered(newsroom: Newsroom) -> None:
    house, sau = newsroom.house, newsroom.sau

    house.world.send_photo(sau, house.account, b"x")
    await house.settle()

    assert "/start" in house.last(sau).text


@pytest.mark.parametrize(
    ("when", "said"),
    [(Crowded.FOR_NOW, "Bạn gửi nhiều tin quá"), (Crowded.TODAY, "Hôm nay Loa chỉ trả lời")],
)
async def test_what_is_too_much_is_said_so_and_has_no_effect(house: House, when: Crowded, said: str) -> None:
    sau = house.world.add_user("Bác Sáu")
    house.world.say(sau, house.account, "/quen")
    (update,) = await house.waiting()

    await house.dispatcher.feed_update(house.bot, update, bot_name="loa", **{CROWDED: when})

    assert house.last(sau).text.startswith(said)
    assert house.labels(sau) == []


async def test_a_press_that_is_too_much_is_told_so_to_who_pressed_and_can_be_made_again(house: House) -> None:
    sau = house.world.add_user("Bác Sáu")
    await house.start(sau)
    before = house.said(sau)
    query = house.touch(sau, "English")
    (update,) = await house.waiting()

    await house.dispatcher.feed_update(house.bot, update, bot_name="loa", **{CROWDED: Crowded.FOR_NOW})
    assert house.world.callbacks[query].answer.startswith("Bạn bấm hơi nhanh")
    assert house.said(sau) == before

    house.pass_over()
    await house.press(sau, "English")
    assert house.said(sau) != before
