"""Migrations lead from nothing to exactly the tables, and back to nothing."""

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.engine import open_engine
from storage.schema import migrations, newest_version, upgrade, version_of
from storage.tables import metadata


@pytest.fixture(params=["sqlite", "postgresql"])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncEngine:
    if request.param == "postgresql":
        return open_engine(request.getfixturevalue("fresh_postgres_url"))
    return open_engine(f"sqlite+aiosqlite:///{tmp_path}/loa.sqlite")


async def test_migrating_up_gives_exactly_the_tables(engine: AsyncEngine) -> None:
    await upgrade(engine)

    def differences(connection: Connection) -> list[object]:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    assert await version_of(engine) == newest_version()
    await engine.dispose()


async def test_migrating_twice_changes_nothing(engine: AsyncEngine) -> None:
    await upgrade(engine)
    await upgrade(engine)
    assert await version_of(engine) == newest_version()
    await engine.dispose()


def test_the_newest_version_is_the_one_that_alembic_calls_its_head() -> None:
    assert newest_version() == ScriptDirectory.from_config(migrations()).get_current_head()


async def test_migrating_down_leaves_nothing(engine: AsyncEngine) -> None:
    await upgrade(engine)
    async with engine.begin() as connection:
        await connection.run_sync(lambda sync: command.downgrade(migrations(sync), "base"))
        left = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    assert left == ["alembic_version"]
    await engine.dispose()


async def test_a_database_that_was_never_prepared_has_no_version(engine: AsyncEngine) -> None:
    assert await version_of(engine) is None
    await engine.dispose()


async def test_a_bulletin_written_before_there_were_series_is_there_after_and_after_going_back(
    engine: AsyncEngine,
) -> None:
    await at_version(engine, "0001")
    async with engine.begin() as connection:
        await connection.execute(text(AN_EARLIER_ROW))
        await connection.execute(text("INSERT INTO approvals VALUES (1, 'telegram:1002', 'b', 0)"))

    await upgrade(engine)
    async with engine.begin() as connection:
        assert (await connection.execute(text("SELECT id, series FROM bulletins"))).all() == [(1, None)]
        await connection.execute(text("UPDATE bulletins SET state = 'recurring'"))

    await at_version(engine, "0001")
    async with engine.begin() as connection:
        assert (await connection.execute(text("SELECT id, state FROM bulletins"))).all() == [(1, "stopped")]
        assert await connection.scalar(text("SELECT count(*) FROM approvals")) == 1
    await engine.dispose()


async def test_what_a_network_has_stays_while_pins_lines_and_alarms_come_and_go(engine: AsyncEngine) -> None:
    await at_version(engine, "0003")
    async with engine.begin() as connection:
        for statement in (AN_EARLIER_ROW, A_DELIVERY, "INSERT INTO paces VALUES ('loa', 7, 25.0)"):
            await connection.execute(text(statement))

    await upgrade(engine)
    async with engine.begin() as connection:
        for table in ("bulletins", "deliveries", "paces"):
            assert await connection.scalar(text(f"SELECT count(*) FROM {table}")) == 1
        for row in (
            "pins_due VALUES (1, 'loa', 0, 0)",
            "lines VALUES ('loa', 'x')",
            "alarms VALUES ('loa', '', 'x')",
        ):
            await connection.execute(text(f"INSERT INTO {row}"))

    await at_version(engine, "0003")
    async with engine.begin() as connection:
        assert (await connection.execute(text("SELECT state, message_id FROM deliveries"))).all() == [
            ("sent", "7")
        ]
        assert await connection.scalar(text("SELECT held_until FROM paces")) == 7
    await upgrade(engine)
    await engine.dispose()


A_DELIVERY = (
    "INSERT INTO deliveries (id, bulletin_id, channel_id, bot, state, due_at, message_id) "
    "VALUES (1, 1, 1, 'loa', 'sent', 0, '7')"
)
AN_EARLIER_ROW = (
    "INSERT INTO bulletins (id, code, state, record, content_hash, approval_hash, lane, life_safety, author, "
    "author_chat, origin_key, created_at, expires) VALUES (1, 'LOA-0000-0', 'done', '{}', 'a', 'b', 3, false, "
    "'telegram:1001', '1001', 'update:1', 0, 0)"
)


async def at_version(engine: AsyncEngine, version: str) -> None:
    """Forward or back to that version."""

    def move(connection: Connection) -> None:
        config = migrations(connection)
        is_there = MigrationContext.configure(connection).get_current_revision() is not None
        (command.downgrade if is_there else command.upgrade)(config, version)

    async with engine.begin() as connection:
        await connection.run_sync(move)
