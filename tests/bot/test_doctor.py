"""`loa doctor` before the first start, on a machine in order, and on machines with one thing wrong."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from sqlalchemy import insert, text

from bot.doctor import EMPTY_BYTES, SCARCE_BYTES, Finding, Level, check_disk, examine
from bot.door import listen
from bot.settings import Web
from bot.texts import spoken
from simulator.telegram_api import Fault, FaultKind, TelegramSimulator
from storage.engine import open_engine
from storage.schema import newest_version, upgrade
from storage.tables import channels, staff
from tests.broadcasts.office import group_row
from web.server import WebServer

TOKEN = "700000001:AAcanaryCANARYcanaryCANARYcanary01"


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@dataclass
class Machine:
    """A machine in order, with a simulated Telegram; a test spoils one thing on it."""

    folder: Path
    telegram: TelegramSimulator
    bot: dict[str, Any]
    config: dict[str, Any]
    environ: dict[str, str] = field(
        default_factory=lambda: {"LOA_SECRET_KEY": "ab" * 32, "LOA_TELEGRAM_TOKEN": TOKEN}
    )
    clock_is_off: timedelta = timedelta()

    async def findings(self) -> list[Finding]:
        path = self.folder / "config.yaml"
        path.write_text(yaml.safe_dump(self.config), encoding="utf-8")
        findings = [finding async for finding in examine(path, self.environ, self.now)]
        assert not [finding for finding in findings if TOKEN in finding.sentence]
        return findings

    async def found(self) -> dict[str, tuple[Level, str]]:
        """By subject; where there are several findings, the last."""
        return {finding.subject: (finding.level, finding.sentence) for finding in await self.findings()}

    def now(self) -> datetime:
        return datetime.now(UTC) + self.clock_is_off

    async def prepare_database(self) -> Path:
        file = self.folder / "loa.sqlite3"
        engine = open_engine(f"sqlite+aiosqlite:///{file}")
        await upgrade(engine)
        async with engine.begin() as connection:
            owner = {"person": "telegram:1", "name": "Lan", "roles": ["owner"]}
            await connection.execute(insert(staff).values(owner))
        await engine.dispose()
        return file


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    async with TelegramSimulator() as telegram:
        loa = telegram.world.add_bot(TOKEN, "loa_bot", "Loa")
        lan = telegram.world.add_user("Lan")
        moderators = telegram.world.add_chat("supergroup", "Điều phối", lan)
        canary = telegram.world.add_chat("channel", "Gửi thử", lan)
        telegram.world.promote(moderators, loa)
        telegram.world.promote(canary, loa)
        bot = {"base_url": telegram.base_url, "moderators_chat": moderators.id, "canary_chat": canary.id}
        yield Machine(
            tmp_path,
            telegram,
            bot,
            {"data_folder": str(tmp_path), "telegram": [bot], "web": {"port": free_port()}},
        )


async def test_a_machine_in_order_is_told_so(machine: Machine) -> None:
    await machine.prepare_database()

    found = await machine.found()

    assert {level for level, _ in found.values()} <= {Level.OK, Level.WARN}, found
    assert {subject for subject, (level, _) in found.items() if level is Level.WARN} <= {"Disk"}
    assert found["Bot loa"] == (Level.OK, "Telegram knows it as @loa_bot.")
    assert found["Database"] == (Level.OK, "What it has acknowledged survives a power cut.")


async def test_before_the_first_start_the_database_need_not_be_there_and_is_not_made(
    machine: Machine,
) -> None:
    assert (await machine.found())["Database"][0] is Level.OK
    assert sorted(path.name for path in machine.folder.iterdir()) == ["config.yaml"]


async def test_a_mistake_in_the_configuration_is_the_only_finding(machine: Machine) -> None:
    machine.config["wbe"] = {}

    found = await machine.found()

    assert list(found) == ["Configuration"]
    assert "Did you mean web?" in found["Configuration"][1]


async def test_a_token_that_would_travel_in_the_clear_is_the_only_finding(machine: Machine) -> None:
    machine.bot["base_url"] = "http://bot-api.example.vn:8081"

    found = await machine.found()

    assert list(found) == ["Configuration"]
    assert "http:// is for a Bot API server on this machine alone" in found["Configuration"][1]


Spoil = Callable[[Machine], object]


def forget_key(machine: Machine) -> None:
    machine.environ.pop("LOA_SECRET_KEY")


def forget_token(machine: Machine) -> None:
    machine.environ.pop("LOA_TELEGRAM_TOKEN")


def mistype_token(machine: Machine) -> None:
    machine.environ["LOA_TELEGRAM_TOKEN"] = TOKEN.replace("AA", "BB")


def misplace_server(machine: Machine) -> None:
    machine.bot["base_url"] = "http://127.0.0.1:9"


def have_no_bot(machine: Machine) -> None:
    machine.config["telegram"] = []


def let_it_read_everything(machine: Machine) -> None:
    next(iter(machine.telegram.world.bots.values())).reads_everything = True


def break_gateway(machine: Machine) -> None:
    machine.telegram.faults.add(Fault(FaultKind.GATEWAY, method="getMe", code=502))


def set_clock_back(machine: Machine) -> None:
    machine.clock_is_off = timedelta(seconds=-90)


def forget_moderators(machine: Machine) -> None:
    del machine.bot["moderators_chat"]


def mistype_moderators(machine: Machine) -> None:
    machine.bot["moderators_chat"] = -100999


def demote_in_moderators_chat(machine: Machine) -> None:
    world = machine.telegram.world
    world.demote(machine.bot["moderators_chat"], next(iter(world.bots.values())))


def forget_canary(machine: Machine) -> None:
    del machine.bot["canary_chat"]


def mistype_canary(machine: Machine) -> None:
    machine.bot["canary_chat"] = -100999


def forbid_posting_in_canary(machine: Machine) -> None:
    world = machine.telegram.world
    world.promote(machine.bot["canary_chat"], next(iter(world.bots.values())), ["can_edit_messages"])


def reach_no_database(machine: Machine) -> None:
    machine.config["database"] = {"url": "postgresql+psycopg://loa@127.0.0.1:9/loa"}


def keep_a_letter_as_database(machine: Machine) -> None:
    (machine.folder / "loa.sqlite3").write_text("A letter of Lan's, and no database at all. " * 100)


def pledge_what_nobody_wrote(machine: Machine) -> None:
    machine.config["pledge"] = {"version": "1999-1"}


@pytest.mark.parametrize(
    ("spoil", "subject", "level", "said"),
    [
        (forget_key, "Secret key", Level.FAIL, "openssl rand -hex 32"),
        (forget_token, "Bot loa", Level.FAIL, "LOA_TELEGRAM_TOKEN is missing"),
        (mistype_token, "Bot loa", Level.FAIL, "copy it again from @BotFather"),
        (misplace_server, "Bot loa", Level.FAIL, "cannot be reached: check the network"),
        (let_it_read_everything, "Privacy mode", Level.WARN, "send /setprivacy to @BotFather"),
        (break_gateway, "Bot loa", Level.FAIL, "does not answer like a Bot API server"),
        (have_no_bot, "Bots", Level.FAIL, "No bot is named"),
        (set_clock_back, "Clock", Level.WARN, "timedatectl set-ntp true"),
        (forget_moderators, "Moderators' chat", Level.WARN, "reach nobody"),
        (mistype_moderators, "Moderators' chat", Level.FAIL, "add it there"),
        (demote_in_moderators_chat, "Moderators' chat", Level.FAIL, "not an administrator there"),
        (forget_canary, "Canary chat", Level.WARN, "canary_chat"),
        (mistype_canary, "Canary chat", Level.FAIL, "add it there"),
        (forbid_posting_in_canary, "Canary chat", Level.FAIL, "give it the right to"),
        (reach_no_database, "Database", Level.FAIL, "does not answer: check database.url"),
        (keep_a_letter_as_database, "Database", Level.FAIL, "is damaged, or no database"),
        (pledge_what_nobody_wrote, "Pledge", Level.FAIL, "there is no pledge text 1999-1"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
async def test_what_is_wrong_is_named_with_what_to_do(
    machine: Machine, spoil: Spoil, subject: str, level: Level, said: str
) -> None:
    spoil(machine)

    found = await machine.found()

    assert found[subject][0] is level
    assert said in found[subject][1]


async def test_a_token_file_that_others_can_read_is_noticed(machine: Machine) -> None:
    secret = machine.folder / "token"
    secret.write_text(TOKEN)
    secret.chmod(0o644)
    machine.bot["token_file"] = str(secret)

    assert any(f"chmod 600 {secret}" in finding.sentence for finding in await machine.findings())


async def test_a_key_file_that_others_can_read_is_noticed(machine: Machine) -> None:
    secret = machine.folder / "key"
    secret.write_text("ab" * 32)
    machine.environ["LOA_SECRET_KEY_FILE"] = str(secret)

    for mode, level in ((0o644, Level.WARN), (0o600, Level.OK)):
        secret.chmod(mode)
        assert (await machine.found())["Secret key"][0] is level


async def test_a_data_folder_that_others_can_look_into_is_noticed(machine: Machine) -> None:
    for mode, is_noticed in ((0o755, True), (0o700, False)):
        machine.folder.chmod(mode)
        said = [finding.sentence for finding in await machine.findings()]
        assert any(f"chmod 700 {machine.folder}" in sentence for sentence in said) is is_noticed


async def test_a_port_that_another_program_holds_is_told_from_one_that_loa_holds(machine: Machine) -> None:
    web = Web(port=machine.config["web"]["port"])
    assert (await machine.found())["Web server"] == (Level.OK, f"Port {web.port} is free.")

    with listen(web) as door:
        serving = asyncio.create_task(WebServer(door, [], nothing_wrong).run())
        assert (await machine.found())["Web server"] == (Level.OK, f"Loa is at work on port {web.port}.")
        serving.cancel()
        await asyncio.wait([serving])

    async with TelegramSimulator() as stranger:
        machine.config["web"]["port"] = urlsplit(stranger.base_url).port
        level, said = (await machine.found())["Web server"]
    assert level is Level.FAIL
    assert "choose another port" in said


async def nothing_wrong() -> str | None:
    return None


async def test_a_webhook_that_telegram_does_not_know_yet_is_noticed(machine: Machine) -> None:
    machine.bot["webhook"] = {"url": "http://127.0.0.1:9"}
    machine.environ["LOA_WEBHOOK_SECRET"] = "a-secret-that-opens-nothing"

    level, said = (await machine.found())["Webhook"]
    assert (level, "does not push to http://127.0.0.1:9/webhook/loa yet" in said) == (Level.WARN, True)

    machine.telegram.api.call(TOKEN, "setWebhook", {"url": "http://127.0.0.1:9/webhook/loa"})
    assert "does not push" not in (await machine.found())["Webhook"][1]
    machine.bot["webhook"] = {"url": "http://127.0.0.1:10"}
    assert "does not push" in (await machine.found())["Webhook"][1]


@pytest.mark.parametrize(
    ("version", "level", "said"),
    [
        ("from the future", Level.FAIL, "A newer Loa"),
        (None, Level.WARN, "the next start brings them up to date"),
    ],
)
async def test_tables_that_are_older_or_newer_are_told_apart(
    machine: Machine, version: str | None, level: Level, said: str
) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{await machine.prepare_database()}")
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM alembic_version"))
        if version is not None:
            await connection.execute(
                text("INSERT INTO alembic_version VALUES (:version)"), {"version": version}
            )
    await engine.dispose()

    findings = await machine.findings()

    assert any(finding.level is level and said in finding.sentence for finding in findings)


async def test_channels_of_a_bot_that_is_not_in_the_settings_are_counted(machine: Machine) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{await machine.prepare_database()}")
    async with engine.begin() as connection:
        for number, (bot, state) in enumerate(
            (("loa", "active"), ("cũ", "active"), ("cũ", "paused"), ("cũ", "left"))
        ):
            await connection.execute(insert(channels).values(group_row(number, 50, bot=bot, state=state)))
    await engine.dispose()

    found = await machine.found()

    level, said = found["Bot cũ"]
    assert level is Level.WARN
    assert "channels belong to it (2)" in said
    assert "Put the bot back under telegram" in said
    assert found["Bot loa"][0] is Level.OK
    with spoken("vi"):
        said_in_vietnamese = [sentence for _, sentence in (await machine.found()).values()]
    assert any("vẫn còn 2 kênh nhận tin qua bot này" in sentence for sentence in said_in_vietnamese)


async def test_a_data_folder_that_cannot_be_one_is_noticed(machine: Machine) -> None:
    (machine.folder / "file").write_text("")
    machine.config["data_folder"] = str(machine.folder / "file" / "data")

    level, said = (await machine.found())["Database"]

    assert level is Level.FAIL
    assert "cannot be written: make sure" in said


async def test_postgresql_is_examined_too(
    machine: Machine, fresh_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_engine(fresh_postgres_url)
    await upgrade(engine)
    await engine.dispose()
    monkeypatch.setenv("LOA_DATABASE__URL", fresh_postgres_url)

    level, said = (await machine.found())["Database"]

    assert (level, said) == (Level.OK, f"Its tables are of this version ({newest_version()}).")


def test_the_disk_is_measured_where_the_data_will_be(tmp_path: Path) -> None:
    assert EMPTY_BYTES < SCARCE_BYTES
    assert str(tmp_path / "not" / "yet") in check_disk(tmp_path / "not" / "yet").sentence
