"""Bác Sáu forwards what he doubts: the answer within a second, and three taps to a receipt."""

from __future__ import annotations

import asyncio

import pytest

from reports.findings import Change, ChangedFact, GenuineFinding, Likeness
from simulator.wire.entities import Entity
from simulator.world import Origin, OriginKind, RichText, User
from storage.tables import cases, consents, metadata, reports
from tests.handlers.house import MORNING, House
from tests.handlers.reporting_house import (
    IT_IS_SCAM,
    NO,
    NOT_AT_ALL,
    SCAM,
    TELL_ME,
    YES,
    Corner,
    furnish,
    receipt_in,
)


@pytest.fixture
async def corner(house: House) -> Corner:
    return await furnish(house)


@pytest.fixture
def sau(house: House) -> User:
    return house.world.add_user("Bác Sáu")


async def everything_kept(house: House) -> str:
    """All rows of all tables, as one text."""
    return "\n".join([repr(row) for table in metadata.sorted_tables for row in await house.rows(table)])


async def test_three_taps_lead_from_a_forward_to_a_receipt(house: House, corner: Corner, sau: User) -> None:
    answer = await corner.ask(sau, SCAM)
    assert "vcb-login.top" in answer
    assert "không có nghĩa là an toàn" in answer
    assert "Như vậy bạn đã rõ chưa?" in answer

    await house.press(sau, NO)
    assert "Mạng lưới Loa" in house.last(sau).text
    assert "90 ngày" in house.last(sau).text
    await house.press(sau, TELL_ME)
    await house.press(sau, IT_IS_SCAM)

    (report,) = await house.rows(reports)
    assert report.receipt == receipt_in(house.last(sau).text)
    assert report.wants_answer
    assert await corner.undecided() == 0
    assert [row.purpose for row in await house.rows(consents)] == ["file", "tell"]


async def test_the_answer_is_a_reply_to_what_was_forwarded(corner: Corner, sau: User) -> None:
    forwarded = corner.forward(sau, SCAM)

    await corner.answer(sau)

    assert corner.house.last(sau).reply_to == forwarded.id


async def test_several_forwards_within_half_a_second_get_one_answer(
    house: House, corner: Corner, sau: User
) -> None:
    for number in range(3):
        corner.forward(sau, f"Phần {number + 1} của một tin đáng ngờ, gửi làm nhiều lần.")
        await house.settle()
        house.clock.pass_by(seconds=0.3)

    await corner.answer(sau)

    answers = [shown for shown in house.shown(sau) if "bạn đã rõ chưa" in shown.text]
    assert len(answers) == 1


async def test_his_own_words_beside_a_forward_are_a_question_and_not_the_case(
    house: House, corner: Corner, sau: User
) -> None:
    house.world.say(sau, house.account, "Tôi là Sáu ở xóm 3, nhờ xem hộ tin này với")
    await corner.report(sau)

    assert await corner.content() == SCAM


async def test_an_altered_bulletin_is_told_with_what_was_changed(corner: Corner, sau: User) -> None:
    corner.bulletins.finding = GenuineFinding(
        likeness=Likeness.ALTERED,
        code="LOA-7K2M-9",
        headline="Hỗ trợ sau bão",
        changes=(Change(ChangedFact.ACCOUNT, "1234 <Quỹ>", "9999"),),
    )

    answer = await corner.ask(sau, "Hỗ trợ sau bão: chuyển vào tài khoản 9999")

    assert "Đã bị sửa" in answer
    assert "số tài khoản: bản gốc là 1234 <Quỹ>, tin này ghi 9999" in answer


@pytest.mark.parametrize(
    ("finding", "words"),
    [
        (GenuineFinding(likeness=Likeness.GENUINE, code="LOA-7K2M-9"), "Tin thật. Đúng từng chữ"),
        (
            GenuineFinding(likeness=Likeness.CANCELLED, code="LOA-7K2M-9", newer_code="LOA-8888-8"),
            "Bản đang có hiệu lực: LOA-8888-8",
        ),
        (GenuineFinding(likeness=Likeness.EXPIRED, code="LOA-7K2M-9", is_drill=True), "không có thật"),
        (GenuineFinding(likeness=Likeness.NOT_OURS, code="LOA-7K2M-9"), "Chưa từng có bản tin nào"),
    ],
)
async def test_each_likeness_is_told_plainly(
    corner: Corner, sau: User, finding: GenuineFinding, words: str
) -> None:
    corner.bulletins.finding = finding

    assert words in await corner.ask(sau, "Thông báo khẩn LOA-7K2M-9 về cơn bão số 5")


async def test_a_link_behind_other_words_is_brought_to_light(corner: Corner, sau: User) -> None:
    text = "Đăng nhập tại https://vneid.gov.vn để nhận tiền"
    hidden = Entity("text_link", text.index("https"), len("https://vneid.gov.vn"), url="http://0x7f.1:8080/x")

    answer = await corner.ask(sau, RichText(text, (hidden,)))

    assert "127.0.0.1" in answer
    assert "bấm vào lại mở địa chỉ khác" in answer
    assert "toàn số" in answer
    assert "cổng kết nối lạ" in answer


async def test_the_origin_of_a_forward_proves_nothing_and_is_kept_nowhere(
    house: House, corner: Corner, sau: User
) -> None:
    hoa = house.world.add_user("Hoa")
    channel = house.world.add_chat("channel", "Tin phường", hoa)
    await house.start(hoa)
    await house.open_link(hoa, "📢 Thêm vào kênh", channel)
    await house.press(hoa, "Tôi đã đọc")
    await house.press(hoa, "🤝 Tôi cam kết")
    origin = Origin(OriginKind.CHANNEL, MORNING, chat_id=channel.id, chat_title="Tin phường", message_id=4)

    assert "bạn đừng vội tin" in await corner.ask(sau, "Mai cả phường mất nước ba ngày liền", origin)

    stranger = Origin(OriginKind.HIDDEN_USER, MORNING, name="Nguyễn Văn Chim Hót")
    corner.forward(sau, "Tin của một người lạ, nói chuyện không đâu", stranger)
    await corner.answer(sau)
    await house.press(sau, NO)
    await house.press(sau, TELL_ME)
    await house.press(sau, IT_IS_SCAM)
    assert "Chim Hót" not in await everything_kept(house)


async def test_yes_deletes_what_was_sent(house: House, corner: Corner, sau: User) -> None:
    await corner.ask(sau, SCAM)

    popped_up = await house.press(sau, YES)

    assert "đã xoá" in popped_up
    assert await corner.undecided() == 0
    assert house.last(sau).buttons == ()


async def test_not_sending_it_after_all_deletes_it_too(house: House, corner: Corner, sau: User) -> None:
    await corner.ask(sau, SCAM)
    await house.press(sau, NO)

    await house.press(sau, NOT_AT_ALL)

    assert "không gửi gì cả" in house.last(sau).text
    assert await corner.undecided() == 0
    assert await house.rows(cases) == []


async def test_before_he_agrees_nothing_he_sent_can_be_read_in_the_database(
    house: House, corner: Corner, sau: User
) -> None:
    await corner.ask(sau, SCAM)
    await house.press(sau, NO)

    assert "Vietcombank" not in await everything_kept(house)


async def test_an_english_reader_is_answered_in_english(house: House, corner: Corner) -> None:
    anna = house.world.add_user("Anna", language_code="en")

    assert "Did this answer your question?" in await corner.ask(anna, SCAM)


async def test_the_running_intake_answers_by_itself(house: House, corner: Corner, sau: User) -> None:
    answered = asyncio.Event()
    house.world.subscribe(lambda _: answered.set() if "bạn đã rõ chưa" in house.said(sau) else None)
    running = asyncio.create_task(corner.intake.run())
    corner.forward(sau, SCAM)
    await house.settle()

    house.clock.pass_by(seconds=0.6)

    async with asyncio.timeout(10):
        await answered.wait()
    running.cancel()
