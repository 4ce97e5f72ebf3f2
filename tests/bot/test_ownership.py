"""Who owns the network: the operator's IT person asks on the server, and an old list is taken over once."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from alembic import command
from sqlalchemy import text
from structlog.testing import capture_logs

from bot.cli import main
from bot.doctor import Level, check_database
from bot.ownership import move_staff_over
from bot.settings import Database, Person, Role, Settings
from bot.storehouse import Storehouse, open_storehouse
from bot.supervisor import OnCrash, Supervisor
from members.channel import PersonId
from members.staff import StaffInvitation, key_of
from members.staffing import Staffing
from storage.engine import open_engine
from storage.schema import migrations, upgrade
from tests.keys import SECRET

NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
OLD_LIST = (
    Person(person="telegram:1", name="Lan", roles=frozenset({Role.MODERATOR})),
    Person(person="telegram:2", name="Minh", roles=frozenset({Role.APPROVER})),
)


@asynccontextmanager
async def opened(folder: Path, url: str) -> AsyncIterator[Storehouse]:
    settings = Settings(data_folder=folder, database=Database(url=url))
    house, supervisor = await open_storehouse(settings, SECRET), Supervisor()
    supervisor.own("committer", house.committer.run, OnCrash.END)
    supervisor.start()
    yield house
    await supervisor.stop()
    await house.close()


@pytest.fixture
async def house(tmp_path: Path, fresh_database_url: str) -> AsyncIterator[Storehouse]:
    async with opened(tmp_path, fresh_database_url) as house:
        yield house


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("fresh_postgres_url"))
    return f"sqlite+aiosqlite:///{tmp_path / 'loa.sqlite3'}"


async def roles_in(house: Storehouse) -> dict[str, list[str]]:
    return {one.name: sorted(one.roles) for one in await house.staff.staff()}


async def test_an_old_list_is_taken_over_and_the_first_in_it_is_the_owner(house: Storehouse) -> None:
    with capture_logs() as logs:
        await move_staff_over(Settings(staff=OLD_LIST), house.staff, NOW)

    assert await roles_in(house) == {"Lan": ["moderator", "owner"], "Minh": ["approver"]}
    assert [(entry["log_level"], entry.get("owner")) for entry in logs] == [("warning", "Lan")]
    assert [change.act for change in await house.staff.news()] == ["moved_over", "moved_over"]


async def test_later_changes_of_the_list_have_no_effect_and_one_sentence_says_so(house: Storehouse) -> None:
    await move_staff_over(Settings(staff=OLD_LIST), house.staff, NOW)

    with capture_logs() as logs:
        await move_staff_over(Settings(staff=OLD_LIST[1:]), house.staff, NOW)

    assert set(await roles_in(house)) == {"Lan", "Minh"}
    assert ["is not read" in entry["event"] for entry in logs] == [True]
    with capture_logs() as logs:
        await move_staff_over(Settings(), house.staff, NOW)
    assert logs == []


async def test_a_network_without_an_owner_says_at_each_start_how_to_become_one(house: Storehouse) -> None:
    with capture_logs() as logs:
        await move_staff_over(Settings(), house.staff, NOW)

    assert ["loa invite-owner" in entry["event"] for entry in logs] == [True]


async def test_whom_an_earlier_version_left_stays_when_the_list_was_deleted_first(
    tmp_path: Path, fresh_database_url: str
) -> None:
    """The operator read that the list goes, and deleted it before the first start."""
    engine = open_engine(fresh_database_url)
    async with engine.begin() as connection:
        await connection.run_sync(lambda sync: command.upgrade(migrations(sync), "0006"))
        await connection.execute(
            text("INSERT INTO staff (person, name, roles) VALUES ('telegram:1', 'Lan', '[\"moderator\"]')")
        )
    await upgrade(engine)
    await engine.dispose()

    async with opened(tmp_path, fresh_database_url) as house:
        await move_staff_over(Settings(), house.staff, NOW)

        assert await roles_in(house) == {"Lan": ["moderator"]}


@pytest.fixture
def loa(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs a command over a configuration of its own; answers with the exit code."""
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump({"data_folder": str(tmp_path / "data")}), encoding="utf-8")
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("LOA_CONFIG", str(config))
    monkeypatch.delenv("LOA_LANGUAGE", raising=False)
    monkeypatch.setenv("LOA_SECRET_KEY", SECRET.hex())

    def run(*arguments: str) -> int:
        monkeypatch.setattr("sys.argv", ["loa", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        return int(left.value.code or 0)

    return run


def test_the_command_prints_what_to_send_to_the_bot_and_the_newest_code_counts(
    loa: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = []
    for _ in range(2):
        assert loa("invite-owner") == 0
        codes += re.findall(r"^/start moi-(\w+)$", capsys.readouterr().out, re.MULTILINE)

    kept = sqlite3.connect(tmp_path / "data" / "loa.sqlite3")
    rows = dict(kept.execute("SELECT key, state FROM staff_invitations").fetchall())
    kept.close()
    assert rows == {key_of(codes[0]): "withdrawn", key_of(codes[1]): "open"}
    assert len(bytes.fromhex(codes[1])) * 8 >= 128


def test_once_somebody_owns_the_network_the_command_says_whom_to_ask(
    loa: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert loa("invite-owner") == 0
    file = sqlite3.connect(tmp_path / "data" / "loa.sqlite3")
    file.execute("INSERT INTO staff (person, name, roles) VALUES ('telegram:1', 'Lan', '[\"owner\"]')")
    file.commit()
    file.close()
    capsys.readouterr()

    assert loa("invite-owner") == 2
    assert "invite-owner --recover" in capsys.readouterr().err
    assert loa("invite-owner", "--recover") == 0
    assert "/start moi-" in capsys.readouterr().out


async def test_doctor_says_whether_anybody_owns_the_network(house: Storehouse, tmp_path: Path) -> None:
    staffing = Staffing(house.staff, now=lambda: NOW, tokens=lambda size: "ab" * size)
    url = house.engine.url.render_as_string(hide_password=False)
    settings = Settings(data_folder=tmp_path, database=Database(url=url), staff=OLD_LIST)

    async def said(given: Settings) -> tuple[Level, str]:
        found = [finding async for finding in check_database(given) if finding.subject == "Staff"]
        return found[0].level, found[0].sentence

    assert await said(settings) == (
        Level.WARN,
        "Nobody owns this network yet: run loa invite-owner and send the code to the bot.",
    )
    code = await staffing.invite_first_owner(is_recovery=False)
    assert isinstance(code, str)
    lan = PersonId("telegram:1")
    assert isinstance(await staffing.accept(key_of(code), lan, "Lan"), StaffInvitation)
    assert (await said(settings))[0] is Level.WARN
    assert "delete it" in (await said(settings))[1]
    assert await said(settings.model_copy(update={"staff": ()})) == (Level.OK, "The network has an owner.")
