"""What the delivery engine needs from the database, the platform and the app, and the values it speaks in.

Each method of a port is one transaction, or one request to a platform. Expected outcomes are returned; a
database that cannot be written raises ``LedgerUnavailable``, and then nothing may be sent.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from broadcasts.broadcast import Broadcast, BroadcastState
from broadcasts.delivery import DeliveryId, DeliveryState, Gone, Moved, NoRights, Outcome, Rejected
from bulletins.bulletin import BulletinId, Lane
from bulletins.rendering import Rendered
from bulletins.values import Language, Media
from members.channel import ChannelId


class LedgerUnavailable(Exception):
    """The database did not take the write: full, locked, or gone. Try again later."""


@dataclass(frozen=True, slots=True)
class OpenBulletin:
    """A bulletin that is being sent, as one bot's pump sees it."""

    id: BulletinId
    lane: Lane
    life_safety: bool
    expires: datetime
    at_any_hour: bool
    corrects: BulletinId | None
    next_due: datetime | None
    """When the first of its deliveries queued for this bot is due; None when there are none."""
    canary: DeliveryId | None
    """The delivery to the operator's own channel while nothing has been heard of it: all others wait."""


@dataclass(frozen=True, slots=True)
class Original:
    """What became of the copy that a correction corrects."""

    state: DeliveryState
    message_id: str | None
    lost_because: str | None = None
    """Why the copy cannot be changed though its id is known, or that nobody knows whether there is one."""


@dataclass(frozen=True, slots=True)
class Former:
    """What an older correction of the same bulletin did in this channel."""

    state: DeliveryState
    """``sent``, or ``sending``: then the newer one waits for it."""
    message_id: str | None


@dataclass(frozen=True, slots=True)
class Due:
    """A queued delivery that is due, with what it takes to send it."""

    id: DeliveryId
    bulletin_id: BulletinId
    channel_id: ChannelId
    attempt: int
    """How many times it was tried before."""
    resent: bool
    due_at: datetime
    chat: str
    language: Language
    is_postable: bool
    """False when the channel was paused, left or lost after planning."""
    pin: bool
    silent: bool
    quiet_minutes: tuple[int, int] | None
    flaw: str | None
    original: Original | None
    """Only for corrections."""
    read_at: datetime
    """What is said here was so at that moment."""
    former: Former | None = None
    """Only for corrections that are not the first of their bulletin."""


@dataclass(frozen=True, slots=True)
class Pick:
    """Which due deliveries to read. ``after`` is the place, by due time and id, where the last pick ended."""

    bot: str
    bulletin: OpenBulletin
    now: datetime
    limit: int
    after: tuple[datetime, DeliveryId] | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """The wish to send these, written down before the first byte of any goes out."""

    deliveries: Sequence[DeliveryId]
    now: datetime
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class Settlement:
    """What an attempt led to: the state that follows, and what it means beyond this one row."""

    delivery_id: DeliveryId
    channel_id: ChannelId
    bulletin_id: BulletinId
    attempt: int
    """Which attempt this is about: what another attempt has since changed stays as it is."""
    at: datetime
    state: DeliveryState
    counted: int
    """How many attempts are held against the delivery from now on."""
    message_id: str | None = None
    reason: str | None = None
    due_at: datetime | None = None
    resent: bool = False
    effect: Gone | NoRights | Moved | Rejected | None = None
    mends: str | None = None
    """The channel's flaw that is over with this; one that was noted meanwhile stays."""
    owes_pin: bool = False
    """It was sent, and its channel chose that bulletins are pinned: that is owed from this moment on."""


class Ledger(Protocol):
    """The deliveries of one database, as a pump works on them."""

    async def open_bulletins(self, bot: str, now: datetime) -> Sequence[OpenBulletin]:
        """The bulletins being sent, most urgent first."""

    async def pick(self, pick: Pick) -> Sequence[Due]:
        """Due deliveries in the order they became due; reads only."""

    async def intend(self, intent: Intent) -> frozenset[DeliveryId]:
        """Make these ``sending``; those that may go: still queued, their bulletin still being sent."""

    async def is_wanted(self, delivery: DeliveryId) -> bool:
        """Whether one that is ``sending`` still should be: its bulletin goes on, its channel takes part; reads only."""

    async def record(self, settlement: Settlement) -> bool:
        """Write what came of an attempt. True when it made the breaker halt the bulletin."""

    async def postpone(self, deliveries: Collection[DeliveryId], due_at: datetime) -> None:
        """Queued ones are due later."""

    async def drop(self, deliveries: Collection[DeliveryId], reason: str, now: datetime) -> None:
        """Queued ones are never sent."""

    async def recover(self, bot: str, now: datetime) -> int:
        """Whatever this bot left ``sending`` becomes unsure; life-safety is queued again, marked so."""


class Closing(Protocol):
    """How a bulletin's last rows are cleared away."""

    async def drop_leftovers(self, bot: str, now: datetime) -> int:
        """Drop some of the rows queued for stopped or expired bulletins; how many."""

    async def reclaim(self, bot: str, now: datetime, in_hand: Collection[DeliveryId]) -> int:
        """As ``Ledger.recover``, for what has been ``sending`` beyond its lease and is in nobody's hand."""

    async def finish(self, bulletin_id: BulletinId, now: datetime) -> bool:
        """Make it done if nothing of it is queued or being sent any more."""

    async def halt(self, bulletin_id: BulletinId, because: str) -> bool:
        """Pause it for a moderator to look at; False when it was not being sent."""


@dataclass(frozen=True, slots=True)
class Pin:
    """A copy that is to be pinned."""

    delivery_id: DeliveryId
    bulletin_id: BulletinId
    channel_id: ChannelId
    chat: str
    message_id: str
    flaw: str | None
    attempt: int = 0
    """How many times nothing came of it."""


@dataclass(frozen=True, slots=True)
class OwedPin:
    """A pin that is owed, with what it takes to know whether it still should be."""

    pin: Pin
    due_at: datetime
    posted_at: datetime
    is_postable: bool
    """False when the channel was paused, left or lost in the meantime."""
    is_chosen: bool
    is_left_behind: bool
    """The group has moved, and the copy stayed in the old place."""
    state: BroadcastState
    was_corrected: bool
    """It stopped only because a correction took its place."""
    is_withdrawn: bool
    expires: datetime


@dataclass(frozen=True, slots=True)
class PinEnding:
    """How a pin ended: it is owed no longer; and what that means beyond it, written together with that."""

    delivery_id: DeliveryId
    bulletin_id: BulletinId
    channel_id: ChannelId
    at: datetime
    effect: NoRights | Moved | None = None
    mends: str | None = None
    """The channel's flaw that is over with this; one that was noted meanwhile stays."""


class Pins(Protocol):
    """The pins that are owed; ``Ledger.record`` adds to them."""

    async def owed(self, bot: str, at_most: int) -> Sequence[OwedPin]:
        """Those of this bot, in the order in which they are due, also those that are not due yet; reads only."""

    async def put_off(self, pin: Pin, due_at: datetime) -> None:
        """It is due later, and so many attempts are held against it."""

    async def end(self, ending: PinEnding) -> None:
        """It is owed no longer."""


@dataclass(frozen=True, slots=True)
class Content:
    """What is posted, the same for every channel of one language and taste."""

    rendered: Rendered
    media: Media | None = None
    silent: bool = False


class Sender(Protocol):
    """One bot's way to post. Nothing is raised for what a platform or network may do."""

    def prepared(self, content: Content) -> AbstractAsyncContextManager[None]:
        """Enter before taking a slot for a content with media: while one uploads it, all others wait here."""

    async def post(self, chat: str, content: Content, reply_to: str | None = None) -> Outcome:
        """Post a message; ``reply_to`` is the id of one already there."""

    async def edit(self, chat: str, message_id: str, content: Content) -> Outcome:
        """Change a message of our own."""

    async def pin(self, chat: str, message_id: str) -> Outcome:
        """Pin a message without a sound."""

    async def greet(self) -> Outcome:
        """Ask for nothing but an answer: ``Sent`` when there was one."""


class MediaShelf(Protocol):
    """Where a picture's bytes are, and under which handle a platform already has it."""

    async def content(self, sha256: str) -> bytes | None:
        """The bytes, or None when they are gone."""

    async def handle(self, bot: str, sha256: str) -> str | None:
        """The platform's own id of a picture that this bot has uploaded."""

    async def remember_handle(self, bot: str, sha256: str, handle: str) -> None:
        """Keep the id for all posts to come."""


class Shelf(Protocol):
    """Where approved bulletins stand."""

    async def find(self, key: BulletinId) -> Broadcast | None:
        """The bulletin with this id."""


@dataclass(frozen=True, slots=True)
class PaceRecord:
    """What must survive a restart of a token's pace."""

    held_until: datetime
    rate_per_second: float


class PaceStore(Protocol):
    """Where a token's hold is kept."""

    async def load_pace(self, bot: str) -> PaceRecord | None:
        """What was saved last."""

    async def save_pace(self, bot: str, record: PaceRecord) -> None:
        """Keep it over a restart."""


class LineStore(Protocol):
    """Where it is kept that a token's line is down."""

    async def load_line(self, bot: str) -> str | None:
        """Why it is down, as was seen last; None when it was up."""

    async def save_line(self, bot: str, trouble: str | None) -> None:
        """For every process to read, over restarts too."""


class TokenStore(PaceStore, LineStore, Protocol):
    """How a token stands: whether it is held, and whether its line is down."""


class Notices(Protocol):
    """What people must be told while bulletins go out. Called by the pump, which must not wait for it."""

    def bulletin_halted(self, bulletin_id: BulletinId) -> None:
        """The breaker paused it; why stands in ``halted_because``."""

    def channel_in_trouble(self) -> None:
        """A member is to be told of a channel: see ``Troubles``."""

    def storage_failed(self, what: str) -> None:
        """Nothing can be written; sending has stopped."""

    def storage_recovered(self) -> None:
        """Writing works again; sending goes on."""

    def line_failed(self, bot: str, because: str) -> None:
        """The platform does not answer this bot, or refuses its token; its sending has stopped. It is written down."""

    def line_recovered(self, bot: str) -> None:
        """It answers again; sending goes on. That, too, is written down."""
