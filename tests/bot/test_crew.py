"""A process alone: whoever sends is replaced when they crash."""

from __future__ import annotations

import asyncio
from typing import cast

from bot.crew import Alone
from bot.supervisor import Supervisor
from broadcasts.pump import Pump


class Sending:
    """Crashes at once, or sends for ever; ``wakes`` counts who called."""

    def __init__(self, *, crashes: bool) -> None:
        self.crashes, self.wakes, self.runs = crashes, 0, asyncio.Event()

    async def run(self) -> None:
        if self.crashes:
            raise RuntimeError("a mistake of ours")
        self.runs.set()
        await asyncio.Event().wait()

    def wake(self) -> None:
        self.wakes += 1


async def test_a_pump_that_crashed_is_not_believed_what_was_under_way() -> None:
    first, second = Sending(crashes=True), Sending(crashes=False)
    made = iter([first, second])
    supervisor = Supervisor()
    crew = Alone(supervisor)
    crew.send({"loa": lambda: cast(Pump, next(made))})
    supervisor.start()
    async with asyncio.timeout(30):
        await second.runs.wait()
    crew.wake()
    await supervisor.stop()
    assert (first.wakes, second.wakes) == (0, 1)
