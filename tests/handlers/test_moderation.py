"""Lan and Minh decide cases in their group, and whoever asked is told."""

from __future__ import annotations

from typing import Any

import pytest

from reports.cases import CaseState
from simulator.world import FileKind, User
from storage.tables import cases, reports, staff, verdicts
from tests.handlers.house import House
from tests.handlers.reporting_house import (
    AGREE,
    CLAIM,
    FALSE,
    SCAM,
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


# --- the card


async def test_the_card_masks_personal_numbers_and_kills_links(corner: Corner, sau: User) -> None:
    await corner.report(sau, f"{SCAM} Gọi chị Mai 0912 345 678, tài khoản 19034567890123")

    assert "hxxps://vcb-login[.]top/a" in corner.card
    assert "https://" not in corner.card
    assert "0912 345 678" not in corner.card
    assert "19034567890123" not in corner.card
    assert "1 người hỏi" in corner.card
    assert "Lừa đảo" in corner.card
    assert "Sáu" not in corner.card


async def test_each_further_reporter_is_counted_but_the_card_changes_only_now_and_then(
    house: House, corner: Corner, sau: User
) -> None:
    await corner.report(sau)
    await corner.report(house.world.add_user("Cô Ba"), SCAM.upper().replace("TOP/A", "top/a"))
    assert "1 người hỏi" in corner.card

    house.clock.pass_by(seconds=31)
    await corner.cards.show_stale()

    assert "2 người hỏi" in corner.card
    assert len(await house.rows(cases)) == 1


async def test_in_a_group_with_topics_each_case_has_its_own(house: House, sau: User) -> None:
    corner = await furnish(house, forum=True)
    await corner.report(sau)
    await corner.report(sau, "Một tin khác hẳn cũng đáng ngờ không kém")

    names = [topic.name for topic in corner.group.topics.values()]
    assert [name.split(" · ")[0] for name in names] == ["Vụ việc 1", "Vụ việc 2"]
    await corner.decide(corner.lan, EXPLAINED)
    assert len(await house.rows(verdicts)) == 1


async def test_a_card_the_group_refused_is_shown_later(house: House, corner: Corner, sau: User) -> None:
    house.simulator.faults.script("refuse", "sendMessage", chat_id=corner.group.id)
    await corner.report(sau)
    assert await corner.place() is None

    house.clock.pass_by(seconds=61)
    await corner.cards.show_stale()

    assert await corner.place() is not None


async def test_a_deleted_card_is_posted_anew(house: House, corner: Corner, sau: User) -> None:
    await corner.report(sau)
    first = await corner.place()
    assert first is not None
    house.world.remove_message(corner.group, int(first))
    await corner.report(house.world.add_user("Cô Ba"))

    house.clock.pass_by(seconds=31)
    await corner.cards.show_stale()

    assert await corner.place() != first


# --- claiming


async def test_of_two_who_claim_at_once_one_gets_the_case(house: House, corner: Corner, sau: User) -> None:
    await corner.report(sau)
    first = house.touch(corner.lan, CLAIM, corner.group)
    second = house.touch(corner.minh, CLAIM, corner.group)

    await house.settle()

    assert "của bạn" in house.world.callbacks[first].answer
    assert "đang có người khác nhận" in house.world.callbacks[second].answer
    assert (await the_case(house)).claimed_by == house.person(corner.lan)
    assert "Lan đang xử lý" in corner.card


async def test_a_case_given_back_is_free_for_a_colleague(house: House, corner: Corner, sau: User) -> None:
    await corner.report(sau)
    await corner.press(corner.lan, CLAIM)

    await corner.press(corner.minh, GIVE_BACK)
    await corner.press(corner.minh, CLAIM)

    assert (await the_case(house)).claimed_by == house.person(corner.minh)


async def test_only_the_claimer_chooses_the_verdict(house: House, corner: Corner, sau: User) -> None:
    await corner.report(sau)
    await corner.press(corner.lan, CLAIM)

    assert "người khác nhận" in await corner.press(corner.minh, FALSE)
    assert (await the_case(house)).deciding is None


async def test_nobody_but_moderators_can_press(house: House, corner: Corner, sau: User) -> None:
    tung = house.world.add_user("Tùng")
    house.world.add_member(corner.group, tung)
    await corner.report(sau)

    await corner.press(tung, CLAIM)

    assert (await the_case(house)).state == CaseState.OPEN


async def test_a_demoted_moderator_can_press_no_more(house: House, corner: Corner, sau: User) -> None:
    await corner.report(sau)
    await house.committer.write(
        lambda connection: connection.execute(
            staff.delete().where(staff.c.person == house.person(corner.lan))
        )
    )

    await corner.press(corner.lan, CLAIM)

    assert (await the_case(house)).state == CaseState.OPEN


# --- deciding


async def test_the_verdict_reaches_the_reporter_quoting_the_report(
    house: House, corner: Corner, sau: User
) -> None:
    receipt = await corner.report(sau)
    forwarded = house.shown(sau)[0]

    await corner.decide(corner.lan, EXPLAINED)

    told = house.last(sau)
    assert told.reply_to == forwarded.message_id
    assert receipt in told.text
    assert "Kết luận: sai sự thật" in told.text
    assert "Ngân hàng không bao giờ gửi liên kết như vậy." in told.text
    assert "https://www.vietcombank.com.vn/canh-bao" in told.text
    assert (await the_case(house)).state == CaseState.ANSWERED
    assert "Đã trả lời" in corner.card


async def test_a_missing_source_is_asked_for_and_the_explanation_is_kept(
    house: House, corner: Corner, sau: User
) -> None:
    await corner.report(sau)
    await corner.press(corner.lan, CLAIM)
    await corner.press(corner.lan, FALSE)

    assert "Chỉ còn thiếu nguồn" in await corner.reply(
        corner.lan, "Ngân hàng không bao giờ gửi liên kết như vậy."
    )
    assert await house.rows(verdicts) == []
    await corner.reply(corner.lan, "https://www.vietcombank.com.vn/canh-bao")
    await corner.send(corner.lan)

    (verdict,) = await house.rows(verdicts)
    assert verdict.explanation == "Ngân hàng không bao giờ gửi liên kết như vậy."
    assert verdict.sources == ["https://www.vietcombank.com.vn/canh-bao"]


async def test_a_bare_source_is_kept_until_it_is_explained(house: House, corner: Corner, sau: User) -> None:
    await corner.report(sau)
    await corner.press(corner.lan, CLAIM)
    await corner.press(corner.lan, FALSE)

    assert "thêm một hai câu giải thích" in await corner.reply(corner.lan, "https://vietcombank.com.vn")
    await corner.reply(corner.lan, "Trang này không phải của ngân hàng.")
    await corner.send(corner.lan)

    (verdict,) = await house.rows(verdicts)
    assert verdict.sources == ["https://vietcombank.com.vn"]


async def test_a_code_of_a_bulletin_is_a_source(house: House, corner: Corner, sau: User) -> None:
    await corner.report(sau)

    await corner.decide(corner.lan, "Cơ quan công an đã cảnh báo việc này: LOA-0000-0")

    (verdict,) = await house.rows(verdicts)
    assert verdict.sources == ["LOA-0000-0"]


async def test_too_long_an_explanation_is_declined_kindly(house: House, corner: Corner, sau: User) -> None:
    await corner.report(sau)
    await corner.press(corner.lan, CLAIM)
    await corner.press(corner.lan, FALSE)

    assert "tối đa 1500 ký tự" in await corner.reply(corner.lan, "dài " * 900 + "https://a.vn")
    await corner.reply(corner.lan, EXPLAINED)
    await corner.send(corner.lan)

    assert len(await house.rows(verdicts)) == 1


async def test_a_colleagues_reply_changes_nothing(house: House, corner: Corner, sau: User) -> None:
    await corner.report(sau)
    await corner.press(corner.lan, CLAIM)
    await corner.press(corner.lan, FALSE)

    assert "chưa chờ bạn giải thích" in await corner.reply(corner.minh, EXPLAINED)
    assert await house.rows(verdicts) == []


async def test_the_same_reply_delivered_twice_is_one_verdict(house: House, corner: Corner, sau: User) -> None:
    await corner.report(sau)
    await corner.decide(corner.lan, EXPLAINED)

    await corner.last_update_again()
    await corner.answers.tell_waiting()

    assert len(await house.rows(verdicts)) == 1
    assert len(answers(house, sau)) == 1


async def test_an_opinion_closes_the_case_without_a_source_and_erases_the_address(
    house: House, corner: Corner, sau: User
) -> None:
    await corner.report(sau, "Tôi thấy con đường mới này xấu quá chừng")
    await corner.press(corner.lan, CLAIM)
    await corner.press(corner.lan, OPINION)
    assert (await the_case(house)).state == CaseState.CLAIMED

    await corner.press(corner.lan, "Phải, đóng vì chỉ là ý kiến")
    await corner.answers.tell_waiting()

    assert (await the_case(house)).state == CaseState.CLOSED
    assert "Loa không kiểm chứng ý kiến" in house.last(sau).text
    (report,) = await house.rows(reports)
    assert report.sealed_address is None


async def test_a_revised_verdict_is_told_again_and_marked(house: House, corner: Corner, sau: User) -> None:
    await corner.report(sau)
    await corner.decide(corner.lan, EXPLAINED)

    await corner.decide(
        corner.minh, "Sau khi hỏi lại: đây là lừa đảo. https://congan.gov.vn/tin", "🚫 lừa đảo", take=REVISE
    )
    await corner.press(corner.lan, AGREE)
    await corner.answers.tell_waiting()

    first, second = answers(house, sau)
    assert "đã được sửa lại" not in first
    assert "Kết luận đã được sửa lại" in second
    assert "lừa đảo" in second
    assert (await the_case(house)).state == CaseState.REVISED


async def test_a_picture_in_reply_is_answered_by_asking_for_words(corner: Corner, sau: User) -> None:
    await corner.report(sau)
    await corner.press(corner.lan, CLAIM)
    await corner.press(corner.lan, FALSE)
    world, prompt = corner.house.world, corner.house.last(corner.group)
    picture = world.keep_file(b"x", FileKind.PHOTO)

    world.send_file(corner.lan, corner.group, picture, reply_to=prompt.message_id)
    await corner.house.settle()
    assert "chỉ đọc được chữ" in corner.house.last(corner.group).text

    prompt = corner.house.last(corner.group)
    world.send_file(corner.lan, corner.group, picture, EXPLAINED, reply_to=prompt.message_id)
    await corner.house.settle()
    await corner.send(corner.lan)
    assert (await the_case(corner.house)).state == CaseState.ANSWERED
