"""Commands as people mean them: written by themselves, never passed on.

Whoever forwards a stranger's “/quen” shows it, and asks for nothing. Every handler takes its commands from here.
"""

from __future__ import annotations

from typing import Any

from aiogram import Bot, filters
from aiogram.types import Message


class Command(filters.Command):
    """aiogram's, but a forwarded message is none."""

    async def __call__(self, message: Message, bot: Bot) -> bool | dict[str, Any]:
        """Whether ``message`` is this command, in its writer's own words."""
        return message.forward_origin is None and await super().__call__(message, bot)


class CommandStart(filters.CommandStart):
    """The same for /start."""

    async def __call__(self, message: Message, bot: Bot) -> bool | dict[str, Any]:
        """Whether ``message`` is /start, in its writer's own words."""
        return message.forward_origin is None and await super().__call__(message, bot)
