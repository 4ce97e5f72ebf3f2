"""Minh writes a verdict of weight, sees it, sends it; Lan reads it: agrees, or sends it back with a word."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert

from members.roles import Role
from reports.cases import CaseState, Need
from simulator.world import User
from storage.tables import cases, staff, verdicts
from tests.handlers.house import House
from tests.handlers.reporting_house import (
    AGREE,
    CLAIM,
    FALSE,
    IT_IS_DANGEROUS,
    SCAM,
    SCAM_KIND,
    SEND,
    SEND_TO_SECOND,
    Corner,
    furnish,
)

MILD = "Ngân hàng không bao giờ gửi liên kết như vậy. https://www.vietcombank.com.vn/canh-bao"
WORDS = "Đây là trang giả, ngân hàng đã cảnh báo."
HEAVY = f"{WORDS} https://canh-bao.example.org/tin"
SEND_BACK, TAKE_BACK = "↩️ Trả lại", "✏️ Rút về để sửa"
CHANGE, WRONG = "✏️ Sửa lại", "Có chỗ chưa đúng"


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


async def dismiss(house: House, *people: User) -> None:
    """They are no longer of the staff."""
    gone = staff.delete().where(staff.c.person.in_([house.person(user) for user in people]))
    await house.committer.write(lambda connection: connection.execute(gone))


async def propose(corner: Corner, text: str = HEAVY, kind: str = SCAM_KIND) -> str:
    """Minh writes a verdict and sends it; what the bot says then."""
    await corner.press(corner.minh, CLAIM)
    await corner.press(corner.minh, kind)
    await corner.reply(corner.minh, text)
    return await corner.send(corner.minh)


# --- the preview


async def test_nothing_goes_out_before_its_author_has_seen_it(
    house: House, corner: Corner, sau: User
) -> None:
    await corner.report(sau)
    await corner.press(corner.minh, CLAIM)
    await corner.press(corner.minh, FALSE)

    preview = await corner.reply(corner.minh, MILD)
    await corner.answers.tell_waiting()

    assert "người dân sẽ đọc đúng như sau" in preview
    assert "Ngân hàng không bao giờ gửi liên kết như vậy." in preview
    assert "• vietcombank.com.vn" in preview
    assert "sẽ đến 1 người đã hỏi" in preview
    assert "Cần thêm một người" not in preview
    assert (await house.rows(verdicts), answers(house, sau)) == ([], [])


async def test_a_verdict_without_weight_takes_nobody_else(house: House, corner: Corner, sau: User) -> None:
    await corner.report(sau)
    await corner.decide(corner.minh, MILD)

    assert len(answers(house, sau)) == 1
    assert "người thứ hai" not in answers(house, sau)[0]
    assert (await the_case(house)).state == CaseState.ANSWERED


async def test_changed_words_replace_the_first_ones(house: House, corner: Corner, sau: User) -> None:
    await corner.report(sau)
    await corner.press(corner.minh, CLAIM)
    await corner.press(corner.minh, FALSE)
    await corner.reply(corner.minh, MILD)

    await corner.press(corner.minh, CHANGE)
    await corner.reply(corner.minh, "Không phải trang của ngân hàng. https://vietcombank.com.vn/b")
    await corner.send(corner.minh)
    await corner.answers.tell_waiting()

    (told,) = answers(house, sau)
    assert "Không phải trang của ngân hàng." in told
    assert "không bao giờ" not in told


async def test_only_who_wrote_it_sends_it(house: House, corner: Corner, sau: User) -> None:
    await corner.report(sau)
    await corner.press(corner.minh, CLAIM)
    await corner.press(corner.minh, FALSE)
    await corner.reply(corner.minh, MILD)

    await corner.press(corner.lan, SEND)

    assert await house.rows(verdicts) == []


async def test_the_preview_says_why_it_takes_two_and_which_link_it_is(corner: Corner, sau: User) -> None:
    await corner.report(sau, reason=IT_IS_DANGEROUS)
    await corner.press(corner.minh, CLAIM)
    await corner.press(corner.minh, FALSE)

    preview = await corner.reply(corner.minh, HEAVY)

    assert "phản ánh là nguy hiểm" in preview
    assert "không phải bản tin của mạng lưới hay địa chỉ được bảo vệ" in preview
    assert "canh-bao[.]example[.]org" in preview
    assert SEND_TO_SECOND in corner.house.labels(corner.group)


# --- the second person


async def test_the_card_shows_the_whole_proposal_to_whoever_is_to_agree(
    house: House, corner: Corner, sau: User
) -> None:
    await corner.report(sau)

    said = await propose(corner)

    assert "cần thêm một người đồng ý: Lan" in said
    assert "Minh đã viết kết luận này" in corner.card
    assert WORDS in corner.card
    assert "https://canh-bao.example.org/tin" in corner.card
    assert "• example.org" in corner.card
    assert "1 người đã hỏi sẽ được báo" in corner.card
    (verdict,) = await house.rows(verdicts)
    assert verdict.needs == [Need.SCAM, Need.LINKS]
    assert (await the_case(house)).state == CaseState.PROPOSED


async def test_who_is_told_early_hears_that_it_is_one_persons_word(
    house: House, corner: Corner, sau: User
) -> None:
    await corner.report(sau)
    await propose(corner)
    await corner.answers.tell_waiting()

    (told,) = answers(house, sau)
    assert "mới là kết luận của một người" in told


async def test_a_colleague_agrees_and_everybody_who_asked_is_told_once(house: House, corner: Corner) -> None:
    citizens = [house.world.add_user(f"Người dân {number}") for number in range(12)]
    for citizen in citizens:
        await corner.report(citizen)
    await propose(corner)

    assert "Cảm ơn bạn đã đọc kỹ" in await corner.press(corner.lan, AGREE)
    await corner.answers.tell_waiting()

    assert [len(answers(house, citizen)) for citizen in citizens] == [1] * 12
    assert "người thứ hai" not in answers(house, citizens[0])[0]
    assert "Lan đồng ý với vụ việc 1, “lừa đảo”" in house.last(corner.group).text
    assert "Đã trả lời. Lan đã đồng ý." in corner.card
    (verdict,) = await house.rows(verdicts)
    assert (verdict.author, verdict.agreed_by) == (house.person(corner.minh), house.person(corner.lan))


async def test_a_receipt_handed_out_meanwhile_promises_the_answer(
    house: House, corner: Corner, sau: User
) -> None:
    await corner.report(sau)
    await propose(corner)
    ba = house.world.add_user("Cô Ba")

    await corner.report(ba)

    assert "cần hai người cùng đồng ý: lúc đó Loa sẽ báo bạn" in house.last(ba).text


async def test_of_two_who_agree_at_once_one_is_the_second_person(
    house: House, corner: Corner, sau: User
) -> None:
    hanh = house.world.add_user("Hạnh")
    house.world.add_member(corner.group, hanh)
    approver = {"person": house.person(hanh), "name": "Hạnh", "roles": [Role.APPROVER]}
    await house.committer.write(lambda connection: connection.execute(insert(staff), [approver]))
    await corner.report(sau)
    await propose(corner)
    presses = [house.touch(user, AGREE, corner.group) for user in (hanh, corner.lan)]

    await house.settle()

    first, second = (house.world.callbacks[press].answer for press in presses)
    assert "Cảm ơn bạn đã đọc kỹ" in first
    assert "Đã có người đồng ý rồi" in second
    assert [verdict.agreed_by for verdict in await house.rows(verdicts)] == [house.person(hanh)]


async def test_the_same_press_delivered_twice_agrees_once(house: House, corner: Corner, sau: User) -> None:
    await corner.report(sau)
    await propose(corner)
    house.times = 2

    await corner.press(corner.lan, AGREE)
    await corner.answers.tell_waiting()

    assert len(answers(house, sau)) == 1
    assert (await the_case(house)).state == CaseState.ANSWERED


async def test_a_send_delivered_twice_is_one_proposal(house: House, corner: Corner, sau: User) -> None:
    await corner.report(sau)
    await propose(corner)

    await corner.last_update_again()

    assert len(await house.rows(verdicts)) == 1
    assert (await the_case(house)).state == CaseState.PROPOSED


async def test_nobody_claims_a_proposed_case_away(house: House, corner: Corner, sau: User) -> None:
    await corner.report(sau)
    await propose(corner)

    (card,) = (shown for shown in house.shown(corner.group) if shown.text.startswith("Vụ việc 1"))
    assert [button.label for row in card.buttons for button in row] == [AGREE, SEND_BACK, TAKE_BACK]
    case = await the_case(house)
    assert (case.state, case.claimed_by) == (CaseState.PROPOSED, None)


async def test_a_dismissed_colleague_cannot_agree(house: House, corner: Corner, sau: User) -> None:
    await corner.report(sau)
    await propose(corner)
    await dismiss(house, corner.lan)

    await corner.press(corner.lan, AGREE)

    assert (await the_case(house)).state == CaseState.PROPOSED


async def test_a_moderator_alone_is_told_that_somebody_must_be_invited(
    house: House, corner: Corner, sau: User
) -> None:
    await corner.report(sau)
    await dismiss(house, corner.lan)

    said = await propose(corner)

    assert "mạng lưới chưa có ai khác" in said
    assert "nhờ người vận hành mạng lưới thêm một người" in said


async def test_the_longest_verdict_fits_its_preview_and_its_card(
    house: House, corner: Corner, sau: User
) -> None:
    await corner.report(sau, f"{SCAM} " * 30)
    links = [f"https://{'rat-dai.' * 20}so-{number}.example/{'a' * 100}" for number in range(5)]
    words = f"{'Đây là 🚨 trang giả. ' * 68}".strip()
    await corner.press(corner.minh, CLAIM)
    await corner.press(corner.minh, SCAM_KIND)
    await corner.reply(corner.minh, words)
    await corner.reply(corner.minh, "\n".join(links))

    await corner.send(corner.minh)

    assert words[:1_000] in corner.card
    assert links[4] in corner.card
    await corner.press(corner.lan, AGREE)
    await corner.answers.tell_waiting()
    assert links[4] in answers(house, sau)[0]


# --- sent back, taken back


async def test_it_is_sent_back_with_a_word_and_written_anew(house: House, corner: Corner, sau: User) -> None:
    await corner.report(sau)
    await propose(corner)

    await corner.press(corner.lan, SEND_BACK)
    await corner.press(corner.lan, WRONG)
    sent_back = next(s.text for s in reversed(house.shown(corner.group)) if "trả lại vụ việc" in s.text)
    assert "Lan trả lại vụ việc 1: Có chỗ chưa đúng" in sent_back
    assert "Minh ơi, vụ việc lại là của bạn" in sent_back
    case = await the_case(house)
    assert (case.state, case.claimed_by) == (CaseState.CLAIMED, house.person(corner.minh))

    await corner.reply(corner.minh, MILD)
    await corner.send(corner.minh)
    await corner.press(corner.lan, AGREE)
    await corner.answers.tell_waiting()

    (told,) = answers(house, sau)
    assert "Ngân hàng không bao giờ gửi liên kết như vậy." in told
    assert WORDS not in told


async def test_the_word_can_be_written(house: House, corner: Corner, sau: User) -> None:
    await corner.report(sau)
    await propose(corner)

    await corner.press(corner.lan, SEND_BACK)
    await corner.reply(corner.lan, "Nguồn này <b>không</b> phải của ngân hàng")

    assert "Nguồn này <b>không</b> phải của ngân hàng" in house.said(corner.group)
    assert (await the_case(house)).state == CaseState.CLAIMED


async def test_of_taking_back_and_agreeing_at_once_the_first_counts(
    house: House, corner: Corner, sau: User
) -> None:
    await corner.report(sau)
    await propose(corner)
    house.touch(corner.minh, TAKE_BACK, corner.group)
    agree = house.touch(corner.lan, AGREE, corner.group)

    await house.settle()

    assert "chuyển sang bước khác" in house.world.callbacks[agree].answer
    assert (await the_case(house)).claimed_by == house.person(corner.minh)


async def test_only_the_author_takes_it_back(house: House, corner: Corner, sau: User) -> None:
    await corner.report(sau)
    await propose(corner)

    assert "Chỉ người viết" in await corner.press(corner.lan, TAKE_BACK)
    assert (await the_case(house)).state == CaseState.PROPOSED
