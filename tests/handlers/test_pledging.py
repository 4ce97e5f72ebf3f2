"""The pledge: read first, confirmed deliberately, provable afterwards, and asked again in a new version."""

from __future__ import annotations

import re

from members.pledge import PledgeText
from storage.tables import channels, pledges
from tests.handlers.house import House, desk_of
from tests.handlers.test_places import PLEDGE, READ, enrolled


async def test_the_button_that_pledges_appears_only_after_the_one_that_says_read(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    await house.start(hoa)
    await house.open_link(hoa, "➕ Thêm vào nhóm", group)
    assert PLEDGE not in house.labels(hoa)

    await house.press(hoa, READ)

    assert PLEDGE in house.labels(hoa)
    assert "Lời cam kết của mạng lưới Loa" in house.last(hoa).text


async def test_the_pledge_is_read_in_either_language_and_recorded_in_the_one_that_was_read(
    house: House,
) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    await house.start(hoa)
    await house.open_link(hoa, "➕ Thêm vào nhóm", group)

    await house.press(hoa, "English")
    assert "The pledge of the Loa network" in house.last(hoa).text
    await house.press(hoa, READ)
    await house.press(hoa, PLEDGE)

    (pledge,) = await house.rows(pledges)
    text = house.desk.enrolment.text("en")
    assert (pledge.language, pledge.version, pledge.text_sha256) == ("en", "2026-1", text.sha256)


async def test_a_title_with_markup_in_it_is_shown_as_it_is(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ <b>5 & 6</b>", hoa)

    await enrolled(house, hoa, group)

    assert "Tổ <b>5 & 6</b> đã là một phần của mạng lưới" in house.said(hoa)


async def test_anyone_checks_a_certificate_by_its_code(house: House) -> None:
    hoa, sau = house.world.add_user("Hoa"), house.world.add_user("Bác Sáu")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    await enrolled(house, hoa, group)
    found = re.search(r"CK-\S+", house.said(hoa))
    assert found is not None
    code = found[0]

    await house.say(sau, f"/camket {code.lower().replace('-', ' ')}")
    assert house.last(sau).text == "Đúng rồi: Tổ 5 đã cam kết ngày 02/11/2026, bản 2026-1."
    await house.say(sau, "/camket CK-0000-0000-1")
    assert "không thấy giấy chứng nhận nào" in house.last(sau).text
    await house.press(hoa, "Rời mạng lưới")
    await house.say(sau, f"/camket {code}")
    assert "đã rời mạng lưới" in house.last(sau).text


async def test_the_pledge_is_no_secret(house: House) -> None:
    sau = house.world.add_user("Bác Sáu")

    await house.say(sau, "/camket")

    assert "Bạn có thể rời mạng lưới bất cứ lúc nào" in house.last(sau).text


async def test_somebody_elses_button_does_nothing(house: House) -> None:
    """In private chats nobody else sees a button; the token alone must not be enough either."""
    hoa, tung = house.world.add_user("Hoa"), house.world.add_user("Tùng")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    await house.start(hoa)
    await house.open_link(hoa, "➕ Thêm vào nhóm", group)
    await house.press(hoa, READ)
    query = house.touch(hoa, PLEDGE)
    (update,) = await house.waiting()
    assert update.callback_query is not None
    stranger = update.callback_query.from_user.model_copy(update={"id": tung.id})
    stolen = update.callback_query.model_copy(update={"from_user": stranger})
    house.pass_over()

    await house.take(update.model_copy(update={"callback_query": stolen}))

    assert [row.state for row in await house.rows(channels)] == ["pledging"]
    assert "Nút này dành cho người khác" in house.world.callbacks[query].answer


async def test_a_new_version_of_the_pledge_is_asked_for_and_nothing_stops_meanwhile(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    await enrolled(house, hoa, group)
    await house.press(hoa, "🔔 Nhận bản tin tại đây")
    house.clock.pass_by(days=90)
    texts = {"vi": PledgeText("2027-1", "vi", "Lời cam kết mới", "Ngắn hơn.", "1" * 64)}
    house.move_into(desk_of(house, texts))

    await house.start(hoa)
    assert "Lời cam kết mới" in house.last(hoa).text
    assert {row.state for row in await house.rows(channels)} == {"active"}
    await house.press(hoa, READ)
    await house.press(hoa, PLEDGE)

    assert [row.version for row in await house.rows(pledges)] == ["2026-1", "2027-1"]
    assert house.said(group).count("Chào cả nhà") == 1
    await house.start(hoa)
    assert house.said(hoa).count("Lời cam kết mới") == 0


async def test_a_pledge_read_before_the_wording_changed_is_read_again(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    await house.start(hoa)
    await house.open_link(hoa, "➕ Thêm vào nhóm", group)
    await house.press(hoa, READ)
    texts = {"vi": PledgeText("2027-1", "vi", "Lời cam kết mới", "Ngắn hơn.", "1" * 64)}
    house.move_into(desk_of(house, texts))

    await house.press(hoa, PLEDGE)

    assert "Lời cam kết mới" in house.last(hoa).text
    assert await house.rows(pledges) == []


async def test_a_right_taken_away_before_the_last_tap_is_noticed_at_the_last_tap(house: House) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    await house.start(hoa)
    house.world.add_member(group, house.account, by=hoa)
    await house.settle()
    await house.press(hoa, READ)
    house.world.set_permissions(group, [])

    await house.press(hoa, PLEDGE)

    assert "chỉ quản trị viên được nhắn" in house.last(hoa).text
    assert [row.state for row in await house.rows(channels)] == ["pledging"]


async def test_an_admin_demoted_before_the_last_tap_does_not_pledge(house: House) -> None:
    hoa, tung = house.world.add_user("Hoa"), house.world.add_user("Tùng")
    group = house.world.add_chat("supergroup", "Tổ 5", tung, members=[hoa])
    house.world.promote(group, hoa)
    await house.start(hoa)
    await house.open_link(hoa, "➕ Thêm vào nhóm", group)
    await house.press(hoa, READ)
    house.world.demote(group, hoa)

    await house.press(hoa, PLEDGE)
    assert "không phải quản trị viên" in house.last(hoa).text
    assert await house.rows(pledges) == []

    house.world.promote(group, hoa)
    await house.press(hoa, "Thử lại")
    assert [row.state for row in await house.rows(channels)] == ["active"]
