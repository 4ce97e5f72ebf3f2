"""Whoever wants something looked at asks here: in worker processes, or at once where a run must be repeatable."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, TypeVar

from bot.worker.lanes import Lane, worker_command
from bot.worker.work import COMPARE, LOOK_AT, MASK, READ_CAP, CapFile, Task, Work
from bulletins.cap import CapDraft, CapRefusal
from bulletins.rendering import Imprint
from handlers.bulletin_desk import AlertReading
from reports.checks.comparison import Comparison, Question
from reports.checks.genuine import Comparing
from reports.content import Content, Look, Looking
from reports.findings import NotExamined

Q = TypeVar("Q")
A = TypeVar("A")


class Examiner(Comparing, Looking, AlertReading, Protocol):
    """Does every check of what strangers made."""

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The workers that somebody must own."""


@dataclass(frozen=True, slots=True)
class WorkerExaminer:
    """In two processes, so that the staff's files and cards never wait behind what strangers send."""

    strangers: Lane
    staff: Lane

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """Both."""
        return (self.strangers, self.staff)

    async def compare(self, question: Question) -> Comparison | NotExamined:
        """What came of comparing."""
        return await _asked(self.strangers, COMPARE, question)

    async def look_at(self, content: Content) -> Look | NotExamined:
        """What the content tells by itself."""
        return await _asked(self.strangers, LOOK_AT, content)

    async def mask(self, text: str) -> str | NotExamined:
        """The text for moderators' eyes."""
        return await _asked(self.staff, MASK, text)

    async def read_cap(self, content: bytes, now: datetime) -> CapDraft | CapRefusal | NotExamined:
        """The draft, or why there is none."""
        read = await _asked(self.staff, READ_CAP, CapFile(content, now))
        if not isinstance(read, CapDraft):
            return read
        # Which file it was is not for the worker to say: it has read the file.
        sha256 = hashlib.sha256(content).hexdigest()
        return replace(read, provenance=replace(read.provenance, sha256=sha256))


async def _asked(lane: Lane, task: Task[Q, A], question: Q) -> A | NotExamined:
    return await lane.ask(task.asked(question), task.answered)


class InlineExaminer:
    """At once and in this process: for runs that must be the same each time."""

    def __init__(self, imprint: Imprint) -> None:
        self._work = Work(imprint)
        self.lanes: tuple[Lane, ...] = ()

    async def compare(self, question: Question) -> Comparison | NotExamined:
        """What came of comparing."""
        return self._done(COMPARE, question)

    async def look_at(self, content: Content) -> Look | NotExamined:
        """What the content tells by itself."""
        return self._done(LOOK_AT, content)

    async def mask(self, text: str) -> str | NotExamined:
        """The text for moderators' eyes."""
        return self._done(MASK, text)

    async def read_cap(self, content: bytes, now: datetime) -> CapDraft | CapRefusal | NotExamined:
        """The draft, or why there is none."""
        return self._done(READ_CAP, CapFile(content, now))

    def _done(self, task: Task[Q, A], question: Q) -> A | NotExamined:
        try:
            return task.answered(self._work.answer(task.asked(question)))
        except ValueError:
            return NotExamined.LATE


OpenExaminer = Callable[[Imprint], Examiner]


def open_workers(imprint: Imprint) -> Examiner:
    """The examiner of a network at work."""
    command = worker_command(imprint)
    return WorkerExaminer(Lane("strangers", command), Lane("staff", command))
