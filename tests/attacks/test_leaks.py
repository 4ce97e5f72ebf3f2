"""What must not be seen by whoever reads the logs, the disk or an error: canaries that are found nowhere."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.configuration import BotSecrets, Secrets
from bot.settings import Settings
from bot.storehouse import open_storehouse
from bot.surroundings import Surroundings
from platforms.telegram import TelegramAccount
from storage.engine import open_engine
from storage.tables import members, metadata
from tests.keys import SECRET
from web.webhooks import Webhook

CANARY = "telegram:7007007007"
TOKEN = "1234567:not-a-real-token-but-as-long-as-one"


async def _with_canary(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        await connection.execute(
            insert(members).values(person=CANARY, language="vi", met_at=Surroundings().now())
        )


def _files_that_hold(words: str, folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir() if words.encode() in file.read_bytes()]


async def test_an_error_of_the_database_does_not_tell_whom_it_was_about(database_url: str) -> None:
    engine = open_engine(database_url)
    await _with_canary(engine)
    twice = insert(members).values(person=CANARY, language="vi", met_at=Surroundings().now())
    with pytest.raises(IntegrityError) as failed:
        async with engine.begin() as connection:
            await connection.execute(twice)
    await engine.dispose()
    ours = str(failed.value).replace(str(failed.value.orig), "")
    assert CANARY not in ours
    assert "INSERT INTO members" in ours


async def test_what_was_erased_is_not_in_the_closed_file_any_more(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'loa.sqlite3'}")
    await _with_canary(engine)
    async with engine.begin() as connection:
        await connection.execute(delete(members))
    await engine.dispose()
    assert _files_that_hold(CANARY, tmp_path) == []


async def test_a_new_data_folder_is_closed_to_other_users_of_the_machine(tmp_path: Path) -> None:
    settings = Settings(data_folder=tmp_path / "data")
    house = await open_storehouse(settings, SECRET)
    await house.close()
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "holder",
    [
        TelegramAccount(bot="loa", token=TOKEN, proxy=f"http://me:{TOKEN}@proxy.example.vn"),
        BotSecrets(token=TOKEN, webhook_secret=TOKEN, proxy=TOKEN),
        Secrets(key=TOKEN.encode()[:32], bots={"loa": BotSecrets(token=TOKEN)}),
        Webhook("loa", TOKEN, take=print),  # type: ignore[arg-type]
    ],
    ids=lambda holder: type(holder).__name__,
)
def test_what_holds_a_secret_does_not_show_it(holder: object) -> None:
    assert "not-a-real" not in repr(holder)
