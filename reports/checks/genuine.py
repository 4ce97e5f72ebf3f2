"""Is this one of our bulletins, word for word? A text is compared with the record, never with its sender.

A code in the text leads to the record; without one, a text near a recent bulletin does. The answer: genuine,
altered (and what was changed), corrected or withdrawn since, expired, or not ours. Comparing is done elsewhere
(`reports.checks.comparison`); what is said about a bulletin is always read from the record here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from bulletins.bulletin import VIETNAMESE, Code, MsgType, Status
from bulletins.code import find_codes
from bulletins.rendering import text_in
from reports.checks.comparison import (
    MOST_CHANGES,
    MOST_COMPARED_CHARACTERS,
    Comparison,
    Outcome,
    Published,
    Question,
)
from reports.findings import Change, GenuineFinding, Likeness, NotExamined

_MOST_CODES = 5
_LONGEST_CHANGE_CHARACTERS = 300


class BulletinRecords(Protocol):
    """What was published. Drafts are never found."""

    async def published(self, code: Code) -> Published | None:
        """The bulletin with this code, if any copy of it was ever sent."""

    async def newest(self) -> Sequence[Published]:
        """The most recent ones, a bounded number; a moment's delay does no harm."""


class Comparing(Protocol):
    """Compares, where it holds nobody up."""

    async def compare(self, question: Question) -> Comparison | NotExamined:
        """What came of comparing, or that it could not be done."""


@dataclass(frozen=True, slots=True)
class Examination:
    """What an examination came to: the finding, and the record it rests on."""

    finding: GenuineFinding | None
    published: Published | None = None
    is_part: bool = False
    """Nothing is changed, but the beginning or end is missing."""
    is_only_a_code: bool = False
    """It names a bulletin, perhaps with a short question, and claims nothing itself."""


class GenuineCheck:
    """Compares texts with the published bulletins."""

    def __init__(self, records: BulletinRecords, comparing: Comparing, now: Callable[[], datetime]) -> None:
        self._records = records
        self._comparing = comparing
        self._now = now

    async def check(self, text: str, links: Sequence[str] = ()) -> GenuineFinding | NotExamined | None:
        """The bulletin that ``text`` is or pretends to be; None when it has nothing to do with any.

        ``links`` are those hidden behind words: a copy may look right and lead elsewhere.
        """
        examination = await self.examine(text, links)
        return examination if isinstance(examination, NotExamined) else examination.finding

    async def examine(self, text: str, links: Sequence[str] = ()) -> Examination | NotExamined:
        """The same with the record, which a bare code finds too though there is nothing to compare."""
        text = text[:MOST_COMPARED_CHARACTERS]
        codes = find_codes(text)[:_MOST_CODES]
        named = [found for code in codes if (found := await self._records.published(code))]
        asked_about = named or await self._records.newest()
        comparison = await self._compared(text, tuple(links), named, asked_about)
        if isinstance(comparison, NotExamined):
            return comparison
        if comparison.outcome is Outcome.NOTHING:
            finding = GenuineFinding(likeness=Likeness.NOT_OURS, code=codes[0]) if codes else None
            return Examination(finding, is_only_a_code=comparison.is_only_a_code)
        if not 0 <= comparison.place < len(asked_about):
            return NotExamined.LATE
        return self._examination(comparison, asked_about[comparison.place])

    async def _compared(
        self, text: str, links: tuple[str, ...], named: Sequence[Published], recent: Sequence[Published]
    ) -> Comparison | NotExamined:
        """The recent bulletins are sent only to whoever says that it does not know them (yet, or any more)."""
        if named:
            return await self._comparing.compare(Question(text=text, links=links, named=tuple(named)))
        question = Question(text=text, links=links, named=(), recent_mark=_mark_of(recent))
        comparison = await self._comparing.compare(question)
        if isinstance(comparison, NotExamined) or comparison.outcome is not Outcome.UNKNOWN_RECENT:
            return comparison
        comparison = await self._comparing.compare(replace(question, recent=tuple(recent)))
        is_lost = isinstance(comparison, Comparison) and comparison.outcome is Outcome.UNKNOWN_RECENT
        return NotExamined.LATE if is_lost else comparison

    def _examination(self, comparison: Comparison, published: Published) -> Examination:
        match comparison.outcome:
            case Outcome.NAMED:
                return Examination(None, published, is_only_a_code=True)
            case Outcome.SAME:
                return Examination(_finding(published, self._likeness(published)), published)
            case _:
                changes = tuple(_cut(change) for change in comparison.changes[:MOST_CHANGES])
                finding = _finding(published, Likeness.ALTERED, changes)
                return Examination(finding, published, comparison.is_part)

    def _likeness(self, published: Published) -> Likeness:
        if published.newer is not None:
            is_withdrawn = published.newer.msg_type is MsgType.CANCEL
            return Likeness.CANCELLED if is_withdrawn else Likeness.SUPERSEDED
        return Likeness.EXPIRED if published.bulletin.expires <= self._now() else Likeness.GENUINE


def _finding(published: Published, likeness: Likeness, changes: tuple[Change, ...] = ()) -> GenuineFinding:
    bulletin, newer = published.bulletin, published.newer
    return GenuineFinding(
        likeness=likeness,
        code=bulletin.code,
        headline=text_in(bulletin, VIETNAMESE).headline,
        issuer=bulletin.issuer,
        published_at=bulletin.sent,
        changes=changes,
        newer_code=newer.code if newer else None,
        newer_headline=text_in(newer, VIETNAMESE).headline if newer else "",
        is_drill=bulletin.status is not Status.ACTUAL,
    )


def _cut(change: Change) -> Change:
    longest = _LONGEST_CHANGE_CHARACTERS
    return replace(change, published=change.published[:longest], forwarded=change.forwarded[:longest])


def _mark_of(recent: Sequence[Published]) -> str:
    """The same for the same bulletins, none of which ever changes."""
    codes = [f"{one.bulletin.code}.{one.bulletin.version}" for one in recent]
    return hashlib.sha256(" ".join(codes).encode()).hexdigest()
