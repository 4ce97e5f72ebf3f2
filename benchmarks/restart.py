"""F7: from the start of the process to its first message, with a million rows open.

A real ``loa run``, with all its parts, is killed while it sends, and started again, several times: the time runs from
starting the process, so Python, imports, settings, the migration check and what the killed one left behind are in it.
Conversations are loaded after that first message, so it is counted, too, how many of the pace's slots were used
while they were. A process that only delivers stands beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import uvloop

from benchmarks.loopback import Conduct, Loopback, open_loopback
from benchmarks.measuring import Finding, median, tell
from benchmarks.network import BOT, in_sqlite, open_network, routine, start_bulletin
from benchmarks.processes import Installation, loa_running

_SECONDS_AT_MOST = 1.0
_LOOKED_EVERY_SECONDS = 0.05
_PATIENCE_SECONDS = 60.0
_WATCHED_SECONDS = 4.0
_PACE_PER_SECOND = 25


@dataclass(frozen=True, slots=True)
class Start:
    """One start of a process."""

    seconds: float
    """Until its first message."""
    slots_used: float
    """Which part of the pace's slots, in the seconds after it."""


async def time_start(installation: Installation, loopback: Loopback, name: str, only: str | None) -> Start:
    """Start it, watch it send for a few seconds, and kill it while it does."""
    before = (await loopback.seen()).accepted
    started = time.monotonic()
    async with loa_running(installation, name, only) as process:
        first = (await _until(loopback, before + 1))[before]
        await asyncio.sleep(max(0.0, first + _WATCHED_SECONDS - time.monotonic()))
        process.kill()
        await process.wait()
    sent = [at for at, *_ in (await loopback.seen()).messages[before:] if at < first + _WATCHED_SECONDS]
    return Start(first - started, len(sent) / (_WATCHED_SECONDS * _PACE_PER_SECOND))


async def _until(loopback: Loopback, count: int) -> list[float]:
    """When each message came, once there are so many."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            seen = await loopback.seen()
            if seen.accepted >= count:
                return [at for at, *_ in seen.messages]
            await asyncio.sleep(_LOOKED_EVERY_SECONDS)


async def compare(channels: int, rounds: int) -> Finding:
    """Start, kill, start again; the first start is not counted."""
    with tempfile.TemporaryDirectory() as folder:
        database = in_sqlite(Path(folder))
        engine = await open_network(database, channels)
        async with engine.begin() as connection:
            await start_bulletin(connection, routine())
        await engine.dispose()
        async with open_loopback(Conduct(keeps=True)) as loopback:
            installation = Installation(Path(folder), database, loopback.url, (BOT,), {})
            starts = [
                await time_start(installation, loopback, f"start{number}", None)
                for number in range(rounds + 1)
            ]
            lean = [
                await time_start(installation, loopback, f"lean{number}", "deliveries")
                for number in range(rounds)
            ]
    return judge(starts[1:], lean, channels)


def judge(restarts: Sequence[Start], lean: Sequence[Start], channels: int) -> Finding:
    """What was seen."""
    seconds, lean_seconds = [one.seconds for one in restarts], [one.seconds for one in lean]
    return Finding(
        id="F7",
        figure=round(median(seconds), 2),
        unit=f"s from starting loa run to its first message, {channels:,} rows open",
        target=f"≤ {_SECONDS_AT_MOST:g} s",
        met=median(seconds) <= _SECONDS_AT_MOST,
        more={
            "rounds": [round(one, 2) for one in seconds],
            f"slots_used_in_the_next_{_WATCHED_SECONDS:g}_seconds_percent": [
                round(100 * one.slots_used) for one in restarts
            ],
            "only_deliveries_seconds": round(median(lean_seconds), 2),
            "only_deliveries_rounds": [round(one, 2) for one in lean_seconds],
        },
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channels", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    tell(uvloop.run(compare(chosen.channels, chosen.rounds)))


if __name__ == "__main__":
    main()
