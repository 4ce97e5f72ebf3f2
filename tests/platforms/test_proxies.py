"""Through a SOCKS proxy deliveries and conversations go alike, and names are looked up there."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from aiogram.exceptions import TelegramNetworkError

from bot.bots import open_bot
from bot.configuration import BotSecrets
from bot.settings import TelegramBot
from broadcasts.delivery import NotSent, Outcome, Sent
from broadcasts.ports import Content
from bulletins.rendering import Rendered
from platforms.dialing import proxy_address
from platforms.telegram import TelegramAccount, TelegramSender, open_connections
from simulator.guard import guard
from simulator.telegram_api import TelegramSimulator
from tests.platforms.socks_server import SocksServer, socks_server
from tests.platforms.test_telegram import Shelf
from tests.simulator.scene import TOKEN, Clock, Scene, set_scene

FAR_AWAY = "http://telegram.invalid:8081"  # RFC 6761: no name server knows it
NOTICE = Content(Rendered("Mưa lớn", "Mưa lớn", 7))


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    clock = Clock()
    simulator = TelegramSimulator(now=clock)
    simulator.app.middlewares.remove(
        guard
    )  # what comes through a proxy asks for another host than this machine
    async with simulator:
        yield set_scene(simulator, clock)


@pytest.fixture(params=["socks5", "socks5h"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def port_of(scene: Scene) -> int:
    return urlsplit(scene.simulator.base_url).port or 0


def proxy_at(server: SocksServer, scheme: str = "socks5") -> str:
    return f"{scheme}://127.0.0.1:{server.port}"


async def posted_through(proxy: str, chat: str = "-1001") -> Outcome:
    account = TelegramAccount("loa", TOKEN, FAR_AWAY, proxy=proxy)
    async with open_connections(account, 1) as connections:
        return await TelegramSender(connections, account, Shelf()).post(chat, NOTICE)


async def test_a_delivery_goes_through_a_socks_proxy(scene: Scene, scheme: str) -> None:
    async with socks_server(port_of(scene)) as server:
        outcome = await posted_through(proxy_at(server, scheme), str(scene.group.id))

    assert isinstance(outcome, Sent)
    assert scene.world.shows(scene.group, last=1)[0].text == "Mưa lớn"
    assert server.wanted == [("telegram.invalid", 8081)]


async def test_a_socks_proxy_that_refuses_means_that_nothing_was_sent() -> None:
    async with socks_server(0, refuses=True) as server:
        outcome = await posted_through(proxy_at(server))

    assert isinstance(outcome, NotSent)


async def test_a_socks_proxy_that_nobody_answers_at_means_that_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        proxy = f"socks5://127.0.0.1:{listening.getsockname()[1]}"
    outcome = await posted_through(proxy)

    assert isinstance(outcome, NotSent)


def far_away(proxy: str) -> TelegramBot:
    """Settings refuse plain HTTP to another machine; here it shows who was asked to look the name up."""
    return TelegramBot(proxy=proxy).model_copy(update={"base_url": FAR_AWAY})


async def test_a_conversation_goes_through_it_too(scene: Scene, scheme: str) -> None:
    async with socks_server(port_of(scene)) as server:
        settings = far_away(proxy_at(server, scheme))
        async with open_bot(settings, BotSecrets(TOKEN), answer_seconds=5).context() as bot:
            assert (await bot.get_me()).is_bot


async def test_a_proxy_that_refuses_a_conversation_is_a_network_error() -> None:
    async with socks_server(0, refuses=True) as server:
        settings = far_away(proxy_at(server))
        async with open_bot(settings, BotSecrets(TOKEN), answer_seconds=5).context() as bot:
            with pytest.raises(TelegramNetworkError):
                await bot.get_me()


def test_the_h_of_a_socks_proxy_is_understood() -> None:
    assert proxy_address(None) is None
    assert proxy_address("http://proxy.example:3128") == "http://proxy.example:3128"
    assert proxy_address("socks4h://proxy.example:1080") == "socks4://proxy.example:1080"
