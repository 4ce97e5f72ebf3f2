"""What a run leaves behind for the invariants to judge: what left the process, what arrived, who decided what when.

Times are seconds of the run's own clock. Codes are those of the bulletins whose words a message carries.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from broadcasts.broadcast import BroadcastState
from broadcasts.delivery import DeliveryState
from bulletins.bulletin import Lane
from members.channel import ChannelState

POSTS = frozenset({"sendMessage", "sendPhoto"})
EDITS = frozenset({"editMessageText", "editMessageCaption"})


@dataclass(slots=True, kw_only=True)
class Request:
    """One request, from the moment the engine handed it to the network."""

    number: int
    life: int
    bot: str = "loa"
    method: str
    chat: str
    code: str
    is_resent: bool
    """Whether the words say that this is sent again."""
    departed: float
    arrived: float | None = None
    message_id: int | None = None
    """The message that the platform made or changed; 0 when it did something else. None: it did nothing."""
    confirmed: float | None = None
    """When the process read an intact answer that said so."""
    flood_seconds: float | None = None
    """How long the process was told to wait."""
    heard: float | None = None
    """When the process knew how it ended, whatever it knew."""
    refused: str = ""
    """The platform's words when it said no and was heard."""
    replaced: str | None = None
    """For a change that was carried out: the code in the words that stood there before."""

    @property
    def is_post(self) -> bool:
        return self.method in POSTS


class DecisionKind(StrEnum):
    """What people decided about a bulletin."""

    STARTED = "started"
    STOPPED = "stopped"
    PAUSED = "paused"
    RESUMED = "resumed"


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision that a person was told has been taken: from then on it holds, whatever dies."""

    kind: DecisionKind
    code: str
    asked: float
    confirmed: float


@dataclass(slots=True)
class Skipped:
    """Somebody asked to leave out the occurrence at this moment, or took that back; ``confirmed`` once told so."""

    moment: float
    is_skipped: bool
    asked: float
    confirmed: float | None = None


@dataclass(frozen=True, slots=True)
class SeriesStopped:
    """A person was told that the series goes on no more; so many occurrences there were at that moment."""

    asked: float
    confirmed: float
    made: int


@dataclass(frozen=True, slots=True)
class Rested:
    """The admin of a channel was told that it is paused, or that it goes on."""

    channel: int
    is_paused: bool
    asked: float
    confirmed: float
    under_way: frozenset[str]
    """Codes of what was being sent there at that moment."""


@dataclass(frozen=True, slots=True)
class OccurrenceFact:
    """What came of a series at one of its moments."""

    code: str
    moment: float
    state: BroadcastState
    started: float | None


@dataclass(frozen=True, slots=True)
class SeriesFact:
    """A series at the end, and every moment of its rule since it was approved."""

    code: str
    state: BroadcastState
    grace_seconds: float
    finished: float | None
    moments: tuple[float, ...]
    occurrences: tuple[OccurrenceFact, ...]


@dataclass(frozen=True, slots=True)
class Overtaken:
    """A post of a lower lane left while rows of a more urgent one had been ready for long."""

    request: Request
    waiting_code: str
    waiting_chats: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """A post left while the ledger on disk did not say that it is being sent."""

    request: Request
    state: str


@dataclass(slots=True)
class Life:
    """One process, from start to end."""

    number: int
    started: float
    asked_to_end: float = float("inf")
    """From then on it only finishes what is under way."""
    ended: float = float("inf")
    was_killed: bool = False
    held_until: Mapping[str, float] = field(default_factory=dict)
    """Until when each bot's token was held by what an earlier life had written down."""


@dataclass(frozen=True, slots=True)
class BulletinFact:
    """A bulletin at the end."""

    id: int
    code: str
    state: BroadcastState
    lane: Lane
    life_safety: bool
    is_extreme: bool
    corrects: int | None
    withdraws: bool
    started: float | None
    expires: float
    was_corrected: bool
    """It stopped only because a correction took its place."""


@dataclass(frozen=True, slots=True)
class DeliveryFact:
    """A row of the ledger at the end."""

    id: int
    bulletin_id: int
    channel_id: int
    state: DeliveryState
    attempt: int
    resent: bool
    message_id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class ChannelFact:
    """A channel at the end, and every chat id it ever had."""

    id: int
    chats: tuple[str, ...]
    state: ChannelState
    is_group: bool
    is_canary: bool
    pins: bool
    quiet_minutes: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Copy:
    """A message of ours that a chat shows at the end."""

    chat: str
    message_id: int
    text: str
    is_pinned: bool


@dataclass(slots=True)
class Evidence:
    """Everything a run leaves behind."""

    seed: int
    rate_per_second: float
    chat_per_second: float
    group_per_minute: int
    settles_within_seconds: float = 1.0
    """How long an answer that was heard may wait to be written down on this disk."""
    jitter_seconds: float = 0.0
    """How much later than its slot a message may leave, because a slow disk was asked in between."""
    kicked: frozenset[int] = frozenset()
    """Channels from which the bot was removed."""
    requests: list[Request] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    overtaken: list[Overtaken] = field(default_factory=list)
    unrecorded: list[Unrecorded] = field(default_factory=list)
    sent_again: Counter[str] = field(default_factory=Counter)
    """How often somebody asked to send the unsure of a bulletin once more, by its code."""
    skips: list[Skipped] = field(default_factory=list)
    sent_late: set[str] = field(default_factory=set)
    """Codes of held occurrences that somebody asked to send all the same."""
    series_stopped: list[SeriesStopped] = field(default_factory=list)
    rests: list[Rested] = field(default_factory=list)
    rests_asked: list[tuple[int, float]] = field(default_factory=list)
    """Channels and since when their admins had them paused, told so or not."""
    lives: list[Life] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
    """What the engine raised: it never should."""
    is_at_rest: bool = False
    bulletins: Mapping[int, BulletinFact] = field(default_factory=dict)
    deliveries: tuple[DeliveryFact, ...] = ()
    channels: Mapping[int, ChannelFact] = field(default_factory=dict)
    copies: tuple[Copy, ...] = ()
    series: SeriesFact | None = None

    @property
    def is_alive(self) -> bool:
        """Whether a process runs: what a dead one still does is nobody's experience."""
        return bool(self.lives) and self.lives[-1].ended == float("inf")

    def trace(self) -> str:
        """A hash over everything above: the same seed gives the same one."""
        parts = (
            self.requests, self.decisions, self.overtaken, self.unrecorded, self.sent_again,
            self.lives, self.crashes, self.is_at_rest,
            self.bulletins, self.deliveries, self.channels, self.copies,
            self.skips, sorted(self.sent_late), self.series_stopped, self.series,
            [(one.channel, one.is_paused, one.confirmed, sorted(one.under_way)) for one in self.rests],
        )  # fmt: skip
        return hashlib.sha256(repr(parts).encode()).hexdigest()
