"""The moderators hear that sending has stopped, and that it goes on; each once, and as soon as they can be told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bot.bell import Bell
from bot.notices import Crier
from simulator.world import Chat
from tests.handlers.house import BOT_NAME, TEXTS, House


class Office:
    """The crier, and the group in which the moderators of the house's bot work."""

    def __init__(self, house: House) -> None:
        lan = house.world.add_user("Lan")
        self.house = house
        self.chat: Chat = house.world.add_chat("supergroup", "Ban điều phối", lan)
        house.world.add_member(self.chat, house.account)
        self.bell = Bell()
        bot = SimpleNamespace(name=BOT_NAME, moderators_chat=str(self.chat.id))
        settings = SimpleNamespace(telegram=[bot], network=SimpleNamespace(language="vi"))
        given = SimpleNamespace(now=house.clock.now)
        premises: Any = SimpleNamespace(settings=settings, house=house, bell=self.bell, given=given)
        self.crier = Crier(premises, {BOT_NAME: house.bot}, TEXTS)

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
    office.bell.line_failed(BOT_NAME, because)
    for _ in range(2):
        assert await office.looks()
    assert len(office.heard()) == 1
    assert words in office.heard()[0]
    office.bell.line_recovered(BOT_NAME)
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
    office.bell.line_failed(BOT_NAME, "http_502")
    assert not await office.looks()
    office.bell.line_recovered(BOT_NAME)
    assert await office.looks()
    assert office.heard() == []
