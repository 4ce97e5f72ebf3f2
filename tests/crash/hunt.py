"""Killing the prey at random moments, and looking at what is left: the ledger on one side, the chats on the other."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from broadcasts.broadcast import BroadcastState
from broadcasts.drafting import Weight, blank, weighted, worded
from bulletins.bulletin import VIETNAMESE, BulletinId, Code, Status, Text
from bulletins.code import make
from simulator.crash.evidence import Evidence, Request
from simulator.crash.findings import read_facts
from simulator.crash.life import TOKEN, VIET_NAM
from simulator.crash.wire import RESENT_MARKS, code_in
from simulator.telegram_api import TelegramSimulator
from simulator.world import Chat
from storage.bulletin_rows import bulletin_columns
from storage.engine import open_engine
from storage.planning import plan_deliveries
from storage.tables import bulletins, channels, metadata
from tests.broadcasts.office import group_row

_CHATS = 120
_LEAST_WORK = 200
_CODES_APART = 37  # numbers next to each other may give the same code
_LONGEST_LIFE_SECONDS = 0.35
_PATIENCE_SECONDS = 60.0
_TROUBLES = {"drop_answer": 0.01, "reset": 0.01, "truncated": 0.005, "gateway": 0.005, "delay": 0.05}
_OPEN = "SELECT count(*) FROM deliveries WHERE state IN ('queued', 'sending')"


@dataclass(slots=True)
class Hunt:
    """One file, one platform, and one process after the other."""

    file: Path
    engine: AsyncEngine
    simulator: TelegramSimulator
    chats: list[Chat]
    prey: asyncio.subprocess.Process
    random: Random
    started: int = 0

    async def kill_often(self, kills: int, progress: Callable[[int], None] = lambda _: None) -> None:
        """There is always something to send when the process is killed."""
        for done in range(1, kills + 1):
            while self.work_left() < _LEAST_WORK:
                await self.start_bulletin()
            process = await self._start_life()
            await asyncio.sleep(self.random.random() * _LONGEST_LIFE_SECONDS)
            os.kill(process, signal.SIGKILL)
            progress(done)

    async def let_it_finish(self) -> None:
        """One more life, until nothing is queued or being sent. Raises TimeoutError."""
        process = await self._start_life()
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while self.work_left():  # noqa: ASYNC110 (another process does the work)
                    await asyncio.sleep(0.1)
        finally:
            os.kill(process, signal.SIGKILL)

    async def start_bulletin(self) -> None:
        """One more bulletin is being sent to all; every third is about lives."""
        self.started += 1
        code = make(self.started * _CODES_APART)
        weight = Weight.LIFE_THREATENING if self.started % 3 == 0 else Weight.ORDINARY
        now = datetime.now(UTC)
        words = worded(VIETNAMESE, Text(f"Tin số {self.started}", "Nước sông lên nhanh."))
        bulletin = weighted(weight)(words(blank(Status.ACTUAL, "Trung tâm Y tế", now)))
        row = bulletin_columns(replace(bulletin, code=Code(code), expires=now + timedelta(hours=1)))
        async with self.engine.begin() as connection:
            added = await connection.execute(
                insert(bulletins).values(
                    state=BroadcastState.SENDING.value,
                    author="telegram:1001",
                    author_chat="1001",
                    origin_key=code,
                    created_at=now,
                    started_at=now,
                    **row,
                )
            )
            await plan_deliveries(connection, BulletinId(added.lastrowid), now, VIET_NAM)

    def work_left(self) -> int:
        """Deliveries that are queued or being sent."""
        with sqlite3.connect(self.file) as connection:
            count: int = connection.execute(_OPEN).fetchone()[0]
        connection.close()
        return count

    def evidence(self) -> Evidence:
        """What the chats show, and what the ledger says, for the invariants of the seeded runs."""
        found = Evidence(
            seed=0, rate_per_second=1.0, chat_per_second=1.0, group_per_minute=1, is_at_rest=True
        )
        observer = sqlite3.connect(self.file)
        observer.row_factory = sqlite3.Row
        read_facts(found, observer, self.simulator.world, self.chats)
        observer.close()
        for number, copy in enumerate(found.copies):
            found.requests.append(
                Request(
                    number=number,
                    life=0,
                    method="sendMessage",
                    chat=copy.chat,
                    code=code_in(copy.text),
                    is_resent=any(mark in copy.text for mark in RESENT_MARKS),
                    departed=float(number),
                    arrived=float(number),
                    message_id=copy.message_id,
                )
            )
        return found

    async def _start_life(self) -> int:
        assert self.prey.stdin is not None
        assert self.prey.stdout is not None
        self.prey.stdin.write(b"live\n")
        return int(await self.prey.stdout.readline())


@asynccontextmanager
async def open_hunt(folder: Path, seed: int, ledger: str = "whole") -> AsyncIterator[Hunt]:
    """A platform, a database with its channels, and the process that starts lives with such a ledger."""
    file = folder / "loa.sqlite"
    simulator = TelegramSimulator(random=Random(seed))
    bot = simulator.world.add_bot(TOKEN, "loa_phuong_bot", "Loa phường")
    hoa = simulator.world.add_user("Hoa")
    chats = [simulator.world.add_chat("supergroup", f"Tổ {number}", hoa) for number in range(_CHATS)]
    for chat in chats:
        simulator.world.add_member(chat, bot, by=hoa)
    for kind, probability in _TROUBLES.items():
        simulator.faults.script(kind, "sendMessage", times=None, probability=probability, seconds=0.1)
    engine = open_engine(f"sqlite+aiosqlite:///{file}")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        rows = [group_row(number, 100, external_id=str(chat.id)) for number, chat in enumerate(chats)]
        await connection.execute(insert(channels), rows)
    async with simulator:
        prey = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.crash.prey",
            str(file),
            simulator.base_url,
            ledger,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            yield Hunt(file, engine, simulator, chats, prey, Random(seed))
        finally:
            assert prey.stdin is not None
            prey.stdin.close()
            await prey.wait()
            await engine.dispose()
