"""What a bulletin is made of, in CAP 1.2's own words (OASIS, July 2010, section 3.2).

Import these names from `bulletins.bulletin`, which adds the rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, NewType

from bulletins.code import Code

BulletinId = NewType("BulletinId", int)
Language = NewType("Language", str)
"""A language's primary subtag in lower case, as in RFC 5646: "vi", "en"."""

VIETNAMESE = Language("vi")
ENGLISH = Language("en")


class Status(StrEnum):
    ACTUAL = "Actual"
    EXERCISE = "Exercise"
    TEST = "Test"


class MsgType(StrEnum):
    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"


class Urgency(StrEnum):
    IMMEDIATE = "Immediate"
    EXPECTED = "Expected"
    FUTURE = "Future"
    PAST = "Past"
    UNKNOWN = "Unknown"


class Severity(StrEnum):
    EXTREME = "Extreme"
    SEVERE = "Severe"
    MODERATE = "Moderate"
    MINOR = "Minor"
    UNKNOWN = "Unknown"


GRAVE = frozenset({Severity.EXTREME, Severity.SEVERE})


class Certainty(StrEnum):
    OBSERVED = "Observed"
    LIKELY = "Likely"
    POSSIBLE = "Possible"
    UNLIKELY = "Unlikely"
    UNKNOWN = "Unknown"


class Category(StrEnum):
    GEO = "Geo"
    MET = "Met"
    SAFETY = "Safety"
    SECURITY = "Security"
    RESCUE = "Rescue"
    FIRE = "Fire"
    HEALTH = "Health"
    ENV = "Env"
    TRANSPORT = "Transport"
    INFRA = "Infra"
    CBRNE = "CBRNE"
    OTHER = "Other"


@dataclass(frozen=True, slots=True)
class Text:
    """A bulletin's words in one language; the instruction says what people should do."""

    headline: str
    body: str
    instruction: str = ""


@dataclass(frozen=True, slots=True)
class Media:
    """A picture that goes with the text; the caption says in words what it shows."""

    sha256: str
    file_name: str
    kind: Literal["photo"] = "photo"
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Audience:
    """For which channels a bulletin is; empty means everybody. Who hears drills is decided by the status.

    A channel that has chosen no topics, or no areas, hears all of them.
    """

    topics: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """From which CAP alert a bulletin was made: its own words and times, however long past they are."""

    identifier: str
    sender: str
    sent: datetime
    msg_type: MsgType
    references: tuple[str, ...] = ()
    """Earlier alerts as CAP writes them: "sender,identifier,sent"."""
    effective: datetime | None = None
    expires: datetime | None = None
    sha256: str
    """Of the file as it was received."""
    signed: bool = False
    """The file has an XML signature. It says nothing about whether the signature is good."""


@dataclass(frozen=True, slots=True)
class Recurrence:
    """By which rule a bulletin is sent again and again. Each time it is a bulletin of its own."""

    cron: str
    """Five fields as `bulletins.cron` reads them, on the network's clock."""
    ends: datetime
    """No occurrence after this moment; one at this very moment still is."""
    valid_hours: int
    """For how long each occurrence counts."""

    @property
    def validity(self) -> timedelta:
        """For how long each occurrence counts."""
        return timedelta(hours=self.valid_hours)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulletin:
    """One version of one official message. All times are aware."""

    code: Code
    version: int = 1
    status: Status
    msg_type: MsgType = MsgType.ALERT
    category: Category
    urgency: Urgency
    severity: Severity
    certainty: Certainty
    issuer: str
    texts: Mapping[Language, Text]
    source_url: str = ""
    media: Media | None = None
    audience: Audience = field(default_factory=Audience)
    references: tuple[str, ...] = ()
    """Codes of the earlier bulletins that this one corrects or withdraws."""
    sent: datetime | None = None
    not_before: datetime | None = None
    expires: datetime
    provenance: Provenance | None = None
    recurrence: Recurrence | None = None
    """What has one is a series: it is approved as a whole, and never sent itself."""

    @property
    def is_grave_and_now(self) -> bool:
        return self.severity in GRAVE and self.urgency is Urgency.IMMEDIATE
