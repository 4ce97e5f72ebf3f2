"""One person, or one strange update, must not keep everybody else from being heard."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from aiogram import Bot, Dispatcher
from aiogram.client.session.base import BaseSession
from aiogram.types import Chat, Message, Update, User

from bot.inbox import Inbox, Poller

WORDS = "words of a citizen"


class Seen:
    """What was handled."""

    def __init__(self) -> None:
        self.ids: set[int] = set()

    async def has_seen(self, bot: str, update_id: int) -> bool:
        return update_id in self.ids

    async def mark_seen(self, bot: str, update_id: int) -> None:
        self.ids.add(update_id)


class Desk(Dispatcher):
    """Counts what reaches it, by chat."""

    def __init__(self) -> None:
        super().__init__()
        self.handled = Counter[int]()
        self.told = Counter[int]()

    async def feed_update(self, bot: Bot, update: Update, crowded: bool = False, **_: Any) -> None:
        await asyncio.sleep(0)
        if update.message is not None:
            (self.told if crowded else self.handled)[update.message.chat.id] += 1


class Session(BaseSession):
    """Answers getUpdates with the same batch until it is confirmed."""

    def __init__(self, *batch: dict[str, Any]) -> None:
        super().__init__()
        self.batch, self.confirmed = batch, asyncio.Event()

    async def make_request(self, bot: Bot, method: Any, timeout: int | None = None) -> Any:  # noqa: ASYNC109
        if method.offset is not None and method.offset > self.batch[-1]["update_id"]:
            self.confirmed.set()
            await asyncio.sleep(3_600)
        answer = self.json_dumps({"ok": True, "result": self.batch})
        return self.check_response(bot, method, 200, answer).result

    async def close(self) -> None:
        return None

    async def stream_content(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError
        yield b""


def _written(update_id: int, chat_id: int, text: str) -> Update:
    kind = "private" if chat_id > 0 else "supergroup"
    troll = User(id=7, is_bot=False, first_name="Kẻ phá")
    moment = datetime(2026, 11, 2, tzinfo=UTC)
    message = Message(
        message_id=update_id, date=moment, chat=Chat(id=chat_id, type=kind), from_user=troll, text=text
    )
    return Update(update_id=update_id, message=message)


async def test_commands_that_a_group_cannot_be_answered_are_passed_over() -> None:
    seen, desk = Seen(), Desk()
    box = Inbox("loa", Bot("1:AAAA-nobody"), desk, seen)
    flood = [_written(number, -100, "/verify x") for number in range(100)]

    await box.take_all([*flood, _written(100, -200, "/verify x"), _written(101, 1001, "/start")])

    assert desk.handled == {-100: 10, -200: 1, 1001: 1}
    assert len(seen.ids) == 102


async def test_a_person_who_writes_too_much_is_told_once_and_holds_up_nobody() -> None:
    seen, desk = Seen(), Desk()
    box = Inbox("loa", Bot("1:AAAA-nobody"), desk, seen)
    flood = [_written(number, 1001, "Tin này có thật không?") for number in range(99)]

    await box.take_all([*flood, _written(99, 1002, "/start")])

    assert desk.handled == {1001: 12, 1002: 1}
    assert desk.told == {1001: 1}
    assert len(seen.ids) == 100


async def test_nor_can_they_do_it_one_after_the_other() -> None:
    desk = Desk()
    box = Inbox("loa", Bot("1:AAAA-nobody"), desk, Seen())

    for number in range(60):
        await box.take(_written(number, 1001, "Tin này có thật không?"))

    assert desk.handled == {1001: 30}
    assert desk.told == {1001: 1}


async def test_an_update_of_an_unknown_kind_is_passed_over_and_its_words_are_not_logged(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    chat = {"id": 1001, "type": "private"}
    plain = {"message_id": 1, "date": 1, "chat": chat, "text": WORDS}
    strange = {**plain, "forward_origin": {"type": "of_next_year", "date": 1}}
    session = Session({"update_id": 5, "message": plain}, {"update_id": 6, "message": strange})
    bot, desk = Bot("1:AAAA-nobody", session=session), Desk()
    poller = Poller("loa", bot, Inbox("loa", bot, desk, Seen()), ["message"])

    with caplog.at_level(logging.DEBUG):
        polling = asyncio.create_task(poller.run())
        async with asyncio.timeout(5):
            await session.confirmed.wait()
        polling.cancel()
        with suppress(asyncio.CancelledError):
            await polling

    assert desk.handled == {1001: 1}
    told = caplog.text + "".join(capsys.readouterr())
    assert "update_id=6" in told
    assert WORDS not in told
