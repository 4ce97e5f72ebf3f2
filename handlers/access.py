"""Who may: every handler declares it with ``flags=may(Who.…)``, and nothing is handled that did not.

Roles are looked up at each message and each press. Somebody who writes as an anonymous admin, or in a
channel's name, is never taken for anybody.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol

import structlog
from aiogram import BaseMiddleware, Router
from aiogram.dispatcher.flags import get_flag
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import CallbackQuery, Message, TelegramObject, User
from aiogram.utils.i18n import gettext as _

from members.channel import PersonId
from members.roles import Role, Who, allows, needs_role

log = structlog.get_logger(__name__)

NOBODY_IDS = frozenset({1087968824, 136817688, 777000})
"""Telegram's own accounts in whose name anonymous admins, channels and linked channels write."""

_ZALO_IDS_FROM = 1 << 60
"""Telegram's ids have at most 52 bits; Zalo's hexadecimal ids become longer numbers, a 1 put before them."""

_UNGUARDED = frozenset({"update", "error"})


class RoleBook(Protocol):
    """Where the roles of the operator's staff stand."""

    async def roles_of(self, person: PersonId) -> frozenset[Role]:
        """The roles as they are now."""


def may(who: Who) -> dict[str, Any]:
    """The flag by which a handler declares who may use it."""
    return {"who": who}


def person_of(user: User) -> PersonId:
    """The person behind an account, in the words of the lower rooms."""
    if user.id >= _ZALO_IDS_FROM:
        return PersonId(f"zalo_bot:{f'{user.id:x}'[1:]}")
    return PersonId(f"telegram:{user.id}")


def account_of(event: TelegramObject) -> User | None:
    """The account of the person who did this openly, or None: an anonymous admin, a channel, another bot."""
    user: User | None = getattr(event, "from_user", None)
    if (
        user is None
        or user.is_bot
        or user.id in NOBODY_IDS
        or getattr(event, "sender_chat", None) is not None
    ):
        return None
    return user


def writer_of(message: Message) -> PersonId:
    """The person who wrote; for handlers that only people reach. Raises ValueError when nobody did."""
    if message.from_user is None:
        raise ValueError("nobody wrote this message")
    return person_of(message.from_user)


class AccessMiddleware(BaseMiddleware):
    """Lets an event through to its handler, or refuses it with one kind sentence."""

    def __init__(self, roles: RoleBook) -> None:
        self._roles = roles

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        """Handle ``event``, or tell why not."""
        sentence = await self._objection(get_flag(data, "who"), event)
        if sentence is None:
            return await handler(event, data)
        await refuse(event, sentence)
        return None

    async def _objection(self, who: Who | None, event: TelegramObject) -> str | None:
        if who is None:
            log.error("a handler does not declare who may use it", event_type=type(event).__name__)
            return _("That is not possible at the moment.")
        if who is Who.ANYONE:
            return None
        account = account_of(event)
        if account is None:
            return _("I cannot see who is writing. Please write to me in private, under your own name.")
        if needs_role(who) and not allows(who, await self._roles.roles_of(person_of(account))):
            return _("Only the network's staff can do that. You can write /start to me in private.")
        return None


async def refuse(event: TelegramObject, sentence: str) -> None:
    """Say ``sentence`` where the person sees it; events nobody waits for are refused in silence."""
    if isinstance(event, CallbackQuery):
        await acknowledge(event, sentence, alert=True)
    elif isinstance(event, Message):
        await event.reply(sentence)


async def acknowledge(query: CallbackQuery, text: str | None = None, *, alert: bool = False) -> None:
    """Answer a press. One that was answered before, or is minutes old, cannot be: nobody waits for it."""
    with suppress(TelegramBadRequest):
        await query.answer(text, show_alert=alert)


def guard_access(root: Router, roles: RoleBook) -> None:
    """Put the check before every handler of ``root`` and of the routers below it."""
    for name, observer in root.observers.items():
        if name not in _UNGUARDED:
            observer.middleware(AccessMiddleware(roles))
