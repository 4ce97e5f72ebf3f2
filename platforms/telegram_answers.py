"""The pace of what a bot says to people itself, through aiogram: a middleware of its session."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import TelegramRetryAfter
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType

from broadcasts.pacing import Pacer
from bulletins.bulletin import Lane

_POSTING = ("send", "copyMessage", "forwardMessage")
_TRIES = 3
_LONGEST_WAIT_SECONDS = 30.0


class PacedAnswers(BaseRequestMiddleware):
    """What a bot says to people through aiogram shares its token's pace, before everything else.

    A flood wait is a definite no, so a short one is waited for and the answer sent again. What waits for its chat
    alone stands aside until then, so that it holds nothing up and does not line up for the token's slots.
    """

    def __init__(
        self,
        pacer: Pacer,
        remember_hold: Callable[[], Awaitable[None]] | None = None,
        aside: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
    ) -> None:
        """``remember_hold`` is called when an answer has made the whole token wait."""
        self._pacer = pacer
        self._remember_hold = remember_hold
        self._aside = aside

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        """Wait for a slot if the method posts a message; then make the request."""
        chat = _chat_posted_to(method)
        if chat is None:
            return await make_request(bot, method)
        for _ in range(_TRIES - 1):
            await self._turn(method, chat)
            try:
                return await make_request(bot, method)
            except TelegramRetryAfter as flood:
                if self._pacer.flood(chat, flood.retry_after) and self._remember_hold is not None:
                    await self._remember_hold()
                if flood.retry_after > _LONGEST_WAIT_SECONDS:
                    raise
        await self._turn(method, chat)
        return await make_request(bot, method)

    async def _turn(self, method: TelegramMethod[Any], chat: str) -> None:
        """Nobody who talks to the bot waits for hours: a long hold is told as Telegram itself would."""
        chat_seconds = self._pacer.free_in(chat)
        if 0.0 < chat_seconds <= _LONGEST_WAIT_SECONDS:
            async with self._aside():
                await asyncio.sleep(chat_seconds)
        if not await self._pacer.slot(Lane.ANSWERS, chat, _LONGEST_WAIT_SECONDS):
            wait_seconds = max(self._pacer.free_in(chat), self._pacer.held_for())
            raise TelegramRetryAfter(method, "the pace of this token", math.ceil(wait_seconds))


def _chat_posted_to(method: TelegramMethod[Any]) -> str | None:
    """The chat in which this makes a new message; None for everything else."""
    name = method.__api_method__
    posts = name.startswith(_POSTING) and name != "sendChatAction"
    chat_id = getattr(method, "chat_id", None) if posts else None
    return None if chat_id is None else str(chat_id)
