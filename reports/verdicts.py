"""A moderator decides a case: claim it, choose a verdict, explain it with at least one source, see it, send it.

What was written goes nowhere before its author has seen it as citizens will read it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from bulletins.bulletin import Code
from bulletins.characters import without_odd_characters
from bulletins.code import find_codes
from bulletins.wording import tidied
from members.channel import PersonId
from reports.cases import CaseId, Need, VerdictKind
from reports.ports import Casework, ClaimOutcome, Deciding, GivingOutcome, NewVerdict
from reports.proposals import SecondRules, leads_beyond, needs_second

MOST_CHARACTERS = 1_500
FEWEST_CHARACTERS = 15
MOST_SOURCES = 5
_MOST_SOURCE_CHARACTERS = 300
_URL = re.compile(r"https?://[^\s<>\"“”«»]+", re.IGNORECASE)
_AFTER_URL = ".,;:!?…)]}'’\"*_"


@dataclass(frozen=True, slots=True)
class Explained:
    """A moderator's words, taken apart."""

    explanation: str
    sources: tuple[str, ...]


class Lack(StrEnum):
    """What keeps an explanation from being a verdict."""

    SOURCE = "source"
    EXPLANATION = "explanation"
    TOO_LONG = "too_long"
    NOT_ASKED = "not_asked"
    """This case is not, or no longer, being decided by this moderator."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A verdict as it would be given, for its author to look at first."""

    kind: VerdictKind
    text: str
    """As it was written: what ``Verdicts.send`` is given."""
    explained: Explained
    needs: tuple[Need, ...]
    """Why it takes a second person; empty when one is enough."""
    beyond: tuple[str, ...]
    """What in it leads beyond published bulletins and protected domains."""
    listeners: int
    """How many of the reporters asked to hear."""


@dataclass(frozen=True, slots=True)
class Written:
    """What came of a moderator's words: a verdict to look at, or what is still lacking."""

    case: CaseId
    outcome: Ready | Lack


@dataclass(frozen=True, slots=True)
class Sending:
    """A moderator sends what they saw. ``key`` is the same when the same press is handled again."""

    case: CaseId
    moderator: PersonId
    kind: VerdictKind
    text: str
    key: str


class Verdicts:
    """The moderators' use cases."""

    def __init__(
        self,
        casework: Casework,
        rules: SecondRules,
        is_published: Callable[[Code], Awaitable[bool]],
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._casework = casework
        self._rules = rules
        self._is_published = is_published
        self._now = now

    async def claim(self, case: CaseId, moderator: PersonId) -> ClaimOutcome:
        """Take the case; of two who press at once, one gets it."""
        return await self._casework.claim(case, moderator, self._now())

    async def release(self, case: CaseId) -> ClaimOutcome:
        """Give the case back, also for a colleague who has gone home."""
        return await self._casework.release(case, self._now())

    async def choose(self, case: CaseId, moderator: PersonId, kind: VerdictKind) -> ClaimOutcome:
        """The moderator is about to explain this verdict."""
        return await self._casework.choose(case, moderator, kind)

    async def prompted(self, case: CaseId, message_id: str) -> None:
        """The message ``message_id`` asks for the explanation."""
        await self._casework.prompted(case, message_id)

    async def call_opinion(self, case: CaseId, moderator: PersonId, key: str) -> GivingOutcome:
        """Close the case as an opinion: no source is needed, and nothing more is done."""
        return await self._give(Sending(case, moderator, VerdictKind.OPINION, "", key), Explained("", ()))

    async def write(self, reply_to: str, moderator: PersonId, text: str) -> Written | None:
        """Take a moderator's reply to the message ``reply_to``; None when it is about no case at all.

        What lacks something is kept, and the next reply adds to it; what is whole, or too long, the next one
        replaces. The same reply twice is one.
        """
        deciding = await self._casework.deciding(reply_to, moderator)
        if deciding is None:
            return None
        return Written(deciding.case, await self._weigh(deciding, moderator, text))

    async def send(self, sending: Sending) -> GivingOutcome | Lack:
        """Give the verdict that its author has looked at, or propose it where it takes a second person."""
        explained = taken_apart(sending.text)
        return lack_of(explained) or await self._give(sending, explained)

    async def _weigh(self, deciding: Deciding, moderator: PersonId, text: str) -> Ready | Lack:
        if deciding.kind is None or deciding.moderator != moderator:
            return Lack.NOT_ASKED
        whole = _continued(deciding.written, tidied(without_odd_characters(text)))
        explained = taken_apart(whole)
        lack = lack_of(explained)
        await self._casework.keep_written(deciding.case, "" if lack is Lack.TOO_LONG else whole)
        if lack is not None:
            return lack
        beyond = await self._beyond(explained)
        needs = needs_second(deciding.kind, deciding.reasons, beyond, self._rules)
        return Ready(deciding.kind, whole, explained, needs, beyond, deciding.listeners)

    async def _give(self, sending: Sending, explained: Explained) -> GivingOutcome:
        """The reasons are read in the transaction that records it: they may have grown since the preview."""
        beyond = await self._beyond(explained)
        verdict = NewVerdict(
            case=sending.case,
            moderator=sending.moderator,
            kind=sending.kind,
            explanation=explained.explanation,
            sources=explained.sources,
            origin_key=sending.key,
            at=self._now(),
        )
        return await self._casework.give(
            verdict, lambda reasons: needs_second(sending.kind, reasons, beyond, self._rules)
        )

    async def _beyond(self, explained: Explained) -> tuple[str, ...]:
        codes = find_codes("\n".join([explained.explanation, *explained.sources]))
        published = [code for code in codes if await self._is_published(code)]
        return leads_beyond(explained.explanation, explained.sources, published, self._rules)


def _continued(written: str, text: str) -> str:
    """What is written once ``text`` came after ``written``."""
    if written.endswith(text):
        return written
    if not written or lack_of(taken_apart(written)) is None:
        return text
    return tidied(f"{written}\n{text}")


def taken_apart(text: str) -> Explained:
    """The explanation without its links, and the sources: web addresses and codes of bulletins, at most 5."""
    urls: dict[str, None] = {}

    def set_aside(found: re.Match[str]) -> str:
        url = found[0].rstrip(_AFTER_URL)
        if len(url) > _MOST_SOURCE_CHARACTERS or not _is_web_address(url):
            return found[0]
        urls[url] = None
        return found[0][len(url) :]

    explanation = tidied(_URL.sub(set_aside, text))
    return Explained(explanation, (*urls, *dict.fromkeys(find_codes(text)))[:MOST_SOURCES])


def lack_of(explained: Explained) -> Lack | None:
    """What is still lacking, or None."""
    if len(explained.explanation) > MOST_CHARACTERS:
        return Lack.TOO_LONG
    if len(explained.explanation) < FEWEST_CHARACTERS:
        return Lack.EXPLANATION
    return None if explained.sources else Lack.SOURCE


def _is_web_address(url: str) -> bool:
    try:
        return "." in (urlsplit(url).hostname or "")
    except ValueError:
        return False
