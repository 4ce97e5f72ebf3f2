"""Every update is handled, in order within a chat, and one that comes again has no second effect."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from aiogram import Bot, Dispatcher
from aiogram.methods import TelegramMethod
from aiogram.types import Chat, Message, Update, User

from bot.inbox import Inbox, Poller, conversation_of
from platforms.telegram_session import TelegramSession

Handle = Callable[[Update], Awaitable[None]]


class Seen:
    """What was handled, kept as the database keeps it."""

    def __init__(self) -> None:
        self.ids: set[tuple[str, int]] = set()
        self.is_broken = False

    async def has_seen(self, bot: str, update_id: int) -> bool:
        if self.is_broken:
            raise OSError("the disk is full")
        return (bot, update_id) in self.ids

    async def mark_seen(self, bot: str, update_id: int) -> None:
        self.ids.add((bot, update_id))


class Desk(Dispatcher):
    """A dispatcher with one handler, which the test gives."""

    def __init__(self, handle: Handle) -> None:
        super().__init__()
        self._handle = handle

    async def feed_update(self, bot: Bot, update: Update, **_: Any) -> None:
        await self._handle(update)


def written(update_id: int, chat_id: int = 1001) -> Update:
    """Somebody writes something in a private chat."""
    chat, hoa = Chat(id=chat_id, type="private"), User(id=chat_id, is_bot=False, first_name="Hoa")
    moment = datetime(2026, 11, 2, tzinfo=UTC)
    return Update(
        update_id=update_id,
        message=Message(message_id=update_id, date=moment, chat=chat, from_user=hoa, text="xin chào"),
    )


@pytest.fixture
def seen() -> Seen:
    return Seen()


def inbox(seen: Seen, handle: Handle) -> Inbox:
    return Inbox("loa", Bot("1:AAAA-nobody"), Desk(handle), seen)


async def test_what_was_handled_once_is_not_handled_again(seen: Seen) -> None:
    handled: list[int] = []

    async def handle(update: Update) -> None:
        handled.append(update.update_id)

    box = inbox(seen, handle)
    for _ in range(100):
        await box.take(written(5))
    assert handled == [5]


async def test_a_repeat_that_comes_while_the_first_is_handled_waits_for_it(seen: Seen) -> None:
    handled: list[int] = []
    may_end = asyncio.Event()

    async def handle(update: Update) -> None:
        handled.append(update.update_id)
        await may_end.wait()

    box = inbox(seen, handle)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(box.take(written(5)))
        second = group.create_task(box.take(written(5)))
        await asyncio.sleep(0)
        assert not first.done()
        assert not second.done()
        may_end.set()
    assert handled == [5]


async def test_one_chat_keeps_its_order_while_others_go_on(seen: Seen) -> None:
    told: list[str] = []
    slow = asyncio.Event()

    async def handle(update: Update) -> None:
        if update.update_id == 1:
            await slow.wait()
        told.append(f"{conversation_of(update)}/{update.update_id}")
        if update.update_id == 3:
            slow.set()

    await inbox(seen, handle).take_all([written(1, 1001), written(2, 1001), written(3, 1002)])
    assert told == ["chat:1002/3", "chat:1001/1", "chat:1001/2"]


async def test_an_update_that_fails_is_tried_again_and_then_given_up(seen: Seen) -> None:
    tries: list[int] = []

    async def handle(update: Update) -> None:
        tries.append(update.update_id)
        if update.update_id == 1:
            raise RuntimeError("poison")

    await inbox(seen, handle).take_all([written(1), written(2)])
    assert tries == [1, 1, 1, 2]
    assert seen.ids == {("loa", 1), ("loa", 2)}


async def test_when_the_database_fails_nothing_is_remembered_and_the_batch_is_not_confirmed(
    seen: Seen,
) -> None:
    async def handle(_: Update) -> None:
        raise AssertionError("what cannot be remembered must not be done")

    seen.is_broken = True
    with pytest.raises(OSError, match="full"):
        await inbox(seen, handle).take_all([written(1), written(2, 1002)])
    assert seen.ids == set()


# --- what Telegram answers ------------------------------------------------------------------------------

GOOD = {"update_id": 8, "message": {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "private"}}}


@pytest.mark.parametrize(
    ("batch", "read", "last"),
    [
        ([{"update_id": 7, "message": "nonsense"}, GOOD], [8], 8),
        ([GOOD, {"update_id": 9, "message": []}], [8], 9),
        ([GOOD, {"update_id": "ten"}, ["odd"], None], [8], 8),
    ],
)
async def test_what_can_be_read_of_a_batch_is_and_the_rest_passed_over(
    seen: Seen, batch: list[object], read: list[int], last: int
) -> None:
    assert await asked(seen, {"ok": True, "result": batch}) == (read, last)


@pytest.mark.parametrize("result", ["nonsense", 7, {"update_id": 7}, [None], [{"update_id": "seven"}]])
async def test_a_batch_without_anything_that_can_be_read_is_asked_for_again(
    seen: Seen, result: object
) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        await asked(seen, {"ok": True, "result": result})


async def asked(seen: Seen, answer: object) -> tuple[list[int], int | None]:
    """Which updates are taken from this answer, and the id up to which all are confirmed."""

    class Answers(TelegramSession):
        async def make_request(self, bot: Bot, method: TelegramMethod[Any], timeout: Any = None) -> Any:  # noqa: ASYNC109 aiogram's own
            return self.check_response(bot, method, 200, json.dumps(answer)).result

    async def handle(_: Update) -> None: ...

    bot = Bot("1:AAAA-nobody", session=Answers())
    updates, last = await Poller("loa", bot, inbox(seen, handle), [])._ask(None)
    return [update.update_id for update in updates], last
