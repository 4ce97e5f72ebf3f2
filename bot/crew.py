"""How the tasks of this process are kept: by itself alone, or shared with other processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Protocol

from bot.branch import PumpSurroundings
from bot.settings import Settings
from bot.storehouse import Storehouse
from bot.supervisor import Supervisor
from bot.surroundings import Surroundings
from broadcasts.pump import Pump

_HEAD_START_SECONDS = 5.0


class Crew(Protocol):
    """Who does what in this network."""

    def equip(self, around: PumpSurroundings) -> PumpSurroundings:
        """What a pump is given from outside, made safe against whoever else could send."""

    def send(self, pumps: Mapping[str, Callable[[], Pump]]) -> None:
        """Have the deliveries of these bots sent, by pumps made like this."""

    def keep(self, household: Callable[[Supervisor], None]) -> None:
        """Have the tasks kept of which the whole network needs one each; it hands them to a supervisor."""

    async def under_way(self) -> None:
        """Until the first messages are out, if any are due; not for long."""

    def wake(self) -> None:
        """Something was approved, stopped, paused or resumed: whoever sends must know."""


@asynccontextmanager
async def open_crew(
    house: Storehouse, settings: Settings, given: Surroundings, supervisor: Supervisor, *, keeps_house: bool
) -> AsyncIterator[Crew]:
    """With SQLite there is one process; with PostgreSQL it is one of a cluster. Raises OperatorMistake."""
    if house.engine.dialect.name != "postgresql":
        yield Alone(supervisor)
        return
    from bot.posts import Member, open_cluster  # with it comes the control plane, which nobody else needs

    async with open_cluster(house, settings, given.now) as cluster:
        yield Member(cluster, supervisor, keeps_house=keeps_house)


class Alone:
    """The only process: it does everything that it was told to."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._tenures: list[_Tenure] = []

    def equip(self, around: PumpSurroundings) -> PumpSurroundings:
        """Nobody else sends."""
        return around

    def send(self, pumps: Mapping[str, Callable[[], Pump]]) -> None:
        """From now on."""
        for name, build in pumps.items():
            self._tenures.append(_Tenure(build))
            self._supervisor.own(f"pump {name}", self._tenures[-1].run)

    def keep(self, household: Callable[[Supervisor], None]) -> None:
        """From now on."""
        household(self._supervisor)

    async def under_way(self) -> None:
        """Until every pump has found out whether something is due, and the first messages have left."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_HEAD_START_SECONDS):
                await asyncio.gather(*(tenure.pump.under_way() for tenure in self._tenures))

    def wake(self) -> None:
        """At once."""
        for tenure in self._tenures:
            tenure.pump.wake()


class _Tenure:
    """A pump, and another in its place once it has crashed: what it believed to be under way died with it."""

    def __init__(self, build: Callable[[], Pump]) -> None:
        self._build = build
        self._has_run = False
        self.pump = build()

    async def run(self) -> None:
        """Send until cancelled. May be called again."""
        if self._has_run:
            self.pump = self._build()
        self._has_run = True
        await self.pump.run()
