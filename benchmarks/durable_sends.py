"""F1: durable sends a second on one core, with no pace, beside what others do in the same run.

All run on uvloop against the same loopback server, in turns, several times; ratios are those of the medians. Ours
plans the deliveries, and writes intent and outcome of each message with SQLite at ``synchronous=FULL``; a figure
counts only if every row then says sent. aiogram's bare loop and python-telegram-bot keep nothing.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path

import uvloop

from benchmarks.loopback import open_loopback
from benchmarks.measuring import Finding, Measured, client_core, measure, median, pin, tell
from benchmarks.network import in_sqlite, open_network, routine, start_bulletin
from benchmarks.peers import (
    AIOGRAM,
    AIOGRAM_BROADCASTER,
    PYTHON_TELEGRAM_BOT,
    Peer,
    demand,
    send_with_aiogram,
    send_with_aiogram_broadcaster,
    send_with_python_telegram_bot,
)
from benchmarks.station import open_station

LOA = "loa"
TARGETS = {AIOGRAM: 1.75, PYTHON_TELEGRAM_BOT: 15.0, AIOGRAM_BROADCASTER: 25.0}
SENDERS: dict[str, tuple[Peer, float]] = {
    AIOGRAM: (send_with_aiogram, 0.5),
    PYTHON_TELEGRAM_BOT: (send_with_python_telegram_bot, 0.1),
    AIOGRAM_BROADCASTER: (send_with_aiogram_broadcaster, 0.025),
}
"""Each with the part of our messages that it sends: slow ones send fewer, so that all take about as long."""


async def send_with_loa(url: str, sends: int) -> Measured:
    """The whole engine, from planned rows to a bulletin that is done."""
    with tempfile.TemporaryDirectory() as folder:
        engine = await open_network(in_sqlite(Path(folder)), sends)
        async with engine.begin() as connection:
            await start_bulletin(connection, routine())
        async with open_station(engine, url) as station:
            measured = await measure(sends, station.drain)
            if await station.count("sent") != sends:
                raise RuntimeError(f"{await station.count('sent')} of {sends} were sent")
        await engine.dispose()
        return measured


async def take_turns(
    senders: Mapping[str, tuple[Peer, float]], sends: int, rounds: int
) -> dict[str, list[Measured]]:
    """Everybody once a round."""
    pin(client_core())
    runs: dict[str, list[Measured]] = {name: [] for name in senders}
    async with open_loopback() as loopback:
        for _ in range(rounds):
            for name, (send, part) in senders.items():
                runs[name].append(await send(loopback.url, max(1, round(sends * part))))
    return runs


def rates(runs: Mapping[str, list[Measured]]) -> dict[str, float]:
    """Messages a second, the median of each."""
    return {name: round(median([run.per_second for run in some]), 1) for name, some in runs.items()}


def costs(runs: Mapping[str, list[Measured]]) -> dict[str, float]:
    """Processor microseconds a message, the median of each."""
    return {name: round(median([run.cpu_microseconds for run in some]), 1) for name, some in runs.items()}


def judge(runs: Mapping[str, list[Measured]], sends: int) -> Finding:
    """What the rounds say."""
    per_second, cpu = rates(runs), costs(runs)
    peers = {name: per_second[name] for name in TARGETS if name in per_second}
    ratio = {name: round(per_second[LOA] / rate, 2) for name, rate in peers.items()}
    return Finding(
        id="F1",
        figure=per_second[LOA],
        unit="durable messages/s on one core",
        target=", ".join(f"≥ {least:g} × {name}" for name, least in TARGETS.items()),
        met=all(ratio.get(name, 0.0) >= least for name, least in TARGETS.items()),
        peers=peers,
        ratio=ratio,
        more={
            "messages": sends,
            "rounds": [round(run.per_second) for run in runs[LOA]],
            "cpu_microseconds": cpu,
            "cpu_ratio": {name: round(cpu[name] / cpu[LOA], 2) for name in peers},
        },
    )


async def compare(sends: int, rounds: int) -> Finding:
    """Turns of everybody, and what they say."""
    return judge(await take_turns({**SENDERS, LOA: (send_with_loa, 1.0)}, sends, rounds), sends)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sends", type=int, default=8_000)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    demand(PYTHON_TELEGRAM_BOT, AIOGRAM_BROADCASTER)
    tell(uvloop.run(compare(chosen.sends, chosen.rounds)))


if __name__ == "__main__":
    main()
