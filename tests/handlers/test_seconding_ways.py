"""A revision that waits for a second person; and the second person who is not in the moderators' group."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert

from members.roles import Role
from reports.cases import CaseState
from simulator.world import User
from storage.tables import cases, staff
from tests.handlers.house import House
from tests.handlers.reporting_house import (
    AGREE,
    CLAIM,
    SCAM,
    SCAM_KIND,
    Corner,
    furnish,
)

MILD = "Ngân hàng không bao giờ gửi liên kết như vậy. https://www.vietcombank.com.vn/canh-bao"
WORDS = "Đây là trang giả, ngân hàng đã cảnh báo."
HEAVY = f"{WORDS} https://canh-bao.example.org/tin"
SEND_BACK, TAKE_BACK, REVISE = "↩️ Trả lại", "✏️ Rút về để sửa", "✏️ Sửa kết luận"
WRONG = "Có chỗ chưa đúng"


@pytest.fixture
async def corner(house: House) -> Corner:
    return await furnish(house)


@pytest.fixture
def sau(house: House) -> User:
    return house.world.add_user("Bác Sáu")


async def the_case(house: House) -> Any:
    (case,) = await house.rows(cases)
    return case


def answers(house: House, citizen: User) -> list[str]:
    """The verdicts a citizen was told."""
    return [shown.text for shown in house.shown(citizen) if "Trả lời phản ánh" in shown.text]


async def propose(corner: Corner, text: str = HEAVY, kind: str = SCAM_KIND) -> str:
    """Minh writes a verdict and sends it; what the bot says then."""
    await corner.press(corner.minh, CLAIM)
    await corner.press(corner.minh, kind)
    await corner.reply(corner.minh, text)
    return await corner.send(corner.minh)


# --- revising


async def test_a_verdict_that_is_being_revised_is_not_told_meanwhile(
    house: House, corner: Corner, sau: User
) -> None:
    await corner.report(sau)
    await corner.decide(corner.lan, MILD)
    await corner.press(corner.minh, REVISE)
    await corner.press(corner.minh, SCAM_KIND)
    await corner.reply(corner.minh, HEAVY)
    await corner.send(corner.minh)
    readers = [house.world.add_user(f"Người đọc {number}") for number in range(11)]

    for reader in readers:
        await corner.ask(reader, SCAM)

    assert "không bao giờ gửi" not in "".join(map(house.said, readers))
    await corner.press(corner.lan, SEND_BACK)
    await corner.press(corner.lan, WRONG)
    assert "không bao giờ gửi" in await corner.ask(house.world.add_user("Cô Ba"), SCAM)


async def test_a_revision_that_was_agreed_to_reaches_everybody_marked(
    house: House, corner: Corner, sau: User
) -> None:
    await corner.report(sau)
    await corner.decide(corner.lan, MILD)
    await corner.press(corner.minh, REVISE)
    await corner.press(corner.minh, SCAM_KIND)
    await corner.reply(corner.minh, HEAVY)
    await corner.send(corner.minh)
    await corner.press(corner.lan, AGREE)

    await corner.answers.tell_waiting()

    assert "Kết luận đã được sửa lại" in answers(house, sau)[-1]
    assert (await the_case(house)).state == CaseState.REVISED


# --- in private


async def test_an_approver_finds_it_in_private_and_agrees_there(
    house: House, corner: Corner, sau: User
) -> None:
    hanh = house.world.add_user("Hạnh")
    approver = {"person": house.person(hanh), "name": "Hạnh", "roles": [Role.APPROVER]}
    await house.committer.write(lambda connection: connection.execute(insert(staff), [approver]))
    await house.start(hanh)
    await corner.report(sau)
    await house.say(hanh, "/ketluan")
    assert "Không có kết luận nào" in house.last(hanh).text
    await propose(corner)

    await house.say(hanh, "/ketluan")
    assert WORDS in house.last(hanh).text
    await house.press(hanh, AGREE)

    assert "Cảm ơn bạn đã đọc kỹ" in house.last(hanh).text
    assert "Hạnh đồng ý với vụ việc 1" in house.last(corner.group).text
    assert (await the_case(house)).state == CaseState.ANSWERED


async def test_the_author_can_only_take_it_back_in_private(house: House, corner: Corner, sau: User) -> None:
    await house.start(corner.minh)
    await corner.report(sau)
    await propose(corner)

    await house.say(corner.minh, "/ketluan")

    assert house.labels(corner.minh) == [TAKE_BACK]


async def test_citizens_are_not_shown_what_waits(house: House, corner: Corner, sau: User) -> None:
    await corner.report(sau)
    await propose(corner)

    await house.say(sau, "/ketluan")

    assert WORDS not in house.last(sau).text
