"""Whoever asked is told: once, again when the verdict is revised, and never in silence twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from reports.cases import CaseState
from simulator.world import User
from storage.tables import buttons, cases, drafts, reports
from storage.tellings import TellingRecord
from tests.handlers.house import House
from tests.handlers.reporting_house import (
    CLAIM,
    FALSE,
    QUIETLY,
    RULES,
    SCAM,
    YES,
    Corner,
    furnish,
)

EXPLAINED = "Ngân hàng không bao giờ gửi liên kết như vậy. https://www.vietcombank.com.vn/canh-bao"
REVISE, GIVE_BACK, OPINION = "✏️ Sửa kết luận", "↩️ Trả lại", "💬 chỉ là ý kiến"


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


# --- telling


async def test_who_did_not_ask_to_hear_is_not_told(house: House, corner: Corner, sau: User) -> None:
    await corner.report(sau, consent=QUIETLY)

    await corner.decide(corner.lan, EXPLAINED)

    assert answers(house, sau) == []


async def test_whoever_reports_it_later_is_answered_at_once(house: House, corner: Corner, sau: User) -> None:
    await corner.report(sau)
    await corner.decide(corner.lan, EXPLAINED)
    ba = house.world.add_user("Cô Ba")

    assert "Tin này đã được kiểm chứng" in await corner.ask(ba, SCAM)
    assert "sai sự thật" in house.last(ba).text
    await corner.report(ba)
    assert "đã có kết luận" in house.last(ba).text
    await corner.answers.tell_waiting()

    assert len(answers(house, ba)) == 1
    assert len(answers(house, sau)) == 1


async def test_somebody_asking_while_it_is_checked_is_told_so(
    house: House, corner: Corner, sau: User
) -> None:
    await corner.report(sau)

    answer = await corner.ask(house.world.add_user("Cô Ba"), SCAM)

    assert "điều phối viên đang kiểm chứng" in answer
    assert "Loa chưa biết gì" not in answer


async def test_an_answer_whose_arrival_is_unknown_is_told_again_with_a_mark(
    house: House, corner: Corner, sau: User
) -> None:
    await corner.report(sau)
    house.simulator.faults.script("drop_answer", "sendMessage", text="Trả lời phản ánh")
    await corner.decide(corner.lan, EXPLAINED)
    assert (await house.rows(reports))[0].answered_at is None

    house.clock.pass_by(minutes=6)
    await corner.answers.tell_waiting()

    _, again = answers(house, sau)
    assert "Có thể bạn đã nhận tin này rồi" in again
    assert (await house.rows(reports))[0].answered_at is not None


async def test_a_crash_between_taking_and_sending_loses_nothing_and_says_so(
    house: House, corner: Corner, sau: User
) -> None:
    await corner.report(sau)
    await corner.press(corner.lan, CLAIM)
    await corner.press(corner.lan, FALSE)
    await corner.reply(corner.lan, EXPLAINED)
    await corner.send(corner.lan)
    book = TellingRecord(house.engine, house.committer, corner.sealer)
    now = house.clock.now()
    assert len(await book.take(now, now + timedelta(seconds=60), 10)) == 1  # and then the power goes

    assert await corner.answers.tell_waiting() == 0
    house.clock.pass_by(seconds=61)
    assert await corner.answers.tell_waiting() == 1

    (told,) = answers(house, sau)
    assert "Có thể bạn đã nhận tin này rồi" in told


async def test_an_answer_the_platform_put_off_is_told_later_without_a_mark(
    house: House, corner: Corner, sau: User
) -> None:
    await corner.report(sau)
    house.simulator.faults.script("flood", "sendMessage", text="Trả lời phản ánh", seconds=30)
    await corner.decide(corner.lan, EXPLAINED)
    assert answers(house, sau) == []

    house.clock.pass_by(minutes=6)
    await corner.answers.tell_waiting()

    (told,) = answers(house, sau)
    assert "Có thể bạn đã nhận" not in told


async def test_who_blocked_the_bot_is_not_tried_again(house: House, corner: Corner, sau: User) -> None:
    await corner.report(sau)
    house.world.block(sau, house.account)

    await corner.decide(corner.lan, EXPLAINED)

    (report,) = await house.rows(reports)
    assert report.sealed_address is None


async def test_the_status_shows_the_verdict(house: House, corner: Corner, sau: User) -> None:
    receipt = await corner.report(sau)
    await corner.press(corner.lan, CLAIM)
    await house.say(sau, f"/status {receipt}")
    assert "đang kiểm chứng" in house.last(sau).text
    await corner.press(corner.lan, FALSE)
    await corner.reply(corner.lan, EXPLAINED)
    await corner.send(corner.lan)

    await house.say(sau, f"/status {receipt}")

    assert "Kết luận: sai sự thật" in house.last(sau).text


async def test_the_running_errands_show_cards_and_tell_by_themselves(
    house: House, corner: Corner, sau: User
) -> None:
    told = asyncio.Event()
    house.world.subscribe(lambda _: told.set() if answers(house, sau) else None)
    running = asyncio.create_task(corner.errands.run())
    await corner.report(sau)
    await corner.press(corner.lan, CLAIM)
    await corner.press(corner.lan, FALSE)

    await corner.reply(corner.lan, EXPLAINED)
    await corner.send(corner.lan)

    async with asyncio.timeout(10):
        await told.wait()
    running.cancel()


# --- what is kept, and for how long


async def test_a_case_nobody_decided_is_closed_and_erased_after_ninety_days_and_can_be_asked_again(
    house: House, corner: Corner, sau: User
) -> None:
    receipt = await corner.report(sau)
    house.clock.pass_by(days=90)
    await corner.evidence.sweep(RULES, house.clock.now())

    case = await the_case(house)
    assert (case.state, await corner.content(), case.sealed) == (CaseState.CLOSED, "", None)
    await house.say(sau, f"/status {receipt}")
    assert "chưa có kết luận" in house.last(sau).text

    await corner.report(sau)
    case = await the_case(house)
    assert (case.state, await corner.content()) == (CaseState.OPEN, SCAM)


async def test_an_answered_case_is_closed_then_erased_and_the_verdict_stays(
    house: House, corner: Corner, sau: User
) -> None:
    await corner.report(sau)
    await corner.decide(corner.lan, EXPLAINED)
    house.clock.pass_by(days=30)
    await corner.evidence.sweep(RULES, house.clock.now())
    assert (await the_case(house)).state == CaseState.CLOSED
    assert (await house.rows(reports))[0].sealed_address is None
    assert await corner.content() == SCAM

    house.clock.pass_by(days=30)
    await corner.evidence.sweep(RULES, house.clock.now())

    assert await corner.content() == ""
    assert "sai sự thật" in await corner.ask(sau, SCAM)
    assert await house.rows(drafts) != []


async def test_the_moderators_card_is_emptied_with_the_evidence(
    house: House, corner: Corner, sau: User
) -> None:
    await corner.report(sau)
    assert "vcb-login" in corner.card
    house.clock.pass_by(days=91)
    await corner.evidence.sweep(RULES, house.clock.now())

    await corner.cards.show_stale()

    assert "không còn được lưu giữ" in corner.card
    assert "vcb-login" not in house.said(corner.group)


async def test_a_card_that_could_not_be_emptied_is_tried_again(
    house: House, corner: Corner, sau: User
) -> None:
    await corner.report(sau)
    await corner.own.forget(house.person(sau))
    house.clock.pass_by(seconds=31)
    house.simulator.faults.script("flood", "editMessageText", chat_id=corner.group.id, seconds=1)
    await corner.cards.show_stale()
    house.clock.pass_by(seconds=61)

    await corner.cards.show_stale()

    assert "vcb-login" not in house.said(corner.group)


async def test_yes_leaves_no_button_of_what_was_sent(house: House, corner: Corner, sau: User) -> None:
    before = len(await house.rows(buttons))
    await corner.ask(sau, SCAM)
    assert len(await house.rows(buttons)) == before + 2

    await house.press(sau, YES)

    assert len(await house.rows(buttons)) == before
