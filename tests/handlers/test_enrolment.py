"""Admins bring groups into the network, over the wire: the straight way, and the ways people really go."""

from __future__ import annotations

import pytest
from aiogram.exceptions import TelegramNetworkError
from aiogram.types import Update

from simulator.world import Chat, User
from storage.invited import invitations_of
from storage.tables import channels, invitations, pledges
from tests.handlers.house import House, columns
from tests.keys import NAMES

ADD = "➕ Thêm vào nhóm"
READ = "Tôi đã đọc"
PLEDGE = "🤝 Tôi cam kết"


async def enrolled(house: House, admin: User, group: Chat) -> None:
    """``admin`` has gone all the way."""
    await house.start(admin)
    await house.open_link(admin, ADD, group)
    await house.press(admin, READ)
    await house.press(admin, PLEDGE)


async def state_of(house: House) -> list[str]:
    return [row.state for row in await house.rows(channels)]


async def test_hoa_enrols_her_group_in_four_taps(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ dân phố 5", hoa, member_count=120)

    await house.start(hoa)
    await house.open_link(hoa, ADD, group)
    assert "Lời cam kết của mạng lưới Loa" in house.last(hoa).text
    assert "Tổ dân phố 5" in house.last(hoa).text
    await house.press(hoa, READ)
    await house.press(hoa, PLEDGE)

    (channel,) = await house.rows(channels)
    assert (channel.state, channel.member, channel.member_count) == ("active", house.person(hoa), 121)
    (pledge,) = await house.rows(pledges)
    assert pledge.certificate in house.said(hoa)
    assert "đăng bản tin chính thức đã kiểm tra" in house.last(group).text
    assert "@LoaTestBot" in house.last(group).text
    assert "Rời mạng lưới" in house.labels(hoa)


async def test_the_greeting_says_in_two_sentences_who_speaks_and_offers_four_ways_on(house: House) -> None:
    hoa = house.world.add_user("Hoa")

    await house.start(hoa)

    assert house.last(hoa).text.startswith("Chào bạn, mình là Loa")
    assert house.labels(hoa)[:4] == [
        ADD,
        "📢 Thêm vào kênh",
        "🔔 Nhận bản tin tại đây",
        "🔎 Kiểm tra một tin",
    ]


async def test_whoever_reads_english_is_greeted_in_english_and_may_choose(house: House) -> None:
    anna = house.world.add_user("Anna", language_code="en-GB")
    await house.start(anna)
    assert house.last(anna).text.startswith("Hello, I am Loa")

    await house.press(anna, "Tiếng Việt")

    assert house.last(anna).text.startswith("Chào bạn")
    await house.say(anna, "/kenh")
    assert house.last(anna).text.startswith("Bạn chưa có kênh nào")


async def test_the_bot_added_by_hand_needs_no_link(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("group", "Chợ Bến", hoa)
    await house.start(hoa)

    house.world.add_member(group, house.account, by=hoa)
    await house.settle()

    assert "Chợ Bến" in house.last(hoa).text
    assert await state_of(house) == ["pledging"]


async def test_an_admin_who_never_wrote_to_the_bot_is_asked_in_the_group_to_open_the_private_chat(
    house: House,
) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("group", "Chợ Bến", hoa)
    house.world.add_member(group, house.account, by=hoa)
    await house.settle()
    assert house.last(group).buttons[0][0].url == "https://t.me/LoaTestBot?start=pledge"

    await house.open_link_in(hoa, group, "Nhắn riêng cho Loa")

    assert READ in house.labels(hoa)


async def test_a_link_works_for_fifteen_minutes_only(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("group", "Chợ Bến", hoa)
    await house.start(hoa)
    token = (await house.rows(invitations))[0].token
    house.clock.pass_by(minutes=15)

    await house.say(hoa, f"/start@LoaTestBot {token}", _with_bot_unnoticed(house, group, hoa))

    assert "chỉ dùng được một lần, trong 15 phút" in house.said(hoa)
    assert await state_of(house) == []


async def test_a_link_that_comes_after_the_news_is_used_up_and_whoever_pledges_is_looked_at_again(
    house: House,
) -> None:
    hoa, tung = house.world.add_user("Hoa"), house.world.add_user("Tùng")
    group = house.world.add_chat("supergroup", "Tổ 5", tung, members=[hoa])
    house.world.promote(group, hoa)
    await house.start(hoa)
    await house.open_link(hoa, ADD, group)

    assert [call.method for call in house.world.calls].count("getChat") == 1
    assert [row.used_at is not None for row in await house.rows(invitations)] == [True]

    house.world.demote(group, hoa)
    await house.press(hoa, READ)
    await house.press(hoa, PLEDGE)
    assert await state_of(house) == ["pledging"]


async def test_a_stolen_link_is_of_no_use(house: House) -> None:
    hoa, thief = house.world.add_user("Hoa"), house.world.add_user("Kẻ trộm")
    den = house.world.add_chat("group", "Hang", thief)
    await house.start(hoa)
    await house.start(thief)
    async with house.engine.connect() as connection:
        ((token, *_),) = await invitations_of(connection, NAMES, house.person(hoa))

    await house.say(thief, f"/start@LoaTestBot {token}", _with_bot_unnoticed(house, den, thief))

    assert "cho đúng người đã xin" in house.last(thief).text
    assert await state_of(house) == []


async def test_a_link_serves_one_group_only(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    first, second = (house.world.add_chat("group", name, hoa) for name in ("Một", "Hai"))
    await house.start(hoa)
    await house.open_link(hoa, ADD, first)
    token = (await house.rows(invitations))[0].token

    await house.say(hoa, f"/start@LoaTestBot {token}", _with_bot_unnoticed(house, second, hoa))

    assert "chỉ dùng được một lần" in house.last(hoa).text
    assert columns(await house.rows(channels), "title") == [{"title": "Một"}]


async def test_somebody_who_is_no_admin_enrols_nothing_and_is_told_kindly(house: House) -> None:
    hoa, sau = house.world.add_user("Hoa"), house.world.add_user("Bác Sáu")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa, members=[sau])
    await house.start(sau)

    await house.open_link(sau, ADD, group)

    assert "Bạn không phải quản trị viên của Tổ 5" in house.said(sau)
    assert await state_of(house) == []


async def test_an_anonymous_admin_is_asked_to_write_in_private_and_can_still_enrol_by_her_own_link(
    house: House,
) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    await house.start(hoa)
    token = (await house.rows(invitations))[0].token
    _with_bot_unnoticed(house, group, hoa)

    await house.say(hoa, "/start@LoaTestBot", group, anonymous=True)
    assert await state_of(house) == []
    await house.say(hoa, f"/start@LoaTestBot {token}", group, anonymous=True)

    assert await state_of(house) == ["pledging"]
    assert READ in house.labels(hoa)


async def test_an_anonymous_admin_who_adds_the_bot_is_nobody(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    await house.start(hoa)
    house.world.add_member(group, house.account, by=hoa)
    (update,) = [update for update in await house.waiting() if update.my_chat_member]
    house.pass_over()

    await house.take(_by_anonymous(update))

    assert await state_of(house) == []
    assert "xin một quản trị viên bấm nút này" in house.last(group).text


async def test_a_second_admin_learns_that_the_group_is_in_already(house: House) -> None:
    hoa, tung = house.world.add_user("Hoa"), house.world.add_user("Tùng")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa, members=[tung])
    house.world.promote(group, tung)
    await enrolled(house, hoa, group)

    await house.start(tung)
    await house.open_link(tung, ADD, group)

    assert "một quản trị viên khác đã đăng ký" in house.last(tung).text
    (channel,) = await house.rows(channels)
    assert channel.member == house.person(hoa)


async def test_when_the_first_admin_is_one_no_more_another_takes_over_by_pledging(house: House) -> None:
    hoa, tung = house.world.add_user("Hoa"), house.world.add_user("Tùng")
    group = house.world.add_chat("supergroup", "Tổ 5", tung, members=[hoa])
    house.world.promote(group, hoa)
    await enrolled(house, hoa, group)
    house.world.demote(group, hoa)

    await house.start(tung)
    await house.open_link(tung, ADD, group)
    assert await state_of(house) == ["pledging"]
    await house.press(tung, READ)
    await house.press(tung, PLEDGE)

    (channel,) = await house.rows(channels)
    assert (channel.state, channel.member) == ("active", house.person(tung))


async def test_the_first_admin_who_waited_too_long_finds_that_another_has_finished(house: House) -> None:
    hoa, tung = house.world.add_user("Hoa"), house.world.add_user("Tùng")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa, members=[tung])
    house.world.promote(group, tung)
    await house.start(hoa)
    await house.open_link(hoa, ADD, group)
    await enrolled(house, tung, group)

    await house.press(hoa, READ)

    assert "quản trị viên khác đã nhận" in house.last(hoa).text
    (channel,) = await house.rows(channels)
    assert channel.member == house.person(tung)


async def test_enrolling_the_same_group_again_changes_nothing(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    await enrolled(house, hoa, group)
    before = await house.rows(pledges)

    await house.start(hoa)
    await house.open_link(hoa, ADD, group)

    assert "Tổ 5 đã tham gia rồi" in house.last(hoa).text
    assert await house.rows(pledges) == before
    assert await state_of(house) == ["active"]


async def test_an_abandoned_pledge_is_found_again_at_start(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    await house.start(hoa)
    await house.open_link(hoa, ADD, group)
    await house.press(hoa, READ)
    await house.press(hoa, "Để sau")
    house.clock.pass_by(days=30)

    await house.start(hoa)
    assert READ in house.labels(hoa)
    await house.press(hoa, READ)
    await house.press(hoa, PLEDGE)

    assert await state_of(house) == ["active"]


async def test_whoever_says_no_is_thanked_and_the_bot_goes(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    await house.start(hoa)
    await house.open_link(hoa, ADD, group)

    await house.press(hoa, "Không tham gia")

    assert await state_of(house) == ["left"]
    assert not group.member(house.account.id).is_present
    assert "cảm ơn bạn đã đọc" in house.last(hoa).text


async def test_a_group_where_only_admins_write_waits_for_the_right_and_then_goes_on_by_itself(
    house: House,
) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    house.world.set_permissions(group, ["can_invite_users"])
    await house.start(hoa)
    house.world.add_member(group, house.account, by=hoa)
    await house.settle()
    assert "Loa chỉ còn thiếu quyền gửi tin nhắn" in house.last(hoa).text

    house.world.promote(group, house.account, ["can_pin_messages"], by=hoa)
    await house.settle()

    assert READ in house.labels(hoa)
    (channel,) = await house.rows(channels)
    assert (channel.state, channel.flaw) == ("pledging", None)


async def test_a_person_who_blocks_the_bot_in_between_loses_nothing(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    await house.start(hoa)
    house.world.block(hoa, house.account)
    house.world.add_member(group, house.account, by=hoa)
    await house.settle()
    assert await state_of(house) == ["pledging"]

    await house.start(hoa)

    assert READ in house.labels(hoa)


async def test_everything_delivered_twice_has_one_effect(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    await house.start(hoa)
    house.times = 2

    await house.open_link(hoa, ADD, group)
    await house.press(hoa, READ)
    await house.press(hoa, PLEDGE)

    assert await state_of(house) == ["active"]
    assert len(await house.rows(pledges)) == 1
    assert house.said(group).count("Chào cả nhà") == 1
    assert house.said(hoa).count("Giấy chứng nhận") == 1
    assert house.said(hoa).count("Chủ đề: tất cả") == 1


@pytest.mark.parametrize("words", ["Lời cam kết của mạng lưới", "Chào cả nhà", "Giờ yên lặng"])
async def test_an_answer_lost_on_the_way_is_given_when_the_update_comes_again(
    house: House, words: str
) -> None:
    """The database was written, the message did not leave: the update was never marked, so it comes again."""
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    house.simulator.faults.script("reset", "sendMessage", text=words)

    with pytest.raises(TelegramNetworkError):
        await enrolled(house, hoa, group)
    await house.settle()
    for label in (READ, PLEDGE):
        if label in house.labels(hoa):
            await house.press(hoa, label)

    assert await state_of(house) == ["active"]
    assert house.said(hoa).count("Giấy chứng nhận") == 1
    assert "Chào cả nhà" in house.said(group)
    assert "Rời mạng lưới" in house.labels(hoa)


async def test_cancel_works_anywhere(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    await house.start(hoa)
    await house.press(hoa, "🔔 Nhận bản tin tại đây")
    await house.press(hoa, "Giờ yên lặng")
    await house.press(hoa, "Giờ khác")

    await house.say(hoa, "/cancel")
    assert house.last(hoa).text.startswith("Đã dừng")
    await house.say(hoa, "/huy")
    assert house.last(hoa).text.startswith("Không có việc gì đang dở")


def _with_bot_unnoticed(house: House, group: Chat, by: User) -> Chat:
    """The group with the bot in it, whose arrival the platform did not tell."""
    house.world.add_member(group, house.account, by=by)
    house.pass_over()
    return group


def _by_anonymous(update: Update) -> Update:
    """The same news, but in the name of the group's anonymous admin."""
    member = update.my_chat_member
    assert member is not None
    nobody = member.from_user.model_copy(update={"id": 1087968824, "is_bot": True})
    changed = member.model_copy(update={"from_user": nobody})
    return update.model_copy(update={"update_id": update.update_id + 1_000, "my_chat_member": changed})
