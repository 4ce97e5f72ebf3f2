"""What the checks found about a forwarded message: what the answer and the moderators' card are made of.

A finding is a fact. None of them says that something is safe.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bulletins.links import LinkFinding
from reports.cases import CaseState, Verdict


class NotExamined(StrEnum):
    """Why the machine has looked at something not at all. It says nothing about the thing."""

    BUSY = "busy"
    """Too much waits already: another time."""
    LATE = "late"
    """It took too long, or what looked at it ended over it. It is not tried again by itself."""


class Likeness(StrEnum):
    """How a message compares with our published bulletins."""

    GENUINE = "genuine"
    """Word for word a bulletin that is in force."""
    EXPIRED = "expired"
    """Word for word a bulletin whose time is over."""
    SUPERSEDED = "superseded"
    """Word for word a bulletin that was corrected since."""
    CANCELLED = "cancelled"
    """Word for word a bulletin that was withdrawn since."""
    ALTERED = "altered"
    """Close to a bulletin, but something in it was changed."""
    NOT_OURS = "not_ours"
    """It carries the code of a bulletin that was never published."""


class ChangedFact(StrEnum):
    """What was changed in an altered copy; the first ones are the dangerous ones and are shown first."""

    LINK = "link"
    PHONE = "phone"
    ACCOUNT = "account"
    DATE = "date"
    AMOUNT = "amount"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. Either side may be empty: something was added, or left out."""

    fact: ChangedFact
    published: str
    forwarded: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GenuineFinding:
    """The bulletin that a message is, or pretends to be. Texts are plain, in the network's language."""

    likeness: Likeness
    code: str
    headline: str = ""
    issuer: str = ""
    published_at: datetime | None = None
    changes: tuple[Change, ...] = ()
    """For ALTERED: what differs, most dangerous first."""
    newer_code: str | None = None
    """For SUPERSEDED and CANCELLED: the bulletin that says so."""
    newer_headline: str = ""
    is_drill: bool = False
    """The bulletin is a drill or a test: genuine, and not real."""


@dataclass(frozen=True, slots=True)
class KnownStory:
    """What is known from an earlier case about exactly this content."""

    state: CaseState
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything the checks found about one forwarded message, in the order it is told."""

    genuine: GenuineFinding | None
    links: tuple[LinkFinding, ...]
    known: KnownStory | None
    from_our_channel: bool = False
    """Forwarded from a channel of the network. It proves nothing about the words."""
    was_cut: bool = False
    """Only the beginning was read."""
    not_examined: NotExamined | None = None
    """The machine could not look at all of it: what is missing here was not looked for."""

    @property
    def settles_it(self) -> bool:
        """Whether this alone may well be the answer."""
        return self.genuine is not None or (self.known is not None and self.known.verdict is not None)
