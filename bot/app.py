"""The house, opened: everything put together from the settings, its tasks owned by one supervisor.

async with open_app(settings, secrets) as app:
    await app.wait()
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from functools import partial
from zoneinfo import ZoneInfo

import structlog
from aiogram.exceptions import TelegramAPIError, TelegramUnauthorizedError
from aiogram.utils.i18n import I18n

from bot.branch import Branch, PumpSurroundings, build_inbox, build_poller, build_pump, open_branch, take_raw
from bot.clockwork import Chore, Clockwork
from bot.cluster import Cluster
from bot.configuration import Secrets, read_pledge
from bot.conversations import Conversations, Furniture, furnish, retention_of
from bot.door import listen, webhook_address
from bot.figures import CountedFigures
from bot.mistakes import OperatorMistake
from bot.notices import Bell
from bot.person_language import load_texts
from bot.posts import Household, open_cluster, staffing
from bot.settings import Settings
from bot.storehouse import Storehouse, open_storehouse
from bot.supervisor import OnCrash, Supervisor
from bot.surroundings import Surroundings
from bot.texts import gettext as _
from broadcasts.courier import PumpRules
from broadcasts.lifecycle import Desk
from broadcasts.pump import Pump
from bulletins.rendering import Imprint
from handlers.menu import set_menu
from members.channel import PersonId
from members.roles import Role
from storage.canaries import set_canaries
from web.server import WebServer
from web.webhooks import Webhook, webhook_routes

log = structlog.get_logger(__name__)

_ASKED_AGAIN_SECONDS = 10.0
# Reading and committing take longer there, and are shared by all pumps: read a little more at once, yet not what
# would have to be read again before it is sent, and write intents down a little earlier.
_PUMP_RULES_IN_A_CLUSTER = PumpRules(picked_seconds=0.8, ahead_seconds=0.12)
_UPDATES_KEPT = timedelta(days=2)  # Telegram repeats them for one
_BUTTONS_KEPT = timedelta(days=7)  # after they expired: a late press is still told kindly why
_CONVERSATIONS_KEPT = timedelta(days=30)


class Duty(StrEnum):
    """The parts that one process can be told to do alone."""

    UPDATES = "updates"
    DELIVERIES = "deliveries"
    WEB = "web"


ALL_DUTIES = frozenset(Duty)


@dataclass(frozen=True, slots=True)
class App:
    """The house at work."""

    settings: Settings
    house: Storehouse
    branches: Mapping[str, Branch]
    conversations: Conversations
    pumps: tuple[Pump, ...]
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
    house = await open_storehouse(settings, secrets.key, now=given.now, tokens=given.tokens)
    branches = {
        bot.name: open_branch(bot, secrets.bots[bot.name], settings.delivery) for bot in settings.telegram
    }
    supervisor = Supervisor()
    supervisor.own("committer", house.committer.run, OnCrash.END)
    doors = ExitStack()
    try:
        # Before anything runs: a port that is taken ends the start, and is not tried for ever.
        door = doors.enter_context(listen(settings.web)) if Duty.WEB in duties else None
        supervisor.start()
        await _prepare(settings, house, given)
        imprint = await _imprint(settings, branches)
        async with open_cluster(house, settings, given.now) as cluster:
            try:
                yield _employ(
                    _Parts(settings, house, branches, supervisor, given, duties, cluster, door), imprint
                )
            finally:
                await supervisor.stop()
    finally:
        await supervisor.stop()
        for branch in branches.values():
            await branch.close()
        await house.close()
        doors.close()


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
        try:
            me = await first.bot.me()
        except TelegramUnauthorizedError:
            raise OperatorMistake(
                _("Telegram does not know the token of bot {name}: copy it again from @BotFather.").format(
                    name=first.settings.name
                )
            ) from None
        except TelegramAPIError as error:
            log.warning("Telegram does not answer", error=str(error), again_in_seconds=_ASKED_AGAIN_SECONDS)
            await asyncio.sleep(_ASKED_AGAIN_SECONDS)
        else:
            return Imprint(me.username or "", ZoneInfo(settings.network.time_zone))


@dataclass(frozen=True, slots=True)
class _Parts:
    settings: Settings
    house: Storehouse
    branches: Mapping[str, Branch]
    supervisor: Supervisor
    given: Surroundings
    duties: frozenset[Duty]
    cluster: Cluster | None
    door: socket.socket | None
    """Where the web server listens; None where another process has that duty."""


def _employ(parts: _Parts, imprint: Imprint) -> App:
    """Put the rooms together and let the supervisor own what runs."""
    pumps: list[Pump] = []
    clockwork = _clockwork(parts)
    desk = Desk(
        parts.house.bulletins,
        now=parts.given.now,
        draw=parts.given.random,
        wake=partial(_wake, pumps) if parts.cluster is None else parts.cluster.wake,
        set_timer=clockwork.set_timer,
    )
    clockwork.serve(desk)
    texts = load_texts(default=parts.settings.network.language)
    conversations = _furnish(parts, desk, texts, imprint)
    bots = {name: one.bot for name, one in parts.branches.items()}
    bell = Bell(parts.settings, parts.house, bots, texts, parts.given.now)
    builders = _pump_builders(parts, bell, imprint) if Duty.DELIVERIES in parts.duties else {}
    household = None
    if Duty.UPDATES in parts.duties:
        household = Household(partial(_own_conversations, parts, conversations, bell, clockwork))
    if parts.cluster is not None:
        parts.cluster.own(parts.supervisor, staffing(builders, household))
    else:
        _own_alone(parts.supervisor, builders, pumps, household)
    if parts.door is not None:
        parts.supervisor.own("web", _web(parts, conversations, parts.door).run)
    return App(parts.settings, parts.house, parts.branches, conversations, tuple(pumps), parts.supervisor)


def _wake(pumps: list[Pump]) -> None:
    for pump in pumps:
        pump.wake()


def _clockwork(parts: _Parts) -> Clockwork:
    house, retention = parts.house, retention_of(parts.settings)
    chores: tuple[Chore, ...] = (
        lambda now: house.updates.forget(now - _UPDATES_KEPT),
        lambda now: house.buttons.forget_expired(now - _BUTTONS_KEPT),
        lambda now: house.conversations.forget_idle(now - _CONVERSATIONS_KEPT),
        lambda now: house.evidence.sweep(retention, now),
        lambda _: house.traces.wipe(),
    )
    return Clockwork(ZoneInfo(parts.settings.network.time_zone), chores, parts.given.now)


def _furnish(parts: _Parts, desk: Desk, texts: I18n, imprint: Imprint) -> Conversations:
    return furnish(
        Furniture(
            settings=parts.settings,
            house=parts.house,
            bots={name: branch.bot for name, branch in parts.branches.items()},
            texts=texts,
            imprint=imprint,
            desk=desk,
            surroundings=parts.given,
            figures=CountedFigures(parts.house.engine),
        )
    )


def _pump_builders(parts: _Parts, bell: Bell, imprint: Imprint) -> dict[str, Callable[[], Pump]]:
    """A way to put together the pump of each branch; in a cluster, whenever its post is held."""
    around = PumpSurroundings(parts.given, imprint)
    if parts.cluster is not None:
        around = replace(around, may_send=parts.cluster.may_send, rules=_PUMP_RULES_IN_A_CLUSTER)
    return {
        name: partial(build_pump, branch, parts.house, parts.settings, bell, around)
        for name, branch in parts.branches.items()
    }


def _own_alone(
    supervisor: Supervisor,
    builders: Mapping[str, Callable[[], Pump]],
    pumps: list[Pump],
    household: Household | None,
) -> None:
    """With SQLite there is one process, and it does everything that it was told to."""
    for name, build in builders.items():
        pumps.append(build())
        supervisor.own(f"pump {name}", pumps[-1].run)
    if household is not None:
        household.own(supervisor)


def _own_conversations(
    parts: _Parts, conversations: Conversations, bell: Bell, clockwork: Clockwork, supervisor: Supervisor
) -> None:
    own = supervisor.own
    own("bell", bell.run)
    own("intake", conversations.intake.run)
    own("errands", conversations.errands.run)
    own("progress", conversations.progress.run)
    own("clockwork", clockwork.run)
    for name, branch in parts.branches.items():
        own(
            f"menu {name}",
            partial(set_menu, branch.bot, conversations.texts, branch.settings.moderators_chat),
        )
        if branch.settings.webhook.url is None:
            inbox = build_inbox(branch, parts.house, conversations.dispatcher)
            own(f"poller {name}", build_poller(branch, inbox, conversations.dispatcher).run)
        else:
            own(f"webhook {name}", partial(_set_webhook, branch, conversations))


async def _set_webhook(branch: Branch, conversations: Conversations) -> None:
    """Tell Telegram where to push; a crash of this is tried again by the supervisor."""
    await branch.bot.set_webhook(
        webhook_address(branch.settings) or "",
        secret_token=branch.secrets.webhook_secret,
        allowed_updates=conversations.dispatcher.resolve_used_update_types(),
    )


def _web(parts: _Parts, conversations: Conversations, door: socket.socket) -> WebServer:
    hooks: dict[str, Webhook] = {}
    for name, branch in parts.branches.items():
        if branch.settings.webhook.url is not None:
            inbox = build_inbox(branch, parts.house, conversations.dispatcher)
            hooks[name] = Webhook(name, branch.secrets.webhook_secret or "", partial(take_raw, branch, inbox))
    return WebServer(door, webhook_routes(hooks), parts.house.trouble)
