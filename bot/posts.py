"""The posts of a cluster: one a bot token, and the household. What each comes to, and when somebody is needed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from psycopg import Error as PostgresError

from bot.cluster import Cluster, Staffing, Work
from bot.control import Control, PostName
from bot.mistakes import OperatorMistake
from bot.settings import Settings
from bot.storehouse import Storehouse
from bot.supervisor import Supervisor
from bot.texts import gettext as _
from storage.workload import bots_with_work

_TOKEN: Final = "token"
_HOUSEHOLD: Final = "household"
_THE_HOUSEHOLD: Final = PostName(f"{_HOUSEHOLD}:all")
# More than two looks of a cluster, so that nothing falls due between them.
_LOOKED_AHEAD: Final = timedelta(seconds=90)


@asynccontextmanager
async def open_cluster(
    house: Storehouse, settings: Settings, now: Callable[[], datetime]
) -> AsyncIterator[Cluster | None]:
    """This process's part in the cluster; None with SQLite, where it is alone. Raises OperatorMistake."""
    if house.engine.dialect.name != "postgresql":
        yield None
        return
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


@dataclass(frozen=True, slots=True)
class Household:
    """The tasks of which the whole network needs one each: polling, timers, notices."""

    own: Callable[[Supervisor], None]

    async def run(self) -> None:
        """Mind them until cancelled."""
        supervisor = Supervisor()
        self.own(supervisor)
        supervisor.start()
        try:
            await supervisor.wait()
        finally:
            await supervisor.stop()

    def wake(self) -> None:
        """They look by themselves, every few seconds."""


def staffing(pumps: Mapping[str, Callable[[], Work]], household: Household | None) -> Staffing | None:
    """What this process may hold: the tokens it can pump for, the household where it is given."""
    work: dict[PostName, Callable[[], Work]] = {post_of(bot): build for bot, build in pumps.items()}
    if household is not None:
        work[_THE_HOUSEHOLD] = lambda: household
    if not work:
        return None
    kinds = sorted({post.partition(":")[0] for post in work})
    return Staffing(kinds, len(work), lambda post: work[post]())
