"""Who writes more at once than can be answered is told so, kindly and once; what was too much has no effect."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import BaseMiddleware, Dispatcher
from aiogram.types import TelegramObject
from aiogram.utils.i18n import gettext as _

from handlers.access import refuse

CROWDED = "crowded"
"""The key under which whoever feeds the dispatcher says of a message that it is too much."""


def guard_crowding(dispatcher: Dispatcher) -> None:
    """Answer messages that are too much here, before any handler."""
    dispatcher.message.outer_middleware(_Crowding())


class _Crowding(BaseMiddleware):
    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        """Handle ``event``, unless it is too much."""
        if data.get(CROWDED):
            return await refuse(event, _too_much())
        return await handler(event, data)


def _too_much() -> str:
    return _(
        "That was more at once than I can answer. I have read the first ones; from this one on, please send "
        "them again in a minute."
    )
