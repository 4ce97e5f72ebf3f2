"""When something breaks, people hear a kind word and the log hears the details."""

from __future__ import annotations

import pytest
from aiogram import Router
from aiogram.exceptions import TelegramNetworkError
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message
from structlog.testing import capture_logs

from handlers import errors
from handlers.access import may
from handlers.buttons import Pressed
from members.roles import Who
from tests.handlers.house import House

KIND_WORD = "Phía Loa gặp trục trặc"


async def breaks(event: Message | CallbackQuery) -> None:
    raise ZeroDivisionError("a bug of ours")


@pytest.fixture
def broken(house: House) -> House:
    router = Router()
    router.message.register(breaks, Command("break"), flags=may(Who.ANYONE))
    router.callback_query.register(breaks, Pressed("break"), flags=may(Who.ANYONE))
    house.include(router, errors.router())
    return house


async def test_whoever_meets_a_bug_hears_a_kind_word_and_no_stack_trace(broken: House) -> None:
    sau = broken.world.add_user("Bác Sáu")

    with capture_logs() as logs:
        await broken.say(sau, "/break")

    assert broken.last(sau).text.startswith(KIND_WORD)
    assert "ZeroDivisionError" not in broken.said(sau)
    (entry,) = logs
    assert entry["log_level"] == "error"
    assert entry["update_id"] == broken.taken[-1].update_id
    assert isinstance(entry["exc_info"], ZeroDivisionError)


async def test_a_press_that_breaks_is_answered_too_and_can_be_pressed_again(broken: House) -> None:
    sau = broken.world.add_user("Bác Sáu")
    broken.world.start(sau, broken.account)
    markup = await broken.buttons.keyboard([[("Thử", "break", {})]], chat=sau.id, person=None)
    await broken.bot.send_message(sau.id, "?", reply_markup=markup)

    assert (await broken.press(sau, "Thử")).startswith(KIND_WORD)
    assert (await broken.press(sau, "Thử")).startswith(KIND_WORD)


async def test_somebody_who_blocked_the_bot_meanwhile_is_left_in_peace(broken: House) -> None:
    sau = broken.world.add_user("Bác Sáu")
    broken.world.say(sau, broken.account, "/kenh")
    broken.world.block(sau, broken.account)

    with capture_logs() as logs:
        await broken.settle()

    assert [entry["log_level"] for entry in logs] == ["info"]


async def test_what_passes_by_itself_is_left_to_be_tried_again(broken: House) -> None:
    sau = broken.world.add_user("Bác Sáu")
    broken.simulator.faults.script("reset", "sendMessage")

    with pytest.raises(TelegramNetworkError):
        await broken.say(sau, "/kenh")
    await broken.settle()

    assert broken.last(sau).text.startswith("Bạn chưa có kênh nào")


async def test_an_apology_that_does_not_arrive_is_logged_and_that_is_all(broken: House) -> None:
    sau = broken.world.add_user("Bác Sáu")
    broken.simulator.faults.script("reset", "sendMessage")

    with capture_logs() as logs:
        await broken.say(sau, "/break")

    assert [entry["log_level"] for entry in logs] == ["error", "warning"]
