"""The operator's book of bulletins: the port that keeps drafts, approvals and states, and its values.

Each method is one transaction. What decides inside it is pure and stands in `broadcasts/consent.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from broadcasts.broadcast import Broadcast, BroadcastState
from broadcasts.recurrence import Recur
from bulletins.bulletin import Bulletin, BulletinId, Code
from members.channel import PersonId
from members.staff import Colleague


class Refusal(StrEnum):
    """Why the book was left as it was. Expected, and told to the person in one sentence."""

    UNKNOWN = "unknown"
    NOT_ALLOWED = "not_allowed"
    NOT_AUTHOR = "not_author"
    OWN_BULLETIN = "own_bulletin"
    OWN_REQUEST = "own_request"
    CHANGED = "changed"
    TOO_LATE = "too_late"
    NOT_READY = "not_ready"
    NO_AUDIENCE = "no_audience"
    PICTURE_GONE = "picture_gone"
    NOT_PUBLISHED = "not_published"
    ALREADY_WITHDRAWN = "already_withdrawn"
    SUPERSEDED = "superseded"
    LACKS_APPROVALS = "lacks_approvals"
    OUTSIDE_LIMITS = "outside_limits"
    """The person's roles are for other offices or areas."""
    SAME_PERSON = "same_person"
    """They consented already, under another account of theirs."""
    NOT_ITS_TIME = "not_its_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDraft:
    """A draft to be written down. ``origin_key`` names the update it came from; a repeat has no effect."""

    bulletin: Bulletin
    author: PersonId
    author_chat: str
    origin_key: str
    corrects: BulletinId | None = None
    at: datetime


@dataclass(frozen=True, slots=True)
class Revision:
    """An edit of what stood under ``seen_hash``; it voids every approval by changing that hash."""

    bulletin_id: BulletinId
    person: PersonId
    seen_hash: str
    bulletin: Bulletin


@dataclass(frozen=True, slots=True)
class Consent:
    """One person's yes to the exact bytes, audience and time under ``approval_hash``."""

    bulletin_id: BulletinId
    person: PersonId
    approval_hash: str
    at: datetime
    asked_by: PersonId | None = None
    """Who asked that it go out at once and not at its time; nobody agrees to what they asked themselves."""


@dataclass(frozen=True, slots=True)
class Consented:
    """What a consent led to: ``still_needed`` is 0 once the bulletin is scheduled or being sent."""

    broadcast: Broadcast
    still_needed: int


@dataclass(frozen=True, slots=True)
class Change:
    """A change of state asked for by a person, allowed only from the states named."""

    bulletin_id: BulletinId
    person: PersonId
    allowed_from: frozenset[BroadcastState]
    to: BroadcastState
    at: datetime
    because: str | None = None
    seen_hash: str | None = None
    author_only: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    """The moment of a scheduled bulletin. Without a ``person`` it is the timer's."""

    bulletin_id: BulletinId
    at: datetime
    person: PersonId | None = None


@dataclass(frozen=True, slots=True)
class Recurred:
    """What a tick led to: the series as it stands now, and the occurrence that came of it, if one did."""

    series: Broadcast
    occurrence: Broadcast | None = None


@dataclass(frozen=True, slots=True)
class Skip:
    """One person of the staff leaves out the occurrence at ``moment``, or takes that back."""

    series: BulletinId
    person: PersonId
    moment: datetime
    is_skipped: bool


@dataclass(frozen=True, slots=True)
class AudienceSize:
    """How many channels a bulletin would reach now, and the sum of their members: *potential* reach."""

    channels: int
    members: int


class BookWriting(Protocol):
    """What changes the book."""

    async def add(self, draft: NewDraft) -> Broadcast | None:
        """The draft as it stands in the book; None when its code is taken. One origin key gives one draft."""

    async def revise(self, revision: Revision) -> Broadcast | Refusal:
        """Replace the bulletin and make it a draft again, if it still is what the person saw."""

    async def consent(self, consent: Consent) -> Consented | Refusal:
        """Write the approval; with the last one needed, schedule the bulletin or plan its deliveries."""

    async def change(self, change: Change) -> Broadcast | Refusal:
        """Change the state, if it still is one that allows it."""

    async def start(self, start: Start) -> Broadcast | Refusal:
        """Plan the deliveries of a scheduled or held one, or hold it when it must not go by itself."""

    async def recur(self, recur: Recur) -> Recurred | Refusal | None:
        """Bring about the occurrence that is due, once whoever asks; None when the code is taken."""

    async def skip(self, skip: Skip) -> Broadcast | Refusal:
        """Leave the next occurrence out or not, if it still is the one that was meant."""


class BookReading(Protocol):
    """What looks into the book."""

    async def find(self, key: BulletinId | Code) -> Broadcast | None:
        """The bulletin with this id or code."""

    async def listed(
        self, states: Collection[BroadcastState], author: PersonId | None = None
    ) -> Sequence[Broadcast]:
        """The newest bulletins in these states, of everybody or of one author; a bounded number."""

    async def scheduled(self) -> Sequence[tuple[BulletinId, datetime]]:
        """Every start and every next occurrence that timers must know of, the earliest first."""

    async def corrections_of(self, bulletin_id: BulletinId) -> Sequence[Broadcast]:
        """The published bulletins that correct or withdraw this one, the newest first; a bounded number."""

    async def audience_size(self, bulletin: Bulletin, corrects: BulletinId | None = None) -> AudienceSize:
        """Whom it would reach if it were sent now."""

    async def what_is_missing(self, broadcast: Broadcast) -> Refusal | None:
        """What sending it now takes beside the bulletin itself: its picture, and somebody who gets it."""

    async def staff(self) -> Sequence[Colleague]:
        """The operator's staff as it is now."""

    async def codes_in_use(self) -> int:
        """About how many codes are taken."""


class Book(BookWriting, BookReading, Protocol):
    """The whole book."""
