"""A token that is replaced by another bot's is noticed before anything is sent with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.accounts import tokens_of_others
from bot.app import Duty, open_app
from bot.configuration import BotSecrets, Secrets
from bot.demonstration import demonstration_settings
from bot.mistakes import OperatorMistake
from bot.settings import Pace, Settings
from simulator.cast import BOT_TOKEN, Players, assemble
from simulator.telegram_api import TelegramSimulator
from storage.engine import open_engine
from storage.tables import accounts, channels
from tests.broadcasts.office import group_row

KEPT = BOT_TOKEN.partition(":")[0]
ANOTHER = "7000009:simulated-token-of-a-new-bot"


@pytest.fixture
async def simulator() -> AsyncIterator[TelegramSimulator]:
    async with TelegramSimulator() as running:
        yield running


@pytest.fixture
def players(simulator: TelegramSimulator) -> Players:
    simulator.world.add_bot(ANOTHER, "another_bot", "Another")
    return assemble(simulator.world, 1, "vi")


@pytest.fixture
def settings(simulator: TelegramSimulator, players: Players, tmp_path: Path) -> Settings:
    pace = Pace(rate_per_second=100, chat_per_second=30, group_per_minute=60)
    return demonstration_settings(players, simulator.base_url, tmp_path, language="vi", pace=pace)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(settings.database_url)
    yield engine
    await engine.dispose()


async def run_once(settings: Settings, database: AsyncEngine, token: str) -> None:
    """A start with this token, until the account it opens is kept."""
    secrets = Secrets(key=bytes(32), bots={"loa": BotSecrets(token=token)})
    async with open_app(settings, secrets, duties=frozenset({Duty.DELIVERIES})), asyncio.timeout(30):
        while await kept(database) != token.partition(":")[0]:  # noqa: ASYNC110 (nobody tells of it)
            await asyncio.sleep(0.02)


async def kept(database: AsyncEngine) -> str | None:
    async with database.connect() as connection:
        found: str | None = await connection.scalar(select(accounts.c.external_id))
        return found


async def enrol_hoas_group(database: AsyncEngine) -> None:
    async with database.begin() as connection:
        await connection.execute(insert(channels).values(group_row(1, 250)))


async def test_another_bots_token_is_refused_with_what_to_do(
    settings: Settings, database: AsyncEngine
) -> None:
    await run_once(settings, database, BOT_TOKEN)
    await enrol_hoas_group(database)
    with pytest.raises(OperatorMistake, match="choose a new name under telegram") as refused:
        await run_once(settings, database, ANOTHER)
    assert f"number 7000009; it was {KEPT}" in str(refused.value)
    assert ANOTHER not in str(refused.value), "a token is nobody's to read"
    assert await kept(database) == KEPT
    await run_once(settings, database, BOT_TOKEN)


async def test_while_no_member_depends_on_a_bot_it_may_be_replaced(
    settings: Settings, database: AsyncEngine
) -> None:
    await run_once(settings, database, BOT_TOKEN)
    await run_once(settings, database, ANOTHER)
    await enrol_hoas_group(database)
    async with database.begin() as connection:
        await connection.execute(update(channels).values(state="left"))
    await run_once(settings, database, BOT_TOKEN)


async def test_the_doctor_says_so_before_anybody_starts(settings: Settings, database: AsyncEngine) -> None:
    token = {"LOA_TELEGRAM_TOKEN": BOT_TOKEN}
    assert await tokens_of_others(settings, token) == [], "there is no database yet"
    await run_once(settings, database, BOT_TOKEN)
    await enrol_hoas_group(database)
    assert await tokens_of_others(settings, token) == []
    ((name, sentence),) = await tokens_of_others(settings, {"LOA_TELEGRAM_TOKEN": ANOTHER})
    assert name == "loa"
    assert "put the old bot's token back" in sentence
