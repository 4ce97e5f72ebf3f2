"""Sends written down by the product's own committer, on a disk that goes dark: what was acknowledged must be there."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, cast

import apsw
from sqlalchemy import create_engine, insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from broadcasts.broadcast import BroadcastState
from broadcasts.delivery import DeliveryId, DeliveryState
from broadcasts.drafting import blank, worded
from broadcasts.ports import Intent, Settlement
from bulletins.bulletin import VIETNAMESE, BulletinId, Status, Text
from members.channel import ChannelId
from simulator.crash.disk import InPlaceConnection
from simulator.crash.virtual_time import VirtualClock, new_loop
from storage.bulletin_rows import bulletin_columns
from storage.committer import Committer
from storage.engine import open_engine
from storage.ledger import SqlLedger
from storage.tables import bulletins, channels, deliveries, metadata, milliseconds
from tests.broadcasts.office import group_row
from tests.crash.losing_disk import LosingDisk, PowerCut

NOON = datetime(2026, 12, 2, 5, 0, tzinfo=UTC)

_FILE = "loa.sqlite"
_DELIVERIES = 120
_SENDERS = 4
_BATCH = 3
_MOST_OPERATIONS = 400
_NAMES = count()
_ROWS = "SELECT id, state, message_id, due_at FROM deliveries"


class ApswDriver:
    """An APSW connection, as far as the product calls one of the standard library."""

    def __init__(self, disk: LosingDisk, pages_between_checkpoints: int) -> None:
        self._connection = apsw.Connection(_FILE, vfs=disk.name)
        # A VFS of APSW's has no shared memory; alone with the file, SQLite keeps the WAL's index on the heap.
        self._connection.pragma("locking_mode", "EXCLUSIVE")
        self._connection.pragma("wal_autocheckpoint", pages_between_checkpoints)
        self.isolation_level = None

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def cursor(self) -> ApswCursor:
        """A new cursor."""
        return ApswCursor(self._connection)

    def execute(self, statement: str, parameters: Any = ()) -> ApswCursor:
        """One statement, run to its end."""
        return self.cursor().execute(statement, parameters)

    def executemany(self, statement: str, parameters: Iterable[Any]) -> ApswCursor:
        """One statement with many rows."""
        return self.cursor().executemany(statement, parameters)

    def create_function(self, *_: Any, **__: Any) -> None:
        """Nothing here uses functions of Python's."""

    def rollback(self) -> None:
        """The power is gone; there is nothing to undo."""

    def close(self) -> None:
        """Let go, without writing anything more."""
        self._connection.close(True)


class ApswCursor:
    """A cursor that has run its statement and holds the rows."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._rows: list[tuple[Any, ...]] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    def execute(self, statement: str, parameters: Any = ()) -> ApswCursor:
        """Run it, and read all it gives."""
        cursor = self._connection.cursor()
        cursor.exec_trace = self._describe
        self._rows = [tuple(row) for row in cursor.execute(statement, parameters)]
        self.lastrowid = self._connection.last_insert_rowid()
        self.rowcount = self._connection.changes()
        return self

    def executemany(self, statement: str, parameters: Iterable[Any]) -> ApswCursor:
        """Run it for each row."""
        for row in parameters:
            self.execute(statement, row)
        return self

    def _describe(self, cursor: apsw.Cursor, *_: Any) -> bool:
        described = cursor.get_description()
        self.description = [(name, None, None, None, None, None, None) for name, _ in described] or None
        return True

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows."""
        return self._rows

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row."""
        return self._rows.pop(0) if self._rows else None

    def close(self) -> None:
        """Nothing is left open."""


@dataclass(slots=True)
class Acknowledged:
    """What the committer has answered before the power was cut."""

    intended: set[DeliveryId] = field(default_factory=set)
    sent: dict[DeliveryId, str] = field(default_factory=dict)
    due: dict[DeliveryId, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loss:
    """Acknowledged rows that are not there any more, and what SQLite says of the file."""

    rows: tuple[str, ...]
    integrity: str
    acknowledged: int
    """How many rows were acknowledged before the cut."""


def full_database(folder: Path) -> bytes:
    """A database with one bulletin being sent to many groups, as it lies on the disk before the cut."""
    path = folder / "before.sqlite"
    engine = create_engine(f"sqlite:///{path}")
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(channels), [group_row(number, 100) for number in range(_DELIVERIES)])
        connection.execute(insert(bulletins).values(_bulletin_row()))
        rows = [
            {"bulletin_id": 1, "channel_id": number + 1, "bot": "loa", "state": "queued", "due_at": 0}
            for number in range(_DELIVERIES)
        ]
        connection.execute(insert(deliveries), rows)
    engine.dispose()
    return path.read_bytes()


def _bulletin_row() -> dict[str, Any]:
    words = Text("Mưa lớn trong ba ngày tới", "Nước sông có thể lên nhanh.")
    bulletin = worded(VIETNAMESE, words)(blank(Status.ACTUAL, "Đài Khí tượng Thủy văn tỉnh", NOON))
    return bulletin_columns(bulletin) | {
        "state": BroadcastState.SENDING.value,
        "author": "telegram:1001",
        "author_chat": "1001",
        "origin_key": "update:1",
        "created_at": NOON,
    }


def cut_once(seed: int, before: bytes, folder: Path, **engine_options: Any) -> Loss:
    """Write, go dark at a moment that the seed decides, open the file with SQLite, and compare."""
    random = Random(f"power cut {seed}")
    disk = LosingDisk(f"losing-{next(_NAMES)}", {_FILE: before}, random.randrange(1, _MOST_OPERATIONS))
    acknowledged = Acknowledged()
    try:
        _write_until_dark(disk, random, acknowledged, engine_options)
    finally:
        disk.unregister()
    for name in (_FILE, f"{_FILE}-wal", f"{_FILE}-shm"):
        (folder / name).unlink(missing_ok=True)
    for name, content in disk.after_cut(random).items():
        (folder / name).write_bytes(content)
    return _compare(folder / _FILE, acknowledged)


def _write_until_dark(
    disk: LosingDisk, random: Random, acknowledged: Acknowledged, engine_options: dict[str, Any]
) -> None:
    pages = random.choice((4, 16, 1_000))
    connections: list[InPlaceConnection] = []

    async def connect(*_: Any, **__: Any) -> InPlaceConnection:
        disk.work()
        connections.append(InPlaceConnection(lambda: cast(sqlite3.Connection, ApswDriver(disk, pages))))
        return await connections[-1]

    engine = open_engine(
        f"sqlite+aiosqlite:///{_FILE}",
        async_creator=connect,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=1,
        **engine_options,
    )
    loop = new_loop(VirtualClock(NOON), random)
    writing = loop.create_task(_write(engine, random, acknowledged))
    writing.add_done_callback(lambda _: loop.stop())
    loop.run_forever()
    loop.die()
    engine.sync_engine.dispose(close=False)
    for connection in connections:
        with contextlib.suppress(PowerCut, apsw.Error):  # it cannot write its last words in the dark
            connection.give_up()
    writing.result()


async def _write(engine: AsyncEngine, random: Random, acknowledged: Acknowledged) -> None:
    """Several senders at once, as in the product, so that commits hold the writes of many."""
    committer = Committer(engine)
    committing = asyncio.get_running_loop().create_task(committer.run())
    ledger = SqlLedger(engine, committer)
    ids = [DeliveryId(number + 1) for number in range(_DELIVERIES)]
    shares = [ids[start::_SENDERS] for start in range(_SENDERS)]
    await asyncio.gather(*(_send(ledger, share, random, acknowledged) for share in shares))
    committing.cancel()


async def _send(
    ledger: SqlLedger, ids: Sequence[DeliveryId], random: Random, acknowledged: Acknowledged
) -> None:
    with contextlib.suppress(PowerCut, apsw.Error, SQLAlchemyError):
        for start in range(0, len(ids), _BATCH):
            batch = ids[start : start + _BATCH]
            if random.random() < 0.2:
                due_at = NOON + timedelta(seconds=random.randrange(1, 1_000))
                await ledger.postpone(batch, due_at)
                acknowledged.due |= dict.fromkeys(batch, milliseconds(due_at))
            intent = Intent(batch, NOON, NOON + timedelta(minutes=2))
            acknowledged.intended |= await ledger.intend(intent)
            for delivery in batch:
                await ledger.record(_sent(delivery))
                acknowledged.sent[delivery] = str(delivery)


def _sent(delivery: DeliveryId) -> Settlement:
    return Settlement(
        delivery_id=delivery,
        channel_id=ChannelId(delivery),
        bulletin_id=BulletinId(1),
        attempt=1,
        at=NOON,
        state=DeliveryState.SENT,
        counted=1,
        message_id=str(delivery),
    )


def _compare(path: Path, acknowledged: Acknowledged) -> Loss:
    connection = sqlite3.connect(path)
    try:
        found = {row[0]: row[1:] for row in connection.execute(_ROWS)}
        integrity = connection.execute("PRAGMA integrity_check").fetchone()[0]
    finally:
        connection.close()
    lost = [
        f"{key} was intended, and is {found[key][0]}"
        for key in acknowledged.intended
        if found[key][0] == "queued"
    ]
    lost += [
        f"{key} was sent as {message}, and is {found[key]}"
        for key, message in acknowledged.sent.items()
        if found[key][:2] != ("sent", message)
    ]
    lost += [f"{key} was put off" for key, due_at in acknowledged.due.items() if found[key][2] != due_at]
    return Loss(tuple(lost), integrity, len(acknowledged.intended) + len(acknowledged.sent))
