"""One branch of the house: a bot token with its pace and its pump. Its way in is ``bot/inbox.py``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bot.configuration import BotSecrets
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
from platforms.connections import Connections, always
from platforms.telegram import TelegramAccount, TelegramSender, open_connections


@dataclass(frozen=True, slots=True)
class Branch:
    """What belongs to one token. ``close`` it at the end."""

    settings: TelegramBot
    secrets: BotSecrets
    account: TelegramAccount
    pacer: Pacer
    connections: Connections

    async def close(self) -> None:
        """Let go of every connection."""
        await self.connections.close()


def open_branch(settings: TelegramBot, secrets: BotSecrets, delivery: Delivery) -> Branch:
    """A branch that has connected to nothing yet. Needs a running loop."""
    account = TelegramAccount(
        bot=settings.name,
        token=secrets.token,
        base_url=settings.base_url,
        proxy=secrets.proxy or settings.proxy,
        answer_seconds=delivery.answer_seconds,
        is_paid=settings.pace.paid_broadcast,
    )
    pace = settings.pace
    rate = pace.paid_rate_per_second if pace.paid_broadcast else pace.rate_per_second
    rules = PaceRules(rate, pace.chat_per_second, int(pace.group_per_minute))
    pacer = Pacer(rules, CAPABILITIES[Platform.TELEGRAM].is_group)
    return Branch(settings, secrets, account, pacer, open_connections(account, delivery.in_flight))


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
    parts = PumpParts(
        ledger=house.ledger,
        closing=house.ledger,
        pins=house.pins,
        paces=house.paces,
        sender=TelegramSender(branch.connections, branch.account, house.pictures, given.may_send),
        pacer=branch.pacer,
        letters=Letters(house.bulletins, given.imprint, CAPABILITIES[Platform.TELEGRAM].means),
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
