"""Two want one group at once: there is one member afterwards, with the pledge that is theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import Row

from members.channel import Channel, ChannelId, ChannelState, PersonId, Platform, Preferences
from members.control import Control
from members.enrolment import Arrival, Enrolment, Step
from members.pledge import read_pledge_texts
from members.ports import LiveChats, Look, Standing
from members.upkeep import Change, Upkeep
from platforms.telegram_admins import TelegramChats
from simulator.world import Chat, User
from storage.tables import (
    channels,
    pledges,
)
from tests.handlers.house import BOT_NAME, House


async def only(house: House) -> Row[Any]:
    (channel,) = await house.rows(channels)
    return channel


async def kept(house: House) -> tuple[Any, ...]:
    """What of the channel an act would change."""
    row = await only(house)
    return (row.state, row.topics, row.areas, row.quiet_starts_minute, row.pin, row.silent, row.drills)


class Meanwhile:
    """The platform, and what somebody else does while it is being asked."""

    def __init__(self, chats: LiveChats, asked: str, act: Callable[[], Awaitable[Any]]) -> None:
        self._chats = chats
        self._asked = asked
        self._act: Callable[[], Awaitable[Any]] | None = act

    async def standing(self, bot: str, external_id: str, person: PersonId) -> Standing:
        answer = await self._chats.standing(bot, external_id, person)
        await self._do("standing")
        return answer

    async def look(self, bot: str, external_id: str, person: PersonId | None) -> Look | None:
        answer = await self._chats.look(bot, external_id, person)
        await self._do("look")
        return answer

    async def _do(self, asked: str) -> None:
        if asked == self._asked and self._act is not None:
            act, self._act = self._act, None
            await act()


@pytest.fixture
async def two(house: House) -> tuple[House, User, User, Chat]:
    """A group with two admins, in which the bot is and nobody has begun."""
    hoa, tung = house.world.add_user("Hoa"), house.world.add_user("Tùng")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa, members=[tung])
    house.world.promote(group, tung)
    house.world.add_member(group, house.account, by=hoa)
    house.pass_over()
    return house, hoa, tung, group


def _control(house: House, asked: str, act: Callable[[], Awaitable[Any]]) -> Control:
    return Control(house.roster, Meanwhile(TelegramChats({BOT_NAME: house.bot}), asked, act))


def _enrolment(house: House, control: Control) -> Enrolment:
    return Enrolment(
        house.roster,
        house.roster,
        control,
        texts=read_pledge_texts("2026-1"),
        now=house.clock.now,
        tokens=house.tokens,
    )


def _arrival(house: House, user: User, group: Chat) -> Arrival:
    return Arrival(BOT_NAME, Platform.TELEGRAM, str(group.id), house.person(user), "vi")


async def _goes_all_the_way(house: House, user: User, group: Chat) -> Channel:
    begun = await house.desk.enrolment.begin(_arrival(house, user, group))
    assert begun.channel is not None
    done = await house.desk.enrolment.confirm(begun.channel, house.person(user), "2026-1", "vi")
    assert done.step is Step.CONFIRMED
    return begun.channel


async def _one_member_with_their_pledge(house: House, user: User) -> None:
    row = await only(house)
    assert (row.state, row.member) == ("active", house.person(user))
    assert [pledge.person for pledge in await house.rows(pledges)] == [house.person(user)]


async def test_two_who_confirm_at_once_leave_one_member_and_their_pledge(
    two: tuple[House, User, User, Chat],
) -> None:
    """Tùng begins and confirms in the moment in which Telegram is asked about Hoa."""
    house, hoa, tung, group = two
    begun = await house.desk.enrolment.begin(_arrival(house, hoa, group))
    assert begun.channel is not None
    late = _enrolment(house, _control(house, "look", lambda: _goes_all_the_way(house, tung, group)))

    progress = await late.confirm(begun.channel, house.person(hoa), "2026-1", "vi")

    assert progress.step is Step.NOT_WAITING
    await _one_member_with_their_pledge(house, tung)


async def test_two_who_begin_and_confirm_side_by_side_leave_one_member_and_their_pledge(
    two: tuple[House, User, User, Chat],
) -> None:
    house, hoa, tung, group = two
    enrolment = house.desk.enrolment
    begun = [await enrolment.begin(_arrival(house, user, group)) for user in (hoa, tung)]

    await asyncio.gather(
        *(
            enrolment.confirm(one.channel, house.person(user), "2026-1", "vi")
            for one, user in zip(begun, (hoa, tung), strict=True)
            if one.channel is not None
            for _ in range(2)
        )
    )

    await _one_member_with_their_pledge(house, tung)


async def test_a_beginning_that_was_overtaken_undoes_nothing(two: tuple[House, User, User, Chat]) -> None:
    """Hoa's group is looked at; before that is written down, Tùng has pledged."""
    house, hoa, tung, group = two
    late = _enrolment(house, _control(house, "look", lambda: _goes_all_the_way(house, tung, group)))

    progress = await late.begin(_arrival(house, hoa, group))

    assert progress.step is Step.TAKEN
    await _one_member_with_their_pledge(house, tung)


@pytest.mark.parametrize("act", ["pause", "prefer", "leave"])
async def test_an_act_that_was_overtaken_changes_nothing(
    two: tuple[House, User, User, Chat], act: str
) -> None:
    """Hoa is admin when Telegram is asked; demoted and succeeded by Tùng before her act is written."""
    house, hoa, tung, group = two
    owner = house.world.add_user("Chủ nhóm")
    group = house.world.add_chat("supergroup", "Tổ 6", owner, members=[hoa, tung])
    for admin in (hoa, tung):
        house.world.promote(group, admin)
    house.world.add_member(group, house.account, by=hoa)
    house.pass_over()
    channel = await _goes_all_the_way(house, hoa, group)

    async def succeed() -> None:
        house.world.demote(group, hoa)
        await _goes_all_the_way(house, tung, group)

    upkeep = Upkeep(house.roster, _control(house, "standing", succeed))
    before = await kept(house)

    answer = await _acts(upkeep, act, channel.id, house.person(hoa))

    assert answer is Change.NOT_YOURS
    assert await kept(house) == before
    assert (await only(house)).member == house.person(tung)


async def _acts(upkeep: Upkeep, act: str, channel: ChannelId, person: PersonId) -> Change:
    if act == "prefer":
        return (await upkeep.prefer(channel, person, Preferences(silent=True))).change
    acts = {"pause": upkeep.pause, "leave": upkeep.leave}
    return (await acts[act](channel, person)).change


async def test_a_release_that_comes_late_takes_nothing_from_the_next_member(
    two: tuple[House, User, User, Chat],
) -> None:
    house, hoa, tung, group = two
    channel = await _goes_all_the_way(house, tung, group)

    assert not await house.roster.release(channel.id, house.person(hoa))

    await _one_member_with_their_pledge(house, tung)


async def test_a_gone_channel_is_not_made_active_by_a_pledge_on_its_way(
    two: tuple[House, User, User, Chat],
) -> None:
    house, hoa, _, group = two
    begun = await house.desk.enrolment.begin(_arrival(house, hoa, group))
    assert begun.channel is not None
    channel = begun.channel
    late = _enrolment(
        house,
        _control(house, "look", lambda: house.roster.change_state(channel.id, ChannelState.LEFT)),
    )

    progress = await late.confirm(channel, house.person(hoa), "2026-1", "vi")

    assert progress.step is Step.NOT_WAITING
    assert (await only(house)).state == "left"
    assert await house.rows(pledges) == []
