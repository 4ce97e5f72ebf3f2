"""Backups as the operations guide tells to make them, restored: everything is there, and the work goes on."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from bot.app import Duty
from tests.broadcasts.office import open_office
from tests.cluster.network import open_network
from tests.postgres import find_programs, fresh_database


async def test_a_backup_of_sqlite_made_while_it_is_written_holds_what_was_acknowledged(
    tmp_path: Path,
) -> None:
    backup = tmp_path / "backup.sqlite3"
    async with open_office(tmp_path) as office:
        sending = await office.sending()
        writing = asyncio.gather(*(office.draft() for _ in range(50)))
        await asyncio.to_thread(vacuum_into, tmp_path / "loa.sqlite3", backup)
        await writing
    async with open_office(tmp_path, (), url=f"sqlite+aiosqlite:///{backup}") as restored:
        assert await restored.planned(sending) == 2
        assert (await restored.desk.find(sending.id)) is not None


def vacuum_into(source: Path, backup: Path) -> None:
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("VACUUM INTO ?", (str(backup),))


async def test_a_restored_postgresql_sends_nothing_until_it_is_told_to_and_then_the_rest(
    tmp_path: Path, fresh_postgres_url: str, postgres_url: str
) -> None:
    dump = tmp_path / "loa.dump"
    async with open_network(tmp_path, fresh_postgres_url, bots=2, groups_a_bot=15) as network:
        await network.send()
        await run(
            "pg_dump", fresh_postgres_url, "--format=custom", "--exclude-schema=control", f"--file={dump}"
        )
        with fresh_database(postgres_url) as restored:
            await run("pg_restore", restored, "--no-owner", f"--dbname={libpq(restored)}", str(dump))
            async with network.app("looks", Duty.UPDATES, restored):
                await asyncio.sleep(1)
            assert network.sent() == []
            async with network.app("sends", Duty.DELIVERIES, restored):
                await network.until_sent(len(network.groups))
        assert {call.node for call in network.sent()} == {"sends"}


async def run(program: str, url: str, *arguments: str) -> None:
    """One of PostgreSQL's own programs, on the database of ``url``."""
    folder = find_programs()
    assert folder is not None
    command = [str(folder / program), *arguments]
    if program == "pg_dump":
        command.append(libpq(url))
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def libpq(url: str) -> str:
    """The address in the words of PostgreSQL's own programs."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
