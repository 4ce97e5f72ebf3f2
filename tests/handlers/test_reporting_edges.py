"""What goes wrong between a forward and its receipt: late, repeated, huge, too much. Nothing is lost."""

from __future__ import annotations

import pytest

from simulator.world import User
from storage.tables import reports
from tests.handlers.house import House
from tests.handlers.reporting_house import (
    IT_IS_SCAM,
    NO,
    QUIETLY,
    RULES,
    SCAM,
    TELL_ME,
    Corner,
    furnish,
    receipt_in,
)

PHOTO = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de")


@pytest.fixture
async def corner(house: House) -> Corner:
    return await furnish(house)


@pytest.fixture
def sau(house: House) -> User:
    return house.world.add_user("Bác Sáu")


async def test_the_same_forward_delivered_twice_is_answered_once(
    house: House, corner: Corner, sau: User
) -> None:
    await corner.ask(sau, SCAM)
    messages = len(house.shown(sau))

    await corner.last_update_again()
    await corner.answer(sau)

    assert len(house.shown(sau)) == messages


async def test_the_last_tap_delivered_twice_files_one_report(house: House, corner: Corner, sau: User) -> None:
    receipt = await corner.report(sau)

    await corner.last_update_again()

    assert len(await house.rows(reports)) == 1
    assert receipt_in(house.last(sau).text) == receipt


async def test_reporting_the_same_again_gives_the_same_receipt(
    house: House, corner: Corner, sau: User
) -> None:
    first = await corner.report(sau, consent=QUIETLY)
    assert [report.sealed_address for report in await house.rows(reports)] == [None]

    second = await corner.report(sau, SCAM.replace("thông báo", "THONG  BAO"))

    assert first == second
    assert "phản ánh tin này rồi" in house.last(sau).text
    (report,) = await house.rows(reports)
    assert report.sealed_address is not None


async def test_a_tap_after_a_day_is_answered_kindly(house: House, corner: Corner, sau: User) -> None:
    await corner.ask(sau, SCAM)
    house.clock.pass_by(hours=23)
    await house.press(sau, NO)
    house.clock.pass_by(hours=2)
    await corner.evidence.sweep(RULES, house.clock.now())

    await house.press(sau, TELL_ME)
    await house.press(sau, IT_IS_SCAM)

    assert "chuyển lại cho Loa" in house.last(sau).text
    assert await house.rows(reports) == []


async def test_too_many_forwards_in_an_hour_are_put_off_kindly(
    house: House, corner: Corner, sau: User
) -> None:
    for number in range(61):
        corner.forward(sau, f"Tin đáng ngờ thứ {number}, xem giúp tôi với")
    await house.settle()

    assert "đợi 60 phút nữa" in house.said(sau)


async def test_too_many_reports_in_a_day_lose_nothing(house: House, sau: User) -> None:
    corner = await furnish(house, reports_a_day=1)
    await corner.report(sau)
    await corner.ask(sau, "Một tin khác hẳn, cũng rất đáng ngờ, gửi sau")
    for label in (NO, TELL_ME, IT_IS_SCAM):
        await house.press(sau, label)
    assert "đợi 24 giờ nữa" in house.last(sau).text

    house.clock.pass_by(hours=23, minutes=59, seconds=59.5)
    await corner.evidence.sweep(RULES, house.clock.now())
    await house.press(sau, "Gửi lại")

    assert receipt_in(house.last(sau).text)
    assert len(await house.rows(reports)) == 2


async def test_a_huge_text_is_read_in_part_and_says_so(house: House, corner: Corner, sau: User) -> None:
    for part in range(3):
        corner.forward(sau, f"Phần {part} " + "tin dài lắm " * 330)

    assert "Loa chỉ đọc phần đầu" in await corner.answer(sau)


async def test_a_picture_without_words_is_declined_kindly(house: House, corner: Corner, sau: User) -> None:
    house.world.send_photo(sau, house.account, PHOTO)
    await house.settle()

    assert "mới đọc được chữ" in house.last(sau).text


async def test_a_picture_with_words_is_checked_by_its_words(house: House, corner: Corner, sau: User) -> None:
    house.world.send_photo(sau, house.account, PHOTO, "Nhận quà ở http://qua-tang.vip nhé")

    assert "qua-tang.vip" in await corner.answer(sau)


async def test_a_greeting_is_answered_with_how_to_ask(house: House, corner: Corner, sau: User) -> None:
    await house.say(sau, "Chào Loa")

    assert "chuyển tiếp cho Loa" in house.last(sau).text
    assert await corner.undecided() == 0


async def test_a_bare_link_is_enough(corner: Corner, sau: User) -> None:
    corner.house.world.say(sau, corner.house.account, "bit.ly/abc")

    assert "liên kết rút gọn" in await corner.answer(sau)


async def test_words_that_look_like_markup_stay_words(house: House, corner: Corner, sau: User) -> None:
    await corner.report(sau, "Bấm <b>vào</b> &amp; <a href='x'>đây</a> để nhận quà lớn nhé")

    assert "<b>vào</b> &amp; <a href='x'>đây</a>" in corner.card
