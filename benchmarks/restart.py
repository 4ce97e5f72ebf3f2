"""F7: from the start of the process to its first message, with a million rows open.

A real ``loa run`` is killed while it sends, and started again, several times: the time runs from starting the
process, so Python, all imports, settings, the migration check and what the killed one left behind are in it. A
process of the engine alone, restarted in the same way, says how much of that is the engine's.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from benchmarks.loopback import Conduct, Loopback, open_loopback
from benchmarks.measuring import Finding, median, tell
from benchmarks.network import BOT, in_sqlite, open_network, routine, start_bulletin
from benchmarks.processes import Installation, loa_running

_SECONDS_AT_MOST = 1.0
_LOOKED_EVERY_SECONDS = 0.05
_PATIENCE_SECONDS = 60.0
_SENT_BEFORE_THE_KILL = 20


async def time_start(installation: Installation, loopback: Loopback, name: str) -> float:
    """Seconds from the start of a process to its first message; then it is killed while it sends."""
    before = (await loopback.seen()).accepted
    started = time.monotonic()
    async with loa_running(installation, name) as process:
        seen = await _until(loopback, before + _SENT_BEFORE_THE_KILL)
        process.kill()
        await process.wait()
    return seen[before] - started


async def _until(loopback: Loopback, count: int) -> list[float]:
    """When each message came, once there are so many."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            seen = await loopback.seen()
            if seen.accepted >= count:
                return [at for at, *_ in seen.messages]
            await asyncio.sleep(_LOOKED_EVERY_SECONDS)


async def time_engine(database: str, loopback: Loopback) -> float:
    """The same of a process that is nothing but the engine: what the rest of the product adds is the difference."""
    before = (await loopback.seen()).accepted
    started = time.monotonic()
    command = [sys.executable, "-m", "benchmarks.engine", database, loopback.url]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
    try:
        seen = await _until(loopback, before + _SENT_BEFORE_THE_KILL)
    finally:
        process.kill()
        await process.wait()
    return seen[before] - started


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
                await time_start(installation, loopback, f"start{number}") for number in range(rounds + 1)
            ]
            engines = [await time_engine(database, loopback) for _ in range(rounds)]
    return judge(starts[1:], engines, channels)


def judge(restarts: list[float], engines: list[float], channels: int) -> Finding:
    """What was seen."""
    return Finding(
        id="F7",
        figure=round(median(restarts), 2),
        unit=f"s from starting the process to its first message, {channels:,} rows open",
        target=f"≤ {_SECONDS_AT_MOST:g} s",
        met=median(restarts) <= _SECONDS_AT_MOST,
        more={
            "rounds": [round(one, 2) for one in restarts],
            "engine_alone_seconds": round(median(engines), 2),
            "engine_alone_rounds": [round(one, 2) for one in engines],
        },
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channels", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    tell(uvloop.run(compare(chosen.channels, chosen.rounds)))


if __name__ == "__main__":
    main()
