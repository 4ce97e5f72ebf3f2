"""An answer that waits for its chat alone stands aside; one that waits for the token's slot lines up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiogram import Bot
from aiogram.methods import SendMessage

from broadcasts.pacing import Pacer, PaceRules
from platforms.telegram_answers import PacedAnswers

BOT = Bot("1:AAAA-nobody")


async def test_only_who_waits_for_a_chat_stands_aside_and_is_back_before_the_answer_leaves() -> None:
    told: list[str] = []

    @asynccontextmanager
    async def aside() -> AsyncIterator[None]:
        told.append("aside")
        yield
        told.append("back")

    async def request(_: Bot, method: Any) -> Any:
        told.append(f"to {method.chat_id}")

    answers = PacedAnswers(Pacer(PaceRules(rate_per_second=200.0, chat_per_second=20.0)), aside=aside)
    for chat in (7, 8, 7):
        await answers(request, BOT, SendMessage(chat_id=chat, text="Đã nhận."))

    assert told == ["to 7", "to 8", "aside", "back", "to 7"]
