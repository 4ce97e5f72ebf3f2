"""One branch of the house: a bot token with its pace, its pump, and its way in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aiogram import Bot, Dispatcher
from aiogram.types import Update
from aiohttp import ClientSession
from pydantic import ValidationError

from bot.bots import open_bot
from bot.configuration import BotSecrets
from bot.inbox import Inbox, Poller
from bot.settings import Delivery, Settings, TelegramBot
from bot.storehouse import Storehouse
from bot.surroundings import Surroundings
from broadcasts.courier import PumpParts, PumpRules
from broadcasts.letters import Letters
from broadcasts.pacing import Pacer, PaceRules
from broadcasts.ports import Notices
from broadcasts.pump import Pump
from broadcasts.retry import RetryRules
from bulletins.rendering import Imprint
from members.channel import Platform
from platforms.capabilities import CAPABILITIES
from platforms.telegram import TelegramAccount, TelegramSender, always, open_session
from platforms.telegram_answers import PacedAnswers


@dataclass(frozen=True, slots=True)
class Branch:
    """What belongs to one token. ``close`` it at the end."""

    settings: TelegramBot
    secrets: BotSecrets
    bot: Bot
    pacer: Pacer
    session: ClientSession

    async def close(self) -> None:
        """Let go of every connection."""
        await self.bot.session.close()
        await self.session.close()


def open_branch(settings: TelegramBot, secrets: BotSecrets, delivery: Delivery) -> Branch:
    """A branch that has connected to nothing yet. Needs a running loop."""
    bot = open_bot(settings, secrets, answer_seconds=delivery.answer_seconds)
    pace = settings.pace
    rate = pace.paid_rate_per_second if pace.paid_broadcast else pace.rate_per_second
    rules = PaceRules(rate, pace.chat_per_second, int(pace.group_per_minute))
    pacer = Pacer(rules, CAPABILITIES[Platform.TELEGRAM].is_group)
    bot.session.middleware(PacedAnswers(pacer))
    session = open_session(delivery.in_flight, secrets.proxy or settings.proxy)
    return Branch(settings, secrets, bot, pacer, session)


@dataclass(frozen=True, slots=True)
class PumpSurroundings:
    """What a pump is given from outside: time and chance, who signs, and whether it may send at all."""

    surroundings: Surroundings
    imprint: Imprint
    may_send: Callable[[], bool] = always
    rules: PumpRules = field(default_factory=PumpRules)
    """What the settings do not say."""


def build_pump(
    branch: Branch, house: Storehouse, settings: Settings, notices: Notices, given: PumpSurroundings
) -> Pump:
    """The pump that sends this branch's deliveries."""
    account = TelegramAccount(
        bot=branch.settings.name,
        token=branch.secrets.token,
        base_url=branch.settings.base_url,
        proxy=branch.secrets.proxy or branch.settings.proxy,
        answer_seconds=settings.delivery.answer_seconds,
        is_paid=branch.settings.pace.paid_broadcast,
    )
    parts = PumpParts(
        ledger=house.ledger,
        closing=house.ledger,
        paces=house.paces,
        sender=TelegramSender(branch.session, account, house.pictures, given.may_send),
        pacer=branch.pacer,
        letters=Letters(house.bulletins, given.imprint),
        notices=notices,
        now=given.surroundings.now,
        random=given.surroundings.random,
        zone=given.imprint.zone,
    )
    rules = replace(
        given.rules,
        in_flight=settings.delivery.in_flight,
        lease_seconds=settings.delivery.lease_seconds,
        retry=RetryRules(attempts=settings.delivery.attempts),
    )
    return Pump(branch.settings.name, parts, rules)


def build_inbox(branch: Branch, house: Storehouse, dispatcher: Dispatcher) -> Inbox:
    """The way in for this branch's updates."""
    return Inbox(branch.settings.name, branch.bot, dispatcher, house.updates)


def build_poller(branch: Branch, inbox: Inbox, dispatcher: Dispatcher) -> Poller:
    """Long polling for this branch."""
    return Poller(branch.settings.name, branch.bot, inbox, dispatcher.resolve_used_update_types())


async def take_raw(branch: Branch, inbox: Inbox, given: Mapping[str, Any]) -> None:
    """Handle an update as a webhook brings it. Raises ValueError when it is none."""
    try:
        update = Update.model_validate(given, context={"bot": branch.bot})
    except ValidationError as error:
        raise ValueError("this is no update") from error
    await inbox.take(update)
