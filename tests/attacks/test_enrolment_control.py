"""Somebody wants to begin for a group that is not theirs to begin for, or acts as nobody."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from aiogram.types import Chat as TelegramChat
from aiogram.types import Update
from sqlalchemy import Row, select

from handlers.buttons import press_of
from simulator.world import Chat
from storage.buttons import ButtonBook
from storage.tables import (
    buttons,
    channels,
    conversations,
    drafts,
    invitations,
    members,
    pledges,
)
from tests.handlers.house import House
from tests.handlers.reporting_house import SCAM, furnish
from tests.handlers.test_places import enrolled
from tests.keys import NAMES

ADD = "➕ Thêm vào nhóm"
IS_NOBODY = (1087968824, 136817688, 777000)


async def only(house: House) -> Row[Any]:
    (channel,) = await house.rows(channels)
    return channel


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


async def test_whoever_opens_the_groups_button_without_a_say_there_learns_nothing(house: House) -> None:
    hoa, sau = house.world.add_user("Hoa"), house.world.add_user("Bác Sáu")
    group = house.world.add_chat("supergroup", "Tổ kín", hoa, members=[sau])
    house.world.add_member(group, house.account, by=hoa)
    await house.settle()

    for chat_id in (group.id, -1_009_999, "-0", "--1", "x", "-" + "9" * 40):
        await house.start(sau, f"pledge_{chat_id}"[:64])

    assert "Tổ kín" not in house.said(sau)
    assert house.said(sau).count("Bạn không phải quản trị viên của nhóm đó") == 6
    assert [row.member for row in await house.rows(channels)] == [house.person(hoa)]


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

    await _let_anybody_press(house, update)
    await house.take(forged)

    assert (await only(house)).state == "active"
    assert "không biết ai đang viết" in house.world.callbacks[query].answer


async def _let_anybody_press(house: House, update: Update) -> None:
    """The button becomes one for all whom its handler lets in."""
    assert update.callback_query is not None
    store = ButtonBook(house.engine, house.committer, NAMES)
    button = await store.find(press_of(update.callback_query))
    assert button is not None
    async with house.engine.begin() as connection:
        await connection.execute(buttons.delete())
    await store.keep([replace(button, person=None)])


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
