"""A real engine to be killed: ``python -m tests.crash.prey FILE URL LEDGER`` reads orders, one a line.

``live`` starts a process and prints its id; it runs until somebody kills it. It is forked from here, where
everything is imported already, so that hundreds of lives fit into seconds.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import structlog

from broadcasts.consent import StartRules
from broadcasts.courier import PumpParts
from broadcasts.letters import Letters, Means
from broadcasts.pacing import Pacer, PaceRules
from broadcasts.pump import Pump
from members.channel import Platform
from platforms.capabilities import CAPABILITIES
from platforms.telegram import TelegramAccount, TelegramSender, open_connections
from simulator.crash.life import BOT, IMPRINT, TOKEN, VIET_NAM, Silence
from storage.bulletins import BulletinBook
from storage.committer import Committer
from storage.engine import open_engine
from storage.ledger import SqlLedger
from storage.paces import SqlPaces
from storage.pictures import PictureShelf
from storage.pins import SqlPins
from tests.crash.planted import HopefulLedger

LEDGERS: dict[str, type[SqlLedger]] = {"whole": SqlLedger, "hopeful": HopefulLedger}
"""The product's, and one that must be found out."""

_IN_FLIGHT = 32
_PACE = PaceRules(rate_per_second=400.0, chat_per_second=20.0, group_per_minute=1_000)


async def live(file: Path, url: str, make_ledger: type[SqlLedger]) -> None:
    """The engine, as the product puts it together, until the process is killed."""
    engine = open_engine(f"sqlite+aiosqlite:///{file}")
    committer = Committer(engine)
    ledger = make_ledger(engine, committer)
    account = TelegramAccount(BOT, TOKEN, url, answer_seconds=5.0)
    async with open_connections(account, _IN_FLIGHT) as connections, asyncio.TaskGroup() as group:
        parts = PumpParts(
            ledger=ledger,
            closing=ledger,
            pins=SqlPins(engine, committer),
            paces=SqlPaces(engine, committer),
            sender=TelegramSender(connections, account, PictureShelf(engine, committer)),
            pacer=Pacer(_PACE, CAPABILITIES[Platform.TELEGRAM].is_group),
            letters=Letters(BulletinBook(engine, committer, StartRules), IMPRINT, Means()),
            notices=Silence(),
            now=lambda: datetime.now(UTC),
            random=Random(os.getpid()),
            zone=VIET_NAM,
        )
        group.create_task(committer.run())
        group.create_task(Pump(BOT, parts).run())


def main() -> None:
    """Start lives when asked; end the last one when nobody asks any more."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    file, url, make_ledger = Path(sys.argv[1]), sys.argv[2], LEDGERS[sys.argv[3]]
    last = 0
    for _ in sys.stdin:
        _reap(last)
        last = os.fork()
        if last == 0:
            asyncio.run(live(file, url, make_ledger))
            return
        sys.stdout.write(f"{last}\n")
        sys.stdout.flush()
    _reap(last)


def _reap(process: int) -> None:
    if process:
        os.kill(process, signal.SIGKILL)  # a zombie takes it without a word
        os.waitpid(process, 0)


if __name__ == "__main__":
    main()
