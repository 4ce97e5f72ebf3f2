"""Whose token it is, and what each mishap on asking means."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from platforms.telegram import TelegramAccount, open_connections
from platforms.telegram_identity import Identity, NoAnswer, UnknownToken, identify
from simulator.telegram_api import FaultKind, TelegramSimulator
from tests.simulator.scene import TOKEN, Clock, Scene, set_scene

SOMEBODY_ELSES = "7000009:simulated-token-of-somebody-else"


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    clock = Clock()
    async with TelegramSimulator(now=clock) as simulator:
        yield set_scene(simulator, clock)


async def asked(url: str, token: str = TOKEN) -> Identity | UnknownToken | NoAnswer:
    account = TelegramAccount("loa", token, url, answer_seconds=5)
    async with open_connections(account, 1) as connections:
        return await identify(connections, account)


async def test_a_token_tells_the_name_of_its_bot(scene: Scene) -> None:
    assert await asked(scene.simulator.base_url) == Identity(scene.bot.username or "")


async def test_a_token_that_telegram_does_not_know_is_called_so(scene: Scene) -> None:
    assert await asked(scene.simulator.base_url, SOMEBODY_ELSES) == UnknownToken()


@pytest.mark.parametrize(
    ("fault", "details"),
    [
        (FaultKind.GATEWAY, {"code": 502}),
        (FaultKind.NOT_OK, {"code": 500, "description": "Internal Server Error"}),
        (FaultKind.RESET, {}),
        (FaultKind.TRUNCATED, {}),
        (FaultKind.WRONG_TYPES, {}),
        (FaultKind.HUGE, {}),
    ],
)
async def test_a_mishap_says_nothing_about_the_token(
    scene: Scene, fault: FaultKind, details: dict[str, Any]
) -> None:
    scene.simulator.faults.script(fault, "getMe", **details)
    assert isinstance(await asked(scene.simulator.base_url), NoAnswer)
    assert isinstance(await asked(scene.simulator.base_url), Identity), "and the next time it is told"


async def test_where_nobody_listens_the_reason_does_not_hold_the_token() -> None:
    for url in ("http://127.0.0.1:9", "http://telegram.invalid"):
        answer = await asked(url)
        assert isinstance(answer, NoAnswer)
        assert TOKEN.partition(":")[2] not in answer.reason
