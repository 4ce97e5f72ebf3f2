"""A process that is nothing but the engine, at the default pace, until it is killed: ``DATABASE URL``."""

from __future__ import annotations

import sys

import uvloop

from benchmarks.station import open_station
from broadcasts.pacing import PaceRules
from storage.engine import open_engine


async def pump(database: str, url: str) -> None:
    """Send what is open there, to the platform at ``url``."""
    async with open_station(open_engine(database), url, PaceRules()) as station:
        await station.pump.run()


if __name__ == "__main__":
    uvloop.run(pump(*sys.argv[1:]))
