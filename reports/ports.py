"""What the use cases of this room need from outside: places to keep things, and ways to reach people.

A method is one transaction, or one message.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from members.channel import PersonId
from reports.cases import (
    Case,
    CaseId,
    CaseState,
    Purpose,
    Reason,
    Receipt,
    ReportId,
    Verdict,
    VerdictId,
    VerdictKind,
)
from reports.content import Content
from reports.drafts import Arrival, Draft, DraftToken, ReplyAddress
from reports.findings import Findings, GenuineFinding, KnownStory, NotExamined
from reports.proposals import Judge

# --- checks -------------------------------------------------------------------------------------------------


class Genuineness(Protocol):
    """Compares a text with the published bulletins."""

    async def check(self, text: str, links: Sequence[str] = ()) -> GenuineFinding | NotExamined | None:
        """The bulletin that ``text`` is or pretends to be; None when it has nothing to do with any.

        ``links`` are the addresses hidden behind words.
        """


# --- what was sent, and not yet decided about ---------------------------------------------------------------


class Arrivals(Protocol):
    """Keeps what citizens send until it is answered."""

    async def gather(self, arrival: Arrival, fresh: DraftToken, now: datetime, due_at: datetime) -> None:
        """Add a message to what this person is sending right now, or begin a new draft; never twice."""

    async def park(self, arrival: Arrival, fresh: DraftToken, now: datetime) -> DraftToken:
        """Keep what was pointed at in a group until the person comes to the private chat; never twice."""

    async def resume(self, token: DraftToken, person: PersonId, address: ReplyAddress, now: datetime) -> bool:
        """Let a parked draft be answered at ``address``; False when it is not there for this person."""

    async def due(self, now: datetime, until: datetime, at_most: int) -> Sequence[Draft]:
        """Take over the drafts whose time has come: they are ANSWERING until ``until``, then due again."""

    async def next_due(self) -> datetime | None:
        """When the next draft is to be answered."""

    async def asked(self, token: DraftToken) -> None:
        """Its findings were told and the question asked."""


class Drafts(Protocol):
    """Keeps what citizens sent until they decide about it. Only its own asker finds a draft."""

    async def find(self, token: DraftToken, person: PersonId) -> Draft | None:
        """This person's draft, as long as it is kept."""

    async def hold(self, token: DraftToken, person: PersonId, now: datetime) -> None:
        """Count its day anew: the person was asked to come back later."""

    async def drop(self, token: DraftToken, person: PersonId) -> None:
        """Delete this person's draft."""


# --- reports and cases --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """A report about to be filed. The reporter is made a pseudonym, the address is sealed, in storage."""

    draft: DraftToken
    person: PersonId
    address: ReplyAddress | None
    """Where to tell the answer; None when the reporter did not ask to hear."""
    content: Content
    content_sha256: str
    findings: tuple[tuple[str, str], ...]
    reason: Reason
    is_severe: bool
    """Whether that reason makes *false* take a second person."""
    consents: tuple[tuple[Purpose, str], ...]
    """(purpose, sha256 of the text that was agreed to)."""
    at: datetime


class FiledAs(StrEnum):
    """What a filing came to."""

    NEW_CASE = "new_case"
    JOINED = "joined"
    AGAIN = "again"
    """This person had reported this content before."""


@dataclass(frozen=True, slots=True)
class Filed:
    """A filed report, as its reporter is told."""

    receipt: Receipt
    outcome: FiledAs
    is_answered: bool
    awaits_second: bool = False
    """A verdict is written, and told to everybody who asked once a second person agrees."""


@dataclass(frozen=True, slots=True)
class ReportStatus:
    """What anybody who has the receipt may know."""

    state: CaseState
    filed_at: datetime
    verdict: Verdict | None


class Cases(Protocol):
    """Keeps cases and the reports about them."""

    async def known(self, content_sha256: str) -> KnownStory | None:
        """What one person who meets exactly this content may be told about it.

        Of what takes a second person and has none yet, the verdict is given out ten times in all, and counted.
        """

    async def is_ours(self, channel: str) -> bool:
        """Whether ``channel`` (the platform's id) is an active channel of the network."""

    async def file(self, filing: Filing, receipts: Callable[[], Receipt]) -> Filed:
        """Put a report to its case, opening one when the content is new. Repeating it changes nothing."""

    async def filed_before(self, draft: DraftToken) -> Filed | None:
        """The report that a draft has become."""

    async def agree(self, draft: DraftToken, purpose: Purpose, text_sha256: str, at: datetime) -> bool:
        """Record one more consent to what a draft has become; False when there is no such report."""

    async def status(self, receipt: Receipt) -> ReportStatus | None:
        """How things stand with a report; None when there is no such receipt."""


class Evidence(Protocol):
    """Deletes what may no longer be kept. One person's traces are erased by ``members.rights.Keeper``."""

    async def sweep(self, rules: Retention, now: datetime) -> None:
        """Delete old drafts, close settled cases, erase evidence and keys whose time is over."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things are kept, in days. The consent text tells the same."""

    settled_days: int = 30
    """An answered case that nobody revised for so long is closed."""
    evidence_days_after_closing: int = 30
    evidence_days_at_most: int = 90


# --- the moderators' work -----------------------------------------------------------------------------------


class ClaimOutcome(StrEnum):
    """What came of claiming, or giving back, a case."""

    DONE = "done"
    TAKEN = "taken"
    OVER = "over"
    """The case is no longer in a state that allows it."""


@dataclass(frozen=True, slots=True)
class Deciding:
    """A case whose moderator was asked to write the explanation of a verdict."""

    case: CaseId
    kind: VerdictKind | None
    """None when the verdict was given meanwhile, or the case given back."""
    moderator: PersonId | None
    written: str
    """What they wrote so far."""
    reasons: tuple[Reason, ...] = ()
    """Those for which the case was reported."""
    listeners: int = 0
    """How many of the reporters asked to hear."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVerdict:
    """A verdict about to be given."""

    case: CaseId
    moderator: PersonId
    kind: VerdictKind
    explanation: str
    sources: tuple[str, ...]
    origin_key: str
    """The same when the same message is handled again."""
    at: datetime


class GivingOutcome(StrEnum):
    """What came of giving a verdict."""

    GIVEN = "given"
    PROPOSED = "proposed"
    """Written; a second person must agree before more than ten people are told."""
    REVISED = "revised"
    REPEATED = "repeated"
    """This very verdict was given already."""
    NOT_YOURS = "not_yours"


class Casework(Protocol):
    """Who works on which case, and their verdicts. Each change is conditional on the state it starts from."""

    async def claim(self, case: CaseId, moderator: PersonId, at: datetime) -> ClaimOutcome:
        """Take an unclaimed case, or an answered one to revise it."""

    async def release(self, case: CaseId, at: datetime) -> ClaimOutcome:
        """Give a claimed case back, whoever holds it."""

    async def choose(self, case: CaseId, moderator: PersonId, kind: VerdictKind) -> ClaimOutcome:
        """Note which verdict the claimer is about to explain; TAKEN for anybody else."""

    async def prompted(self, case: CaseId, message_id: str) -> None:
        """Remember the message that asks for the explanation, so that a reply to it finds its case."""

    async def deciding(self, message_id: str, moderator: PersonId) -> Deciding | None:
        """The case that a reply to this message decides; else the only one this moderator is deciding."""

    async def keep_written(self, case: CaseId, written: str) -> None:
        """Keep an explanation that lacks something."""

    async def give(self, verdict: NewVerdict, judge: Judge) -> GivingOutcome:
        """Record a verdict, or propose it where ``judge`` says so, and free the case from its claimer."""


# --- cards in the moderators' group -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CardPlace:
    """Where a case's card stands."""

    chat: str
    message_id: str
    topic_id: str | None


@dataclass(frozen=True, slots=True)
class Card:
    """A case, and where its card stands; None when it has none yet."""

    case: Case
    place: CardPlace | None
    version: int = 0
    """Up to which change of the case it shows."""


class CardBook(Protocol):
    """Knows which cards are missing or show an old state."""

    async def take_stale(self, now: datetime, at_most: int) -> Sequence[Card]:
        """Cards to show now; they are not given out again for a moment."""

    async def take(self, case: CaseId, now: datetime) -> Card | None:
        """The card of one case, to be shown at once."""

    async def placed(self, card: Card, place: CardPlace) -> None:
        """Remember where a card stands, and that it shows what it was made of."""


class ModeratorsGroup(Protocol):
    """The chat where moderators work."""

    async def show(self, card: Card) -> CardPlace | None:
        """Post the card, or bring it up to date; None when that is not possible now."""

    async def say(self, place: CardPlace, text: str) -> str | None:
        """Write below a card; the id of the message, or None when that is not possible now."""


# --- telling the answers ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Telling:
    """One verdict to be told to one reporter."""

    report: ReportId
    verdict_id: VerdictId
    receipt: Receipt
    address: ReplyAddress
    verdict: Verdict
    is_revision: bool
    """They were told another verdict before."""
    may_be_repeat: bool
    """An earlier attempt ended without our knowing whether it arrived."""
    was_counted: bool = False
    """It took one of the ten places that one person's words have."""


class Told(StrEnum):
    """How telling somebody ended."""

    ARRIVED = "arrived"
    GONE = "gone"
    """They can never be reached there again."""
    NOT_SENT = "not_sent"
    """It certainly did not arrive; another time."""
    UNKNOWN = "unknown"
    """It may have arrived."""


class TellingBook(Protocol):
    """Knows who is still to be told."""

    async def take(self, now: datetime, until: datetime, at_most: int) -> Sequence[Telling]:
        """Tellings to be done now; nobody else gets them until ``until``."""

    async def settle(self, telling: Telling, told: Told, at: datetime) -> None:
        """Record how it ended. Who was told, or cannot be, is not told this verdict again."""


class Voice(Protocol):
    """Speaks to citizens."""

    async def answer(self, draft: Draft, findings: Findings) -> Told:
        """Tell what was found, and ask whether it is the answer."""

    async def tell(self, telling: Telling) -> Told:
        """Tell a verdict."""
