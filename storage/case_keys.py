"""The keys of cases, kept beside the database and not in it, so that no backup of the database opens a case.

    SQLite       a second file, ``loa-keys.sqlite3`` beside ``loa.sqlite3``, attached as ``keys``
    PostgreSQL   the schema ``keys``, which pg_dump is told to leave out

Two files are not committed as one (sqlite.org/wal.html, "Overview"). So a key is committed before anything is
sealed with it; what a crash leaves between the two is a key that opens nothing, and the night sweeps it up.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    LargeBinary,
    MetaData,
    Table,
    and_,
    delete,
    event,
    exists,
    or_,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateSchema

from storage.case_tables import cases, reports
from storage.columns import Day, Id, metadata

SCHEMA = "keys"
_UNUSED_FOR = timedelta(days=2)

_metadata = MetaData(naming_convention=metadata.naming_convention)

case_keys = Table(
    "case_keys",
    _metadata,
    Column("case_id", Id, primary_key=True, autoincrement=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("kept_at", Day, nullable=False),
    schema=SCHEMA,
    sqlite_with_rowid=False,
)

cases_with_keys = cases.outerjoin(case_keys, case_keys.c.case_id == cases.c.id)


def prepare_keys(connection: Connection) -> None:
    """Make the place for keys where there is none: at the first start, and after a backup was restored."""
    if connection.dialect.name == "sqlite":
        attached = {row[1] for row in connection.execute(text("PRAGMA database_list"))}
        if SCHEMA not in attached:
            return  # a database in which no case is kept: it was opened without its keys
    elif not connection.dialect.has_schema(connection, SCHEMA):
        connection.execute(CreateSchema(SCHEMA, if_not_exists=True))
    _metadata.create_all(connection)


@event.listens_for(metadata, "after_create")
def _with_all_tables(_: MetaData, connection: Connection, **__: Any) -> None:
    prepare_keys(connection)


async def keep_key(connection: AsyncConnection, case: int, wrapped: bytes, at: datetime) -> None:
    """Keep a case's key in the place of any earlier one. Nothing may be sealed with it before this is committed."""
    await connection.execute(delete(case_keys).where(case_keys.c.case_id == case))
    await connection.execute(case_keys.insert().values(case_id=case, wrapped=wrapped, kept_at=at))


async def drop_unused(connection: AsyncConnection, now: datetime) -> None:
    """Delete the keys that open nothing, unless they are so young that their case may only be on its way."""
    reachable = exists().where(reports.c.case_id == cases.c.id, reports.c.sealed_address.is_not(None))
    opens_something = select(cases.c.id).where(or_(cases.c.sealed.is_not(None), reachable))
    unused = and_(case_keys.c.kept_at < now - _UNUSED_FOR, case_keys.c.case_id.not_in(opens_something))
    await connection.execute(delete(case_keys).where(unused))
