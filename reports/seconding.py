"""A second person reads a proposed verdict: agrees, or sends it back with a word; its author may take it back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from members.channel import PersonId
from reports.cases import Case, CaseId

MOST_LISTED = 5


class Seconding(StrEnum):
    """What came of a second person's word on a proposed verdict, or of its author's."""

    DONE = "done"
    REPEATED = "repeated"
    """Somebody agreed to these very words already."""
    OWN = "own"
    """Nobody is the second person for their own words."""
    NOT_THEIRS = "not_theirs"
    """Only the author takes a proposal back."""
    NOT_STAFF = "not_staff"
    CHANGED = "changed"
    """Other words are proposed now than those that were shown."""
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Second:
    """One person's word on exactly these words."""

    case: CaseId
    person: PersonId
    sha256: str
    at: datetime


class Proposals(Protocol):
    """Verdicts on which a second person must agree. Roles are read in the transaction that changes something."""

    async def agree(self, second: Second) -> Seconding:
        """Let the verdict stand; its author never can."""

    async def send_back(self, second: Second) -> Seconding:
        """Give it back to its author, who has the case again; their words are kept for them."""

    async def take_back(self, second: Second) -> Seconding:
        """The author wants to change it; what was agreed to meanwhile stays."""

    async def waiting(self, at_most: int) -> Sequence[Case]:
        """Cases whose verdict waits for a second person, the oldest first."""

    async def others(self, person: PersonId) -> Sequence[str]:
        """The names of those who can be the second person for ``person``, as the staff is now."""


class SecondOpinions:
    """The use cases of the second person. ``sha256`` names exactly the words that were shown to them."""

    def __init__(self, proposals: Proposals, *, now: Callable[[], datetime]) -> None:
        self._proposals = proposals
        self._now = now

    async def agree(self, case: CaseId, person: PersonId, sha256: str) -> Seconding:
        """Let these words stand: everybody who asked is told."""
        return await self._proposals.agree(self._second(case, person, sha256))

    async def send_back(self, case: CaseId, person: PersonId, sha256: str) -> Seconding:
        """Its author has the case again."""
        return await self._proposals.send_back(self._second(case, person, sha256))

    async def take_back(self, case: CaseId, person: PersonId, sha256: str) -> Seconding:
        """The author wants to change it."""
        return await self._proposals.take_back(self._second(case, person, sha256))

    async def waiting(self) -> Sequence[Case]:
        """What waits for a second person, the oldest first; a few at a time."""
        return await self._proposals.waiting(MOST_LISTED)

    async def others(self, person: PersonId) -> Sequence[str]:
        """Who can be the second person for ``person``, by name."""
        return await self._proposals.others(person)

    def _second(self, case: CaseId, person: PersonId, sha256: str) -> Second:
        return Second(case, person, sha256, self._now())
