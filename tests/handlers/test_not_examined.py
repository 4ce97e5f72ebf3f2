"""What the machine could not look at in time: everybody hears so, nothing is lost, and people can look at it."""

from __future__ import annotations

import pytest

from reports.findings import NotExamined
from storage.tables import bulletins
from tests.bulletins.cap_samples import alert
from tests.handlers.house import House
from tests.handlers.newsroom import Newsroom
from tests.handlers.reporting_house import CLAIM, IT_IS_SCAM, NO, SCAM, TELL_ME, Corner, furnish, receipt_in


@pytest.fixture
async def corner(house: House) -> Corner:
    return await furnish(house)


@pytest.fixture
async def newsroom(house: House) -> Newsroom:
    newsroom = Newsroom(house)
    await newsroom.open()
    return newsroom


async def test_a_citizen_hears_that_it_took_too_long_and_may_hand_it_to_people(corner: Corner) -> None:
    corner.examiner.trouble = NotExamined.LATE
    sau = corner.house.world.add_user("Sáu")
    said = await corner.ask(sau, SCAM)
    assert "chưa kịp xem hết" in said
    assert "không biết gì" not in said
    for label in (NO, TELL_ME, IT_IS_SCAM):
        await corner.house.press(sau, label)
    assert receipt_in(corner.house.last(sau).text)
    corner.examiner.trouble = None
    await corner.cards.show_stale()
    assert "máy chưa kịp xem hết" in corner.card


async def test_when_too_much_waits_an_answer_comes_later(corner: Corner) -> None:
    corner.examiner.trouble = NotExamined.BUSY
    sau = corner.house.world.add_user("Sáu")
    corner.forward(sau, SCAM)
    await corner.house.settle()
    before = len(corner.house.shown(sau))
    corner.house.clock.pass_by(seconds=0.6)
    await corner.intake.answer_due()
    assert len(corner.house.shown(sau)) == before
    corner.examiner.trouble = None
    corner.house.clock.pass_by(seconds=31)
    await corner.intake.answer_due()
    assert "vcb-login.top" in corner.house.last(sau).text


async def test_who_waited_too_long_is_told_and_not_left_alone(corner: Corner) -> None:
    corner.examiner.trouble = NotExamined.BUSY
    sau = corner.house.world.add_user("Sáu")
    corner.forward(sau, SCAM)
    await corner.house.settle()
    corner.house.clock.pass_by(seconds=700)
    await corner.intake.answer_due()
    assert "chưa kịp xem hết" in corner.house.last(sau).text


async def test_what_could_not_be_masked_is_not_shown_to_moderators(corner: Corner) -> None:
    sau = corner.house.world.add_user("Sáu")
    corner.examiner.trouble = NotExamined.LATE
    await corner.report(sau, SCAM)
    assert "vcb" not in corner.card
    assert "chưa kịp che" in corner.card
    corner.examiner.trouble = None
    await corner.press(corner.lan, CLAIM)
    assert "hxxps://vcb-login[.]top" in corner.card


@pytest.mark.parametrize(
    ("trouble", "said"),
    [(NotExamined.LATE, "chuyển tiếp nó cho tôi"), (NotExamined.BUSY, "hỏi lại sau một phút")],
)
async def test_who_asks_with_a_command_is_told_what_to_do(
    newsroom: Newsroom, trouble: NotExamined, said: str
) -> None:
    newsroom.examiner.trouble = trouble
    await newsroom.house.say(newsroom.sau, "/kiemtra LOA-0001-1")
    assert said in newsroom.house.last(newsroom.sau).text


@pytest.mark.parametrize(
    ("trouble", "said"),
    [(NotExamined.LATE, "Chưa đọc kịp"), (NotExamined.BUSY, "gửi lại tệp này sau một phút")],
)
async def test_a_file_that_was_not_read_is_refused_with_a_sentence(
    newsroom: Newsroom, trouble: NotExamined, said: str
) -> None:
    newsroom.examiner.trouble = trouble
    house, lan = newsroom.house, newsroom.lan
    house.world.send_document(lan, house.account, alert().encode(), "canh-bao.xml", "/broadcast")
    await house.settle()
    assert said in house.last(lan).text
    assert not await house.rows(bulletins)
