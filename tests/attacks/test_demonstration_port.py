"""The demonstration's port speaks in the bot's name: no web site, no foreign name and no guess gets through."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession

from bot.demonstration import _new_token
from simulator.cast import BOT_TOKEN
from simulator.telegram_api import TelegramSimulator

TOKEN = "7000001:simulated-token-of-nobody"


@pytest.fixture
async def simulator() -> AsyncIterator[TelegramSimulator]:
    async with TelegramSimulator() as running:
        running.world.add_bot(TOKEN, "loa_bot", "Loa")
        yield running


async def asked(simulator: TelegramSimulator, headers: dict[str, str], method: str = "POST") -> int:
    url = f"{simulator.base_url}/bot{TOKEN}/setMyName"
    async with (
        ClientSession() as session,
        session.request(method, url, params={"name": "Kẻ gian"}, headers=headers) as answer,
    ):
        return answer.status


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "loa.example"},
        {"Host": "127.0.0.1.nip.io:8080"},
        {"Host": "192.168.1.7"},
        {"Origin": "https://loa.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_no_web_site_and_no_rebound_name_speaks_for_the_bot(
    simulator: TelegramSimulator, headers: dict[str, str], method: str
) -> None:
    assert await asked(simulator, headers, method) == 403
    assert simulator.world.bot_of_token(TOKEN).name == "Loa"  # type: ignore[union-attr]


async def test_a_program_on_this_machine_is_answered(simulator: TelegramSimulator) -> None:
    for host in ("localhost", "127.0.0.1:1", "[::1]"):
        assert await asked(simulator, {"Host": host}) == 200


async def test_files_and_everything_else_on_the_port_are_guarded_too(simulator: TelegramSimulator) -> None:
    async with ClientSession() as session:
        for path in (f"/file/bot{TOKEN}/photos/1.jpg", "/", "/no/such/page"):
            async with session.get(simulator.base_url + path, headers={"Host": "loa.example"}) as answer:
                assert answer.status == 403


def test_each_new_story_draws_its_token() -> None:
    drawn = {_new_token() for _ in range(50)}

    assert len(drawn) == 50
    assert BOT_TOKEN not in drawn
    assert all(len(token.partition(":")[2]) >= 32 for token in drawn)
