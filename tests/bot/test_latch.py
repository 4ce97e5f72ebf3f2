"""With SQLite one process delivers: a second one is kept out until the first has ended, however it ends."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from benchmarks.network import BOT, emergency, in_sqlite, open_network, start_bulletin
from benchmarks.processes import Installation, loa_running
from bot.app import Duty, open_app
from bot.configuration import BotSecrets, Secrets
from bot.latch import deliver_alone, take_latch
from bot.mistakes import OperatorMistake
from bot.settings import Database, Settings, TelegramBot
from simulator.cast import BOT_TOKEN
from tests.broadcasts.test_pacing import in_virtual_time

CHATS = 20
PATIENCE_SECONDS = 60
# The same program, but it does not wait ten seconds before it says that it is refused.
IMPATIENT = ("-c", "import bot.latch; bot.latch._PATIENCE_SECONDS = 0.5; from bot.cli import main; main()")


@dataclass
class SlowTelegram:
    """Takes every message, and answers none before it is ``let`` to."""

    url: str = ""
    posted: list[tuple[str, str]] = field(default_factory=list)
    """By which process, to which chat."""
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    let: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.Response:
        if request.path.endswith("/sendMessage"):
            async with self.changed:
                self.posted.append((request.path.split("/")[1], str((await request.json())["chat_id"])))
                self.changed.notify_all()
            await self.let.wait()
            return web.json_response({"ok": True, "result": {"message_id": len(self.posted)}})
        if request.path.endswith("/getUpdates"):
            await asyncio.sleep(1)
        me = {"id": 1, "is_bot": True, "first_name": "Loa", "username": "loa_bot"}
        result = me if request.path.lower().endswith("/getme") else []
        return web.json_response({"ok": True, "result": result})

    async def until(self, count: int, process: str) -> None:
        """So many messages have come from it."""
        async with self.changed, asyncio.timeout(PATIENCE_SECONDS):
            await self.changed.wait_for(lambda: sum(name == process for name, _ in self.posted) >= count)


@pytest.fixture
async def telegram() -> AsyncIterator[SlowTelegram]:
    telegram, app = SlowTelegram(), web.Application()
    app.router.add_route("*", "/{path:.*}", telegram.answer)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    telegram.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield telegram
    telegram.let.set()
    await runner.cleanup()


@pytest.fixture
async def installation(
    telegram: SlowTelegram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Installation:
    """An emergency is on its way to twenty chats."""
    monkeypatch.setenv("LOA_LANGUAGE", "en")
    engine = await open_network(in_sqlite(tmp_path), CHATS)
    async with engine.begin() as connection:
        await start_bulletin(connection, emergency("LOA-BENC-H"))
    await engine.dispose()
    return Installation(tmp_path, in_sqlite(tmp_path), telegram.url, (BOT,), {})


def log_of(installation: Installation, name: str) -> str:
    return (installation.folder / f"{name}.log").read_text(encoding="utf-8")


@pytest.mark.parametrize("part", ["deliveries", None], ids=["only deliveries", "everything"])
async def test_a_second_process_is_refused_and_an_emergency_in_the_air_is_posted_once_a_chat(
    installation: Installation, telegram: SlowTelegram, part: str | None
) -> None:
    async with loa_running(installation, "first") as first:
        await telegram.until(5, "first")
        async with loa_running(installation, "second", part, IMPATIENT) as second:
            ended, _ = await asyncio.wait([asyncio.create_task(second.wait())], timeout=PATIENCE_SECONDS)
            telegram.let.set()
            await telegram.until(CHATS, "first")
        assert first.returncode is None

    assert Counter(chat for _, chat in telegram.posted).most_common(1)[0][1] == 1, telegram.posted
    assert (len(telegram.posted), len(ended), second.returncode) == (CHATS, 1, 2)
    assert "Another Loa process already delivers" in log_of(installation, "second").splitlines()[-1]
    assert "Traceback" not in log_of(installation, "second")


async def test_a_process_that_waits_goes_on_the_moment_the_first_is_killed(
    installation: Installation, telegram: SlowTelegram
) -> None:
    async with loa_running(installation, "first") as first:
        await telegram.until(5, "first")
        async with loa_running(installation, "second"), asyncio.timeout(PATIENCE_SECONDS):
            while "waiting for its end" not in log_of(installation, "second"):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            assert {name for name, _ in telegram.posted} == {"first"}
            first.kill()
            telegram.let.set()
            await telegram.until(CHATS, "second")  # a life-safety bulletin is sent once more, marked

    assert {chat for name, chat in telegram.posted if name == "second"} >= {
        chat for name, chat in telegram.posted if name == "first"
    }


def settings_in(folder: Path, url: str | None = None) -> Settings:
    bot = TelegramBot(name="loa", base_url="http://127.0.0.1:9", moderators_chat="-1001")
    return Settings(data_folder=folder, telegram=(bot,), database=Database(url=url))


def latch_of(folder: Path) -> Path:
    return folder / "loa.sqlite3.delivering"


def test_a_start_that_is_refused_has_waited_and_touched_nothing(tmp_path: Path) -> None:
    secrets = Secrets(key=bytes(32), bots={"loa": BotSecrets(token=BOT_TOKEN)})

    async def start() -> float:
        with pytest.raises(OperatorMistake, match="already delivers"):
            async with open_app(settings_in(tmp_path), secrets, duties=frozenset({Duty.DELIVERIES})):
                raise AssertionError("it must not open")
        return asyncio.get_running_loop().time()

    with take_latch(latch_of(tmp_path)):
        assert in_virtual_time(start()) == pytest.approx(10, abs=0.2)
    assert list(tmp_path.iterdir()) == [latch_of(tmp_path)]


def test_a_start_that_comes_a_little_early_waits_for_the_end_of_the_one_before(tmp_path: Path) -> None:
    async def start() -> float:
        before = take_latch(latch_of(tmp_path))
        asyncio.get_running_loop().call_later(3, before.close)
        with await deliver_alone(settings_in(tmp_path)):
            return asyncio.get_running_loop().time()

    assert in_virtual_time(start()) == pytest.approx(3, abs=0.2)


@pytest.mark.parametrize("part", ["updates", "web"])
async def test_who_only_talks_may_run_beside_the_process_that_delivers(
    installation: Installation, telegram: SlowTelegram, part: str
) -> None:
    with take_latch(latch_of(installation.folder)):
        async with loa_running(installation, part, part) as process, asyncio.timeout(PATIENCE_SECONDS):
            while "serving" not in log_of(installation, part) and process.returncode is None:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            assert process.returncode is None, log_of(installation, part)
    assert telegram.posted == []


def test_a_file_is_the_same_by_whichever_way_one_comes_to_it(tmp_path: Path) -> None:
    real, linked_folder, linked_file = tmp_path / "real", tmp_path / "folder", tmp_path / "loa.db"
    real.mkdir()
    linked_folder.symlink_to(real)
    linked_file.symlink_to(real / "loa.sqlite3")
    relative = Path(os.path.relpath(real))
    for path in (
        linked_folder / "loa.sqlite3",
        linked_file,
        relative / "loa.sqlite3",
        f"file:{real}/loa.sqlite3",
    ):
        settings = settings_in(tmp_path, f"sqlite+aiosqlite:///{path}")
        with take_latch(latch_of(real)), pytest.raises(OperatorMistake, match="already delivers"):
            in_virtual_time(deliver_alone(settings))


@pytest.mark.parametrize(
    "url",
    [
        "sqlite+aiosqlite://",
        "sqlite+aiosqlite:///:memory:",
        "sqlite+aiosqlite:///file:loa?mode=memory&cache=shared&uri=true",
        "postgresql+psycopg://loa@db.example/loa",
    ],
)
def test_a_database_in_memory_or_on_a_server_has_no_latch(url: str, tmp_path: Path) -> None:
    for _ in range(2):
        assert in_virtual_time(deliver_alone(settings_in(tmp_path, url))).__enter__() is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["missing/loa.sqlite3", "loa.sqlite3"])
def test_a_latch_that_cannot_be_made_is_the_operators_to_put_right(tmp_path: Path, place: str) -> None:
    latch_of(tmp_path).mkdir()
    settings = settings_in(tmp_path, f"sqlite+aiosqlite:///{tmp_path / place}")
    with pytest.raises(OperatorMistake, match=r"Loa cannot make or lock .*\.delivering \("):
        in_virtual_time(deliver_alone(settings))
