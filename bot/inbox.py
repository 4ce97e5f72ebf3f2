"""The way in: every update that is heard is handled wholly, and once; what was done is remembered by (bot, update id).

    platform ──> weighed (``admission.py``) ──> its turn in its chat ──> a place in a room ──> dispatcher ──> remembered

Chats go on side by side, each in order. The staff have a room of their own, and a press of theirs waits for nothing
else, so that nobody's questions come before a Stop. Who only waits for the pace of a chat leaves the room meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog
from aiogram import Bot, Dispatcher
from aiogram.types import Update
from pydantic import ValidationError

from bot.admission import HEARD, Admission, Hearing, Kind, Seen, Verdict, look_at
from bot.rooms import Room
from handlers.crowding import CROWDED
from members.channel import PersonId

log = structlog.get_logger(__name__)

_TOGETHER_AT_MOST = 16
_TRIES_AT_MOST = 3
_HANDLED_WITHIN_SECONDS = 60.0
_STAFF_KNOWN_SECONDS = 1.0
# What a press of the staff began may go on for long, in a chat that is full; the next one may be the Stop.
_STAFF_PATIENCE_SECONDS = 1.0
_REMEMBERED_AT_MOST = 10_000
# The fuller the queue, the fewer may wait in one chat: so it takes thousands of people to fill it.
_WAITING_IN_A_CHAT = ((0.2, 12), (0.5, 3), (1.0, 1))


class UpdatesSeen(Protocol):
    """Remembers which updates were handled. ``storage.updates`` is the real one."""

    async def has_seen(self, bot: str, update_id: int) -> bool:
        """Whether this update was handled already."""

    async def mark_seen(self, bot: str, update_id: int) -> None:
        """Remember it; repeating this changes nothing."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of everybody but the staff, in all chats together."""

    waiting_at_most: int = 5_000
    per_second_at_most: float = 40.0
    """More than a token's pace can answer; each takes some milliseconds of the loop that also sends."""


@dataclass(frozen=True, slots=True)
class NamedBot:
    """A bot, and what the settings call it."""

    name: str
    bot: Bot


class InboxFull(Exception):
    """Too much waits already: the platform must bring this one again."""


class UnreadableUpdate(ValueError):
    """Another try would not help. It holds no word of the update's."""


class KnownStaff:
    """Who is of the staff, as of a second ago at most. It only decides about speed, never about authority."""

    def __init__(self, ask: Callable[[], Awaitable[Iterable[PersonId]]]) -> None:
        self._ask = ask
        self._people: Collection[PersonId] = frozenset()
        self._asked_at = -_STAFF_KNOWN_SECONDS

    async def look_again(self) -> None:
        """Ask, unless that was done a moment ago. While nobody answers, it stays as it was."""
        now = asyncio.get_running_loop().time()
        if now - self._asked_at < _STAFF_KNOWN_SECONDS:
            return
        self._asked_at = now
        try:
            self._people = frozenset(await self._ask())
        except Exception as error:  # noqa: BLE001 (whatever the database does, updates go on)
            log.warning("the staff could not be read", error=str(error))

    def __contains__(self, person: object) -> bool:
        return person in self._people


@dataclass(slots=True)
class _Turn:
    """Whose turn it is within one chat, and how many still want it: forgotten when nobody does."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    wanted: int = 0

    @asynccontextmanager
    async def come(self, patience_seconds: float | None) -> AsyncIterator[None]:
        """Wait for the turn; whoever has lost patience goes on without it."""
        has_it = False
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_seconds):
                has_it = await self.lock.acquire()
        try:
            yield
        finally:
            if has_it:
                self.lock.release()


class Inbox:
    """Takes updates of one bot to the dispatcher."""

    def __init__(
        self,
        bot: NamedBot,
        dispatcher: Dispatcher,
        seen: UpdatesSeen,
        admission: Admission,
        staff: KnownStaff,
        bounds: Bounds | None = None,
    ) -> None:
        self._name, self._bot = bot.name, bot.bot
        self._dispatcher = dispatcher
        self._seen = seen
        self._admission = admission
        self._staff = staff
        bounds = bounds or Bounds()
        self._waiting_at_most = bounds.waiting_at_most
        self._under_way: dict[int, asyncio.Future[None]] = {}
        self._unmarked: set[int] = set()
        self._handled: OrderedDict[int, None] = OrderedDict()
        self._turns: dict[str, _Turn] = {}
        self._waiting: dict[int, str] = {}
        self._waiting_in = Counter[str]()
        self._staff_room = Room(_TOGETHER_AT_MOST)
        self._room = Room(_TOGETHER_AT_MOST, bounds.per_second_at_most)
        self._has_space = asyncio.Event()
        self._has_space.set()

    async def space(self) -> None:
        """Wait until the queue is not full; meanwhile nothing should be asked for."""
        await self._has_space.wait()

    async def look_again(self) -> None:
        """See who is of the staff by now; before a batch is weighed."""
        await self._staff.look_again()

    def weigh(self, seen: Seen) -> Verdict:
        """What becomes of this one. What is heard, or told something, must be handed to ``take`` next."""
        if seen.update_id in self._waiting or seen.update_id in self._handled:
            return HEARD  # a repeat, which uses up no quota and has no effect
        is_staff, key = seen.person in self._staff, seen.conversation
        is_crowded = self._waiting_in[key] >= self._at_most()
        verdict = self._admission.weigh(seen, is_staff=is_staff, is_crowded=is_crowded, now=_now())
        if verdict.hearing is Hearing.HEARD and not is_staff:
            self._waiting[seen.update_id] = key
            self._count(key, 1)
        return verdict

    async def take(self, given: Mapping[str, Any], verdict: Verdict = HEARD) -> None:
        """Handle an update and remember it; returns once that is durable. A repeat waits for the first.

        Raises UnreadableUpdate. Who is only told that it was too much is not remembered: a row of
        each is more than it is worth.
        """
        seen = look_at(given)
        under_way = self._under_way.get(seen.update_id)
        if under_way is not None:
            await asyncio.wait([under_way])
            if under_way.cancelled():
                raise RuntimeError("the same update was being handled, and that failed")
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._under_way[seen.update_id] = done
        try:
            await self._take_in_turn(seen, self._read(given), verdict)
        except BaseException:
            done.cancel()
            raise
        finally:
            del self._under_way[seen.update_id]
        self.no_longer_waits(seen.update_id)
        done.set_result(None)

    async def take_pushed(self, given: Mapping[str, Any]) -> None:
        """Handle an update as a webhook brings it. Raises ValueError when it is none, InboxFull when too much waits."""
        seen = look_at(given)
        await self.look_again()
        is_new = seen.update_id not in self._waiting
        if is_new and not self._has_space.is_set() and seen.person not in self._staff:
            raise InboxFull
        verdict = self.weigh(seen)
        if not is_taken(verdict):
            return
        try:
            await self.take(given, verdict)
        finally:
            self.no_longer_waits(seen.update_id)  # the platform may never bring it again

    def no_longer_waits(self, update_id: int) -> None:
        """It was handled, or is given up."""
        key = self._waiting.pop(update_id, None)
        if key is not None:
            self._count(key, -1)

    def _read(self, given: Mapping[str, Any]) -> Update:
        try:
            return Update.model_validate(given, context={"bot": self._bot})
        except ValidationError:
            raise UnreadableUpdate("this is no update, or of a kind unknown to this version") from None

    async def _take_in_turn(self, seen: Seen, update: Update, verdict: Verdict) -> None:
        is_staff = seen.person in self._staff
        key = _staff_turn(seen) if is_staff else seen.conversation
        patience_seconds = _STAFF_PATIENCE_SECONDS if is_staff and seen.kind is Kind.PRESS else None
        turn = self._turns.setdefault(key, _Turn())
        turn.wanted += 1
        try:
            async with turn.come(patience_seconds):
                await self._answer(update, verdict, self._staff_room if is_staff else self._room)
        finally:
            turn.wanted -= 1
            if turn.wanted == 0:
                del self._turns[key]

    async def _answer(self, update: Update, verdict: Verdict, room: Room) -> None:
        if verdict.tells is not None:
            await self._handle(update, room, {CROWDED: verdict.tells})
            return
        if update.update_id not in self._unmarked:
            if await self._seen.has_seen(self._name, update.update_id):
                return
            await self._handle(update, room, {})
            self._unmarked.add(update.update_id)  # should remembering fail, it is not handled again for that
        await self._seen.mark_seen(self._name, update.update_id)
        self._unmarked.discard(update.update_id)
        self._handled[update.update_id] = None
        if len(self._handled) > _REMEMBERED_AT_MOST:
            self._handled.popitem(last=False)

    async def _handle(self, update: Update, room: Room, said: Mapping[str, Any]) -> None:
        """A few tries, then it is given up and logged: one poisonous update must not stop its chat for ever."""
        for attempt in range(1, _TRIES_AT_MOST + 1):
            try:
                async with room.entered(), asyncio.timeout(_HANDLED_WITHIN_SECONDS):
                    await self._dispatcher.feed_update(self._bot, update, bot_name=self._name, **said)
                return
            except Exception:
                log.exception("update failed", bot=self._name, update_id=update.update_id, attempt=attempt)
                if attempt < _TRIES_AT_MOST:
                    await asyncio.sleep(attempt - 1)

    def _at_most(self) -> int:
        """How many may wait in one chat for now."""
        full = len(self._waiting) / self._waiting_at_most
        return next((in_a_chat for part, in_a_chat in _WAITING_IN_A_CHAT if full < part), 0)

    def _count(self, key: str, change: int) -> None:
        self._waiting_in[key] += change
        if not self._waiting_in[key]:
            del self._waiting_in[key]
        if len(self._waiting) < self._waiting_at_most:
            self._has_space.set()
        else:
            self._has_space.clear()


def is_taken(verdict: Verdict) -> bool:
    """Whether anything is to be done about it."""
    return verdict.hearing is Hearing.HEARD or verdict.tells is not None


def _staff_turn(seen: Seen) -> str:
    """The staff wait for what they wrote themselves in a chat; a press only for the same person's, and not for long."""
    return f"staff:{seen.person}:{seen.kind if seen.kind is Kind.PRESS else seen.conversation}"


def _now() -> datetime:
    return datetime.fromtimestamp(asyncio.get_running_loop().time(), UTC)
