"""Loa's own engine as the product puts it together: pump, ledger, committer, sender, pace."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.network import BOT, VIET_NAM, now
from broadcasts.consent import StartRules
from broadcasts.courier import PumpParts
from broadcasts.letters import Letters, Means
from broadcasts.pacing import Pacer, PaceRules
from broadcasts.pump import Pump
from bulletins.bulletin import BulletinId
from bulletins.rendering import Imprint
from platforms.telegram import TelegramAccount, TelegramSender, open_connections
from storage.bulletins import BulletinBook
from storage.committer import Committer
from storage.ledger import SqlLedger
from storage.paces import SqlPaces
from storage.pictures import PictureShelf
from storage.pins import SqlPins
from storage.tables import deliveries

TOKEN = "1234567:BENCHMARK"
IN_FLIGHT = 128
NO_PACE = PaceRules(rate_per_second=float("inf"))


class _Silence:
    """Nobody is told anything; and what people would have to be told must not happen here."""

    def bulletin_halted(self, bulletin_id: BulletinId) -> None:
        raise RuntimeError(f"bulletin {bulletin_id} was halted")

    def channel_in_trouble(self) -> None:
        raise RuntimeError("a channel is in trouble")

    def storage_failed(self, what: str) -> None:
        raise RuntimeError(what)

    def storage_recovered(self) -> None:
        """Not without a failure."""

    def line_failed(self, bot: str, because: str) -> None:
        raise RuntimeError(because)

    def line_recovered(self, bot: str) -> None:
        """Not without a failure."""


class _Ledger(SqlLedger):
    """The ledger as it is, and a bell for when a bulletin is done."""

    def __init__(self, engine: AsyncEngine, committer: Committer) -> None:
        super().__init__(engine, committer)
        self.done = asyncio.Event()

    async def finish(self, bulletin_id: BulletinId, now: datetime) -> bool:
        """Make it done if nothing of it is queued or being sent any more."""
        is_done = await super().finish(bulletin_id, now)
        if is_done:
            self.done.set()
        return is_done


@dataclass(frozen=True, slots=True)
class Station:
    """A pump that can be run, and what a benchmark needs around it."""

    engine: AsyncEngine
    committer: Committer
    pacer: Pacer
    pump: Pump
    done: asyncio.Event
    """Set when a bulletin is done."""

    async def drain(self) -> None:
        """Pump until a bulletin is done."""
        async with running(self.pump.run):
            await self.done.wait()

    async def count(self, state: str) -> int:
        """How many deliveries are in that state."""
        async with self.engine.connect() as connection:
            return await connection.scalar(select(func.count()).where(deliveries.c.state == state)) or 0


@contextlib.asynccontextmanager
async def open_station(engine: AsyncEngine, url: str, pace: PaceRules = NO_PACE) -> AsyncIterator[Station]:
    """A station over ``engine``, which stays the caller's. Its committer runs; its pump does not yet."""
    committer = Committer(engine)
    ledger = _Ledger(engine, committer)
    pacer = Pacer(pace)
    account = TelegramAccount(BOT, TOKEN, url)
    async with open_connections(account, IN_FLIGHT) as connections, running(committer.run):
        parts = PumpParts(
            ledger=ledger,
            closing=ledger,
            pins=SqlPins(engine, committer),
            paces=SqlPaces(engine, committer),
            sender=TelegramSender(connections, account, PictureShelf(engine, committer)),
            pacer=pacer,
            letters=Letters(
                BulletinBook(engine, committer, StartRules), Imprint("loa_bot", VIET_NAM), Means()
            ),
            notices=_Silence(),
            now=now,
            random=Random(1),
            zone=VIET_NAM,
        )
        yield Station(engine, committer, pacer, Pump(BOT, parts), ledger.done)


@contextlib.asynccontextmanager
async def running(run: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """``run`` as a task while the block lasts; its crash ends the block."""

    async def ended() -> None:
        await run()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(ended())
        try:
            yield
        finally:
            task.cancel()
