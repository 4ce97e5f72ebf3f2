"""A moderator decides a case: claim it, choose a verdict, explain it with at least one source."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from bulletins.characters import without_odd_characters
from bulletins.code import find_codes
from bulletins.wording import tidied
from members.channel import PersonId
from reports.cases import CaseId, VerdictKind
from reports.ports import Casework, ClaimOutcome, Deciding, GivingOutcome, NewVerdict

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
class Written:
    """What came of a moderator's words: a verdict, or what is still lacking."""

    case: CaseId
    outcome: GivingOutcome | Lack


class Verdicts:
    """The moderators' use cases."""

    def __init__(self, casework: Casework, *, now: Callable[[], datetime]) -> None:
        self._casework = casework
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
        return await self._casework.give(
            NewVerdict(
                case=case,
                moderator=moderator,
                kind=VerdictKind.OPINION,
                explanation="",
                sources=(),
                origin_key=key,
                at=self._now(),
            )
        )

    async def write(self, reply_to: str, moderator: PersonId, text: str, key: str) -> Written | None:
        """Take a moderator's reply to the message ``reply_to``; None when it is about no case at all.

        What lacks something is kept, and the next reply adds to it; what is too long starts anew.
        ``key`` is the same when the same message is handled again.
        """
        deciding = await self._casework.deciding(reply_to, moderator)
        if deciding is None:
            return None
        return Written(deciding.case, await self._decide(deciding, moderator, text, key))

    async def _decide(
        self, deciding: Deciding, moderator: PersonId, text: str, key: str
    ) -> GivingOutcome | Lack:
        if deciding.kind is None or deciding.moderator != moderator:
            return Lack.NOT_ASKED
        whole = tidied(without_odd_characters(f"{deciding.written}\n{text}" if deciding.written else text))
        explained = taken_apart(whole)
        lack = lack_of(explained)
        if lack is not None:
            await self._casework.keep_written(deciding.case, "" if lack is Lack.TOO_LONG else whole)
            return lack
        return await self._casework.give(
            NewVerdict(
                case=deciding.case,
                moderator=moderator,
                kind=deciding.kind,
                explanation=explained.explanation,
                sources=explained.sources,
                origin_key=key,
                at=self._now(),
            )
        )


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
