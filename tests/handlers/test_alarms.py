"""The moderators hear that sending has stopped, and that it goes on; each once, and as soon as they can be told."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import insert

from bot.bell import Bell
from bot.notices import Crier
from broadcasts.ports import LedgerUnavailable
from simulator.world import Chat, User
from storage.alarms import Place, SqlAlarms
from storage.paces import SqlPaces
from storage.tables import channels
from tests.broadcasts.office import group_row
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

    def take_over(self, *others: str) -> None:
        """Another process keeps the household from now on; what the one before knew by heart is gone.

        ``others`` are bots that have the same moderators' chat.
        """
        self.bell = Bell()
        bots = [SimpleNamespace(name=name, moderators_chat=str(self.chat.id)) for name in (BOT_NAME, *others)]
        self.settings = SimpleNamespace(telegram=bots, network=SimpleNamespace(language="vi"))
        given = SimpleNamespace(now=self.house.clock.now)
        storehouse = SimpleNamespace(
            engine=self.house.engine,
            committer=self.house.committer,
            paces=self.paces,
            roster=self.house.roster,
        )
        premises: Any = SimpleNamespace(settings=self.settings, house=storehouse, bell=self.bell, given=given)
        self.crier = Crier(premises, {bot.name: self.house.bot for bot in bots}, TEXTS)

    async def line_is(self, trouble: str | None, bot: str = BOT_NAME) -> None:
        """As whoever sends has written it down, in this process or in another one."""
        await self.paces.save_line(bot, trouble)

    async def looks(self) -> bool:
        return await self.crier._tell_moderators()

    async def looks_for_members(self) -> None:
        await self.crier._tell_members()

    async def loses_groups(self, *members: User, bot: str = BOT_NAME) -> None:
        """Each of these had a group, and the bot was thrown out of it."""
        rows = [
            group_row(member.id, 10, bot=bot, member=f"telegram:{member.id}", state="lost", flaw="kicked")
            for member in members
        ]
        await self.house.committer.write(lambda connection: connection.execute(insert(channels), rows))

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
    assert "không ghi được vào cơ sở dữ liệu" in office.heard()[0]


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


async def test_what_another_bot_of_the_chat_told_once_is_not_said_to_be_over_when_that_one_tells_again(
    office: Office,
) -> None:
    await office.line_is("http_502")
    assert await office.looks()
    office.take_over("loa-hai")
    office.settings.telegram.reverse()
    assert await office.looks()
    await office.line_is(None)
    assert await office.looks()
    before = office.heard()
    office.take_over("loa-hai")
    assert await office.looks()
    assert office.heard() == before


async def test_a_database_that_cannot_even_be_read_is_told_of_too(office: Office) -> None:
    office.bell.storage_failed("connection refused")
    office.crier._heard_of = AwayFor(2, office.house)
    for _ in range(4):
        assert await office.looks()
    assert len(office.heard()) == 1
    assert "không ghi được vào cơ sở dữ liệu" in office.heard()[0]


async def test_bots_that_share_a_chat_tell_of_one_outage_in_one_message(office: Office) -> None:
    others = [f"loa-{number:03}" for number in range(99)]
    office.take_over(*others)
    for bot in (BOT_NAME, *others):
        await office.line_is("http_502", bot)
    for _ in range(2):
        assert await office.looks()
    assert len(office.heard()) == 1
    assert "loa, loa-000, loa-001" in office.heard()[0]
    for bot in (BOT_NAME, *others):
        await office.line_is(None, bot)
    for _ in range(2):
        assert await office.looks()
    assert len(office.heard()) == 2


async def test_another_bot_of_the_same_chat_tells_what_the_first_cannot(office: Office) -> None:
    office.take_over("loa-hai")
    office.house.simulator.faults.script("reset", "sendMessage")
    await office.line_is("http_502")
    assert await office.looks()
    assert len(office.heard()) == 1


async def test_a_bot_whose_line_is_up_tells_of_one_whose_line_is_down(office: Office) -> None:
    office.take_over("loa-hai")
    tellers: list[str] = []

    def teller(name: str) -> Any:
        async def send_message(chat: str, text: str) -> None:
            tellers.append(name)

        return SimpleNamespace(send_message=send_message)

    office.crier._bots = {name: teller(name) for name in (BOT_NAME, "loa-hai")}
    await office.line_is("http_502")
    assert await office.looks()
    assert tellers == ["loa-hai"]


async def test_what_one_chat_has_heard_is_noted_before_the_next_one_is_told(office: Office) -> None:
    office.settings.telegram.append(SimpleNamespace(name="loa-hai", moderators_chat="-100999"))
    noted: list[Mapping[Place, str]] = []
    await office.line_is("http_502")

    async def send_message(chat: str, text: str) -> None:
        noted.append(await SqlAlarms(office.house.engine, office.house.committer).heard())

    mute: Any = SimpleNamespace(send_message=send_message)
    office.crier._bots = {BOT_NAME: office.house.bot, "loa-hai": mute}
    assert await office.looks()
    assert noted == [{(BOT_NAME, BOT_NAME): "line"}], "a process that is stopped now says it to nobody again"


async def test_a_chat_that_has_become_another_one_is_told_there(house: House) -> None:
    lan = house.world.add_user("Lan")
    office = Office(house)
    office.chat = house.world.add_chat("group", "Ban điều phối", lan)
    house.world.add_member(office.chat, house.account)
    office.take_over()
    upgraded = house.world.upgrade(office.chat)
    await office.line_is("http_502")
    assert await office.looks()
    assert "Telegram không trả lời" in house.shown(upgraded)[-1].text


async def test_a_chat_that_lets_the_bot_in_no_more_is_no_reason_to_hurry_and_is_told_once_it_does(
    office: Office,
) -> None:
    office.house.simulator.faults.script(
        "refuse", "sendMessage", times=2, code=403, description="Forbidden: bot was kicked"
    )
    await office.line_is("http_502")
    assert [await office.looks() for _ in range(3)] == [True, True, True]
    assert len(office.heard()) == 1


async def test_a_gateways_page_is_no_end_of_telling(office: Office) -> None:
    office.house.simulator.faults.script("gateway", "sendMessage")
    await office.line_is("http_502")
    assert [await office.looks() for _ in range(2)] == [False, True]
    assert len(office.heard()) == 1


async def test_the_database_is_in_trouble_until_no_pump_asks_in_vain_any_more(office: Office) -> None:
    for _ in range(2):
        office.bell.storage_failed("disk full")
    assert await office.looks()
    office.bell.storage_recovered()  # one of the two pumps has crashed, or lost its post
    assert await office.looks()
    assert len(office.heard()) == 1
    office.bell.storage_recovered()
    assert await office.looks()
    assert len(office.heard()) == 2


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


# --- members ---------------------------------------------------------------------------------------------


async def met(house: House, name: str) -> User:
    user = house.world.add_user(name)
    await house.start(user)
    return user


@pytest.mark.parametrize("nonsense", ["flood", "reset", "gateway", "huge"])
async def test_what_a_bot_cannot_say_now_is_said_later_and_holds_up_no_other_bot(
    office: Office, nonsense: str
) -> None:
    house = office.house
    office.take_over("loa-hai")
    hoa, nam, tu = [await met(house, name) for name in ("Hoa", "Nam", "Tư")]
    await office.loses_groups(hoa, nam)
    await office.loses_groups(tu, bot="loa-hai")
    before = len(house.shown(nam))
    house.simulator.faults.script(nonsense, "sendMessage", chat_id=hoa.id)
    await office.looks_for_members()
    assert "đã bị đưa ra khỏi" in house.last(tu).text
    assert len(house.shown(nam)) == before, "a bot that must wait asks for nothing more"
    for _ in range(2):
        await office.looks_for_members()
    for user in (hoa, nam, tu):
        assert "đã bị đưa ra khỏi" in house.last(user).text
    assert len(house.shown(nam)) == before + 1
