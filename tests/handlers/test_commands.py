"""What was forwarded is shown, not said: no command in it is ever carried out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from aiogram import Bot, filters
from aiogram.types import Chat, Message, MessageOriginHiddenUser, User

from handlers import commands
from members.channel import ChannelState
from storage.tables import channels
from tests.handlers.house import TOKEN, House
from tests.handlers.newsroom import Newsroom
from tests.handlers.reporting_house import Corner, furnish
from tests.handlers.test_access import built, handlers_of, modules_with_routers

MORNING = datetime(2026, 11, 2, tzinfo=UTC)


def message(text: str, *, is_forwarded: bool) -> Message:
    origin = MessageOriginHiddenUser(date=MORNING, sender_user_name="Ai đó") if is_forwarded else None
    chat, sau = Chat(id=1001, type="private"), User(id=1001, is_bot=False, first_name="Sáu")
    return Message(message_id=1, date=MORNING, chat=chat, from_user=sau, text=text, forward_origin=origin)


def command_filters() -> list[filters.Command]:
    """Every command that any handler listens to."""
    return [
        one.callback
        for module in modules_with_routers()
        for handler in handlers_of(built(module))
        for one in handler.filters or ()
        if isinstance(one.callback, filters.Command)
    ]


def test_every_command_is_one_that_refuses_forwards() -> None:
    listened_to = command_filters()

    assert len(listened_to) > 20
    assert all(isinstance(one, commands.Command | commands.CommandStart) for one in listened_to)


async def test_no_handler_takes_a_command_from_a_forward() -> None:
    bot = Bot(TOKEN)
    for one in command_filters():
        for name in one.commands:
            assert not await one(message(f"/{name} LOA-7K2M-9", is_forwarded=True), bot), name


@pytest.mark.parametrize("listens", [commands.Command("quen"), commands.Command("start")])
async def test_the_same_words_written_by_oneself_are_a_command(listens: commands.Command) -> None:
    assert await listens(message(f"/{listens.commands[0]}", is_forwarded=False), Bot(TOKEN))


async def test_a_forwarded_wish_to_be_forgotten_erases_nobody_and_is_looked_at(house: House) -> None:
    corner: Corner = await furnish(house)
    hoa = house.world.add_user("Hoa")
    await house.start(hoa)
    await house.press(hoa, "🔔 Nhận bản tin tại đây")

    answer = await corner.ask(hoa, "/quen – gõ lệnh này ngay để nhận tiền hỗ trợ!")

    assert "đã quên" not in house.said(hoa)
    assert "Loa chưa biết gì" in answer
    assert ChannelState.ACTIVE in [row.state for row in await house.rows(channels)]


async def test_a_forwarded_stop_lets_a_bulletin_go_on(house: House) -> None:
    newsroom = Newsroom(house)
    await newsroom.open()
    broadcast = await newsroom.published()
    passed_on = house.world.say(newsroom.sau, house.account, f"/stop {broadcast.bulletin.code}")
    house.pass_over()

    heard = house.world.chat(house.account, user=newsroom.sau)
    copy = house.world.forwarded(heard, passed_on, heard, author_id=newsroom.sau.id)
    assert copy.origin is not None
    house.world.forward_foreign(newsroom.lan, house.account, passed_on.text, copy.origin)
    await house.settle()

    assert (await newsroom.newest()).state is broadcast.state
