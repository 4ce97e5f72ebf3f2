"""Somebody wants a group's channel that is not theirs: to begin it, to keep it, to take it, to act as nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiogram.types import Chat as TelegramChat
from aiogram.types import Update
from sqlalchemy import Row, select

from members.channel import Channel, ChannelId, ChannelState, PersonId, Platform, Preferences
from members.control import Control
from members.enrolment import Arrival, Enrolment, Step
from members.pledge import PledgeText, read_pledge_texts
from members.ports import LiveChats, Look, Standing
from members.upkeep import Change, Upkeep
from platforms.telegram_admins import TelegramChats
from simulator.world import Chat, User
from storage.tables import (
    buttons,
    channels,
    conversations,
    drafts,
    invitations,
    members,
    pledges,
)
from tests.handlers.house import BOT_NAME, House, desk_of
from tests.handlers.reporting_house import SCAM, furnish
from tests.handlers.test_places import PLEDGE, READ, enrolled

ADD = "➕ Thêm vào nhóm"
IS_NOBODY = (1087968824, 136817688, 777000)
NO_LONGER_ADMIN = "không còn là quản trị viên ở đó nữa"
ASK_LATER = "Một lát nữa bạn thử lại nhé"


async def only(house: House) -> Row[Any]:
    (channel,) = await house.rows(channels)
    return channel


async def kept(house: House) -> tuple[Any, ...]:
    """What of the channel an act would change."""
    row = await only(house)
    return (row.state, row.topics, row.areas, row.quiet_starts_minute, row.pin, row.silent, row.drills)


# --- beginning ---------------------------------------------------------------------------------------------------


async def test_a_plain_member_who_adds_the_bot_begins_nothing(house: House) -> None:
    hoa, thief = house.world.add_user("Hoa"), house.world.add_user("Kẻ gian")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa, members=[thief])
    await house.start(thief)

    await house.open_link(thief, ADD, group)

    assert group.member(house.account.id).is_present
    assert await house.rows(channels) == []
    assert [row.used_at for row in await house.rows(invitations)] == [None]


@pytest.mark.parametrize("kind", ["group", "supergroup"])
async def test_an_admin_who_may_not_add_members_begins_nothing(house: House, kind: str) -> None:
    """Whoever put the bot there: the platform would not let this admin do it."""
    hoa, tung = house.world.add_user("Hoa"), house.world.add_user("Tùng")
    group = house.world.add_chat(kind, "Tổ 5", hoa, members=[tung])
    house.world.set_permissions(group, ["can_send_messages"])
    house.world.promote(group, tung, ["can_delete_messages"])
    house.world.add_member(group, house.account, by=hoa)
    house.pass_over()

    await house.start(tung, f"pledge_{group.id}")

    assert "chưa có quyền thêm thành viên" in house.said(tung)
    assert await house.rows(channels) == []
    house.world.promote(group, tung, ["can_invite_users"])
    await house.start(tung, f"pledge_{group.id}")
    assert (await only(house)).member == house.person(tung)


async def test_an_admin_of_a_broadcast_channel_who_may_not_appoint_admins_begins_nothing(
    house: House,
) -> None:
    hoa, tung = house.world.add_user("Hoa"), house.world.add_user("Tùng")
    posts = house.world.add_chat("channel", "Tin phường", hoa)
    house.world.promote(posts, tung, ["can_post_messages", "can_edit_messages", "can_invite_users"])
    await house.start(tung)
    house.world.promote(posts, house.account, ["can_post_messages", "can_edit_messages"], by=hoa)
    (news,) = [update for update in await house.waiting() if update.my_chat_member]
    house.pass_over()

    await house.take(_in_the_name_of(news, tung.id))

    assert await house.rows(channels) == []


async def test_a_stolen_link_counts_for_no_other_voice(house: House) -> None:
    """Neither for another person, nor for the group's anonymous admin, nor for a channel."""
    hoa, thief = house.world.add_user("Hoa"), house.world.add_user("Kẻ gian")
    den = house.world.add_chat("supergroup", "Hang", thief, members=[hoa])
    house.world.promote(den, hoa)
    lair = house.world.add_chat("channel", "Kênh của kẻ gian", thief)
    await house.start(hoa)
    token = (await house.rows(invitations))[0].token
    house.world.add_member(den, house.account, by=thief)
    house.pass_over()

    await house.say(thief, f"/start@LoaTestBot {token}", den)
    await house.say(thief, f"/start@LoaTestBot {token}", den, anonymous=True)
    await house.say(thief, f"/start@LoaTestBot {token}", den, as_chat=lair)

    assert await house.rows(channels) == []
    assert [row.used_at for row in await house.rows(invitations)] == [None]


async def test_who_is_demoted_before_the_pledge_is_shown_none_at_start(house: House) -> None:
    hoa, owner = house.world.add_user("Hoa"), house.world.add_user("Chủ nhóm")
    group = house.world.add_chat("supergroup", "Tổ 5", owner, members=[hoa])
    house.world.promote(group, hoa)
    await house.start(hoa)
    await house.open_link(hoa, ADD, group)
    house.world.demote(group, hoa)

    await house.start(hoa)

    assert "Bạn không phải quản trị viên của" in house.last(hoa).text


# --- keeping what one has lost -----------------------------------------------------------------------------------

Act = Callable[[House, User, Chat], Awaitable[Any]]


def _press(label: str) -> Act:
    return lambda house, user, group: house.press(user, label)


async def _type_hours(house: House, user: User, group: Chat) -> None:
    await house.press(user, "Giờ yên lặng")
    await house.press(user, "Giờ khác")
    await house.say(user, "21:30-5:45")


async def _choose_topic(house: House, user: User, group: Chat) -> str:
    await house.press(user, "Chủ đề")
    return await house.press(user, "Bão lũ")


async def _choose_hours(house: House, user: User, group: Chat) -> str:
    await house.press(user, "Giờ yên lặng")
    return await house.press(user, "22:00–06:00")


async def _pause_there(house: House, user: User, group: Chat) -> str:
    await house.say(user, "/tamdung@LoaTestBot", group)
    return house.last(group).text


async def _leave_there(house: House, user: User, group: Chat) -> str:
    await house.say(user, "/roi@LoaTestBot", group)
    return house.last(group).text


ACTS: dict[str, Act] = {
    "pause": _press("⏸ Tạm dừng"),
    "leave": _press("Rời mạng lưới"),
    "silence": _press("🔕 Tắt tiếng"),
    "drills": _press("Nhận cả diễn tập"),
    "pin": _press("📌 Ghim bản tin"),
    "topics": _choose_topic,
    "hours": _choose_hours,
    "typed hours": _type_hours,
    "pause in the group": _pause_there,
    "leave in the group": _leave_there,
}


@pytest.fixture
async def fallen(house: House) -> tuple[House, User, Chat]:
    """Hoa enrolled the group, and is no admin any more."""
    hoa, owner = house.world.add_user("Hoa"), house.world.add_user("Chủ nhóm")
    group = house.world.add_chat("supergroup", "Tổ 5", owner, members=[hoa])
    house.world.promote(group, hoa)
    await enrolled(house, hoa, group)
    house.world.demote(group, hoa)
    await house.settle()
    return house, hoa, group


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
async def test_who_no_longer_administers_a_group_loses_it_at_the_next_act(
    fallen: tuple[House, User, Chat], act: Act
) -> None:
    house, hoa, group = fallen
    before = await kept(house)

    popped_up = await act(house, hoa, group)

    assert NO_LONGER_ADMIN in (popped_up or house.last(hoa).text)
    assert await kept(house) == before
    assert (await only(house)).member is None
    assert group.member(house.account.id).is_present
    await house.say(hoa, "/kenh")
    assert "Bạn chưa có kênh nào" in house.last(hoa).text


async def test_resuming_is_an_act_too(fallen: tuple[House, User, Chat]) -> None:
    house, hoa, group = fallen
    house.world.promote(group, hoa)
    await house.press(hoa, "⏸ Tạm dừng")
    house.world.demote(group, hoa)

    assert NO_LONGER_ADMIN in await house.press(hoa, "▶️ Mở lại")

    row = await only(house)
    assert (row.state, row.member) == ("paused", None)


async def test_a_new_version_of_the_pledge_is_not_confirmed_by_who_lost_the_group(
    fallen: tuple[House, User, Chat],
) -> None:
    house, hoa, _ = fallen
    texts = {"vi": PledgeText("2027-1", "vi", "Lời cam kết mới", "Ngắn hơn.", "1" * 64)}
    house.move_into(desk_of(house, texts))
    await house.start(hoa)
    await house.press(hoa, READ)

    await house.press(hoa, PLEDGE)

    assert "Bạn không phải quản trị viên của Tổ 5" in house.last(hoa).text
    assert [row.version for row in await house.rows(pledges)] == ["2026-1"]
    assert (await only(house)).member is None


async def test_saying_no_to_a_pledge_takes_nothing_out_of_a_group_one_does_not_administer(
    house: House,
) -> None:
    hoa, owner = house.world.add_user("Hoa"), house.world.add_user("Chủ nhóm")
    group = house.world.add_chat("supergroup", "Tổ 5", owner, members=[hoa])
    house.world.promote(group, hoa)
    await house.start(hoa)
    await house.open_link(hoa, ADD, group)
    house.world.demote(group, hoa)

    await house.press(hoa, "Không tham gia")

    row = await only(house)
    assert (row.state, row.member) == ("pledging", None)
    assert group.member(house.account.id).is_present


async def test_being_forgotten_takes_no_group_along_that_is_not_ones_own(
    fallen: tuple[House, User, Chat],
) -> None:
    house, hoa, group = fallen

    await house.say(hoa, "/quen")

    row = await only(house)
    assert (row.state, row.member) == ("active", None)
    assert group.member(house.account.id).is_present
    assert await house.rows(pledges) == []
    assert house.person(hoa) not in [row.person for row in await house.rows(members)]
    assert "Còn 1 nhóm hoặc kênh ở lại" in house.last(hoa).text


async def test_being_forgotten_waits_for_no_platform(house: House) -> None:
    """Telegram does not say who administers the group: the person goes at once, the group stays."""
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    await enrolled(house, hoa, group)
    house.simulator.faults.script("gateway", "getChatAdministrators", times=None, code=502)

    await house.say(hoa, "/quen")

    row = await only(house)
    assert (row.state, row.member) == ("active", None)
    assert await house.rows(pledges) == []


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
@pytest.mark.parametrize("fault", ["gateway", "flood", "reset"])
async def test_while_the_platform_cannot_be_asked_nothing_is_changed(
    house: House, fault: str, act: Act
) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    house.world.set_permissions(group, ["can_send_messages", "can_invite_users", "can_pin_messages"])
    await enrolled(house, hoa, group)
    before = await kept(house)
    house.simulator.faults.script(fault, "getChatAdministrators", times=None)

    popped_up = await act(house, hoa, group)

    assert ASK_LATER in (popped_up or house.last(hoa).text)
    assert await kept(house) == before
    assert (await only(house)).member == house.person(hoa)
    house.simulator.faults.clear()
    await house.say(hoa, "/kenh")
    await house.press(hoa, "Tổ 5 · đang hoạt động")
    await act(house, hoa, group)
    assert await kept(house) != before


async def test_a_member_leaves_a_place_in_which_the_bot_is_no_more(house: House) -> None:
    """Nobody can say who administers it, and nothing is posted there."""
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    await enrolled(house, hoa, group)
    house.world.remove_member(group, house.account, by=hoa)
    house.pass_over()

    assert ASK_LATER in await house.press(hoa, "⏸ Tạm dừng")
    await house.press(hoa, "Rời mạng lưới")

    assert (await only(house)).state == "left"


async def test_an_admin_who_is_anonymous_keeps_the_group(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    await enrolled(house, hoa, group)
    house.world.set_anonymous(group, hoa)

    assert await house.press(hoa, "🔕 Tắt tiếng") == "Xong."


# --- taking over -------------------------------------------------------------------------------------------------


async def test_another_admin_takes_over_and_who_had_it_is_told_once(
    fallen: tuple[House, User, Chat],
) -> None:
    house, hoa, group = fallen
    tung = house.world.add_user("Tùng")
    house.world.add_member(group, tung)
    house.world.promote(group, tung)
    house.times = 2

    await enrolled(house, tung, group)

    row = await only(house)
    assert (row.state, row.member) == ("active", house.person(tung))
    assert house.said(hoa).count("một quản trị viên khác đã nhận chăm lo nhóm ấy") == 1


async def test_nobody_takes_over_while_it_is_unknown_whether_the_member_is_still_admin(house: House) -> None:
    hoa, tung = house.world.add_user("Hoa"), house.world.add_user("Tùng")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa, members=[tung])
    house.world.promote(group, tung)
    await enrolled(house, hoa, group)
    house.simulator.faults.script("gateway", "getChatAdministrators", skip=1, times=1)

    await house.start(tung, f"pledge_{group.id}")

    row = await only(house)
    assert (row.state, row.member) == ("active", house.person(hoa))


# --- two at once -------------------------------------------------------------------------------------------------


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


# --- nobody ------------------------------------------------------------------------------------------------------

COMMANDS = (
    "start",
    "report",
    "phananh",
    "verify",
    "status PA-7K2M-9QXR",
    "leave",
    "roi",
    "pause",
    "tamdung",
    "quen",
    "xuat",
    "huy",
    "camket",
)


VOICES = (
    "anonymous admin",
    "foreign channel",
    "linked channel",
    "another bot",
    "a channel beside the member's account",
)


@pytest.mark.parametrize("voice", VOICES)
async def test_who_writes_as_nobody_is_nobody_to_every_command(house: House, voice: str) -> None:
    await furnish(house)
    hoa, thief = house.world.add_user("Hoa"), house.world.add_user("Kẻ gian")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa, members=[thief])
    house.world.promote(group, thief)
    lair = house.world.add_chat("channel", "Kênh của kẻ gian", thief)
    await enrolled(house, hoa, group)
    suspect = house.world.say(thief, group, SCAM)
    before = await _of_persons(house)

    for command in COMMANDS:
        name, _, rest = command.partition(" ")
        house.world.say(hoa, group, f"/{name}@LoaTestBot {rest}".strip(), reply_to=suspect.id)
        for update in await house.waiting():
            await house.take(_as_nobody(update, voice, lair))
        house.pass_over()

    assert await _of_persons(house) == before
    row = await only_at(house, group)
    assert (row.state, row.member) == ("active", house.person(hoa))


@pytest.mark.parametrize("nobody", IS_NOBODY)
async def test_a_press_by_nobody_counts_for_nothing(house: House, nobody: int) -> None:
    hoa = house.world.add_user("Hoa")
    await enrolled(house, hoa, house.world.add_chat("supergroup", "Tổ 5", hoa))
    query = house.touch(hoa, "⏸ Tạm dừng")
    (update,) = await house.waiting()
    house.pass_over()
    assert update.callback_query is not None
    forged = _in_the_name_of(update, nobody)

    async with house.engine.begin() as connection:  # as a button for all whom its handler lets in
        await connection.execute(buttons.update().values(person=None))
    await house.take(forged)

    assert (await only(house)).state == "active"
    assert "không biết ai đang viết" in house.world.callbacks[query].answer


async def only_at(house: House, group: Chat) -> Row[Any]:
    (row,) = [row for row in await house.rows(channels) if row.external_id == str(group.id)]
    return row


async def _of_persons(house: House) -> dict[str, list[Row[Any]]]:
    """Every row of every table that names or follows from a person."""
    tables = (members, invitations, channels, pledges, conversations, drafts, buttons)
    async with house.engine.connect() as connection:
        return {
            table.name: list(await connection.execute(select(table).order_by(*table.primary_key)))
            for table in tables
        }


def _as_nobody(update: Update, voice: str, lair: Chat) -> Update:
    """The same message, as the platform would tell it of that voice."""
    message = update.message
    assert message is not None
    assert message.from_user is not None
    channel = TelegramChat(id=lair.id, type="channel", title=lair.title)
    user = message.from_user
    fields: dict[str, Any] = {
        "anonymous admin": {"sender_chat": message.chat, "from_user": _account(user, 1087968824)},
        "foreign channel": {"sender_chat": channel, "from_user": _account(user, 136817688)},
        "linked channel": {
            "sender_chat": channel,
            "from_user": _account(user, 777000).model_copy(update={"is_bot": False}),
            "is_automatic_forward": True,
        },
        "a channel beside the member's account": {"sender_chat": channel},
        "another bot": {"from_user": _account(user, 4_200_042)},
    }[voice]
    return update.model_copy(update={"message": message.model_copy(update=fields)})


def _account(user: Any, number: int) -> Any:
    return user.model_copy(update={"id": number, "is_bot": True})


def _in_the_name_of(update: Update, number: int) -> Update:
    """The same news or press, from another account."""
    event = update.event
    user = event.from_user.model_copy(update={"id": number})  # type: ignore[attr-defined]
    changed = event.model_copy(update={"from_user": user})
    kind = update.event_type
    return update.model_copy(update={"update_id": update.update_id + 1_000, kind: changed})
