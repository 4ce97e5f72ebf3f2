"""The house, opened: everything put together from the settings, its tasks owned by one supervisor.

    async with open_app(settings, secrets) as app:
        await app.wait()

It opens in two stages, because a town may be waiting for a bulletin while nobody has asked anything yet:

    1. what sends      database, branches, pumps: they send before
    2. what converses  is even loaded: the reception (``bot/reception.py``), with the bot framework, takes seconds

So nothing that this module imports at its top may import aiogram. A process that only delivers never does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import structlog

from bot.accounts import ASKED_AGAIN_SECONDS, keep_accounts, refuse_other_accounts
from bot.bell import Bell
from bot.branch import Branch, PumpSurroundings, build_pump, open_branch
from bot.configuration import Secrets, read_pledge
from bot.crew import Crew, open_crew
from bot.door import listen
from bot.latch import deliver_alone
from bot.mistakes import OperatorMistake
from bot.premises import Premises
from bot.runtime import loading
from bot.settings import Settings
from bot.storehouse import Storehouse, open_storehouse
from bot.supervisor import OnCrash, Supervisor
from bot.surroundings import Surroundings
from bot.texts import gettext as _
from broadcasts.pump import Pump
from bulletins.rendering import Imprint
from members.channel import PersonId
from members.roles import Role
from platforms.telegram_identity import Identity, NoAnswer, UnknownToken, identify
from storage.canaries import set_canaries

if TYPE_CHECKING:
    from bot.reception import OpenReception

log = structlog.get_logger(__name__)


class Duty(StrEnum):
    """The parts that one process can be told to do alone."""

    UPDATES = "updates"
    DELIVERIES = "deliveries"
    WEB = "web"


ALL_DUTIES = frozenset(Duty)
CONVERSING = frozenset({Duty.UPDATES, Duty.WEB})
"""Those for which somebody must be at the reception."""


@dataclass(frozen=True, slots=True)
class App:
    """The house at work."""

    branches: Mapping[str, Branch]
    supervisor: Supervisor

    async def wait(self) -> None:
        """Until a task that Loa cannot do without has crashed; raises TaskEnded then."""
        await self.supervisor.wait()


@asynccontextmanager
async def open_app(
    settings: Settings,
    secrets: Secrets,
    *,
    surroundings: Surroundings | None = None,
    duties: frozenset[Duty] = ALL_DUTIES,
) -> AsyncIterator[App]:
    """Put the house together, start its tasks, and close everything at the end. Raises OperatorMistake."""
    given = surroundings or Surroundings()
    _check_rooms(settings)
    read_pledge(settings)
    async with AsyncExitStack() as opened:
        if Duty.DELIVERIES in duties:
            # Before anything is touched, and until the last pump has ended.
            opened.enter_context(await deliver_alone(settings))
        house = await open_storehouse(settings, secrets.key)
        opened.push_async_callback(house.close)
        branches = _open_branches(settings, secrets, opened)
        # Before anything runs: a port that is taken ends the start, and is not tried for ever.
        door = opened.enter_context(listen(settings.web)) if Duty.WEB in duties else None
        supervisor = Supervisor()
        supervisor.own("committer", house.committer.run, OnCrash.END)
        crew = await opened.enter_async_context(
            open_crew(house, settings, given, supervisor, keeps_house=Duty.UPDATES in duties)
        )
        opened.push_async_callback(supervisor.stop)
        supervisor.start()
        await refuse_other_accounts(house, branches)
        await _prepare(settings, house, given)
        imprint = await _imprint(settings, branches)
        premises = Premises(settings, secrets, house, branches, given, imprint, Bell())
        crew.send(_pumps(premises, crew) if Duty.DELIVERIES in duties else {})
        supervisor.own("accounts", partial(keep_accounts, house, branches.values()))
        if duties & CONVERSING:
            await crew.under_way()
            open_reception = await asyncio.to_thread(_load_reception)
            reception = await opened.enter_async_context(open_reception(premises, crew.wake))
            opened.push_async_callback(supervisor.stop)  # whoever talks, before their line is closed
            if Duty.UPDATES in duties:
                crew.keep(reception.own_household)
            if door is not None:
                supervisor.own("web", reception.web(door).run)
        yield App(branches, supervisor)


def _load_reception() -> OpenReception:
    """In a thread, so that messages go on leaving meanwhile."""
    with loading():
        from bot.reception import open_reception
    return open_reception


def _check_rooms(settings: Settings) -> None:
    if not settings.telegram:
        raise OperatorMistake(
            _("There is no bot in the settings: add one under telegram, with a token from @BotFather.")
        )
    if not any(bot.moderators_chat for bot in settings.telegram):
        raise OperatorMistake(
            _(
                "No bot has a moderators_chat: make a group for your moderators, add the bot as its "
                "administrator, and put the group's id under telegram."
            )
        )


def _open_branches(settings: Settings, secrets: Secrets, opened: AsyncExitStack) -> dict[str, Branch]:
    branches: dict[str, Branch] = {}
    for bot in settings.telegram:
        branches[bot.name] = open_branch(bot, secrets.bots[bot.name], settings.delivery)
        opened.push_async_callback(branches[bot.name].close)
    return branches


async def _prepare(settings: Settings, house: Storehouse, given: Surroundings) -> None:
    """What the settings say about people and places goes where the transactions look for it."""
    await house.roster.replace_staff(
        (PersonId(one.person), one.name, [Role(role.value) for role in one.roles]) for one in settings.staff
    )
    canaries = {bot.name: bot.canary_chat for bot in settings.telegram if bot.canary_chat}
    await set_canaries(house.committer, canaries, settings.network.language, given.now())


async def _imprint(settings: Settings, branches: Mapping[str, Branch]) -> Imprint:
    """Who answers questions about a code: the first bot. Its name is asked for until Telegram tells it."""
    first = next(iter(branches.values()))
    while True:
        match await identify(first.connections, first.account):
            case Identity(username):
                return Imprint(username, ZoneInfo(settings.network.time_zone))
            case UnknownToken():
                raise OperatorMistake(
                    _(
                        "Telegram does not know the token of bot {name}: copy it again from @BotFather."
                    ).format(name=first.settings.name)
                )
            case NoAnswer(reason):
                log.warning("Telegram does not answer", error=reason, again_in_seconds=ASKED_AGAIN_SECONDS)
                await asyncio.sleep(ASKED_AGAIN_SECONDS)


def _pumps(premises: Premises, crew: Crew) -> dict[str, Callable[[], Pump]]:
    """A way to put together the pump of each branch; in a cluster, whenever its post is held."""
    around = crew.equip(PumpSurroundings(premises.given, premises.imprint))
    return {
        name: partial(build_pump, branch, premises.house, premises.settings, premises.bell, around)
        for name, branch in premises.branches.items()
    }
