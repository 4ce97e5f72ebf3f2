"""Patience with answers: it ends for each in its turn, and for nobody who has been answered."""

from __future__ import annotations

import asyncio

import pytest

from platforms.connection import Broken
from platforms.patience import TOO_LATE, Patience

SHORT = 0.05


async def ask(patience: Patience, answer: asyncio.Future[str]) -> str:
    patience.begin(answer)
    try:
        return await answer
    except Broken as trouble:
        return trouble.reason
    finally:
        patience.end(answer)


def nobody_answers() -> asyncio.Future[str]:
    return asyncio.get_running_loop().create_future()


async def test_whoever_waits_too_long_is_told_so_and_can_ask_again() -> None:
    patience = Patience(SHORT)
    assert [await ask(patience, nobody_answers()) for _ in range(2)] == [TOO_LATE, TOO_LATE]


async def test_one_timer_is_enough_for_all_and_who_came_later_waits_longer() -> None:
    patience, ended = Patience(SHORT), list[str]()

    async def waiting(name: str) -> None:
        await ask(patience, nobody_answers())
        ended.append(name)

    async with asyncio.TaskGroup() as group:
        group.create_task(waiting("Hoa"))
        await asyncio.sleep(SHORT / 2)
        group.create_task(waiting("Tùng"))
        group.create_task(waiting("Sáu"))
    assert ended == ["Hoa", "Tùng", "Sáu"]


async def test_an_answer_in_time_is_heard_and_nobody_is_interrupted_later() -> None:
    patience, answer = Patience(SHORT), nobody_answers()
    answer.set_result("ok")
    assert await ask(patience, answer) == "ok"
    await asyncio.sleep(2 * SHORT)


async def test_a_task_that_is_to_end_ends_even_when_its_time_is_up_in_the_same_moment() -> None:
    task = asyncio.create_task(ask(Patience(0.0), nobody_answers()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
