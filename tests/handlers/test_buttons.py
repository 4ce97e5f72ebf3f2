"""Buttons: opaque, bound to person, chat and action, used up once, and never lost to a crash."""

from __future__ import annotations

from datetime import timedelta

import pytest
from aiogram import Router
from aiogram.types import CallbackQuery

from handlers.access import may
from handlers.buttons import Pressed
from members.buttons import Payload
from members.roles import Who
from simulator.world import User
from storage.button_seals import row_key
from storage.buttons import ButtonBook
from storage.tables import buttons
from tests.handlers.house import House
from tests.keys import NAMES

ROWS = [[("Có", "vote", {"is": "yes"}), ("Không", "vote", {"is": "no"})]]


class Votes:
    """What was pressed; it can be told to fail."""

    def __init__(self) -> None:
        self.counted: list[str] = []
        self.fails = 0

    async def count(self, query: CallbackQuery, payload: Payload) -> None:
        if self.fails:
            self.fails -= 1
            raise RuntimeError("the urn is full")
        self.counted.append(payload["is"])
        await query.answer("Đã ghi")


@pytest.fixture
def votes(house: House) -> Votes:
    votes = Votes()
    router = Router()
    router.callback_query.register(votes.count, Pressed("vote"), flags=may(Who.PERSON))
    house.include(router)
    return votes


async def offer(house: House, user: User, *, repeatable: bool = False, lasts_hours: float = 1) -> None:
    house.world.start(user, house.account)
    markup = await house.buttons.keyboard(
        ROWS,
        chat=user.id,
        person=house.person(user),
        repeatable=repeatable,
        lasts=timedelta(hours=lasts_hours),
    )
    await house.bot.send_message(user.id, "Đồng ý không?", reply_markup=markup)
    house.pass_over()


async def test_the_first_press_uses_up_the_whole_message(house: House, votes: Votes) -> None:
    hoa = house.world.add_user("Hoa")
    await offer(house, hoa)

    assert await house.press(hoa, "Có") == "Đã ghi"
    assert "đã được trả lời rồi" in await house.press(hoa, "Có")
    assert "đã được trả lời rồi" in await house.press(hoa, "Không")

    assert votes.counted == ["yes"]


async def test_buttons_marked_repeatable_stay(house: House, votes: Votes) -> None:
    hoa = house.world.add_user("Hoa")
    await offer(house, hoa, repeatable=True)

    for label in ("Có", "Không", "Có"):
        assert await house.press(hoa, label) == "Đã ghi"

    assert votes.counted == ["yes", "no", "yes"]


async def test_a_button_pressed_too_late_loses_nothing(house: House, votes: Votes) -> None:
    hoa = house.world.add_user("Hoa")
    await offer(house, hoa, lasts_hours=2)
    house.clock.pass_by(hours=2)

    assert "đã cũ quá rồi" in await house.press(hoa, "Có")

    assert votes.counted == []


async def test_data_that_is_no_token_of_ours_is_refused_kindly(house: House, votes: Votes) -> None:
    hoa = house.world.add_user("Hoa")
    await offer(house, hoa)
    query = house.touch(hoa, "Có")
    (update,) = await house.waiting()
    house.pass_over()
    assert update.callback_query is not None
    forged = update.callback_query.model_copy(update={"data": "vote:yes' OR 1=1 --"})

    await house.take(update.model_copy(update={"callback_query": forged}))

    assert "không còn nhận ra nút này" in house.world.callbacks[query].answer
    assert votes.counted == []


async def test_a_token_carried_into_another_chat_is_refused(house: House, votes: Votes) -> None:
    hoa = house.world.add_user("Hoa")
    group = house.world.add_chat("supergroup", "Tổ 5", hoa)
    house.world.add_member(group, house.account, by=hoa)
    markup = await house.buttons.keyboard(ROWS, chat=hoa.id, person=house.person(hoa))
    await house.bot.send_message(group.id, "Đồng ý không?", reply_markup=markup)

    assert "dành cho người khác" in await house.press(hoa, "Có", group)
    assert votes.counted == []


async def test_a_press_delivered_again_after_a_crash_is_let_through(house: House, votes: Votes) -> None:
    """The process died after the button was used up and before its effect: the platform delivers again."""
    hoa = house.world.add_user("Hoa")
    await offer(house, hoa)
    house.touch(hoa, "Có")
    (update,) = await house.waiting()
    assert update.callback_query is not None
    assert await house.buttons.use(update.callback_query.as_(house.bot)) is None

    await house.settle()

    assert votes.counted == ["yes"]


async def test_a_handler_that_fails_gives_the_button_back(house: House, votes: Votes) -> None:
    hoa = house.world.add_user("Hoa")
    await offer(house, hoa)
    votes.fails = 1
    with pytest.raises(RuntimeError, match="urn"):
        await house.press(hoa, "Có")
    house.pass_over()

    assert await house.press(hoa, "Không") == "Đã ghi"

    assert votes.counted == ["no"]


async def test_the_platform_sees_only_a_token_of_128_bits(house: House, votes: Votes) -> None:
    hoa = house.world.add_user("Hoa")
    await offer(house, hoa)

    seen = {button.data or "" for row in house.last(hoa).buttons for button in row}

    assert {row_key(token) for token in seen} == {row.key for row in await house.rows(buttons)}
    assert all(len(bytes.fromhex(token)) == 16 for token in seen)


async def test_expired_buttons_are_forgotten_in_time(house: House, votes: Votes) -> None:
    hoa = house.world.add_user("Hoa")
    await offer(house, hoa)
    book = ButtonBook(house.engine, house.committer, NAMES)

    house.clock.pass_by(days=7)
    assert await book.forget_gone(house.clock.now()) == 0
    house.clock.pass_by(hours=3)
    assert await book.forget_gone(house.clock.now()) == 2
    assert "không còn nhận ra nút này" in await house.press(hoa, "Có")
