"""The whole house over HTTP: pushed updates, what may not come in, and settings that leave out what is needed."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from aiohttp import ClientSession

from bot.app import App, Duty, open_app
from bot.configuration import BotSecrets, Secrets
from bot.demonstration import Wishes, demonstration_settings, open_demo
from bot.mistakes import OperatorMistake
from bot.settings import Pace, Pledge, Quotas, Settings, Web, Webhook
from bot.storehouse import start_rules
from bulletins.bulletin import Recurrence
from simulator.cast import BOT_TOKEN, Players, assemble
from simulator.telegram_api import TelegramSimulator
from simulator.world import Origin, OriginKind, World

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
        # The simulator says nothing when a webhook is set.
        while simulator.api.call(BOT_TOKEN, "getWebhookInfo").result["url"] != url:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


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


async def test_what_strangers_send_is_looked_at_in_workers_alone(
    simulator: TelegramSimulator, players: Players, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held_up(*_: object) -> None:
        raise AssertionError("looked at in the process that sends")

    for check in ("comparison.read", "facts.read", "comparison.Comparer.compare"):
        monkeypatch.setattr(f"reports.checks.{check}", held_up)
    monkeypatch.setattr("bulletins.links.address_spans", held_up)
    world, sau = simulator.world, players.sau
    sau.started.add(players.bot.id)
    origin = Origin(OriginKind.HIDDEN_USER, datetime(2026, 11, 2, tzinfo=UTC), name="Ai đó")
    async with house(settings_for(simulator, players, tmp_path)):
        world.forward_foreign(sau, players.bot, "Nhận quà ở https://vcb-qua.top/a trước 17h hôm nay!", origin)
        (said,) = await until_said(world, sau.id)
        assert "vcb-qua.top" in said


def test_what_repeats_goes_by_the_networks_clock(
    simulator: TelegramSimulator, players: Players, tmp_path: Path
) -> None:
    settings = settings_for(simulator, players, tmp_path)
    zone, monday = ZoneInfo(settings.network.time_zone), datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
    rule = Recurrence("0 7 * * *", monday + timedelta(days=30), 24)
    first = start_rules(settings).next_moment(rule.cron, monday, rule.ends)
    assert first == datetime(2026, 11, 3, 7, 0, tzinfo=zone)


def test_quiet_hours_are_planned_by_the_networks_clock(
    simulator: TelegramSimulator, players: Players, tmp_path: Path
) -> None:
    settings = settings_for(simulator, players, tmp_path)
    elsewhere = settings.network.model_copy(update={"time_zone": "Europe/Lisbon"})
    assert start_rules(settings.model_copy(update={"network": elsewhere})).zone == ZoneInfo("Europe/Lisbon")


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


async def test_a_port_in_use_ends_the_start_with_one_sentence(
    simulator: TelegramSimulator, players: Players, tmp_path: Path
) -> None:
    settings = settings_for(simulator, players, tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        web = Web(port=taken.getsockname()[1])
        with pytest.raises(OperatorMistake, match="choose another port"):
            async with house(settings.model_copy(update={"web": web})):
                raise AssertionError("it must not open")


async def test_an_address_that_is_not_this_machines_ends_the_start_too(
    simulator: TelegramSimulator, players: Players, tmp_path: Path
) -> None:
    settings = settings_for(simulator, players, tmp_path)
    web = Web(host="192.0.2.1", port=free_port())  # RFC 5737: nobody has it
    with pytest.raises(OperatorMistake, match=r"cannot listen on 192\.0\.2\.1"):
        async with house(settings.model_copy(update={"web": web})):
            raise AssertionError("it must not open")


async def test_a_pledge_that_has_no_text_ends_the_start(
    simulator: TelegramSimulator, players: Players, tmp_path: Path
) -> None:
    settings = settings_for(simulator, players, tmp_path)
    with pytest.raises(OperatorMistake, match=r"pledge\.version: there is no pledge text 1999-1"):
        async with house(settings.model_copy(update={"pledge": Pledge(version="1999-1")})):
            raise AssertionError("it must not open")


@pytest.mark.parametrize("below", ["", "data", "data/deeper"])
async def test_a_data_folder_that_is_a_file_or_lies_under_one_ends_the_start(
    simulator: TelegramSimulator, players: Players, tmp_path: Path, below: str
) -> None:
    (tmp_path / "file").write_text("no folder")
    folder = tmp_path / "file" / below
    with pytest.raises(OperatorMistake, match="cannot be used as a folder"):
        async with house(settings_for(simulator, players, folder)):
            raise AssertionError("it must not open")
    with pytest.raises(OperatorMistake, match="cannot be used as a folder"):
        async with open_demo(Wishes(folder, 0, "vi"), plays=False):
            raise AssertionError("it must not open")


async def test_a_file_that_is_no_database_ends_the_start(
    simulator: TelegramSimulator, players: Players, tmp_path: Path
) -> None:
    (tmp_path / "loa.sqlite3").write_text("A letter of Lan's, and no database at all. " * 100)
    with pytest.raises(OperatorMistake, match="is damaged, or no database"):
        async with house(settings_for(simulator, players, tmp_path)):
            raise AssertionError("it must not open")


async def test_the_apps_are_told_at_start_which_commands_to_offer(
    simulator: TelegramSimulator, players: Players, tmp_path: Path
) -> None:
    async with house(settings_for(simulator, players, tmp_path)), asyncio.timeout(60):
        # The simulator says nothing when commands are set.
        while len(players.bot.commands) < 6:  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    assert {"command": "trogiup", "description": "Loa giúp được gì"} in players.bot.commands[
        "all_private_chats", ""
    ]


async def test_whatever_is_written_in_private_is_answered_by_the_whole_house(
    simulator: TelegramSimulator, players: Players, tmp_path: Path
) -> None:
    world, sau = simulator.world, players.sau
    async with house(settings_for(simulator, players, tmp_path)):
        for count, written in enumerate(("/start old-link", "/verfy LOA-7K2M-9", "/help"), start=1):
            world.say(sau, players.bot, written)
            said = await until_said(world, sau.id, count)

    assert ["không còn dùng được" in said[0], "chưa hiểu lệnh" in said[1], "/kiemtra" in said[2]] == [
        True
    ] * 3


async def test_one_person_can_ask_as_often_in_an_hour_as_the_settings_say(
    simulator: TelegramSimulator, players: Players, tmp_path: Path
) -> None:
    world, sau = simulator.world, players.sau
    quotas = Quotas(messages_per_person_an_hour=1)
    settings = settings_for(simulator, players, tmp_path).model_copy(update={"quotas": quotas})
    world.start(sau, players.bot)
    async with open_app(settings, secrets(), duties=frozenset({Duty.UPDATES})):
        await until_said(world, sau.id, 1)
        world.say(sau, players.bot, "Có đúng là ngày mai cả tỉnh được nghỉ học không vậy?")
        await until_said(world, sau.id, 2)
        world.say(sau, players.bot, "Còn tin giá điện tăng gấp đôi thì có đúng không vậy?")
        said = await until_said(world, sau.id, 3)

    assert sum("Trong một giờ qua bạn đã gửi rất nhiều tin" in one for one in said) == 1
