"""Rooms: so many at a time, and whoever only waits stands aside."""

from __future__ import annotations

import asyncio

import pytest

from bot.rooms import Room, stepping_aside


async def enters(room: Room) -> bool:
    """Whether there is a place."""
    try:
        async with asyncio.timeout(0.05), room.entered():
            return True
    except TimeoutError:
        return False


async def test_a_place_that_is_left_for_a_while_is_anothers_and_is_waited_for_again() -> None:
    room, told = Room(1), list[str]()
    may_return = asyncio.Event()

    async def first() -> None:
        async with room.entered():
            async with stepping_aside():
                await may_return.wait()
            told.append("first is back")

    async with asyncio.TaskGroup() as group:
        group.create_task(first())
        await asyncio.sleep(0)
        async with room.entered():
            may_return.set()
            await asyncio.sleep(0.01)
            told.append("second leaves")
    assert told == ["second leaves", "first is back"]
    assert await enters(room)


async def test_several_that_stand_aside_at_once_have_one_place_among_them() -> None:
    room = Room(1)

    async def wait() -> None:
        async with stepping_aside():
            await asyncio.sleep(0.01)

    async with room.entered():
        async with asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(wait())
        assert not await enters(room)
    assert await enters(room)


async def test_who_is_given_up_while_aside_has_no_place_to_return() -> None:
    room = Room(1)
    with pytest.raises(TimeoutError):
        async with room.entered(), asyncio.timeout(0.01), stepping_aside():
            await asyncio.Event().wait()
    assert await enters(room)
    assert not await both_enter(room)


async def test_a_task_that_outlives_its_handler_keeps_no_place() -> None:
    room, left = Room(1), asyncio.Event()

    async def late() -> None:
        async with stepping_aside():
            await left.wait()

    async with room.entered():
        task = asyncio.create_task(late())
        await asyncio.sleep(0)
    left.set()
    await task
    assert await enters(room)
    assert not await both_enter(room)


async def test_no_more_enter_in_a_second_than_may() -> None:
    """Asked for by its own clock: the waits add up to at least what the pace says."""
    clock = asyncio.get_running_loop().time
    room, entered = Room(100, entered_per_second=200.0), list[float]()

    async def come() -> None:
        async with room.entered():
            entered.append(clock())

    began = clock()
    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(come())
    assert all(at - began >= number / 200.0 for number, at in enumerate(entered))


async def test_without_a_room_nothing_is_left() -> None:
    async with stepping_aside():
        pass


async def both_enter(room: Room) -> bool:
    async with room.entered():
        return await enters(room)
