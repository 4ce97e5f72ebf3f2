"""Somebody wants to keep a group that they administer no more, or to take one whose member still does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import Row

from members.pledge import PledgeText
from simulator.world import Chat, User
from storage.tables import (
    channels,
    members,
    pledges,
)
from tests.handlers.house import House, desk_of
from tests.handlers.test_places import PLEDGE, READ, enrolled

ADD = "➕ Thêm vào nhóm"
NO_LONGER_ADMIN = "không còn là quản trị viên ở đó nữa"
ASK_LATER = "Một lát nữa bạn thử lại nhé"


async def only(house: House) -> Row[Any]:
    (channel,) = await house.rows(channels)
    return channel


async def kept(house: House) -> tuple[Any, ...]:
    """What of the channel an act would change."""
    row = await only(house)
    return (row.state, row.topics, row.areas, row.quiet_starts_minute, row.pin, row.silent, row.drills)


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
