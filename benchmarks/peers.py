"""The peers, used as their own documentation recommends. None of them keeps what Loa keeps; one tries to.

aiogram and python-telegram-bot: as many workers as Loa has requests in flight take the next chat and send.
aiogram-broadcaster: a mailer with its SQL storage, which sends one after the other and rewrites its whole record,
all recipients in it, after each; so what it costs grows with their number.
"""

from __future__ import annotations

import asyncio
import importlib.util
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiohttp import ClientSession, TCPConnector

from benchmarks.measuring import Measured, give_up, measure
from benchmarks.network import WORDS
from benchmarks.station import IN_FLIGHT, TOKEN

AIOGRAM = "aiogram"
PYTHON_TELEGRAM_BOT = "python-telegram-bot"
AIOGRAM_BROADCASTER = "aiogram-broadcaster"
AIOHTTP = "aiohttp"

_MODULES = {PYTHON_TELEGRAM_BOT: "telegram", AIOGRAM_BROADCASTER: "aiogram_broadcaster"}

Peer = Callable[[str, int], Awaitable[Measured]]


def demand(*names: str) -> None:
    """Exit when one of these is not installed."""
    missing = [name for name in names if importlib.util.find_spec(_MODULES[name]) is None]
    if missing:
        give_up(
            f"{', '.join(missing)} not installed here: `make bench-install` adds what Loa is compared with."
        )


async def send_with_aiogram(url: str, sends: int) -> Measured:
    """Its own bare loop, keeping nothing."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(url), limit=IN_FLIGHT)
    async with Bot(TOKEN, session=session) as bot:

        async def send(chat: int) -> None:
            await bot.send_message(chat, WORDS, parse_mode="HTML")

        return await measure(sends, lambda: at_once(send, sends))


async def send_with_python_telegram_bot(url: str, sends: int) -> Measured:
    """Its bot with a connection for each request in flight."""
    from telegram import Bot as TelegramBot
    from telegram.request import HTTPXRequest

    request = HTTPXRequest(connection_pool_size=IN_FLIGHT, pool_timeout=60.0)
    async with TelegramBot(TOKEN, base_url=f"{url}/bot", request=request) as bot:

        async def send(chat: int) -> None:
            await bot.send_message(chat, WORDS, parse_mode="HTML")

        return await measure(sends, lambda: at_once(send, sends))


async def send_with_aiogram_broadcaster(url: str, sends: int) -> Measured:
    """A mailer kept in SQLite through its SQLAlchemyStorage, without an interval."""
    from aiogram_broadcaster import Broadcaster
    from aiogram_broadcaster.contents import TextContent
    from aiogram_broadcaster.storages.sqlalchemy import SQLAlchemyStorage

    session = AiohttpSession(api=TelegramAPIServer.from_base(url))
    with tempfile.TemporaryDirectory() as folder:
        storage = SQLAlchemyStorage.from_url(f"sqlite+aiosqlite:///{Path(folder) / 'mailers.sqlite3'}")
        await storage.startup()
        async with Bot(TOKEN, session=session) as bot:
            mailer = await Broadcaster(bot, storage=storage).create_mailer(
                chats=set(range(1_000_000_000, 1_000_000_000 + sends)),
                content=TextContent(text=WORDS, parse_mode="HTML"),
            )

            async def drain() -> None:
                if not await mailer.start():
                    raise RuntimeError("the mailer did not complete")

            try:
                return await measure(sends, drain)
            finally:
                await storage.shutdown()


async def send_with_aiohttp(url: str, sends: int) -> Measured:
    """The HTTP request alone: what no client of aiohttp can be cheaper than."""
    address = f"{url}/bot{TOKEN}/sendMessage"
    async with ClientSession(connector=TCPConnector(limit=IN_FLIGHT)) as session:

        async def send(chat: int) -> None:
            async with session.post(
                address, json={"chat_id": chat, "text": WORDS, "parse_mode": "HTML"}
            ) as answer:
                await answer.read()

        return await measure(sends, lambda: at_once(send, sends))


async def at_once(send: Callable[[int], Awaitable[None]], sends: int) -> None:
    """Send to so many chats: as many workers as may be in flight, each taking the next one."""
    chats = iter(range(1_000_000_000, 1_000_000_000 + sends))

    async def work() -> None:
        for chat in chats:
            await send(chat)

    async with asyncio.TaskGroup() as group:
        for _ in range(IN_FLIGHT):
            group.create_task(work())
