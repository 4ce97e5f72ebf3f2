"""Receipts, reports that begin in a group, and being forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest

from simulator.world import User
from storage.tables import buttons, consents, drafts, reports
from tests.handlers.house import House
from tests.handlers.reporting_house import (
    IT_IS_SCAM,
    NO,
    QUIETLY,
    SCAM,
    TELL_ME,
    Corner,
    furnish,
    receipt_in,
)

PUBLISH = "Đồng ý cho công bố câu trả lời"


@pytest.fixture
async def corner(house: House) -> Corner:
    return await furnish(house)


@pytest.fixture
def sau(house: House) -> User:
    return house.world.add_user("Bác Sáu")


async def test_the_receipt_opens_the_status_from_any_account(house: House, corner: Corner, sau: User) -> None:
    receipt = await corner.report(sau)
    tung = house.world.add_user("Tùng")

    await house.say(tung, f"/status {receipt.lower().replace('-', ' ')}")

    assert "Đang chờ điều phối viên nhận" in house.last(tung).text
    assert "Sáu" not in house.last(tung).text
    await house.say(tung, receipt)
    assert "Đang chờ điều phối viên nhận" in house.last(tung).text


async def test_a_receipt_nobody_has_is_answered_kindly(house: House, corner: Corner, sau: User) -> None:
    await house.say(sau, "/status PA-0000-0000")
    assert "không tìm thấy biên nhận" in house.last(sau).text

    await house.say(sau, "/status")
    assert "/status PA-7K2M-9QXR" in house.last(sau).text


async def test_publishing_is_a_separate_consent_after_the_receipt(
    house: House, corner: Corner, sau: User
) -> None:
    await corner.report(sau, consent=QUIETLY)
    assert [row.purpose for row in await house.rows(consents)] == ["file"]

    await house.press(sau, PUBLISH)

    assert [row.purpose for row in await house.rows(consents)] == ["file", "publish"]


async def test_a_report_begun_in_a_group_goes_on_in_private(house: House, corner: Corner, sau: User) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ dân phố 5", hoa, members=[sau])
    house.world.add_member(group, house.account)
    suspicious = house.world.say(hoa, group, SCAM)
    await house.settle()

    await house.say(sau, "/phananh", group, reply_to=suspicious.id)
    assert "vcb-login" not in house.said(group)
    await house.open_link_in(sau, group, "Nhắn riêng với Loa")

    assert "vcb-login.top" in await corner.answer(sau)
    await house.press(sau, NO)
    await house.press(sau, TELL_ME)
    await house.press(sau, IT_IS_SCAM)
    assert receipt_in(house.last(sau).text)


async def test_the_link_in_the_group_opens_for_nobody_else(house: House, corner: Corner, sau: User) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ dân phố 5", hoa, members=[sau])
    house.world.add_member(group, house.account)
    suspicious = house.world.say(hoa, group, SCAM)
    await house.say(sau, "/phananh", group, reply_to=suspicious.id)

    await house.open_link_in(hoa, group, "Nhắn riêng với Loa")

    assert "chỉ dành cho người đã gõ /phananh" in house.last(hoa).text


async def test_report_in_a_group_needs_a_message_to_point_at(house: House, corner: Corner, sau: User) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ dân phố 5", hoa, members=[sau])
    house.world.add_member(group, house.account)

    await house.say(sau, "/report", group)

    assert "phản ánh" not in house.said(group)
    await house.open_link_in(sau, group, "Nhắn riêng với Loa")
    assert "chuyển tiếp" in house.last(sau).text
    assert await corner.undecided() == 0


async def test_in_a_group_nothing_else_is_read(house: House, corner: Corner, sau: User) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ dân phố 5", hoa, members=[sau])
    house.world.add_member(group, house.account)
    house.world.promote(group, house.account)
    await house.settle()
    messages = len(house.shown(group))

    await house.say(sau, SCAM, group)

    assert len(house.shown(group)) == messages + 1
    assert await corner.undecided() == 0


async def test_after_forgetting_no_table_knows_who_reported(house: House, corner: Corner, sau: User) -> None:
    await corner.report(sau)
    await corner.ask(sau, "Một tin nữa còn dang dở, chưa gửi đi đâu cả")
    exported = await corner.own.export(house.person(sau))
    assert [report["content"] for report in exported["reports"]] == [SCAM]

    await corner.own.forget(house.person(sau))

    assert await corner.undecided() == 0
    (report,) = await house.rows(reports)
    assert (report.sealed_address, report.reporter, report.locator) == (None, None, None)
    assert await house.rows(drafts) == []
    a_day = house.clock.now() + timedelta(days=2)
    assert [button for button in await house.rows(buttons) if button.gone_at < a_day] == []
    assert (await corner.own.export(house.person(sau))) == {"reports": [], "not_decided_about": []}
