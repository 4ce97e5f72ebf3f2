"""Fixtures of the simulator's tests: the scene, and each of the two clients in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from simulator.telegram_api import TelegramSimulator
from tests.simulator.scene import TOKEN, Clock, Scene, set_scene
from tests.simulator.telegram_clients import AiogramClient, Client, PtbClient, client_of


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """A started simulator with the neighbourhood in it."""
    clock = Clock()
    simulator = TelegramSimulator(now=clock)
    await simulator.start()
    yield set_scene(simulator, clock)
    await simulator.stop()


@pytest.fixture(params=[AiogramClient.name, PtbClient.name])
async def client(
    request: pytest.FixtureRequest, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Client]:
    """The bot as driven by one client, then by the other."""
    # How python-telegram-bot is told to give waits as timedelta, which it otherwise warns about.
    monkeypatch.setenv("PTB_TIMEDELTA", "1")
    async with client_of(request.param, scene.simulator.base_url, TOKEN) as opened:
        yield opened
