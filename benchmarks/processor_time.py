"""F2: processor time of one durable send, all threads together, beside what the request alone costs.

The figure is absolute and the machine's; aiohttp alone and aiogram, measured in turns with it, say how fast or how
busy that machine was.
"""

from __future__ import annotations

import argparse
import json

import uvloop

from benchmarks.durable_sends import LOA, costs, send_with_loa, take_turns
from benchmarks.measuring import Finding, Measured, measure, tell
from benchmarks.network import BOT, WORDS
from benchmarks.peers import AIOGRAM, AIOHTTP, at_once, send_with_aiogram, send_with_aiohttp
from benchmarks.station import IN_FLIGHT, TOKEN
from platforms.telegram import TelegramAccount, open_connections

_MICROSECONDS_AT_MOST = 140.0
_CONNECTIONS = "connections alone"


async def send_with_connections(url: str, sends: int) -> Measured:
    """The request alone over Loa's own connections, as aiohttp's is measured."""
    account = TelegramAccount(BOT, TOKEN, url)
    head = account.request_head("sendMessage")
    async with open_connections(account, IN_FLIGHT) as connections:

        async def send(chat: int) -> None:
            body = json.dumps({"chat_id": chat, "text": WORDS, "parse_mode": "HTML"}).encode()
            await connections.exchange(b"%b%d\r\n\r\n%b" % (head, len(body), body))

        return await measure(sends, lambda: at_once(send, sends))


async def compare(sends: int, rounds: int) -> Finding:
    """Turns of everybody, and what they say."""
    senders = {
        AIOHTTP: (send_with_aiohttp, 0.5),
        AIOGRAM: (send_with_aiogram, 0.25),
        _CONNECTIONS: (send_with_connections, 0.5),
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
        more={
            "messages": sends,
            _CONNECTIONS: cpu[_CONNECTIONS],
            "rounds": [round(run.cpu_microseconds, 1) for run in runs[LOA]],
        },
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
