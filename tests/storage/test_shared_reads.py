"""Group reading: one statement for all who ask in the same moment, each answered in their place."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from storage.shared_reads import SharedRead


class Library:
    """Answers in capitals, one visit at a time; a question for ``fire`` ends the visit for all."""

    def __init__(self) -> None:
        self.visits: list[list[str]] = []
        self.is_open = asyncio.Event()
        self.is_open.set()

    async def read(self, questions: Sequence[str]) -> list[str]:
        self.visits.append(list(questions))
        await self.is_open.wait()
        if "fire" in questions:
            raise OSError("the library burns")
        return [question.upper() for question in questions]


async def test_the_first_is_served_at_once_and_those_after_it_together() -> None:
    library = Library()
    reads = SharedRead(library.read)
    assert await reads.answer("a") == "A"
    assert await asyncio.gather(*(reads.answer(one) for one in "bcd")) == ["B", "C", "D"]
    assert library.visits == [["a"], ["b", "c", "d"]]


async def test_who_asks_while_others_are_served_is_not_given_what_was_read_before() -> None:
    library = Library()
    reads = SharedRead(library.read)
    library.is_open.clear()
    early = asyncio.ensure_future(reads.answer("a"))
    await asyncio.sleep(0)
    late = asyncio.ensure_future(reads.answer("b"))
    await asyncio.sleep(0)
    library.is_open.set()
    assert await asyncio.gather(early, late) == ["A", "B"]
    assert library.visits == [["a"], ["b"]]


async def test_a_read_that_fails_is_heard_by_all_who_shared_it_and_the_next_one_works() -> None:
    reads = SharedRead(Library().read)
    results = await asyncio.gather(
        reads.answer("a"), *(reads.answer(one) for one in ("fire", "b")), return_exceptions=True
    )
    assert [type(result) for result in results] == [OSError] * 3
    assert await reads.answer("c") == "C"


async def test_one_who_gives_up_does_not_disturb_the_others() -> None:
    library = Library()
    reads = SharedRead(library.read)
    library.is_open.clear()
    impatient, patient = (asyncio.ensure_future(reads.answer(one)) for one in "ab")
    await asyncio.sleep(0)
    impatient.cancel()
    library.is_open.set()
    assert await patient == "B"
    with pytest.raises(asyncio.CancelledError):
        await impatient
