"""F4: how soon an emergency overtakes a million routine rows that are being sent at the default pace.

Approved, again and again, for a small area each time: planned through the committer while the pump writes, then the
pump is woken, as the product does. The time runs from when the approval is on disk to when the first emergency
message arrives at the server. Once, at the end, an emergency goes to everybody.
Somebody looks on all the time.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import uvloop
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.loopback import Conduct, Loopback, open_loopback
from benchmarks.measuring import Finding, client_core, median, pin, tell
from benchmarks.network import SMALL_AREAS, emergency, in_sqlite, open_network, routine, start_bulletin
from benchmarks.onlooking import look_on
from benchmarks.station import Station, open_station, running
from broadcasts.pacing import PaceRules
from bulletins.bulletin import Bulletin, BulletinId

_RATE_PER_SECOND = 25.0
_MARK = "Vỡ đập"
_SLACK_SECONDS = 0.1
_LOOKED_EVERY_SECONDS = 0.1
_PATIENCE_SECONDS = 30.0
_BETWEEN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Overtaken:
    """From the approval being asked for to its commit, and from there to the first message; in seconds."""

    planning: float
    leaving: float


async def overtake(station: Station, loopback: Loopback, bulletin: Bulletin) -> Overtaken:
    """Approve it, once what went before it is out."""
    await asyncio.sleep(_BETWEEN_SECONDS)
    before = len(await _marked(loopback))

    async def work(connection: AsyncConnection) -> tuple[BulletinId, int]:
        return await start_bulletin(connection, bulletin)

    asked = time.monotonic()
    await station.committer.write(work)
    approved = time.monotonic()
    station.pump.wake()
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while len(marked := await _marked(loopback)) <= before:  # noqa: ASYNC110 (it happens in another process)
            await asyncio.sleep(_LOOKED_EVERY_SECONDS)
    return Overtaken(approved - asked, marked[before] - approved)


async def overtake_often(station: Station, loopback: Loopback, times: int) -> list[Overtaken]:
    """For one small area after the other, the fan-out going on in between."""
    overtaken: list[Overtaken] = []
    for number in range(times):
        bulletin = emergency(f"LOA-EM{number:02}-H", (f"khu{number % SMALL_AREAS}",))
        overtaken.append(await overtake(station, loopback, bulletin))
    return overtaken


async def _marked(loopback: Loopback) -> list[float]:
    return [at for at, _, _, is_marked in (await loopback.seen()).messages if is_marked]


async def compare(channels: int, times: int) -> Finding:
    """Overtake so many times, then once for everybody."""
    pin(client_core())
    with tempfile.TemporaryDirectory() as folder:
        engine = await open_network(in_sqlite(Path(folder)), channels)
        async with engine.begin() as connection:
            bulletin_id, _ = await start_bulletin(connection, routine())
        async with (
            open_loopback(Conduct(keeps=True, mark=_MARK)) as loopback,
            open_station(engine, loopback.url, PaceRules(_RATE_PER_SECOND)) as station,
            running(station.pump.run),
            running(partial(look_on, engine, bulletin_id)),
        ):
            small = await overtake_often(station, loopback, times)
            whole = await overtake(station, loopback, emergency("LOA-ALLE-H"))
        await engine.dispose()
    return judge(small, whole, channels)


def judge(small: list[Overtaken], whole: Overtaken, channels: int) -> Finding:
    """The worst of all counts."""
    at_most = 1.0 / _RATE_PER_SECOND + _SLACK_SECONDS
    worst = max(one.leaving for one in small)
    return Finding(
        id="F4",
        figure=round(worst * 1000, 1),
        unit=f"ms from approval to the first message, {channels:,} routine rows open; the worst of {len(small)}",
        target=f"≤ {at_most * 1000:.0f} (1 slot of {_RATE_PER_SECOND:g}/s + {_SLACK_SECONDS * 1000:.0f} ms)",
        met=worst <= at_most,
        more={
            "median_ms": round(median([one.leaving for one in small]) * 1000, 1),
            "planning_median_ms": round(median([one.planning for one in small]) * 1000, 1),
            "everybody_planning_ms": round(whole.planning * 1000),
            "everybody_leaving_ms": round(whole.leaving * 1000, 1),
        },
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channels", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=20)
    chosen = parser.parse_args()
    tell(uvloop.run(compare(chosen.channels, chosen.times)))


if __name__ == "__main__":
    main()
