"""Whole bots, built as their frameworks' documentation says, that know nothing of the simulator."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from aiogram import Bot, Dispatcher
from aiogram.filters import CommandStart
from aiogram.types import Message
from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application
from aiohttp import web
from telegram import Update
from telegram.ext import Application, CommandHandler, ContextTypes

from tests.simulator.scene import TOKEN, Scene
from tests.simulator.telegram_clients import AiogramClient


async def until_shown(scene: Scene, is_there: Callable[[], bool]) -> None:
    """Wait for what a chat shows, woken by each visible change."""
    changed = asyncio.Event()
    stop = scene.world.subscribe(lambda _: changed.set())
    try:
        while not is_there():
            changed.clear()
            await asyncio.wait_for(changed.wait(), 10)
    finally:
        stop()


def greeted(scene: Scene) -> bool:
    return "Chào Bác Sáu" in [shown.text for shown in scene.world.shows(scene.bac_sau.id)]


def greeter() -> Dispatcher:
    """An aiogram bot that greets whoever starts it."""
    dispatcher = Dispatcher()

    @dispatcher.message(CommandStart())
    async def greet(message: Message) -> None:
        assert message.from_user is not None
        await message.answer(f"Chào {message.from_user.full_name}")

    return dispatcher


async def test_an_aiogram_bot_polls(scene: Scene) -> None:
    client = AiogramClient(scene.simulator.base_url, TOKEN)
    dispatcher = greeter()
    polling = asyncio.ensure_future(
        dispatcher.start_polling(client.bot, handle_signals=False, polling_timeout=5)
    )
    scene.world.start(scene.bac_sau, scene.bot)
    await until_shown(scene, lambda: greeted(scene))
    await dispatcher.stop_polling()
    await polling
    await client.close()


@pytest.mark.parametrize("in_background", [True, False])
async def test_an_aiogram_bot_takes_a_webhook(scene: Scene, in_background: bool) -> None:
    client = AiogramClient(scene.simulator.base_url, TOKEN)
    bot: Bot = client.bot
    dispatcher, app = greeter(), web.Application()
    handler = SimpleRequestHandler(dispatcher, bot, handle_in_background=in_background, secret_token="bi-mat")
    handler.register(app, path="/tin")
    setup_application(app, dispatcher, bot=bot)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await bot.set_webhook(f"http://127.0.0.1:{runner.addresses[0][1]}/tin", secret_token="bi-mat")
    scene.world.start(scene.bac_sau, scene.bot)
    await until_shown(scene, lambda: greeted(scene))
    await bot.delete_webhook()
    await runner.cleanup()
    await client.close()


async def test_a_python_telegram_bot_polls(scene: Scene) -> None:
    async def greet(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.effective_user is not None
        assert update.message is not None
        await update.message.reply_text(f"Chào {update.effective_user.full_name}")

    base_url = scene.simulator.base_url
    builder = Application.builder().token(TOKEN).base_url(f"{base_url}/bot")
    application = builder.base_file_url(f"{base_url}/file/bot").build()
    application.add_handler(CommandHandler("start", greet))
    async with application:
        await application.start()
        assert application.updater is not None
        await application.updater.start_polling(timeout=5)
        scene.world.start(scene.bac_sau, scene.bot)
        await until_shown(scene, lambda: greeted(scene))
        await application.updater.stop()
        await application.stop()
