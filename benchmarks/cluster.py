"""F8: 100 tokens on one PostgreSQL, sent for by two ``loa run`` processes, of which one is then killed.

First the pace of all tokens together is counted, over a minute. Then one process dies, and for each token that it
held we see how long nothing comes from it. Then the bulletin is stopped, and everything must have its fate: what the
ledger calls sent has arrived, what was in the air at the kill is called unsure, and what was still waiting has not
arrived; anything else is lost.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import uvloop
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.loopback import Conduct, Loopback, Seen, open_loopback
from benchmarks.measuring import Finding, give_up, tell
from benchmarks.network import open_network, routine, start_bulletin
from benchmarks.processes import Installation, loa_running
from broadcasts.broadcast import BroadcastState
from storage.tables import bulletins, channels, deliveries
from tests.postgres import Cluster, fresh_database, start_cluster

_RATE_PER_SECOND = 25.0
_PART_AT_LEAST = 0.95
_RESUMED_WITHIN_SECONDS = 60.0
_STALLED_SECONDS = 30
_WARM_SECONDS = 10.0
_UP_SECONDS = 240.0
_LANDED_WITHIN_SECONDS = 60.0
_LOOKED_EVERY_SECONDS = 1.0
_STAYS, _DIES = "stays", "dies"


@dataclass(frozen=True, slots=True)
class Plan:
    """How large and how long."""

    tokens: int
    seconds: float

    @property
    def rows_a_token(self) -> int:
        """Enough for the count, and for the longest gap that is allowed after it."""
        return round(_RATE_PER_SECOND * (self.seconds + _WARM_SECONDS + _RESUMED_WITHIN_SECONDS))


@dataclass(frozen=True, slots=True)
class Survived:
    """What was seen. ``gaps`` is in seconds, of each token whose process was killed; None: it never resumed."""

    per_second: float
    tokens_of_the_dead: int
    gaps: Sequence[float | None]
    unsure: int
    lost: int


async def survive(database: str, plan: Plan) -> Survived:
    """Two processes, then one."""
    bots = tuple(f"loa{number}" for number in range(plan.tokens))
    engine = await open_network(database, plan.rows_a_token, bots)
    with tempfile.TemporaryDirectory() as folder:
        async with open_loopback(Conduct(keeps=True)) as loopback:
            more = {"cluster": {"stalled_seconds": _STALLED_SECONDS}}
            installation = Installation(Path(folder), database, loopback.url, bots, more)
            async with loa_running(installation, _STAYS), loa_running(installation, _DIES) as dying:
                await _until_up(Path(folder))
                async with engine.begin() as connection:
                    await start_bulletin(connection, routine())
                began = await _first(loopback) + _WARM_SECONDS
                await asyncio.sleep(max(0.0, began + plan.seconds - time.monotonic()))
                killed = time.monotonic()
                dying.kill()
                await dying.wait()
                await asyncio.sleep(_RESUMED_WITHIN_SECONDS)
                await _stop(engine)
            seen = await loopback.seen()
        lost, unsure = await _fates(engine, seen)
    await engine.dispose()
    sent = sum(began <= at < began + plan.seconds for at, *_ in seen.messages)
    gaps = _gaps(seen, killed)
    return Survived(sent / plan.seconds, len(gaps), gaps, unsure, lost)


async def _until_up(folder: Path) -> None:
    async with asyncio.timeout(_UP_SECONDS):
        logs = [folder / f"{name}.log" for name in (_STAYS, _DIES)]
        while not all("serving" in log.read_text() for log in logs):  # noqa: ASYNC110 (it happens elsewhere)
            await asyncio.sleep(0.1)


async def _first(loopback: Loopback) -> float:
    """When the first message came."""
    async with asyncio.timeout(_UP_SECONDS):
        while not (seen := await loopback.seen()).messages:  # noqa: ASYNC110 (it happens elsewhere)
            await asyncio.sleep(0.1)
    return seen.messages[0][0]


async def _stop(engine: AsyncEngine) -> None:
    """Stop the bulletin, and wait until nothing is in the air any more, or it takes too long and counts as lost."""
    async with engine.begin() as connection:
        await connection.execute(update(bulletins).values(state=BroadcastState.STOPPED.value))
    in_the_air = select(func.count()).where(deliveries.c.state == "sending")
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LANDED_WITHIN_SECONDS):
            while True:
                async with engine.connect() as connection:
                    if not await connection.scalar(in_the_air):
                        return
                await asyncio.sleep(_LOOKED_EVERY_SECONDS)


def _gaps(seen: Seen, killed: float) -> list[float | None]:
    """For each token that the dead process sent for last before it died: until somebody sent for it again."""
    holder: dict[str, str] = {}
    resumed: dict[str, float] = {}
    for at, source, _, _ in seen.messages:
        node, token = source.split("/")
        if at <= killed:
            holder[token] = node
        elif node == _STAYS:
            resumed.setdefault(token, at)
    orphans = [token for token, node in holder.items() if node == _DIES]
    return [round(resumed[token] - killed, 1) if token in resumed else None for token in orphans]


async def _fates(engine: AsyncEngine, seen: Seen) -> tuple[int, int]:
    """How many are lost, and how many unsure."""
    arrived = {chat for _, _, chat, _ in seen.messages}
    query = select(deliveries.c.state, channels.c.external_id).join(
        channels, channels.c.id == deliveries.c.channel_id
    )
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    unsure = sum(row.state == "unsure" for row in rows)
    kept = sum(row.state == "sent" and row.external_id in arrived for row in rows)
    waiting = sum(row.state in ("queued", "dropped") and row.external_id not in arrived for row in rows)
    return len(rows) - kept - waiting - unsure, unsure


def judge(plan: Plan, survived: Survived) -> Finding:
    """What was seen."""
    wanted = plan.tokens * _RATE_PER_SECOND
    part = survived.per_second / wanted
    gaps = [gap for gap in survived.gaps if gap is not None]
    all_resumed = bool(gaps) and len(gaps) == len(survived.gaps) and max(gaps) <= _RESUMED_WITHIN_SECONDS
    return Finding(
        id="F8",
        figure=round(part * 100, 1),
        unit=f"% of {wanted:,.0f} messages/s, {plan.tokens} tokens, 2 processes",
        target=f"≥ {_PART_AT_LEAST:.0%}; after a kill resumed ≤ {_RESUMED_WITHIN_SECONDS:g} s, 0 lost",
        met=part >= _PART_AT_LEAST and all_resumed and not survived.lost,
        more={
            "seconds": plan.seconds,
            "per_second": round(survived.per_second, 1),
            "tokens_of_the_killed_process": survived.tokens_of_the_dead,
            "resumed_after_seconds_at_most": max(gaps, default=None),
            "never_resumed": len(survived.gaps) - len(gaps),
            "unsure": survived.unsure,
            "lost": survived.lost,
        },
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60.0)
    chosen = parser.parse_args()
    plan = Plan(chosen.tokens, chosen.seconds)
    with start_cluster() as server:
        if not isinstance(server, Cluster):
            give_up(server)
        with fresh_database(server.url) as database:
            tell(judge(plan, uvloop.run(survive(database, plan))))


if __name__ == "__main__":
    main()
