"""Checks at once and in this process, which a test may let fail as a worker does."""

from __future__ import annotations

from datetime import datetime

from bot.worker.examiner import InlineExaminer
from bulletins.cap import CapDraft, CapRefusal
from bulletins.rendering import Imprint
from reports.checks.comparison import Comparison, Question
from reports.content import Content, Look
from reports.findings import NotExamined
from tests.broadcasts.office import ZONE


class FailingExaminer:
    """Examines, as long as ``trouble`` is None."""

    def __init__(self) -> None:
        self._inline = InlineExaminer(Imprint("LoaTestBot", ZONE))
        self.trouble: NotExamined | None = None

    async def compare(self, question: Question) -> Comparison | NotExamined:
        return self.trouble or await self._inline.compare(question)

    async def look_at(self, content: Content) -> Look | NotExamined:
        return self.trouble or await self._inline.look_at(content)

    async def mask(self, text: str) -> str | NotExamined:
        return self.trouble or await self._inline.mask(text)

    async def read_cap(self, content: bytes, now: datetime) -> CapDraft | CapRefusal | NotExamined:
        return self.trouble or await self._inline.read_cap(content, now)
