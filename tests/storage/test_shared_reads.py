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
        self.is_visited = asyncio.Event()

    async def read(self, questions: Sequence[str]) -> list[str]:
        self.visits.append(list(questions))
        self.is_visited.set()
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


async def test_when_the_one_who_reads_for_all_is_stopped_another_reads_and_nobody_else_is() -> None:
    library = Library()
    reads = SharedRead(library.read)
    library.is_open.clear()
    reader, *others = (asyncio.ensure_future(reads.answer(one)) for one in "abc")
    await library.is_visited.wait()
    reader.cancel()
    library.is_open.set()
    assert await asyncio.gather(*others) == ["B", "C"]
    assert library.visits == [["a", "b", "c"], ["b", "c"]]


async def test_who_is_stopped_in_the_moment_of_being_called_to_read_passes_the_call_on() -> None:
    library = Library()
    reads = SharedRead(library.read)
    library.is_open.clear()
    first = asyncio.ensure_future(reads.answer("a"))
    await library.is_visited.wait()
    called, last = (asyncio.ensure_future(reads.answer(one)) for one in "bc")
    await asyncio.sleep(0)
    library.is_open.set()
    await asyncio.sleep(0)
    assert first.done()
    called.cancel()
    assert await asyncio.gather(first, last) == ["A", "C"]
    assert called.cancelled()


async def test_nothing_runs_on_when_all_have_their_answers() -> None:
    reads = SharedRead(Library().read)
    await asyncio.gather(*(reads.answer(one) for one in "abc"))
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert await reads.answer("d") == "D"


async def test_a_read_that_leaves_a_question_out_fails_for_all_instead_of_leaving_somebody_waiting() -> None:
    async def forgetful(questions: Sequence[str]) -> list[str]:
        return [question.upper() for question in questions][:1]

    reads = SharedRead(forgetful)
    results = await asyncio.gather(*(reads.answer(one) for one in "ab"), return_exceptions=True)
    assert [type(result) for result in results] == [ValueError] * 2
