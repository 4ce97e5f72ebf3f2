"""The posts of a cluster: one a bot token, and the household. What each comes to, and when somebody is needed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from psycopg import Error as PostgresError

from bot.branch import PumpSurroundings
from bot.cluster import Cluster, Staffing, Work
from bot.control import Control, PostName
from bot.mistakes import OperatorMistake
from bot.settings import Settings
from bot.storehouse import Storehouse
from bot.supervisor import Supervisor
from bot.texts import gettext as _
from broadcasts.courier import PumpRules
from broadcasts.pump import Pump
from storage.workload import bots_with_work

_TOKEN: Final = "token"
_HOUSEHOLD: Final = "household"
_THE_HOUSEHOLD: Final = PostName(f"{_HOUSEHOLD}:all")
# More than two looks of a cluster, so that nothing falls due between them.
_LOOKED_AHEAD: Final = timedelta(seconds=90)
# Reading and committing take longer there, and are shared by all pumps: read a little more at once, yet not what
# would have to be read again before it is sent, and write intents down a little earlier.
_PUMP_RULES_IN_A_CLUSTER: Final = PumpRules(picked_seconds=0.8, ahead_seconds=0.12)


@asynccontextmanager
async def open_cluster(
    house: Storehouse, settings: Settings, now: Callable[[], datetime]
) -> AsyncIterator[Cluster]:
    """This process's part in the cluster; its database is PostgreSQL. Raises OperatorMistake."""
    bots = [bot.name for bot in settings.telegram]

    async def needed() -> Collection[PostName]:
        at = now()
        busy = await bots_with_work(house.engine, bots, at, at + _LOOKED_AHEAD)
        return {_THE_HOUSEHOLD, *map(post_of, busy)}

    control = Control(house.engine.url)
    try:
        await control.open()
    except PostgresError as error:
        raise OperatorMistake(
            _(
                "The database of the cluster cannot be prepared ({reason}): let this user make schemas in it "
                "(GRANT CREATE ON DATABASE)."
            ).format(reason=str(error).splitlines()[0])
        ) from error
    try:
        yield Cluster(control, needed, settings.cluster.stalled_seconds)
    finally:
        await control.close()


def post_of(bot: str) -> PostName:
    """The post of who sends for this bot."""
    return PostName(f"{_TOKEN}:{bot}")


class Household:
    """The tasks of which the whole network needs one each: polling, timers, notices."""

    def __init__(self) -> None:
        self._opened = asyncio.Event()
        self._own: Callable[[Supervisor], None] = _nothing

    def open(self, own: Callable[[Supervisor], None]) -> None:
        """From now on it can be kept: ``own`` hands its tasks to a supervisor."""
        self._own = own
        self._opened.set()

    async def run(self) -> None:
        """Mind them until cancelled."""
        await self._opened.wait()
        supervisor = Supervisor()
        self._own(supervisor)
        supervisor.start()
        try:
            await supervisor.wait()
        finally:
            await supervisor.stop()

    def wake(self) -> None:
        """They look by themselves, every few seconds."""


def _nothing(_: Supervisor) -> None:
    """Before it is opened."""


def staffing(pumps: Mapping[str, Callable[[], Work]], household: Household | None) -> Staffing | None:
    """What this process may hold: the tokens it can pump for, the household where it is given."""
    work: dict[PostName, Callable[[], Work]] = {post_of(bot): build for bot, build in pumps.items()}
    if household is not None:
        work[_THE_HOUSEHOLD] = lambda: household
    if not work:
        return None
    kinds = sorted({post.partition(":")[0] for post in work})
    return Staffing(kinds, len(work), lambda post: work[post]())


class Member:
    """The port ``Crew`` in a cluster: each post is held by one of its processes, by this one or by another."""

    def __init__(self, cluster: Cluster, supervisor: Supervisor, *, keeps_house: bool) -> None:
        self._cluster = cluster
        self._supervisor = supervisor
        self._household = Household() if keeps_house else None

    def equip(self, around: PumpSurroundings) -> PumpSurroundings:
        """A process that may have been taken for dead sends nothing."""
        return replace(around, may_send=self._cluster.may_send, rules=_PUMP_RULES_IN_A_CLUSTER)

    def send(self, pumps: Mapping[str, Callable[[], Pump]]) -> None:
        """Whenever their posts fall to this process."""
        self._cluster.own(self._supervisor, staffing(pumps, self._household))

    def keep(self, household: Callable[[Supervisor], None]) -> None:
        """Whenever that post falls to this process."""
        if self._household is not None:
            self._household.open(household)

    async def under_way(self) -> None:
        """Others send meanwhile."""

    def wake(self) -> None:
        """Whoever holds the post."""
        self._cluster.wake()
