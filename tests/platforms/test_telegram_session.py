"""The conversations' session: says the same to Telegram as aiogram's own does, only with less work."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator

import pytest
from aiogram import Bot
from aiogram.client.default import DefaultBotProperties
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramBadRequest, TelegramServerError
from aiogram.methods import GetChat, Response, SendMessage, SendPhoto
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup
from aiohttp import BytesPayload, FormData

from platforms.telegram_session import AskForUpdates, TelegramSession
from simulator.telegram_api import TelegramSimulator
from tests.simulator.scene import TOKEN, Clock, Scene, picture, set_scene


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    clock = Clock()
    async with TelegramSimulator(now=clock) as simulator:
        yield set_scene(simulator, clock)


@pytest.fixture
async def bot(scene: Scene) -> AsyncIterator[Bot]:
    session = TelegramSession(api=TelegramAPIServer.from_base(scene.simulator.base_url))
    bot = Bot(TOKEN, session=session, default=DefaultBotProperties(parse_mode="HTML"))
    yield bot
    await bot.session.close()


async def test_a_message_with_buttons_arrives_as_it_was_meant(scene: Scene, bot: Bot) -> None:
    keyboard = InlineKeyboardMarkup(
        inline_keyboard=[[InlineKeyboardButton(text="Đã đọc", callback_data="t")]]
    )
    await bot.send_message(
        scene.group.id, "Mưa <b>lớn</b> &amp; gió", reply_markup=keyboard, disable_notification=False
    )
    shown = scene.world.shows(scene.group)[-1]
    assert (shown.text, shown.html) == ("Mưa lớn & gió", "Mưa <b>lớn</b> &amp; gió")
    assert shown.button("Đã đọc").data == "t"
    assert not shown.silent


async def test_a_picture_is_sent_as_a_form_and_all_else_as_json(scene: Scene, bot: Bot) -> None:
    session = bot.session
    assert isinstance(session, TelegramSession)
    words = SendMessage(chat_id=scene.group.id, text="Chào")
    image = SendPhoto(chat_id=scene.group.id, photo=BufferedInputFile(picture(), "mua.png"))
    assert isinstance(session.build_form_data(bot, words), BytesPayload)
    assert isinstance(session.build_form_data(bot, image), FormData)
    await bot(image)
    assert scene.world.shows(scene.group)[-1].photo is not None


async def test_no_and_nought_are_said_and_what_is_empty_is_not(bot: Bot) -> None:
    session = bot.session
    assert isinstance(session, TelegramSession)
    body = session.build_form_data(bot, SendMessage(chat_id=0, text="", disable_notification=False))
    assert body.decode() == '{"chat_id": 0, "parse_mode": "HTML", "disable_notification": false}'


async def test_a_refusal_is_raised_as_aiogram_raises_it(bot: Bot) -> None:
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await bot.get_chat(-404)


async def test_the_model_of_an_answer_is_made_once(scene: Scene, bot: Bot) -> None:
    await bot.get_chat(scene.group.id)
    made = id(Response[GetChat.__returning__])  # type: ignore[name-defined]
    gc.collect()
    await bot.get_chat(scene.group.id)
    assert id(Response[GetChat.__returning__]) == made  # type: ignore[name-defined]


async def test_a_gateways_page_is_a_servers_error_that_everybody_expects(scene: Scene, bot: Bot) -> None:
    scene.simulator.faults.script("gateway", "sendMessage")
    with pytest.raises(TelegramServerError, match="http_502"):
        await bot.send_message(scene.group.id, "Chào")


async def test_updates_are_handed_on_as_they_came_also_those_that_nobody_can_read(bot: Bot) -> None:
    said = '{"ok": true, "result": [{"update_id": "none"}, {"update_id": 7, "of_next_year": {}}, null]}'
    answer = bot.session.check_response(bot, AskForUpdates(), 200, said)
    assert answer.result == [{"update_id": "none"}, {"update_id": 7, "of_next_year": {}}, None]


@pytest.mark.parametrize("nonsense", ["wrong_types", "huge"])
async def test_an_answer_that_says_nothing_is_too_and_its_words_stay_out_of_it(
    scene: Scene, bot: Bot, nonsense: str
) -> None:
    scene.simulator.faults.script(nonsense, "sendMessage")
    with pytest.raises(TelegramServerError, match="http_200") as raised:
        await bot.send_message(scene.group.id, "Chào")
    assert len(str(raised.value)) < 200
    assert raised.value.__cause__ is None
