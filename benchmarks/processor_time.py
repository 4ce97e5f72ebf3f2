"""F2: processor time of one durable send, all threads together, beside what the request alone costs.

The figure is absolute and the machine's; aiohttp alone and aiogram, measured in turns with it, say how fast or how
busy that machine was.
"""

from __future__ import annotations

import argparse

import uvloop

from benchmarks.durable_sends import LOA, costs, send_with_loa, take_turns
from benchmarks.measuring import Finding, tell
from benchmarks.peers import AIOGRAM, AIOHTTP, send_with_aiogram, send_with_aiohttp

_MICROSECONDS_AT_MOST = 140.0


async def compare(sends: int, rounds: int) -> Finding:
    """Turns of everybody, and what they say."""
    senders = {
        AIOHTTP: (send_with_aiohttp, 0.5),
        AIOGRAM: (send_with_aiogram, 0.25),
        LOA: (send_with_loa, 1.0),
    }
    runs = await take_turns(senders, sends, rounds)
    cpu = costs(runs)
    peers = {name: cpu[name] for name in (AIOHTTP, AIOGRAM)}
    return Finding(
        id="F2",
        figure=cpu[LOA],
        unit="CPU µs a durable message",
        target=f"≤ {_MICROSECONDS_AT_MOST:g}",
        met=cpu[LOA] <= _MICROSECONDS_AT_MOST,
        peers=peers,
        ratio={name: round(cost / cpu[LOA], 2) for name, cost in peers.items()},
        more={"messages": sends, "rounds": [round(run.cpu_microseconds, 1) for run in runs[LOA]]},
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sends", type=int, default=8_000)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    tell(uvloop.run(compare(chosen.sends, chosen.rounds)))


if __name__ == "__main__":
    main()
