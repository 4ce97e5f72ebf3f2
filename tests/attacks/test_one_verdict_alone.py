"""One dishonest moderator tries to speak to many: a verdict of weight reaches ten people, and never an eleventh.

Lan has every button, every repeat and all the time she wants. What she has not is a second person.
"""

from __future__ import annotations

from random import Random

import pytest

from simulator.world import User
from storage.tables import verdicts
from tests.handlers.house import House
from tests.handlers.reporting_house import (
    AGREE,
    CLAIM,
    FALSE,
    IT_IS_DANGEROUS,
    QUIETLY,
    RULES,
    SCAM,
    SCAM_KIND,
    SEND,
    SEND_TO_SECOND,
    Corner,
    furnish,
    receipt_in,
)

LIE = "Ngân hàng này sắp sập"
LURE = f"{LIE}, bà con rút tiền ngay. https://rut-tien.top/a"
MILD_LIE = f"{LIE}, bà con rút tiền ngay. https://www.vietcombank.com.vn/a"
TAKE_BACK, GIVE_BACK, REVISE, SEND_BACK = "✏️ Rút về để sửa", "↩️ Trả lại", "✏️ Sửa kết luận", "↩️ Trả lại"
NOT_NOW, OPINION, CLOSE = "Chưa phải lúc", "💬 chỉ là ý kiến", "Phải, đóng vì chỉ là ý kiến"
MOST = 10


@pytest.fixture
async def corner(house: House) -> Corner:
    return await furnish(house)


def people(house: House, count: int) -> list[User]:
    return [house.world.add_user(f"Người dân {number}") for number in range(count)]


def reached(house: House, citizens: list[User]) -> int:
    """How many of them have read the lie."""
    return sum(LIE in house.said(citizen) for citizen in citizens)


async def meet(corner: Corner, citizens: list[User]) -> None:
    """They forward the very message, as it goes round."""
    for citizen in citizens:
        await corner.ask(citizen, SCAM)


async def test_of_many_who_asked_ten_are_told_and_the_others_when_a_second_person_agrees(
    house: House, corner: Corner
) -> None:
    reporters = people(house, 14)
    for reporter in reporters:
        await corner.report(reporter)

    await corner.decide(corner.lan, LURE, SCAM_KIND)
    for _ in range(3):
        house.clock.pass_by(minutes=10)
        await corner.answers.tell_waiting()
    assert reached(house, reporters) == MOST

    await corner.press(corner.minh, AGREE)
    await corner.answers.tell_waiting()
    assert [house.said(reporter).count(LIE) for reporter in reporters] == [1] * len(reporters)


async def test_those_who_meet_it_as_a_known_story_are_counted_with_those_who_asked(
    house: House, corner: Corner
) -> None:
    asked, readers = people(house, 4), people(house, 12)
    for reporter in asked:
        await corner.report(reporter)
    await corner.decide(corner.lan, LURE, SCAM_KIND)

    await meet(corner, readers)

    assert reached(house, [*asked, *readers]) == MOST
    assert "cần hai người cùng đồng ý" in house.last(readers[-1]).text


async def test_a_receipt_passed_on_shows_nothing(house: House, corner: Corner) -> None:
    receipt = await corner.report(house.world.add_user("Bác Sáu"), consent=QUIETLY)
    await corner.decide(corner.lan, LURE, SCAM_KIND)
    readers = people(house, 3)

    for reader in readers:
        await house.say(reader, f"/status {receipt}")

    assert reached(house, readers) == 0
    assert "cần hai người cùng đồng ý" in house.last(readers[0]).text


async def test_taking_back_and_sending_again_gives_no_new_ten(house: House, corner: Corner) -> None:
    await corner.report(house.world.add_user("Bác Sáu"), consent=QUIETLY)
    await corner.decide(corner.lan, LURE, SCAM_KIND)
    readers = people(house, 26)

    for number in range(0, len(readers), 2):
        await meet(corner, readers[number : number + 2])
        await corner.press(corner.lan, TAKE_BACK)
        await corner.reply(corner.lan, f"{LURE}?{number}")
        await corner.send(corner.lan)

    assert reached(house, readers) == MOST


async def test_nobody_is_the_second_person_for_their_own_words(house: House, corner: Corner) -> None:
    reporters = people(house, 12)
    for reporter in reporters:
        await corner.report(reporter)
    await corner.decide(corner.lan, LURE, SCAM_KIND)

    assert "lời của chính bạn" in await corner.press(corner.lan, AGREE)
    await corner.last_update_again()
    await corner.answers.tell_waiting()

    assert reached(house, reporters) == MOST
    assert [verdict.agreed_by for verdict in await house.rows(verdicts)] == [None]


async def test_what_became_severe_after_it_was_answered_takes_two_from_then_on(
    house: House, corner: Corner
) -> None:
    """A friend reports it as something harmless, so that one person answers; then the real ones report."""
    await corner.report(house.world.add_user("Bạn của Lan"), consent=QUIETLY)
    await corner.decide(corner.lan, MILD_LIE, FALSE)
    early = people(house, 3)
    await meet(corner, early)
    assert reached(house, early) == len(early)

    await corner.report(house.world.add_user("Bác Sáu"), consent=QUIETLY, reason=IT_IS_DANGEROUS)
    later = people(house, 12)
    await meet(corner, later)

    # Bác Sáu had met it before he called it dangerous.
    assert reached(house, [*early, *later]) == MOST - 1


async def test_what_many_were_told_before_it_became_severe_is_told_to_nobody_more(
    house: House, corner: Corner
) -> None:
    await corner.report(house.world.add_user("Bạn của Lan"), consent=QUIETLY)
    await corner.decide(corner.lan, MILD_LIE, FALSE)
    await meet(corner, people(house, 12))
    await corner.report(house.world.add_user("Bác Sáu"), reason=IT_IS_DANGEROUS)
    later = people(house, 3)

    await meet(corner, later)
    await corner.answers.tell_waiting()

    assert reached(house, later) == 0


async def test_a_case_that_was_closed_and_is_reported_as_severe_takes_two_as_well(
    house: House, corner: Corner
) -> None:
    await corner.report(house.world.add_user("Bạn của Lan"), consent=QUIETLY)
    await corner.decide(corner.lan, MILD_LIE, FALSE)
    for days in (30, 31):
        house.clock.pass_by(days=days)
        await corner.evidence.sweep(RULES, house.clock.now())
    await corner.report(house.world.add_user("Bác Sáu"), reason=IT_IS_DANGEROUS)
    readers = people(house, 12)

    await meet(corner, readers)

    assert reached(house, readers) == MOST - 1
    assert AGREE in house.labels(corner.group)


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_she_does_an_eleventh_is_never_reached(
    house: House, corner: Corner, seed: int
) -> None:
    """Any number of presses, repeats, revisions, claims, new reports, other reasons and nights."""
    chance, citizens = Random(seed), list[User]()
    await corner.report(house.world.add_user("Bạn của Lan"), consent=QUIETLY, reason=IT_IS_DANGEROUS)

    for _ in range(40):
        await one_act(house, corner, chance, citizens)
        await corner.cards.show_stale()
        await corner.answers.tell_waiting()

        assert reached(house, citizens) <= MOST

    assert reached(house, citizens) > 0, "the attack has not even begun"


async def one_act(house: House, corner: Corner, chance: Random, citizens: list[User]) -> None:
    """Lan does something, or somebody comes along."""
    labels = (
        CLAIM, SCAM_KIND, FALSE, SEND, SEND_TO_SECOND, AGREE, TAKE_BACK, GIVE_BACK, REVISE, NOT_NOW, OPINION, CLOSE,
    )  # fmt: skip
    shown = {
        button.label for message in house.shown(corner.group) for row in message.buttons for button in row
    }
    match chance.randrange(8):
        case 0 | 1 | 2:
            await corner.press(corner.lan, chance.choice([label for label in labels if label in shown]))
        case 3 | 4:
            await write_and_send(house, corner, chance)
        case 5:
            await corner.last_update_again()
        case 6:
            citizens += people(house, chance.randrange(1, 5))
            await meet(corner, citizens[-2:])
        case _:
            house.clock.pass_by(minutes=chance.choice([1, 20, 2_000]))
            citizens.append(house.world.add_user("Người nữa"))
            await corner.ask(citizens[-1], SCAM)
            if "🙋 Chưa, nhờ điều phối viên" in house.labels(citizens[-1]):
                await corner.report(
                    citizens[-1], reason=chance.choice([IT_IS_DANGEROUS, "Điểm khác không đúng sự thật"])
                )
                assert receipt_in(house.last(citizens[-1]).text)


async def write_and_send(house: House, corner: Corner, chance: Random) -> None:
    """The short way to a verdict, as far as it is open: claim or take back, choose, write, send."""
    for label in (CLAIM, TAKE_BACK, REVISE):
        if label in house.labels(corner.group):
            await corner.press(corner.lan, label)
    kind = chance.choice([SCAM_KIND, FALSE])
    shown = {
        button.label for message in house.shown(corner.group) for row in message.buttons for button in row
    }
    if kind in shown:
        await corner.press(corner.lan, kind)
        await corner.reply(corner.lan, chance.choice([LURE, MILD_LIE]))
        if house.labels(corner.group)[0] in (SEND, SEND_TO_SECOND):
            await corner.send(corner.lan)
