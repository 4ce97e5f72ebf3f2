"""However many press, a progress message is changed every three seconds at most, and the last change is never lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from aiogram.exceptions import TelegramNetworkError, TelegramRetryAfter
from aiogram.methods import EditMessageText
from aiogram.types import InlineKeyboardMarkup

from broadcasts.broadcast import BroadcastState
from bulletins.bulletin import BulletinId
from handlers import progress_board
from handlers.edit_times import EDITED_EVERY_SECONDS, EditTimes
from handlers.progress_board import ProgressBoard, Sources
from handlers.progress_words import Figures
from tests.broadcasts.station import running
from tests.broadcasts.test_pacing import in_virtual_time, now
from tests.handlers.house import BOT_NAME, TEXTS

LANS = BulletinId(1)
_TINY = 1e-6


class Wall:
    """One bulletin whose state people press back and forth, and the message that shows it."""

    def __init__(self) -> None:
        self.state = BroadcastState.SENDING
        self.shown: list[tuple[float, str]] = []
        self.place: str | None = None
        self.fails = 0
        self.flood_seconds = 0
        nothing = SimpleNamespace(keyboard=self.keyboard, in_trouble=self.nothing, reasons=self.no_reasons)
        desk: Any = SimpleNamespace(desk=self, buttons=nothing, aftermath=nothing, moderators_chats={})
        bots: Any = {BOT_NAME: self}
        self.board = ProgressBoard(desk, bots, Sources(self, self, self), TEXTS)

    async def no_reasons(self, _: BulletinId) -> Sequence[Any]:
        return []

    async def nothing(self, *_: object, **__: object) -> None:
        """Nothing is needed of it here."""

    async def keyboard(self, *_: object, **__: object) -> InlineKeyboardMarkup:
        return InlineKeyboardMarkup(inline_keyboard=[])

    async def find(self, bulletin_id: BulletinId) -> Any:
        bulletin = SimpleNamespace(code="LOA", msg_type=None, sent=None)
        return SimpleNamespace(
            id=bulletin_id,
            state=self.state,
            bulletin=bulletin,
            author_chat="1001",
            corrects=None,
            is_by_one=False,
            halted_because="paused",
        )

    async def figures(self, bulletin_id: BulletinId, *, is_final: bool = False) -> Figures:
        return Figures(planned=2, sent=2, failed=0, unsure=0, dropped=0, reach=0)

    async def of(self, bulletin_id: BulletinId) -> Sequence[Any]:
        return ()

    async def to_show(self) -> Sequence[tuple[BulletinId, str | None]]:
        return [] if self.place == "" else [(LANS, self.place)]

    async def message_of(self, bulletin_id: BulletinId) -> str | None:
        return self.place

    async def put(self, bulletin_id: BulletinId, message: str) -> None:
        self.place = message

    async def heard(self, bulletin_id: BulletinId) -> Sequence[tuple[str, str]]:
        return ()

    async def send_message(self, chat: str, text: str, **_: object) -> Any:
        self.shown.append((now(), text))
        return SimpleNamespace(message_id=7)

    async def edit_message_text(self, text: str, **_: object) -> None:
        self.shown.append((now(), text))
        if self.flood_seconds:
            seconds, self.flood_seconds = self.flood_seconds, 0
            raise TelegramRetryAfter(EditMessageText(text=text), "Too Many Requests", seconds)
        if self.fails:
            self.fails -= 1
            raise TelegramNetworkError(EditMessageText(text=text), "reset")

    async def press(self, state: BroadcastState) -> None:
        """Somebody presses a button: it is done, and the board is asked to show it."""
        self.state = state
        await self.board.show(LANS)


@pytest.fixture(autouse=True)
def plain_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """What matters here is when it is said."""
    monkeypatch.setattr(progress_board, "progress_words", lambda broadcast, *_: broadcast.state.value)


def gaps(wall: Wall) -> list[float]:
    times = [at for at, _ in wall.shown]
    return [after - before for before, after in pairwise(times)]


def test_ten_presses_within_a_second_make_one_edit_each_three_seconds_and_the_last_state_is_shown() -> None:
    async def story() -> Wall:
        wall = Wall()
        async with running(wall.board.run):
            await asyncio.sleep(10.0)
            for number in range(10):
                await wall.press(BroadcastState.SENDING if number % 2 else BroadcastState.PAUSED)
                await asyncio.sleep(0.1)
            await wall.press(BroadcastState.STOPPED)
            await asyncio.sleep(2 * EDITED_EVERY_SECONDS)
        return wall

    wall = in_virtual_time(story())
    assert [text for _, text in wall.shown] == ["sending", "paused", "stopped"]
    assert wall.shown[1][0] == pytest.approx(10.0), "the first press was shown at once"
    assert min(gaps(wall)) >= EDITED_EVERY_SECONDS - _TINY


def test_what_came_too_early_is_shown_as_soon_as_it_may_be() -> None:
    async def story() -> Wall:
        wall = Wall()
        async with running(wall.board.run):
            await asyncio.sleep(10.0)
            await wall.press(BroadcastState.PAUSED)
            await asyncio.sleep(0.2)
            await wall.press(BroadcastState.SENDING)
            await asyncio.sleep(60.0)
        return wall

    wall = in_virtual_time(story())
    assert [text for _, text in wall.shown] == ["sending", "paused", "sending"]
    assert gaps(wall)[1] == pytest.approx(EDITED_EVERY_SECONDS)


def test_the_last_table_appears_though_its_edit_failed_and_presses_came_before_it() -> None:
    async def story() -> Wall:
        wall = Wall()
        async with running(wall.board.run):
            await asyncio.sleep(1.0)
            await wall.press(BroadcastState.PAUSED)
            await wall.press(BroadcastState.DONE)
            wall.fails = 2
            await asyncio.sleep(30.0)
        return wall

    wall = in_virtual_time(story())
    assert [text for _, text in wall.shown] == ["sending", "done", "done", "done"]
    assert min(gaps(wall)) >= EDITED_EVERY_SECONDS - _TINY
    assert wall.place == "", "nothing is edited any more"


def test_a_platform_that_asks_to_wait_is_left_in_peace_for_so_long_whoever_presses() -> None:
    async def story() -> Wall:
        wall = Wall()
        async with running(wall.board.run):
            await asyncio.sleep(10.0)
            wall.flood_seconds = 40
            await wall.press(BroadcastState.PAUSED)
            for _ in range(30):
                await asyncio.sleep(1.0)
                await wall.press(BroadcastState.SENDING)
            await wall.press(BroadcastState.STOPPED)
            await asyncio.sleep(30.0)
        return wall

    wall = in_virtual_time(story())
    assert [text for _, text in wall.shown] == ["sending", "paused", "stopped"]
    assert gaps(wall)[1] == pytest.approx(40.0)


def test_a_change_whose_answer_was_lost_is_taken_back_when_it_is_true_no_more() -> None:
    async def story() -> Wall:
        wall = Wall()
        async with running(wall.board.run):
            await asyncio.sleep(10.0)
            wall.fails = 1
            await wall.press(BroadcastState.PAUSED)
            await wall.press(BroadcastState.SENDING)
            await asyncio.sleep(30.0)
        return wall

    wall = in_virtual_time(story())
    assert [text for _, text in wall.shown] == ["sending", "paused", "sending"]


def test_only_messages_changed_a_moment_ago_are_remembered() -> None:
    async def story() -> int:
        times = EditTimes()
        for number in range(1_000):
            times.took(BulletinId(number))
            await asyncio.sleep(0.1)
        return len(times._free_at)

    assert in_virtual_time(story()) <= 256
