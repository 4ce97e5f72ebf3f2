"""The reception: where people are heard and answered. Conversations, the ways in, timers, notices, the web server.

All that imports the bot framework is imported from here, and this only by ``bot/app.py``, once the pumps run.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

from aiogram import Bot

from bot.archive import Archive, archive_of
from bot.bots import open_bot
from bot.branch import Branch
from bot.clockwork import Chore, Clockwork
from bot.conversations import Conversations, Furniture, furnish, retention_of
from bot.door import webhook_address
from bot.figures import CountedFigures
from bot.hindrances import KnownHindrances
from bot.inbox import Inbox, Poller
from bot.notices import Crier
from bot.person_language import load_texts
from bot.premises import Premises
from bot.storehouse import start_rules
from bot.supervisor import Supervisor
from broadcasts.lifecycle import Desk
from broadcasts.pace_memory import PaceMemory
from handlers.menu import set_menu
from platforms.telegram_answers import PacedAnswers
from storage.counts import count_deliveries
from storage.overdue import Overdue
from storage.waiting import waiting_deliveries
from web.server import WebServer
from web.webhooks import Webhook, webhook_routes

_UPDATES_KEPT = timedelta(days=2)  # Telegram repeats them for one
_CONVERSATIONS_KEPT = timedelta(days=30)

Wake = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Reception:
    """Everybody there, to be handed to a supervisor."""

    premises: Premises
    archive: Archive
    bots: Mapping[str, Bot]
    conversations: Conversations
    clockwork: Clockwork

    def own_household(self, supervisor: Supervisor) -> None:
        """The tasks of which the whole network needs one each: polling, timers, notices."""
        own, conversations = supervisor.own, self.conversations
        own("bell", Crier(self.premises, self.bots, conversations.texts).run)
        own("intake", conversations.intake.run)
        own("errands", conversations.errands.run)
        own("progress", conversations.progress.run)
        own("clockwork", self.clockwork.run)
        for name, branch in self.premises.branches.items():
            bot, chat = self.bots[name], branch.settings.moderators_chat
            own(f"menu {name}", partial(set_menu, bot, conversations.texts, chat))
            if branch.settings.webhook.url is None:
                own(f"poller {name}", self._poller(name).run)
            else:
                own(f"webhook {name}", partial(self._set_webhook, branch))

    def web(self, door: socket.socket) -> WebServer:
        """What stands behind ``door``."""
        hooks: dict[str, Webhook] = {}
        for name, branch in self.premises.branches.items():
            if branch.settings.webhook.url is not None:
                secret = branch.secrets.webhook_secret or ""
                hooks[name] = Webhook(name, secret, self._inbox(name).take_raw)
        return WebServer(door, webhook_routes(hooks), self.premises.house.trouble)

    def _inbox(self, name: str) -> Inbox:
        return Inbox(name, self.bots[name], self.conversations.dispatcher, self.archive.updates)

    def _poller(self, name: str) -> Poller:
        allowed = self.conversations.dispatcher.resolve_used_update_types()
        return Poller(name, self.bots[name], self._inbox(name), allowed)

    async def _set_webhook(self, branch: Branch) -> None:
        """Tell Telegram where to push; a crash of this is tried again by the supervisor."""
        await self.bots[branch.settings.name].set_webhook(
            webhook_address(branch.settings) or "",
            secret_token=branch.secrets.webhook_secret,
            allowed_updates=self.conversations.dispatcher.resolve_used_update_types(),
        )


OpenReception = Callable[[Premises, Wake], AbstractAsyncContextManager[Reception]]


@asynccontextmanager
async def open_reception(premises: Premises, wake: Wake) -> AsyncIterator[Reception]:
    """It closes its own lines; ``wake`` tells whoever sends that something changed."""
    async with AsyncExitStack() as opened:
        bots: dict[str, Bot] = {}
        for name, branch in premises.branches.items():
            bots[name] = _open_line(branch, premises)
            opened.push_async_callback(bots[name].session.close)
        reception = _put_together(premises, bots, wake)
        await reception.archive.tidy_up(premises.given.now())
        yield reception


def _open_line(branch: Branch, premises: Premises) -> Bot:
    """What a bot says to people takes its slots from the same pacer as its deliveries."""
    answer_seconds = premises.settings.delivery.answer_seconds
    bot = open_bot(branch.settings, branch.secrets, answer_seconds=answer_seconds)
    memory = PaceMemory(branch.settings.name, branch.pacer, premises.house.paces, premises.given.now)
    bot.session.middleware(PacedAnswers(branch.pacer, memory.save_if_possible))
    return bot


def _put_together(premises: Premises, bots: Mapping[str, Bot], wake: Wake) -> Reception:
    archive = archive_of(premises.house, premises.secrets.key, premises.given)
    clockwork = _clockwork(premises, archive)
    desk = Desk(
        premises.house.bulletins,
        now=premises.given.now,
        draw=premises.given.random,
        wake=wake,
        set_timer=clockwork.set_timer,
        next_moment=start_rules(premises.settings).next_moment,
    )
    clockwork.serve(desk)
    conversations = furnish(
        Furniture(
            settings=premises.settings,
            house=premises.house,
            archive=archive,
            bots=bots,
            texts=load_texts(default=premises.settings.network.language),
            imprint=premises.imprint,
            desk=desk,
            surroundings=premises.given,
            figures=CountedFigures(partial(count_deliveries, premises.house.engine)),
            hindrances=KnownHindrances(
                partial(waiting_deliveries, premises.house.engine),
                premises.bell,
                frozenset(premises.branches),
                premises.given.now,
                premises.imprint.zone,
            ),
        )
    )
    clockwork.also_every_minute(conversations.forget_due)
    return Reception(premises, archive, bots, conversations, clockwork)


def _clockwork(premises: Premises, archive: Archive) -> Clockwork:
    retention = retention_of(premises.settings)
    chores: tuple[Chore, ...] = (
        lambda now: archive.updates.forget(now - _UPDATES_KEPT),
        lambda now: archive.conversations.forget_idle(now - _CONVERSATIONS_KEPT),
        lambda now: archive.evidence.sweep(retention, now),
        lambda _: archive.shuffling.shuffle(),
        lambda _: archive.traces.wipe(),
    )
    overdue = Overdue(premises.house.engine, premises.house.committer)
    zone = ZoneInfo(premises.settings.network.time_zone)
    return Clockwork(zone, chores, premises.given.now, minutely=(overdue.end, archive.buttons.forget_gone))
