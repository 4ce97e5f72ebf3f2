"""Whatever a platform answers has a name and is counted; nothing of it stops the pump."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from aiohttp import web
from prometheus_client import REGISTRY

from platforms.telegram import TelegramAccount, TelegramSender, open_connections
from storage.pictures import PictureShelf
from tests.broadcasts.looks import FAILED, SENT, UNSURE
from tests.broadcasts.station import BOT, Station, running

HUGE = b'{"ok":true,"result":"' + b"x" * 10_000_000 + b'"}'


@pytest.mark.parametrize(
    ("status", "body", "outcome", "reason", "state"),
    [
        (200, b"<html>welcome to the hotel</html>", "Unsure", "http_200", UNSURE),
        (502, b"<html>Bad Gateway</html>", "Unsure", "http_502", UNSURE),
        (200, b'{"ok":true,"result":{"message_id":', "Unsure", "http_200", UNSURE),
        (200, b'{"ok":true,"result":{"message_id":"one"}}', "Unsure", "unreadable_answer", UNSURE),
        (200, b'{"ok":1,"result":[]}', "Unsure", "http_200", UNSURE),
        (200, b'{"ok":false}', "Rejected", "unknown_200", FAILED),
        (200, HUGE, "Unsure", "endless_answer", UNSURE),
    ],
)
async def test_nonsense_is_named_counted_and_stops_nothing(
    station: Station, status: int, body: bytes, outcome: str, reason: str, state: str
) -> None:
    labels = {"bot": BOT, "outcome": outcome, "reason": reason}
    before = REGISTRY.get_sample_value("loa_answers_total", labels) or 0.0
    await station.channels(["-1", "-2"])
    async with AsyncExitStack() as opened:
        account = TelegramAccount(
            BOT, "1:A", await opened.enter_async_context(telegram_saying({"-1": (status, body)}))
        )
        connections = await opened.enter_async_context(open_connections(account, 4))
        shelf = PictureShelf(station.engine, station.committer)
        pump = station.pump(sender=TelegramSender(connections, account, shelf))
        bulletin = await station.start(station.bulletin())
        async with running(pump.run):
            await station.until(lambda: station.is_done(bulletin))
    assert await station.states(bulletin) == {"-1": state, "-2": SENT}
    assert REGISTRY.get_sample_value("loa_answers_total", labels) == before + 1


@asynccontextmanager
async def telegram_saying(answers: dict[str, tuple[int, bytes]]) -> AsyncIterator[str]:
    """A server that takes every message, but answers nonsense to some chats; its address."""

    async def answer(request: web.Request) -> web.Response:
        chat = str(json.loads(await request.read())["chat_id"])
        good = json.dumps({"ok": True, "result": {"message_id": 7}}).encode()
        status, body = answers.get(chat, (200, good))
        return web.Response(status=status, body=body)

    app = web.Application()
    app.router.add_post("/bot{token}/{method}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
