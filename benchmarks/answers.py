"""F5: how much longer a person waits for an answer while a million messages go out over the same token.

Answers go through aiogram with the product's middleware, one after the other at random moments, first while nothing
else is sent and then during the fan-out at the default pace, with
somebody looking on; what is added is each wait less the quiet median.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from random import Random

import uvloop
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from benchmarks.loopback import open_loopback
from benchmarks.measuring import Finding, client_core, median, percentile, pin, tell
from benchmarks.network import in_sqlite, open_network, routine, start_bulletin
from benchmarks.onlooking import look_on
from benchmarks.station import TOKEN, open_station, running
from broadcasts.pacing import PaceRules
from platforms.telegram_answers import PacedAnswers

_RATE_PER_SECOND = 25.0
_SLOTS_AT_MOST = 2
_LONGEST_PAUSE_SECONDS = 0.4
_FIRST_PERSON = 7_000_000_000


async def answer(bot: Bot, count: int, random: Random) -> list[float]:
    """Seconds that each of so many people waited; nobody is answered twice."""
    waits: list[float] = []
    for number in range(count):
        await asyncio.sleep(random.uniform(0.1, _LONGEST_PAUSE_SECONDS))
        started = time.perf_counter()
        await bot.send_message(_FIRST_PERSON + random.randrange(10**9) + number, "Đã nhận báo cáo của bạn.")
        waits.append(time.perf_counter() - started)
    return waits


async def compare(channels: int, answers: int) -> Finding:
    """Quietly first, then in the midst of the fan-out."""
    pin(client_core())
    random = Random(1)
    with tempfile.TemporaryDirectory() as folder:
        engine = await open_network(in_sqlite(Path(folder)), channels)
        async with engine.begin() as connection:
            bulletin_id, _ = await start_bulletin(connection, routine())
        async with (
            open_loopback() as loopback,
            open_station(engine, loopback.url, PaceRules(_RATE_PER_SECOND)) as station,
            Bot(TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(loopback.url))) as bot,
        ):
            bot.session.middleware(PacedAnswers(station.pacer))
            quiet = await answer(bot, answers // 2, random)
            async with running(station.pump.run), running(partial(look_on, engine, bulletin_id)):
                await asyncio.sleep(1.0)
                busy = await answer(bot, answers, random)
            sent = await station.count("sent")
        await engine.dispose()
    if not sent:
        raise RuntimeError("there was no fan-out")
    return judge(quiet, busy, channels)


def judge(quiet: Sequence[float], busy: Sequence[float], channels: int) -> Finding:
    """What was added."""
    added = [wait - median(quiet) for wait in busy]
    at_most = _SLOTS_AT_MOST / _RATE_PER_SECOND
    worst = percentile(added, 99)
    return Finding(
        id="F5",
        figure=round(worst * 1000, 1),
        unit=f"ms of added wait, p99 of {len(busy)} answers",
        target=f"≤ {at_most * 1000:.0f} ({_SLOTS_AT_MOST} slots of {_RATE_PER_SECOND:g}/s)",
        met=worst <= at_most,
        more={
            "rows_open": channels,
            "added_median_ms": round(median(added) * 1000, 1),
            "quiet_median_ms": round(median(quiet) * 1000, 1),
            "quiet_p99_ms": round(percentile(quiet, 99) * 1000, 1),
        },
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channels", type=int, default=1_000_000)
    parser.add_argument("--answers", type=int, default=200)
    chosen = parser.parse_args()
    tell(uvloop.run(compare(chosen.channels, chosen.answers)))


if __name__ == "__main__":
    main()
