"""Who asks for more than can be answered is told so, kindly and once; what was too much has no effect."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any

from aiogram import BaseMiddleware, Dispatcher
from aiogram.types import CallbackQuery, TelegramObject
from aiogram.utils.i18n import gettext as _

from handlers.access import refuse

CROWDED = "crowded"
"""The key under which whoever feeds the dispatcher says of an update that it is too much; a ``Crowded``."""


class Crowded(StrEnum):
    """When there will be room again."""

    FOR_NOW = "for now"
    TODAY = "today"


def guard_crowding(dispatcher: Dispatcher) -> None:
    """Answer messages and presses that are too much here, before any handler. Call it before ``guard_buttons``."""
    dispatcher.message.outer_middleware(_Crowding())
    dispatcher.callback_query.outer_middleware(_Crowding())


class _Crowding(BaseMiddleware):
    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        """Handle ``event``, unless it is too much."""
        crowded: Crowded | None = data.get(CROWDED)
        if crowded is not None:
            return await refuse(event, _too_much(crowded, is_press=isinstance(event, CallbackQuery)))
        return await handler(event, data)


def _too_much(crowded: Crowded, *, is_press: bool) -> str:
    if crowded is Crowded.TODAY:
        return _("That was all I can answer one person in a day. Please come back tomorrow.")
    if is_press:
        return _("That was a bit fast for me. Please wait a minute, and then press once more.")
    return _(
        "That was more at once than I can answer. I have read the first ones; from this one on, please send "
        "them again in a minute."
    )
