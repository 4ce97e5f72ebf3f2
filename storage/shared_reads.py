"""Group reading: who asks the same at the same time shares one statement, as writers share one commit.

Every pump looks into the ledger by itself, several times a second. A hundred pumps of one process would send the
database a hundred small questions where one answers all; each costs both sides more than its rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

A = TypeVar("A")
R = TypeVar("R")

# Who comes first is served at once; who comes right after it waits this long at most, with all others.
_APART_SECONDS = 0.025


class SharedRead(Generic[A, R]):
    """One kind of question. As many wait as there are tasks that ask, so it needs no bound of its own."""

    def __init__(self, read: Callable[[Sequence[A]], Awaitable[Sequence[R]]]) -> None:
        """``read`` answers each of several questions in its place."""
        self._read = read
        self._waiting: list[tuple[A, asyncio.Future[R]]] = []
        self._reading: asyncio.Task[None] | None = None

    async def answer(self, question: A) -> R:
        """From a statement that began after this was asked. Raises what the statement raised."""
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_while_asked())
        return await answer

    async def _read_while_asked(self) -> None:
        try:
            while self._waiting:
                gathered, self._waiting = self._waiting, []
                await self._answer([one for one in gathered if not one[1].done()])
                await asyncio.sleep(_APART_SECONDS)
        finally:
            self._reading = None
            for _, answer in self._waiting:
                answer.cancel()

    async def _answer(self, gathered: Sequence[tuple[A, asyncio.Future[R]]]) -> None:
        answers = [answer for _, answer in gathered]
        try:
            results = await self._read([question for question, _ in gathered]) if gathered else ()
            for answer, result in zip(answers, results, strict=True):
                if not answer.done():
                    answer.set_result(result)
        except Exception as error:  # noqa: BLE001 it is handed to everyone who asked
            for answer in answers:
                if not answer.done():
                    answer.set_exception(error)
        finally:
            for answer in answers:
                answer.cancel()  # those that have theirs keep it; the others' loop ends
