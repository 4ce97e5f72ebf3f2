"""What a worker can do: each task has a name, the type of its question, and the type of its answer. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from bot.worker.codec import decode, encode
from bulletins.cap import CapDraft, CapRefusal, read_cap
from bulletins.rendering import Imprint
from reports.checks.comparison import Comparer, Comparison, Question
from reports.content import Content, Look, look_at
from reports.masking import masked

Q = TypeVar("Q")
A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Task(Generic[Q, A]):
    """One thing that a worker can do."""

    name: str
    question: Any
    """The type ``Q``."""
    answer: Any
    """The type ``A``."""
    run: Callable[[Work, Q], A]

    def asked(self, question: Q) -> bytes:
        """The request, as it is sent."""
        return self.name.encode("ascii") + b" " + encode(question)

    def answered(self, reply: bytes) -> A:
        """The answer in a reply. Raises ValueError when it is none."""
        answer: A = decode(self.answer, reply)
        return answer


@dataclass(frozen=True, slots=True)
class CapFile:
    """A file that was sent as a CAP alert, and when."""

    content: bytes
    now: datetime


class Work:
    """Answers questions one after the other."""

    def __init__(self, imprint: Imprint) -> None:
        self.comparer = Comparer(imprint)

    def answer(self, request: bytes) -> bytes:
        """The reply to a request. Raises KeyError and ValueError for what is none."""
        name, _, question = request.partition(b" ")
        task = TASKS[name.decode("ascii")]
        return encode(task.run(self, decode(task.question, question)))


COMPARE: Task[Question, Comparison] = Task(
    "compare", Question, Comparison, lambda work, question: work.comparer.compare(question)
)
LOOK_AT: Task[Content, Look] = Task("look_at", Content, Look, lambda work, content: look_at(content))
MASK: Task[str, str] = Task("mask", str, str, lambda work, text: masked(text))
READ_CAP: Task[CapFile, CapDraft | CapRefusal] = Task(
    "read_cap", CapFile, CapDraft | CapRefusal, lambda work, file: read_cap(file.content, file.now)
)
TASKS: dict[str, Task[Any, Any]] = {task.name: task for task in (COMPARE, LOOK_AT, MASK, READ_CAP)}
