"""Other places than groups, and what happens to places afterwards."""

from __future__ import annotations

from simulator.world import Chat, User
from storage.tables import channels, pledges
from tests.handlers.house import House, columns

READ = "Tôi đã đọc"
PLEDGE = "🤝 Tôi cam kết"


async def enrolled(house: House, admin: User, chat: Chat, label: str = "➕ Thêm vào nhóm") -> None:
    await house.start(admin)
    await house.open_link(admin, label, chat)
    await house.press(admin, READ)
    await house.press(admin, PLEDGE)


async def test_a_broadcast_channel_is_enrolled_by_whoever_adds_the_bot(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    posts = house.world.add_chat("channel", "Tin phường", hoa, member_count=900)

    await enrolled(house, hoa, posts, "📢 Thêm vào kênh")

    assert columns(await house.rows(channels), "kind", "state") == [{"kind": "broadcast", "state": "active"}]
    assert "Chào cả nhà" in house.last(posts).text
    rights = posts.member(house.account.id).rights
    assert rights == {"can_manage_chat", "can_post_messages", "can_edit_messages"}


async def test_a_broadcast_channel_sees_nothing_while_its_admin_cannot_be_reached(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    posts = house.world.add_chat("channel", "Tin phường", hoa)
    house.world.promote(posts, house.account, ["can_post_messages", "can_edit_messages"], by=hoa)
    await house.settle()
    assert house.shown(posts) == []

    await house.start(hoa)

    assert READ in house.labels(hoa)


async def test_a_channel_where_the_bot_may_not_edit_waits_because_corrections_need_it(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    posts = house.world.add_chat("channel", "Tin phường", hoa)
    await house.start(hoa)

    house.world.promote(posts, house.account, ["can_post_messages"], by=hoa)
    await house.settle()

    assert "sửa tin (để đính chính)" in house.last(hoa).text
    assert columns(await house.rows(channels), "state", "flaw") == [
        {"state": "pledging", "flaw": "can_edit_messages"}
    ]


async def test_bac_sau_gets_bulletins_in_private_with_one_tap_and_stops_with_one_tap(house: House) -> None:
    sau = house.world.add_user("Bác Sáu")
    await house.start(sau)

    await house.press(sau, "🔔 Nhận bản tin tại đây")
    (channel,) = await house.rows(channels)
    assert (channel.kind, channel.state, channel.title) == ("subscriber", "active", "")
    assert channel.external_id == str(sau.id)

    await house.press(sau, "Ngừng nhận bản tin")
    assert "không còn bản tin ở đây nữa" in house.last(sau).text
    assert columns(await house.rows(channels), "state") == [{"state": "left"}]


async def test_subscribing_twice_and_again_after_leaving_keeps_one_row(house: House) -> None:
    sau = house.world.add_user("Bác Sáu")
    await house.start(sau)
    await house.press(sau, "🔔 Nhận bản tin tại đây")
    await house.press(sau, "🔔 Nhận bản tin tại đây")
    await house.press(sau, "Ngừng nhận bản tin")

    await house.press(sau, "🔔 Nhận bản tin tại đây")

    assert columns(await house.rows(channels), "state") == [{"state": "active"}]


async def test_a_subscriber_who_blocks_the_bot_has_left_quietly_and_may_come_back(house: House) -> None:
    sau = house.world.add_user("Bác Sáu")
    await house.start(sau)
    await house.press(sau, "🔔 Nhận bản tin tại đây")

    house.world.block(sau, house.account)
    await house.settle()
    assert columns(await house.rows(channels), "state") == [{"state": "left"}]

    await house.start(sau)
    await house.press(sau, "🔔 Nhận bản tin tại đây")
    assert columns(await house.rows(channels), "state") == [{"state": "active"}]


async def test_taken_out_by_somebody_else_the_channel_is_lost_and_hoa_is_told_once(house: House) -> None:
    hoa, tung = house.world.add_user("Hoa"), house.world.add_user("Tùng")
    group = house.world.add_chat("supergroup", "Tổ 5", tung, members=[hoa])
    house.world.promote(group, hoa)
    await enrolled(house, hoa, group)
    house.times = 2

    house.world.remove_member(group, house.account, by=tung)
    await house.settle()

    assert columns(await house.rows(channels), "state") == [{"state": "lost"}]
    assert house.said(hoa).count("Loa đã bị đưa ra khỏi Tổ 5") == 1


async def test_taken_out_by_hoa_herself_the_channel_has_left(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    await enrolled(house, hoa, group)

    house.world.remove_member(group, house.account, by=hoa)
    await house.settle()

    assert columns(await house.rows(channels), "state") == [{"state": "left"}]
    assert house.said(hoa).count("Tổ 5 đã rời mạng lưới") == 1


async def test_a_group_that_left_comes_back_by_pledging_again_and_keeps_its_certificate(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    await enrolled(house, hoa, group)
    house.world.remove_member(group, house.account, by=hoa, ban=False)
    await house.settle()

    await enrolled(house, hoa, group)

    assert columns(await house.rows(channels), "state") == [{"state": "active"}]
    assert house.said(hoa).count("Giấy chứng nhận") == 2
    assert house.said(group).count("Chào cả nhà") == 2
    assert len(await house.rows(pledges)) == 1


async def test_demoted_and_promoted_again_hoa_hears_of_each_once(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    await enrolled(house, hoa, group)
    house.times = 2

    house.world.restrict(group, house.account, [], by=hoa)
    await house.settle()
    assert columns(await house.rows(channels), "flaw") == [{"flaw": "can_send_messages"}]
    assert house.said(hoa).count("Loa không còn quyền gửi tin nhắn") == 1

    house.world.promote(group, house.account, ["can_pin_messages"], by=hoa)
    await house.settle()
    assert columns(await house.rows(channels), "flaw") == [{"flaw": None}]
    assert house.said(hoa).count("bản tin lại đến được Tổ 5") == 1


async def test_a_group_that_becomes_a_supergroup_stays_the_same_channel(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("group", "Chợ Bến", hoa)
    await enrolled(house, hoa, group)
    (before,) = await house.rows(channels)

    larger = house.world.upgrade(group)
    await house.settle()

    (after,) = await house.rows(channels)
    assert (after.id, after.external_id, after.kind) == (before.id, str(larger.id), "supergroup")
    assert after.state == "active"


async def test_any_named_admin_sends_the_bot_away_in_the_group_and_the_member_hears_of_it(
    house: House,
) -> None:
    hoa, tung, sau = (house.world.add_user(name) for name in ("Hoa", "Tùng", "Bác Sáu"))
    group = house.world.add_chat("supergroup", "Tổ 5", hoa, members=[tung, sau])
    house.world.promote(group, tung)
    await enrolled(house, hoa, group)

    await house.say(sau, "/leave", group)
    assert "Chỉ quản trị viên" in house.last(group).text
    await house.say(tung, "/leave", group, anonymous=True)
    assert "Loa không biết ai đang viết" in house.last(group).text
    assert columns(await house.rows(channels), "state") == [{"state": "active"}]

    await house.say(tung, "/leave", group)

    assert columns(await house.rows(channels), "state") == [{"state": "left"}]
    assert not group.member(house.account.id).is_present
    assert house.said(hoa).count("Tổ 5 đã rời mạng lưới") == 1


async def test_in_a_group_the_bot_introduces_itself_and_hears_only_commands(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    await enrolled(house, hoa, group)
    before = len(house.shown(group))

    await house.say(hoa, "Chiều nay họp tổ nhé", group)
    assert len(house.shown(group)) == before + 1
    await house.say(hoa, "/start@LoaTestBot", group)

    assert "Loa đăng bản tin chính thức" in house.last(group).text


async def test_a_group_is_entered_without_rights_and_ordinary_talk_never_comes(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa, member_count=120)
    await enrolled(house, hoa, group)
    assert group.member(house.account.id).status == "member"
    taken = len(house.taken)

    await house.say(hoa, "Chiều nay họp tổ nhé", group)
    assert len(house.taken) == taken
    await house.say(hoa, "/verify@LoaTestBot", group)

    assert len(house.taken) == taken + 1
    (channel,) = await house.rows(channels)
    assert (channel.state, channel.flaw) == ("active", None)
