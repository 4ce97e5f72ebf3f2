"""Group reading: who asks the same at the same time shares one statement, as writers share one commit.

Every pump looks into the ledger by itself, several times a second. A hundred pumps of one process would send the
database a hundred small questions where one answers all; each costs both sides more than its rows.

No task of its own does the reading, but one of those who ask, for all of them: the reader. When it has what it came
for, or is cancelled, one of those who came meanwhile is the next reader.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from typing import Generic, TypeVar

A = TypeVar("A")
R = TypeVar("R")

# Who comes first is served at once; who comes right after it waits this long at most, with all others.
_APART_SECONDS = 0.025


class _Call(Enum):
    """In the place of an answer."""

    READ = "read"
    """You are the reader now."""


class _Asker(Generic[A, R]):
    """Somebody who waits for an answer, or for the turn to read."""

    __slots__ = ("answer", "question")

    def __init__(self, question: A) -> None:
        self.question = question
        self.answer: asyncio.Future[R | _Call] = asyncio.get_running_loop().create_future()


class SharedRead(Generic[A, R]):
    """One kind of question. As many wait as there are tasks that ask, so it needs no bound of its own."""

    def __init__(self, read: Callable[[Sequence[A]], Awaitable[Sequence[R]]]) -> None:
        """``read`` answers each of several questions in its place."""
        self._read = read
        self._waiting: list[_Asker[A, R]] = []
        self._has_reader = False
        self._next_at = -math.inf

    async def answer(self, question: A) -> R:
        """From a statement that began after this was asked. Raises what the statement raised."""
        if self._has_reader:
            asker: _Asker[A, R] = _Asker(question)
            self._waiting.append(asker)
            answer = await self._heard(asker)
            if not isinstance(answer, _Call):
                return answer
        self._has_reader = True
        try:
            return await self._read_for_all(question)
        finally:
            self._hand_on()

    async def _heard(self, asker: _Asker[A, R]) -> R | _Call:
        """What it was told. Who is cancelled right after it was called to read passes the call on."""
        try:
            return await asker.answer
        except asyncio.CancelledError:
            answer = asker.answer
            is_told = answer.done() and not answer.cancelled() and answer.exception() is None
            if is_told and isinstance(answer.result(), _Call):
                self._hand_on()
            raise

    async def _read_for_all(self, question: A) -> R:
        clock = asyncio.get_running_loop().time
        await asyncio.sleep(max(0.0, self._next_at - clock()))
        others, self._waiting = [one for one in self._waiting if not one.answer.done()], []
        try:
            own, *results = await self._read([question, *(one.question for one in others)])
            answers = list(zip(others, results, strict=True))
        except asyncio.CancelledError:
            self._waiting[:0] = others  # the next reader asks for them
            raise
        except Exception as error:
            _give_up(others, error)
            raise
        finally:
            self._next_at = clock() + _APART_SECONDS
        for one, result in answers:
            if not one.answer.done():
                one.answer.set_result(result)
        return own

    def _hand_on(self) -> None:
        """To the first who still waits."""
        self._has_reader = False
        while self._waiting:
            following = self._waiting.pop(0)
            if not following.answer.done():
                following.answer.set_result(_Call.READ)
                self._has_reader = True
                return


def _give_up(askers: Sequence[_Asker[A, R]], error: Exception) -> None:
    for one in askers:
        if not one.answer.done():
            one.answer.set_exception(error)
