"""Deliver first: what sends is loaded and at work before what converses is even looked at."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from sqlalchemy import select

from benchmarks.network import BOT, in_sqlite, open_network, routine, start_bulletin
from benchmarks.processes import Installation, loa_running
from storage.engine import open_engine
from storage.tables import deliveries

GROUPS = 60
# "reception" stands for everything of ours that is behind it.
CONVERSING = re.compile(r"(?<![.\w])(aiogram|aiohttp|bot\.reception|apscheduler|handlers)\b")
NEEDED_BY_FEW = re.compile(r"\b(alembic|procrastinate|psycopg|aiohttp|python_socks|rich\.table|babel)\.")


@dataclass
class Telegram:
    """Takes every message; ``looks`` at something the moment it does, before it answers."""

    url: str = ""
    looks: Callable[[], object] = lambda: None
    seen: list[object] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.Response:
        if request.path.endswith("/sendMessage"):
            self.seen.append(self.looks())
            self.came.set()
            return web.json_response({"ok": True, "result": {"message_id": len(self.seen)}})
        if request.path.endswith("/getUpdates"):
            await asyncio.sleep(1)
        me = {"id": 1, "is_bot": True, "first_name": "Loa", "username": "loa_bot"}
        result = me if request.path.lower().endswith("/getme") else []
        return web.json_response({"ok": True, "result": result})


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    telegram, app = Telegram(), web.Application()
    app.router.add_route("*", "/{path:.*}", telegram.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    telegram.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield telegram
    await runner.cleanup()


@pytest.fixture
async def installation(
    telegram: Telegram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Installation]:
    """A bulletin is on its way to sixty groups; whatever a process imports stands in its log."""
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    engine = await open_network(in_sqlite(tmp_path), GROUPS)
    async with engine.begin() as connection:
        await start_bulletin(connection, routine())
    yield Installation(tmp_path, in_sqlite(tmp_path), telegram.url, (BOT,), {})
    await engine.dispose()


def log_of(installation: Installation, name: str) -> str:
    return (installation.folder / f"{name}.log").read_text(encoding="utf-8")


async def test_the_first_message_leaves_before_conversations_are_even_loaded(
    installation: Installation, telegram: Telegram
) -> None:
    telegram.looks = lambda: CONVERSING.findall(log_of(installation, "whole"))
    async with loa_running(installation, "whole", only=None), asyncio.timeout(60):
        await telegram.came.wait()
        while not CONVERSING.search(log_of(installation, "whole")):  # noqa: ASYNC110 (nobody tells of it)
            await asyncio.sleep(0.05)

    assert telegram.seen[0] == []


async def test_a_process_that_only_delivers_never_loads_the_bot_framework(
    installation: Installation, telegram: Telegram
) -> None:
    async with loa_running(installation, "lean"), asyncio.timeout(60):
        while "serving" not in log_of(installation, "lean") or len(telegram.seen) < 5:  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    assert not CONVERSING.search(log_of(installation, "lean"))
    assert not NEEDED_BY_FEW.search(log_of(installation, "lean"))


async def test_conversations_that_cannot_be_loaded_end_the_process_and_what_was_sent_is_written_down(
    installation: Installation, telegram: Telegram
) -> None:
    program = ("-c", "import sys; sys.modules['bot.reception'] = None; from bot.cli import main; main()")
    async with (
        loa_running(installation, "broken", only=None, program=program) as process,
        asyncio.timeout(60),
    ):
        assert await process.wait() == 1

    assert "Loa stopped on an error of its own" in log_of(installation, "broken")
    engine = open_engine(installation.database_url)
    async with engine.connect() as connection:
        states = Counter(await connection.scalars(select(deliveries.c.state)))
    await engine.dispose()
    assert states == {"sent": len(telegram.seen), "queued": GROUPS - len(telegram.seen)}
    assert telegram.seen
