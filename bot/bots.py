"""A bot of the settings as aiogram's Bot: its server, its proxy, its patience."""

from __future__ import annotations

from aiogram import Bot
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ParseMode
from aiohttp import ClientSession

from bot.configuration import BotSecrets
from bot.settings import TelegramBot
from platforms.dialing import proxy_address
from platforms.telegram_session import TelegramSession


def open_bot(bot: TelegramBot, secrets: BotSecrets, *, answer_seconds: float) -> Bot:
    """``bot``, ready to call; whoever opens it closes ``.session``. Connects to nothing yet."""
    session = TelegramSession(
        proxy=proxy_address(secrets.proxy or bot.proxy),
        api=TelegramAPIServer.from_base(bot.base_url),
        timeout=answer_seconds,
    )
    return Bot(secrets.token, session=session, default=DefaultBotProperties(parse_mode=ParseMode.HTML))


async def open_http(bot: Bot) -> ClientSession:
    """The HTTP session under ``bot``, behind the same proxy; it is closed with the bot's own."""
    if not isinstance(bot.session, AiohttpSession):
        raise TypeError("this bot does not speak over aiohttp")
    return await bot.session.create_session()
