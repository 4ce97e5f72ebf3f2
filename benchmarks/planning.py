"""F6: planning a million deliveries, and the memory of draining them.

Planning is timed with its commit, several times over the same channels. The draining is a process of its own, fresh
as after a start, with every row open and no pace: its memory is read once a second, and is flat when the last third
is within a tenth of the third before it. It drains all of them, however long that takes within the time it is given.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import uvloop
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.loopback import open_loopback
from benchmarks.measuring import Finding, Measured, client_core, cpu_seconds, median, pin, tell
from benchmarks.network import forget_bulletin, in_sqlite, open_network, routine, start_bulletin
from benchmarks.station import open_station, running
from storage.engine import open_engine

_SECONDS_AT_MOST = 2.0
_MEBIBYTES_AT_MOST = 150.0
_FLAT_WITHIN = 0.1
_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Drained:
    """What a draining process saw of itself."""

    sent: int
    peak_mebibytes: float
    mebibytes: Sequence[float]
    """Once a second."""

    @property
    def is_flat(self) -> bool:
        """Whether it stopped growing."""
        third = len(self.mebibytes) // 3
        if not third:
            return False
        before, after = self.mebibytes[third : 2 * third], self.mebibytes[-third:]
        return max(after) <= max(before) * (1 + _FLAT_WITHIN)


async def time_planning(engine: AsyncEngine, channels: int, rounds: int) -> list[Measured]:
    """Each round; the rows of the last one stay."""
    measured: list[Measured] = []
    for number in range(rounds):
        started, used = time.perf_counter(), cpu_seconds()
        async with engine.begin() as connection:
            bulletin_id, planned = await start_bulletin(connection, routine(f"LOA-PLN{number}-H"))
        measured.append(Measured(planned, time.perf_counter() - started, cpu_seconds() - used))
        if planned != channels:
            raise RuntimeError(f"{planned} of {channels} were planned")
        if number < rounds - 1:
            await forget_bulletin(engine, bulletin_id)
    return measured


async def drain_elsewhere(database: str, seconds: float) -> Drained:
    """A fresh process that drains for so long."""
    async with open_loopback() as loopback:
        command = [sys.executable, "-m", "benchmarks.planning", "--drain", database, "--url", loopback.url]
        process = await asyncio.create_subprocess_exec(
            *command, "--seconds", str(seconds), stdout=asyncio.subprocess.PIPE
        )
        told, _ = await process.communicate()
    return Drained(**json.loads(told))


async def drain_here(database: str, url: str, seconds: float) -> Drained:
    """Drain for so long and watch this process's memory."""
    pin(client_core())
    engine = open_engine(database)
    mebibytes: list[float] = []
    async with open_station(engine, url) as station:
        async with running(station.pump.run):
            ends_at = time.monotonic() + seconds
            while time.monotonic() < ends_at and not station.done.is_set():
                await asyncio.sleep(1.0)
                mebibytes.append(round(_resident_mebibytes(), 1))
        sent = await station.count("sent")
    await engine.dispose()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Drained(sent, round(peak, 1), mebibytes)


def _resident_mebibytes() -> float:
    """As Linux counts it (proc_pid_statm(5)); elsewhere the peak until now."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize() / _MEBIBYTE
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def compare(channels: int, rounds: int, seconds: float) -> Finding:
    """Plan, drain, judge."""
    with tempfile.TemporaryDirectory() as folder:
        database = in_sqlite(Path(folder))
        engine = await open_network(database, channels)
        planning = await time_planning(engine, channels, rounds)
        await engine.dispose()
        drained = await drain_elsewhere(database, seconds)
    return judge(planning, drained, channels)


def judge(planning: Sequence[Measured], drained: Drained, channels: int) -> Finding:
    """What was seen."""
    seconds = median([one.seconds for one in planning])
    is_small = drained.peak_mebibytes <= _MEBIBYTES_AT_MOST
    return Finding(
        id="F6",
        figure=round(seconds, 2),
        unit=f"s to plan {channels:,} deliveries",
        target=f"≤ {_SECONDS_AT_MOST:g} s; draining ≤ {_MEBIBYTES_AT_MOST:g} MiB and flat",
        met=seconds <= _SECONDS_AT_MOST and drained.sent == channels and is_small and drained.is_flat,
        more={
            "rounds": [round(one.seconds, 2) for one in planning],
            "cpu_seconds": [round(one.cpu_seconds, 2) for one in planning],
            "drained": drained.sent,
            "peak_mebibytes": drained.peak_mebibytes,
            "is_flat": drained.is_flat,
            "mebibytes": drained.mebibytes[:: max(1, len(drained.mebibytes) // 10)],
        },
    )


def main() -> None:
    """Measure and print; with ``--drain``, be the process that drains."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channels", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--drain", help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.drain:
        drained = uvloop.run(drain_here(chosen.drain, chosen.url, chosen.seconds))
        print(json.dumps({name: getattr(drained, name) for name in ("sent", "peak_mebibytes", "mebibytes")}))
    else:
        tell(uvloop.run(compare(chosen.channels, chosen.rounds, chosen.seconds)))


if __name__ == "__main__":
    main()
