"""The moderators hear that sending has stopped, and that it goes on; each once, and as soon as they can be told."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from bot.bell import Bell
from bot.notices import Crier
from broadcasts.ports import LedgerUnavailable
from simulator.world import Chat
from storage.alarms import Place, SqlAlarms
from storage.paces import SqlPaces
from tests.handlers.house import BOT_NAME, TEXTS, House


class Office:
    """The crier, and the group in which the moderators of the house's bot work."""

    def __init__(self, house: House) -> None:
        lan = house.world.add_user("Lan")
        self.house = house
        self.chat: Chat = house.world.add_chat("supergroup", "Ban điều phối", lan)
        house.world.add_member(self.chat, house.account)
        self.paces = SqlPaces(house.engine, house.committer)
        self.take_over()

    def take_over(self) -> None:
        """Another process keeps the household from now on; what the one before knew by heart is gone."""
        self.bell = Bell()
        bot = SimpleNamespace(name=BOT_NAME, moderators_chat=str(self.chat.id))
        settings = SimpleNamespace(telegram=[bot], network=SimpleNamespace(language="vi"))
        given = SimpleNamespace(now=self.house.clock.now)
        storehouse = SimpleNamespace(
            engine=self.house.engine, committer=self.house.committer, paces=self.paces
        )
        premises: Any = SimpleNamespace(settings=settings, house=storehouse, bell=self.bell, given=given)
        self.crier = Crier(premises, {BOT_NAME: self.house.bot}, TEXTS)

    async def line_is(self, trouble: str | None) -> None:
        """As whoever sends has written it down, in this process or in another one."""
        await self.paces.save_line(BOT_NAME, trouble)

    async def looks(self) -> bool:
        return await self.crier._tell_moderators()

    def heard(self) -> list[str]:
        said = [message.text for message in self.house.shown(self.chat)]
        return [text for text in said if "added" not in text]


@pytest.fixture
async def office(house: House) -> Office:
    return Office(house)


@pytest.mark.parametrize(
    ("because", "words"),
    [("http_502", "Telegram không trả lời"), ("http_401", "không còn chấp nhận token")],
)
async def test_a_line_that_is_down_is_told_once_and_that_it_is_up_again_once(
    office: Office, because: str, words: str
) -> None:
    await office.line_is(because)
    for _ in range(2):
        assert await office.looks()
    assert len(office.heard()) == 1
    assert words in office.heard()[0]
    await office.line_is(None)
    for _ in range(2):
        assert await office.looks()
    assert len(office.heard()) == 2
    assert "việc gửi tiếp tục" in office.heard()[1]


async def test_what_could_not_be_told_is_told_as_soon_as_it_can_be(office: Office) -> None:
    office.house.simulator.faults.script("reset", "sendMessage", times=2)
    office.bell.storage_failed("disk full")
    assert [await office.looks() for _ in range(4)] == [False, False, True, True]
    assert len(office.heard()) == 1
    assert "không ghi được cơ sở dữ liệu" in office.heard()[0]


async def test_what_was_over_before_anybody_could_be_told_is_not_told(office: Office) -> None:
    office.house.simulator.faults.script("reset", "sendMessage")
    await office.line_is("http_502")
    assert not await office.looks()
    await office.line_is(None)
    assert await office.looks()
    assert office.heard() == []


async def test_who_keeps_the_household_next_says_neither_again_that_it_is_down_nor_too_early_that_it_is_up(
    office: Office,
) -> None:
    await office.line_is("http_502")
    for _ in range(3):
        assert await office.looks()
        office.take_over()
    assert len(office.heard()) == 1
    await office.line_is(None)
    for _ in range(2):
        assert await office.looks()
        office.take_over()
    assert len(office.heard()) == 2


async def test_a_database_that_cannot_even_be_read_is_told_of_too(office: Office) -> None:
    office.bell.storage_failed("connection refused")
    office.crier._heard_of = AwayFor(2, office.house)
    for _ in range(4):
        assert await office.looks()
    assert len(office.heard()) == 1
    assert "không ghi được cơ sở dữ liệu" in office.heard()[0]


class AwayFor(SqlAlarms):
    """A database that does not answer the first few times."""

    def __init__(self, times: int, house: House) -> None:
        super().__init__(house.engine, house.committer)
        self._times = times

    async def heard(self) -> Mapping[Place, str]:
        self._times -= 1
        if self._times >= 0:
            raise LedgerUnavailable("connection refused")
        return await super().heard()
