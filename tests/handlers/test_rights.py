"""What people may know and have erased."""

from __future__ import annotations

import json

from handlers.rights import forget_due
from storage.tables import channels, forgetting_owed, metadata
from tests.handlers.house import BOT_NAME, House, columns
from tests.handlers.test_places import enrolled


async def test_quyen_explains_what_is_kept_in_plain_words(house: House) -> None:
    sau = house.world.add_user("Bác Sáu")

    await house.say(sau, "/quyen")

    assert "Loa giữ gì, và quyền của bạn" in house.last(sau).text
    assert "/quen" in house.last(sau).text


async def test_rights_are_not_discussed_in_a_group(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    await enrolled(house, hoa, group)

    await house.say(hoa, "/quen", group)

    assert "xin bạn nhắn riêng cho Loa" in house.last(group).text
    assert columns(await house.rows(channels), "state") == [{"state": "active"}]


async def test_xuat_hands_out_everything_as_a_file(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    await enrolled(house, hoa, house.world.add_chat("supergroup", "Tổ 5", hoa))

    await house.say(hoa, "/xuat")

    exported = json.loads(house.world.files[house.last(hoa).document or ""].data)
    assert exported["member"]["person"] == f"telegram:{hoa.id}"
    assert [channel["title"] for channel in exported["member"]["channels"]] == ["Tổ 5"]
    assert [pledge["version"] for pledge in exported["member"]["pledges"]] == ["2026-1"]


async def test_quen_forgets_at_once_and_nothing_of_the_person_is_left_in_any_table(house: House) -> None:
    canary = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", canary)
    await enrolled(house, canary, group)
    await house.press(canary, "🔔 Nhận bản tin tại đây")
    await house.press(canary, "Giờ yên lặng")
    await house.press(canary, "Giờ khác")
    await house.say(canary, "/xuat")

    await house.say(canary, "/quen")

    assert "Loa đã quên bạn" in house.last(canary).text
    assert not group.member(house.account.id).is_present
    for table in metadata.sorted_tables:
        for row in await house.rows(table):
            values = {str(value) for value in row._mapping.values()}
            assert not {f"telegram:{canary.id}", str(canary.id)} & values, table.name
    assert {row.state for row in await house.rows(channels)} == {"left"}


async def test_xuat_is_answered_once_an_hour(house: House) -> None:
    sau = house.world.add_user("Bác Sáu")
    await house.say(sau, "/xuat")

    await house.say(sau, "/xuat")

    assert "hỏi lại sau 60 phút" in house.last(sau).text
    house.clock.pass_by(hours=1)
    await house.say(sau, "/xuat")
    assert house.last(sau).document


async def test_a_second_quen_within_the_hour_is_kept_sealed_and_done_by_itself(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    await house.say(hoa, "/quen")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    await enrolled(house, hoa, group)

    await house.say(hoa, "/quen")

    assert "sẽ tự xoá sau 60 phút" in house.last(hoa).text
    assert str(hoa.id) not in repr(await house.rows(forgetting_owed))
    bots = {BOT_NAME: house.bot}
    await forget_due(house.rights, bots, house.clock.now())
    assert [row.state for row in await house.rows(channels)] == ["active"]
    house.clock.pass_by(hours=1)
    await forget_due(house.rights, bots, house.clock.now())
    assert [row.state for row in await house.rows(channels)] == ["left"]
    assert not group.member(house.account.id).is_present
    assert await house.rows(forgetting_owed) == []


async def test_forgetting_twice_or_nobody_does_no_harm(house: House) -> None:
    sau = house.world.add_user("Bác Sáu")
    house.times = 2

    await house.say(sau, "/quen")

    assert "Loa đã quên bạn" in house.last(sau).text
