"""The inbox: an update is done with only when it was handled and remembered, and one that comes again has no effect."""

from __future__ import annotations

import asyncio

import pytest
from aiogram.types import Update

from bot.admission import look_at
from bot.inbox import Inbox, InboxFull
from bot.rooms import stepping_aside
from tests.bot.updates import (
    LAN,
    Desk,
    Kept,
    inbox,
    pressed,
    take_all,
    written,
)


@pytest.fixture
def kept() -> Kept:
    return Kept()


async def test_what_was_handled_once_is_not_handled_again(kept: Kept) -> None:
    desk = Desk()
    box = inbox(kept, desk)
    for _ in range(100):
        await box.take_pushed(written(5))
    assert desk.handled == [5]


async def test_a_repeat_that_comes_while_the_first_is_handled_waits_for_it(kept: Kept) -> None:
    may_end = asyncio.Event()

    async def handle(_: Update) -> None:
        await may_end.wait()

    desk = Desk(handle)
    box = inbox(kept, desk)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(box.take_pushed(written(5)))
        second = group.create_task(box.take_pushed(written(5)))
        await asyncio.sleep(0.01)
        assert not first.done()
        assert not second.done()
        may_end.set()
    assert desk.handled == [5]


async def test_a_repeat_is_not_called_done_when_the_first_was_not(kept: Kept) -> None:
    box = inbox(kept, Desk())
    kept.is_broken = True

    results = await asyncio.gather(
        box.take_pushed(written(5)), box.take_pushed(written(5)), return_exceptions=True
    )

    assert all(isinstance(result, Exception) for result in results)


async def test_one_chat_keeps_its_order_while_others_go_on(kept: Kept) -> None:
    told: list[int] = []
    slow = asyncio.Event()

    async def handle(update: Update) -> None:
        if update.update_id == 1:
            await slow.wait()
        told.append(update.update_id)
        if update.update_id == 3:
            slow.set()

    await take_all(inbox(kept, Desk(handle)), written(1, 1001), written(2, 1001), written(3, 1002))
    assert told == [3, 1, 2]


async def test_an_update_that_fails_is_tried_again_and_then_given_up(kept: Kept) -> None:
    tries: list[int] = []

    async def handle(update: Update) -> None:
        tries.append(update.update_id)
        if update.update_id == 1:
            raise RuntimeError("poison")

    await take_all(inbox(kept, Desk(handle)), written(1), written(2))
    assert tries == [1, 1, 1, 2]
    assert kept.ids == {("loa", 1), ("loa", 2)}


async def test_when_the_database_fails_nothing_is_handled_and_none_is_done_with(kept: Kept) -> None:
    async def handle(_: Update) -> None:
        raise AssertionError("what cannot be remembered must not be done")

    kept.is_broken = True
    with pytest.raises(OSError, match="full"):
        await inbox(kept, Desk(handle)).take_pushed(written(1))
    assert kept.ids == set()


async def test_what_was_handled_and_could_not_be_remembered_is_not_handled_again_when_it_comes_again(
    kept: Kept,
) -> None:
    async def handle(_: Update) -> None:
        kept.is_broken = True

    desk = Desk(handle)
    box = inbox(kept, desk)
    with pytest.raises(OSError, match="full"):
        await box.take_pushed(written(1))
    kept.is_broken = False
    await box.take_pushed(written(1))

    assert desk.handled == [1]
    assert kept.ids == {("loa", 1)}


# --- the lanes ------------------------------------------------------------------------------------------------------


class Crowd:
    """Handles everybody as slowly as it is told to, and knows who is being handled."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()
        self.inside: set[int] = set()

    async def handle(self, update: Update) -> None:
        if update.update_id >= 1_000:  # the staff's, in these tests
            return
        self.inside.add(update.update_id)
        await self.let_go.wait()


async def busy(box: Inbox, group: asyncio.TaskGroup, people: int) -> list[asyncio.Task[None]]:
    """So many people write, each in their own chat."""
    tasks = [group.create_task(box.take_pushed(written(one, 2_000 + one))) for one in range(people)]
    await asyncio.sleep(0.01)
    return tasks


async def test_the_staff_are_heard_while_every_place_of_the_others_is_taken(kept: Kept) -> None:
    crowd = Crowd()
    desk = Desk(crowd.handle)
    box = inbox(kept, desk)
    async with asyncio.TaskGroup() as group:
        await busy(box, group, 100)
        assert len(crowd.inside) == 16

        await box.take_pushed(pressed(1_000, LAN))

        assert desk.handled == [1_000]
        crowd.let_go.set()
    assert len(desk.handled) == 101


async def test_a_press_of_the_staff_does_not_wait_for_what_they_wrote(kept: Kept) -> None:
    may_end = asyncio.Event()

    async def handle(update: Update) -> None:
        if update.message is not None:
            await may_end.wait()

    desk = Desk(handle)
    box = inbox(kept, desk)
    async with asyncio.TaskGroup() as group:
        group.create_task(box.take_pushed(written(1, LAN, "/bantin")))
        await asyncio.sleep(0.01)
        await box.take_pushed(pressed(2, LAN))
        assert desk.handled == [2]
        may_end.set()


async def test_nor_longer_than_a_second_for_what_an_earlier_press_began(kept: Kept) -> None:
    may_end = asyncio.Event()

    async def handle(update: Update) -> None:
        if update.update_id == 1:
            await may_end.wait()

    desk = Desk(handle)
    box = inbox(kept, desk)
    async with asyncio.TaskGroup() as group:
        group.create_task(box.take_pushed(pressed(1, LAN)))
        await asyncio.sleep(0.01)
        async with asyncio.timeout(10):
            await box.take_pushed(pressed(2, LAN))
        assert desk.handled == [2]
        may_end.set()
    assert desk.handled == [2, 1]


async def test_nor_for_strangers_in_the_same_group(kept: Kept) -> None:
    crowd = Crowd()
    desk = Desk(crowd.handle)
    box = inbox(kept, desk)
    async with asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(box.take_pushed(written(number, -100, "/verify x", person=2_000 + number)))
        await asyncio.sleep(0.01)
        await box.take_pushed(pressed(1_000, LAN, -100))
        assert desk.handled == [1_000]
        crowd.let_go.set()


async def test_whoever_only_waits_for_their_chats_pace_leaves_their_place_to_others(kept: Kept) -> None:
    their_turn = asyncio.Event()
    aside: set[int] = set()

    async def handle(update: Update) -> None:
        if update.update_id < 100:
            async with stepping_aside():
                aside.add(update.update_id)
                await their_turn.wait()

    desk = Desk(handle)
    box = inbox(kept, desk)
    async with asyncio.TaskGroup() as group:
        await busy(box, group, 100)
        assert len(aside) == 100
        await box.take_pushed(written(100, 5_000))
        assert desk.handled == [100]
        their_turn.set()
    assert len(desk.handled) == 101


async def test_strangers_are_handled_so_many_a_second_and_the_staff_at_once(kept: Kept) -> None:
    desk = Desk()
    box = inbox(kept, desk, per_second_at_most=0.001)
    async with asyncio.TaskGroup() as group:
        writing = await busy(box, group, 20)
        await take_all(box, *(pressed(1_000 + number, LAN) for number in range(20)))
        assert sorted(desk.handled) == [0, *range(1_000, 1_020)]
        for one in writing:
            one.cancel()


async def test_who_has_lost_their_role_goes_with_the_others_a_second_later(kept: Kept) -> None:
    people = [LAN]
    box = inbox(kept, Desk(), staff=people)
    await box.look_again()
    for number in range(40):
        assert box.weigh(look_at(pressed(number, LAN))).hearing == "heard"

    people.clear()
    box._staff._asked_at -= 1.0
    await box.look_again()

    verdicts = [box.weigh(look_at(pressed(100 + number, LAN))).hearing for number in range(41)]
    assert verdicts.count("too much") > 0


# --- a full queue ---------------------------------------------------------------------------------------------------


async def test_a_webhook_is_told_to_come_again_while_too_much_waits_but_not_for_the_staff(kept: Kept) -> None:
    crowd = Crowd()
    desk = Desk(crowd.handle)
    box = inbox(kept, desk, waiting_at_most=20)
    async with asyncio.TaskGroup() as group:
        await busy(box, group, 20)

        with pytest.raises(InboxFull):
            await box.take_pushed(written(500, 7_000))
        await box.take_pushed(pressed(1_000, LAN))
        assert desk.handled == [1_000]
        crowd.let_go.set()

    await box.take_pushed(written(500, 7_000))
    assert 500 in desk.handled


async def test_the_fuller_the_queue_the_fewer_may_wait_in_one_chat(kept: Kept) -> None:
    box = inbox(kept, Desk(), waiting_at_most=100)
    await box.look_again()

    def wait(first: int, chat: int, many: int) -> int:
        """How many of so many are heard."""
        numbers = range(first, first + many)
        return sum(box.weigh(look_at(written(one, chat))).hearing == "heard" for one in numbers)

    assert wait(0, 1, 30) == 12
    assert wait(100, 2, 30) == 8  # from a fifth on it is three, which this chat has already
    assert [wait(1_000 + 100 * chat, 10 + chat, 10) for chat in range(12)] == [3] * 10 + [1] * 2


async def test_a_repeat_of_what_waits_is_not_weighed_again(kept: Kept) -> None:
    box = inbox(kept, Desk())
    await box.look_again()

    assert all(box.weigh(look_at(written(1))).hearing == "heard" for _ in range(1_000))
