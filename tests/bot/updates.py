"""What the tests of the way in share: people who write, press and add the bot, and where it all is handled and kept."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from aiogram import Bot, Dispatcher
from aiogram.client.session.base import BaseSession
from aiogram.types import Update

from bot.admission import Admission, look_at
from bot.inbox import Bounds, Inbox, KnownStaff, NamedBot, is_taken
from bot.polling import Poller
from handlers.crowding import CROWDED, Crowded
from members.channel import PersonId

MOMENT = int(datetime(2026, 11, 2, tzinfo=UTC).timestamp())
OUR_ID = 1
MODERATORS = -9
KINDS = ("message", "callback_query", "my_chat_member")
LAN = 501
"""Of the staff."""

Handle = Callable[[Update], Awaitable[None]]


# --- what people do, as the platform tells it -----------------------------------------------------------------------


def chat_of(chat_id: int) -> dict[str, Any]:
    return {"id": chat_id, "type": "private" if chat_id > 0 else "supergroup", "title": "Nhóm"}


def user(user_id: int) -> dict[str, Any]:
    return {"id": user_id, "is_bot": False, "first_name": "Hoa"}


def message(number: int, chat: int, person: int | None = None, **what: Any) -> dict[str, Any]:
    """A message; by whoever the private chat belongs to, if nobody else is named."""
    sender = user(chat if person is None else person)
    return {"message_id": number, "date": MOMENT, "chat": chat_of(chat), "from": sender, **what}


def written(
    number: int, chat: int = 1001, text: str = "xin chào", person: int | None = None
) -> dict[str, Any]:
    return {"update_id": number, "message": message(number, chat, person, text=text)}


def pressed(number: int, person: int = 1001, chat: int | None = None) -> dict[str, Any]:
    shown = message(7, person if chat is None else chat, OUR_ID, text="?")
    query = {"id": str(number), "from": user(person), "chat_instance": "1", "data": "x", "message": shown}
    return {"update_id": number, "callback_query": query}


def added(number: int, group: int, person: int = 1001) -> dict[str, Any]:
    """The bot was made a member of a group."""
    bot = {"id": OUR_ID, "is_bot": True, "first_name": "Loa"}
    states = {
        "old_chat_member": {"status": "left", "user": bot},
        "new_chat_member": {"status": "member", "user": bot},
    }
    told = {"chat": chat_of(group), "from": user(person), "date": MOMENT, **states}
    return {"update_id": number, "my_chat_member": told}


# --- where it is handled and kept -----------------------------------------------------------------------------------


class Kept:
    """What was handled, and the backlog, as the database keeps them; ``trips`` counts how often it was asked."""

    def __init__(self) -> None:
        self.ids: set[tuple[str, int]] = set()
        self.backlog: dict[int, bytes] = {}
        self.is_broken = False
        self.trips = 0

    def _trip(self) -> None:
        self.trips += 1
        if self.is_broken:
            raise OSError("the disk is full")

    async def has_seen(self, bot: str, update_id: int) -> bool:
        self._trip()
        return (bot, update_id) in self.ids

    async def mark_seen(self, bot: str, update_id: int) -> None:
        self._trip()
        self.ids.add((bot, update_id))
        self.backlog.pop(update_id, None)

    async def keep(self, bot: str, updates: Mapping[int, bytes]) -> None:
        self._trip()
        for update_id, content in updates.items():
            if (bot, update_id) not in self.ids:
                self.backlog.setdefault(update_id, content)

    async def kept(self, bot: str) -> Sequence[bytes]:
        return list(self.backlog.values())


class Desk(Dispatcher):
    """A dispatcher with one handler, which the test gives. It knows whom it told that they were too much."""

    def __init__(self, handle: Handle | None = None) -> None:
        super().__init__()
        self._handle = handle
        self.handled: list[int] = []
        self.told: list[tuple[int, Crowded]] = []

    async def feed_update(self, bot: Bot, update: Update, **said: Any) -> None:
        if CROWDED in said:
            self.told.append((update.update_id, said[CROWDED]))
            return
        if self._handle is not None:
            await self._handle(update)
        self.handled.append(update.update_id)


class Telegram(BaseSession):
    """Keeps updates until they are confirmed, hands out the hundred oldest, and makes who asks in vain wait.

    ``asked`` holds each offset it was asked with.
    """

    def __init__(self, *updates: dict[str, Any]) -> None:
        super().__init__()
        self.updates = list(updates)
        self.asked: list[int | None] = []
        self.confirmed: list[int] = []
        self.more = asyncio.Event()
        self.empty = asyncio.Event()
        self.says: object = None
        self.wait_seconds: float | None = None

    def push(self, *updates: dict[str, Any]) -> None:
        self.updates.extend(updates)
        self.empty.clear()
        self.more.set()

    async def make_request(self, bot: Bot, method: Any, timeout: int | None = None) -> Any:  # noqa: ASYNC109
        await asyncio.sleep(0)
        self.asked.append(method.offset)
        if method.offset is not None:
            self.confirmed += [one["update_id"] for one in self.updates if one["update_id"] < method.offset]
            self.updates = [one for one in self.updates if one["update_id"] >= method.offset]
        if not self.updates and self.says is None:
            self.empty.set()
            self.more.clear()
            try:
                async with asyncio.timeout(self.wait_seconds):
                    await self.more.wait()
            except TimeoutError:
                pass
        result = self.updates[:100] if self.says is None else self.says
        answer = self.json_dumps({"ok": True, "result": result})
        return self.check_response(bot, method, 200, answer).result

    async def close(self) -> None:
        return None

    async def stream_content(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError
        yield b""


# --- put together ---------------------------------------------------------------------------------------------------


def bot_over(session: BaseSession | None = None) -> NamedBot:
    return NamedBot("loa", Bot(f"{OUR_ID}:AAAA-nobody", session=session))


def inbox(
    kept: Kept, desk: Dispatcher, *, staff: Collection[int] = (LAN,), bot: NamedBot | None = None, **more: Any
) -> Inbox:
    async def people() -> list[PersonId]:
        return [PersonId(f"telegram:{one}") for one in staff]

    admission = Admission(KINDS, OUR_ID, str(MODERATORS))
    bounds = Bounds(**{"per_second_at_most": math.inf} | more)
    return Inbox(bot or bot_over(), desk, kept, admission, KnownStaff(people), bounds)


def poller(telegram: Telegram, kept: Kept, desk: Dispatcher, **more: Any) -> Poller:
    bot = bot_over(telegram)
    return Poller(bot, inbox(kept, desk, bot=bot, **more), kept, KINDS)


async def take_all(box: Inbox, *given: dict[str, Any]) -> None:
    """As a batch of the platform would be."""
    await box.look_again()
    weighed = [(update, box.weigh(look_at(update))) for update in given]
    async with asyncio.TaskGroup() as group:
        for update, verdict in weighed:
            if is_taken(verdict):
                group.create_task(box.take(update, verdict))
