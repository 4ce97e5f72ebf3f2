"""What members choose for their channels, on a phone, with their thumb."""

from __future__ import annotations

from datetime import time

import pytest

from handlers.preferences import read_hours
from members.channel import QuietHours
from storage.tables import channels
from tests.handlers.house import House, columns
from tests.handlers.test_places import enrolled


async def test_hoa_chooses_topics_areas_silence_and_drills(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    await enrolled(house, hoa, house.world.add_chat("supergroup", "Tổ 5", hoa))

    await house.press(hoa, "Chủ đề")
    await house.press(hoa, "Bão lũ")
    assert "✅ Bão lũ" in house.labels(hoa)
    await house.press(hoa, "« Quay lại")
    await house.press(hoa, "Khu vực")
    await house.press(hoa, "▶")
    await house.press(hoa, "Xã 15")
    assert "✅ Xã 15" in house.labels(hoa)
    await house.press(hoa, "« Quay lại")
    assert await house.press(hoa, "🔕 Tắt tiếng") == "Xong."
    await house.press(hoa, "Nhận cả diễn tập")

    assert columns(await house.rows(channels), "topics", "areas", "silent", "drills") == [
        {"topics": ("flood",), "areas": ("xa-15",), "silent": True, "drills": True}
    ]
    assert "Chủ đề: Bão lũ" in house.last(hoa).text

    await house.press(hoa, "Chủ đề")
    await house.press(hoa, "Tất cả")
    assert columns(await house.rows(channels), "topics") == [{"topics": ()}]


async def test_quiet_hours_are_picked_or_typed(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    await enrolled(house, hoa, house.world.add_chat("supergroup", "Tổ 5", hoa))

    await house.press(hoa, "Giờ yên lặng")
    await house.press(hoa, "22:00–06:00")
    assert "Giờ yên lặng: 22:00–06:00" in house.last(hoa).text
    await house.press(hoa, "Giờ yên lặng")
    await house.press(hoa, "Giờ khác")
    await house.say(hoa, "từ tối đến sáng")
    assert "Loa chưa hiểu" in house.last(hoa).text
    await house.say(hoa, "21h30 đến 5h45")

    assert "Giờ yên lặng: 21:30–05:45" in house.last(hoa).text
    minutes = {"quiet_starts_minute": 21 * 60 + 30, "quiet_ends_minute": 5 * 60 + 45}
    assert columns(await house.rows(channels), *minutes) == [minutes]


@pytest.mark.parametrize(
    ("typed", "hours"),
    [
        ("21:30-5:45", (21, 30, 5, 45)),
        ("22h đến 6h", (22, 0, 6, 0)),
        (" 22 6 ", (22, 0, 6, 0)),
        ("9.15 – 11", (9, 15, 11, 0)),
        ("22-22", None),
        ("25-6", None),
        ("22:75-6", None),
        ("", None),
        ("1" * 5_000, None),
    ],
)
def test_hours_are_read_as_people_write_them(typed: str, hours: tuple[int, int, int, int] | None) -> None:
    expected = None if hours is None else QuietHours(time(*hours[:2]), time(*hours[2:]))

    assert read_hours(typed) == expected


async def test_pinning_asks_for_its_one_right_and_is_on_only_once_it_is_there(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    await enrolled(house, hoa, group)

    await house.press(hoa, "📌 Ghim bản tin")
    assert "Để ghim bản tin ở Tổ 5, Loa chỉ cần đúng một quyền" in house.last(hoa).text
    await house.press(hoa, "📌 Ghim bản tin")
    assert columns(await house.rows(channels), "pin") == [{"pin": False}]
    await house.open_link(hoa, "Cấp quyền ghim cho Loa", group)
    assert group.member(house.account.id).rights == {"can_manage_chat", "can_pin_messages"}
    await house.press(hoa, "📌 Ghim bản tin")

    assert columns(await house.rows(channels), "pin") == [{"pin": True}]
    assert "Ghim: có" in house.last(hoa).text


async def test_a_bot_that_is_made_a_plain_member_again_says_that_it_pins_no_more(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    await enrolled(house, hoa, group)
    house.world.promote(group, house.account, ["can_pin_messages"], by=hoa)
    await house.settle()
    await house.press(hoa, "📌 Ghim bản tin")
    house.times = 2

    house.world.demote(group, house.account)
    await house.settle()

    assert columns(await house.rows(channels), "state", "flaw") == [
        {"state": "active", "flaw": "can_pin_messages"}
    ]
    assert house.said(hoa).count("bản tin vẫn đến nhưng không được ghim") == 1
    house.world.promote(group, house.account, ["can_pin_messages"], by=hoa)
    await house.settle()
    assert columns(await house.rows(channels), "flaw") == [{"flaw": None}]


async def test_where_everybody_may_pin_no_right_is_asked_for(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    house.world.set_permissions(group, ["can_send_messages", "can_invite_users", "can_pin_messages"])
    await enrolled(house, hoa, group)

    await house.press(hoa, "📌 Ghim bản tin")

    assert columns(await house.rows(channels), "pin") == [{"pin": True}]
    assert group.member(house.account.id).status == "member"


async def test_pausing_resuming_and_leaving_take_one_tap_each(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    await enrolled(house, hoa, group)

    await house.press(hoa, "⏸ Tạm dừng")
    assert columns(await house.rows(channels), "state") == [{"state": "paused"}]
    await house.press(hoa, "▶️ Mở lại")
    assert columns(await house.rows(channels), "state") == [{"state": "active"}]
    await house.press(hoa, "Rời mạng lưới")

    assert columns(await house.rows(channels), "state") == [{"state": "left"}]
    assert not group.member(house.account.id).is_present
    assert house.said(hoa).count("Tổ 5 đã rời mạng lưới") == 1
    await house.say(hoa, "/kenh")
    assert "Bạn chưa có kênh nào" in house.last(hoa).text


async def test_an_old_card_of_a_channel_that_left_changes_nothing(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    await enrolled(house, hoa, group)
    await house.say(hoa, "/kenh")
    house.world.remove_member(group, house.account, by=hoa)
    await house.settle()

    await house.press(hoa, "Tổ 5 · đang hoạt động")
    assert "không còn do bạn quản lý" in await house.press(hoa, "⏸ Tạm dừng")

    assert columns(await house.rows(channels), "state") == [{"state": "left"}]


async def test_all_channels_of_a_person_are_listed(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    await enrolled(house, hoa, house.world.add_chat("supergroup", "Tổ 5", hoa))
    await house.press(hoa, "🔔 Nhận bản tin tại đây")

    await house.say(hoa, "/kenh")

    assert house.labels(hoa) == ["Tổ 5 · đang hoạt động", "Cuộc trò chuyện riêng · đang hoạt động"]


async def test_hoa_pauses_her_group_in_the_group_and_others_cannot(house: House) -> None:
    hoa, tung = house.world.add_user("Hoa"), house.world.add_user("Tùng")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa, members=[tung])
    await enrolled(house, hoa, group)

    await house.say(tung, "/pause", group)
    assert columns(await house.rows(channels), "state") == [{"state": "active"}]
    await house.say(hoa, "/tamdung", group)

    assert columns(await house.rows(channels), "state") == [{"state": "paused"}]
