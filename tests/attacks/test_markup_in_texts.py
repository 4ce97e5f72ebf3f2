"""Row "HTML or entity injection": whatever people call themselves or write is read as they wrote it, and no more.

The simulator reads markup as the Bot API does, so a text that is escaped once too little is refused or changes its
look, and one that is escaped once too often shows its escapes.
"""

from __future__ import annotations

import pytest
from sqlalchemy import update

from members.roles import Role
from simulator.world import Chat, ShownMessage, User
from storage.tables import staff
from tests.handlers.house import House
from tests.handlers.newsroom import Newsroom
from tests.handlers.reporting_house import SCAM, Corner, furnish
from tests.staff_rows import set_staff

NAME = "A & B <i>"
WORDS = 'Sai: 1 < 2 & "<b>đậm</b>" &lt; <a href="tg://user?id=1">bấm</a> https://vnexpress.net/1'


def everything_shown(house: House, *chats: User | Chat) -> list[ShownMessage]:
    return [message for chat in chats for message in house.shown(chat)]


def assert_read_as_written(house: House, *chats: User | Chat) -> None:
    """The name is nowhere escaped once more, and opens nothing."""
    texts = [message.text for message in everything_shown(house, *chats)]
    assert not [text for text in texts if "&amp;" in text or "&lt;i" in text]


@pytest.fixture
async def newsroom(house: House) -> Newsroom:
    newsroom = Newsroom(house)
    await newsroom.open()
    both = (Role.MODERATOR, Role.APPROVER)
    people = [(newsroom.lan, NAME), (newsroom.minh, "Minh & <u>")]
    await set_staff(house.committer, [(house.person(person), name, both) for person, name in people])
    return newsroom


async def test_the_name_of_an_author_and_of_an_approver_is_shown_as_it_is(newsroom: Newsroom) -> None:
    house, lan, minh = newsroom.house, newsroom.lan, newsroom.minh
    group = await newsroom.open_moderators_chat()
    await newsroom.compose(lan)
    await newsroom.submit(lan)

    assert "Đã hỏi: Minh & <u>." in house.last(lan).text
    assert f"Người soạn: {NAME}" in house.last(minh).text
    await house.press(minh, "✅ Phê duyệt")
    assert any("Minh & <u> đã phê duyệt" in text for text in newsroom.seen(lan))
    assert_read_as_written(house, lan, minh, group)


async def test_the_name_of_somebody_who_cannot_be_reached_is_shown_as_it_is(newsroom: Newsroom) -> None:
    house, lan, minh = newsroom.house, newsroom.lan, newsroom.minh
    house.world.block(minh, house.account)
    await newsroom.compose(lan)
    await newsroom.submit(lan)

    assert "Minh & <u>" in house.last(lan).text
    assert_read_as_written(house, lan)


async def test_who_sends_it_back_is_named_as_they_are_called(newsroom: Newsroom) -> None:
    house, lan, minh = newsroom.house, newsroom.lan, newsroom.minh
    await newsroom.compose(lan, typed="Đầu <b> & đề\nThân <i>bài &amp; chữ")
    await newsroom.submit(lan)
    await house.press(minh, "↩️ Trả lại")
    await house.say(minh, "Xin xem lại <s> & viết rõ")

    assert any("Minh & <u>" in text and "<s> & viết rõ" in text for text in newsroom.seen(lan))
    assert any("Đầu <b> & đề" in text for text in newsroom.seen(lan))


@pytest.fixture
async def corner(house: House) -> Corner:
    corner = await furnish(house)
    corner.minh.first_name = NAME
    named = update(staff).where(staff.c.person == house.person(corner.minh)).values(name=NAME)
    await house.committer.write(lambda connection: connection.execute(named))
    return corner


async def test_the_name_of_a_moderator_on_a_card_and_in_a_question_is_shown_as_it_is(
    house: House, corner: Corner
) -> None:
    sau = house.world.add_user("Bác Sáu")
    await corner.report(sau, f"{SCAM} <b>đậm</b> & hơn")
    await corner.press(corner.minh, "✋ Tôi nhận vụ này")
    assert f"{NAME} đang xử lý" in corner.card
    await corner.press(corner.minh, "❌ sai sự thật")

    assert house.last(corner.group).text.startswith(f"{NAME} ơi, ")
    await corner.press(corner.minh, "💬 chỉ là ý kiến")
    assert house.last(corner.group).text.startswith(f"{NAME} ơi, ")
    assert_read_as_written(house, corner.group)


async def test_the_text_of_a_verdict_is_data_for_everybody_who_reads_it(house: House, corner: Corner) -> None:
    sau, ba = house.world.add_user("Bác Sáu"), house.world.add_user("Cô Ba")
    await corner.report(sau)
    await corner.decide(corner.minh, WORDS)

    told = house.last(sau)
    assert '1 < 2 & "<b>đậm</b>" &lt; <a href="tg://user?id=1">bấm</a>' in told.text
    assert not [entity for entity in told.entities if entity.kind == "text_link"]
    again = await corner.ask(ba, SCAM)
    assert '1 < 2 & "<b>đậm</b>" &lt;' in again
    assert not [entity for entity in house.last(ba).entities if entity.kind == "text_link"]
