"""The whole house over HTTP: pushed updates, what may not come in, and settings that leave out what is needed."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession

from bot.app import App, Duty, open_app
from bot.configuration import BotSecrets, Secrets
from bot.demonstration import demonstration_settings
from bot.mistakes import OperatorMistake
from bot.settings import Pace, Settings, Web, Webhook
from simulator.cast import BOT_TOKEN, Players, assemble
from simulator.telegram_api import TelegramSimulator
from simulator.world import World

SECRET = "a-secret-that-opens-nothing"
HEADER = "X-Telegram-Bot-Api-Secret-Token"
PACE = Pace(rate_per_second=100, chat_per_second=30, group_per_minute=60)


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def secrets(token: str = BOT_TOKEN) -> Secrets:
    return Secrets(key=bytes(32), bots={"loa": BotSecrets(token=token, webhook_secret=SECRET)})


@pytest.fixture
async def simulator() -> AsyncIterator[TelegramSimulator]:
    async with TelegramSimulator() as running:
        yield running


@pytest.fixture
def players(simulator: TelegramSimulator) -> Players:
    return assemble(simulator.world, 1, "vi")


def settings_for(simulator: TelegramSimulator, players: Players, folder: Path) -> Settings:
    return demonstration_settings(players, simulator.base_url, folder, language="vi", pace=PACE)


def pushed(settings: Settings, port: int) -> Settings:
    """The same, with updates pushed to us instead of asked for."""
    hooked = settings.telegram[0].model_copy(update={"webhook": Webhook(url=f"http://127.0.0.1:{port}")})
    return settings.model_copy(update={"telegram": (hooked,), "web": Web(port=port)})


async def until_said(world: World, person: int, count: int = 1) -> list[str]:
    """What the bot has said to somebody, once it has said so much."""
    changed = asyncio.Event()
    world.subscribe(lambda _: changed.set())
    async with asyncio.timeout(60):
        while len(said := [one.text for one in world.shows(person) if one.sender_id != person]) < count:
            changed.clear()
            await changed.wait()
    return said


async def until_hooked(simulator: TelegramSimulator, url: str) -> None:
    """Until the house has told the platform where to push."""
    async with asyncio.timeout(60):
        while simulator.api.call(BOT_TOKEN, "getWebhookInfo").result["url"] != url:
            await asyncio.sleep(0.02)  # noqa: ASYNC110 (the simulator says nothing when a webhook is set)


@asynccontextmanager
async def house(settings: Settings) -> AsyncIterator[App]:
    async with open_app(settings, secrets()) as app:
        yield app


async def test_pushed_updates_are_answered_and_a_hundred_repeats_have_one_effect(
    simulator: TelegramSimulator, players: Players, tmp_path: Path
) -> None:
    world, sau, port = simulator.world, players.sau, free_port()
    update = {
        "update_id": 5,
        "message": {
            "message_id": 1,
            "date": 1_793_600_000,
            "chat": {"id": sau.id, "type": "private", "first_name": "Sáu"},
            "from": {"id": sau.id, "is_bot": False, "first_name": "Sáu", "language_code": "vi"},
            "text": "/start",
        },
    }
    sau.started.add(players.bot.id)
    url = f"http://127.0.0.1:{port}/webhook/loa"
    async with house(pushed(settings_for(simulator, players, tmp_path), port)), ClientSession() as platform:
        await until_hooked(simulator, url)
        for secret, status in (("", 401), ("somebody else's", 401), *[(SECRET, 200)] * 100):
            async with platform.post(url, json=update, headers={HEADER: secret}) as answer:
                assert answer.status == status
        assert len(await until_said(world, sau.id)) == 1
        async with platform.get(f"http://127.0.0.1:{port}/health") as answer:
            assert (answer.status, await answer.text()) == (200, "ok")
        async with platform.get(f"http://127.0.0.1:{port}/metrics") as answer:
            assert "process_cpu_seconds" in await answer.text()


async def test_settings_without_a_bot_or_a_room_for_moderators_are_the_operators_to_complete(
    simulator: TelegramSimulator, players: Players, tmp_path: Path
) -> None:
    settings = settings_for(simulator, players, tmp_path)
    roomless = settings.telegram[0].model_copy(update={"moderators_chat": None})
    for incomplete in ((), (roomless,)):
        with pytest.raises(OperatorMistake):
            async with house(settings.model_copy(update={"telegram": incomplete})):
                raise AssertionError("it must not open")


async def test_a_token_that_telegram_does_not_know_is_the_operators_to_replace(
    simulator: TelegramSimulator, players: Players, tmp_path: Path
) -> None:
    with pytest.raises(OperatorMistake, match="token"):
        async with open_app(
            settings_for(simulator, players, tmp_path),
            secrets("7000009:simulated-token-of-somebody-else"),
            duties=frozenset({Duty.UPDATES}),
        ):
            raise AssertionError("it must not open")
