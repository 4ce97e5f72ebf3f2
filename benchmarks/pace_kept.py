"""F3: the pace that is reached against a server that enforces a little more, and how often it says no.

The server holds every message up for up to 200 ms, each for another time, so that what was sent evenly arrives in
bunches; then it counts by two rules at once, a window sliding over any second and a token bucket.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

import uvloop

from benchmarks.loopback import Conduct, Seen, open_loopback
from benchmarks.measuring import Finding, client_core, pin, tell
from benchmarks.network import in_sqlite, open_network, routine, start_bulletin
from benchmarks.station import open_station, running
from broadcasts.pacing import PaceRules

_PART_AT_LEAST = 0.99
_JITTER_SECONDS = 0.2
_RATES = {25: 30, 950: 1_000}
"""What Loa is told, and what the server enforces."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What came of one rate."""

    rate_per_second: int
    per_second: float
    flood_waits: int

    @property
    def part(self) -> float:
        """Of the rate that was asked for."""
        return self.per_second / self.rate_per_second


async def keep(rate_per_second: int, limit_per_second: int, seconds: float) -> Kept:
    """Send at that rate for so long."""
    conduct = Conduct(limit_per_second, _JITTER_SECONDS, keeps=True)
    with tempfile.TemporaryDirectory() as folder:
        engine = await open_network(in_sqlite(Path(folder)), round(rate_per_second * (seconds + 10)))
        async with engine.begin() as connection:
            await start_bulletin(connection, routine())
        async with (
            open_loopback(conduct) as loopback,
            open_station(engine, loopback.url, PaceRules(float(rate_per_second))) as station,
            running(station.pump.run),
        ):
            await asyncio.sleep(seconds + 2.0)
            seen = await loopback.seen()
        await engine.dispose()
    return Kept(rate_per_second, _per_second(seen, seconds), seen.refused)


def _per_second(seen: Seen, seconds: float) -> float:
    """Over so many seconds, from one second after the first message on."""
    if not seen.messages:
        return 0.0
    begins = seen.messages[0][0] + 1.0
    return sum(begins <= at < begins + seconds for at, *_ in seen.messages) / seconds


async def compare(seconds: float) -> Finding:
    """Both rates, one after the other."""
    pin(client_core())
    kept = [await keep(rate, limit, seconds) for rate, limit in _RATES.items()]
    return judge(kept, seconds)


def judge(kept: list[Kept], seconds: float) -> Finding:
    """The worse of the two counts."""
    worst = min(one.part for one in kept)
    flood_waits = sum(one.flood_waits for one in kept)
    return Finding(
        id="F3",
        figure=round(worst * 100, 2),
        unit="% of the configured pace",
        target=f"≥ {_PART_AT_LEAST:.0%}, 0 flood waits",
        met=worst >= _PART_AT_LEAST and not flood_waits,
        more={
            "seconds": seconds,
            "per_second": {str(one.rate_per_second): round(one.per_second, 2) for one in kept},
            "flood_waits": {str(one.rate_per_second): one.flood_waits for one in kept},
        },
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    tell(uvloop.run(compare(parser.parse_args().seconds)))


if __name__ == "__main__":
    main()
