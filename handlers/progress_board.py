"""The board that shows how bulletins are getting on: one message for the author, edited while it runs.

    the round, every 3 s ──┐
    a press, an approval ──┴──> show ──its last change is 3 s ago──> edited
                                   └──it is younger──> asked for ──as soon as it may be──> edited

It looks into the book again and again, so a start by the timer, a halt by the breaker and a restart all lead
to the same message. What the moderators' chats must know of it is said by ``handlers/announcing.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import structlog
from aiogram import Bot
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramRetryAfter,
)
from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.i18n import I18n
from aiogram.utils.i18n import gettext as _

from broadcasts.book import Refusal
from broadcasts.broadcast import Broadcast, BroadcastState
from broadcasts.hindrance import Hindrances
from broadcasts.ports import LedgerUnavailable
from broadcasts.recurrence import Doubt, why_it_is_held
from bulletins.bulletin import BulletinId
from bulletins.fixed_words import ends_everything
from handlers.announcing import Announcements, Announcer, is_noted
from handlers.bulletin_desk import BulletinDesk
from handlers.buttons import Cell
from handlers.edit_times import EditTimes
from handlers.progress_words import Figures, progress_words

log = structlog.get_logger(__name__)

_ENDED = frozenset({BroadcastState.DONE, BroadcastState.STOPPED, BroadcastState.FINISHED})
_SENT_BY_A_PERSON = frozenset({Refusal.TOO_LATE.value, *(doubt.value for doubt in Doubt)})
"""Why something is held that may still go out when somebody says so."""

_NO_SUCH_CHAT = "chat not found"
_MARKUPS_KEPT = 256
_ASKED_AT_MOST = 256

CLOSED = ""
"""In the place of a message: the bulletin has ended and its message says so."""


class ProgressFigures(Protocol):
    """Counts a bulletin's deliveries."""

    async def figures(self, bulletin_id: BulletinId, *, is_final: bool = False) -> Figures:
        """How many there are in each state; exactly, when the bulletin has ended and this is the last look."""


class ProgressMessages(Announcements, Protocol):
    """Knows which message shows a bulletin's progress, as ``bot:message id``, and what was announced of it."""

    async def to_show(self) -> Sequence[tuple[BulletinId, str | None]]:
        """Bulletins under way, and those that ended while still shown."""

    async def message_of(self, bulletin_id: BulletinId) -> str | None:
        """The message of one bulletin."""

    async def put(self, bulletin_id: BulletinId, message: str) -> None:
        """Remember the message; `CLOSED` once nothing is edited any more."""

    async def follow(self, chat: str, new_chat: str) -> None:
        """A group became a supergroup: what its people wrote is shown in the new place, by new messages."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the board looks."""

    figures: ProgressFigures
    hindrances: Hindrances
    messages: ProgressMessages


class ProgressBoard:
    """Shows progress. ``run`` is a task that the supervisor owns."""

    def __init__(
        self,
        desk: BulletinDesk,
        bots: Mapping[str, Bot],
        sources: Sources,
        texts: I18n,
        times: EditTimes | None = None,
    ) -> None:
        self._desk = desk
        self._bots = bots
        self._sources = sources
        self._messages = sources.messages
        self._texts = texts
        self._times = times or EditTimes()
        self._asked: set[BulletinId] = set()
        self._is_asked = asyncio.Event()
        self._shown: dict[BulletinId, str] = {}
        self._unnoted: dict[BulletinId, str] = {}
        """Messages that were posted while the database could not note them."""
        self._announcer = Announcer(desk, bots, sources.messages)
        self._markups: dict[tuple[BulletinId, BroadcastState, bool], InlineKeyboardMarkup] = {}
        self._turn = asyncio.Lock()  # the loop and a press must not both post the first message

    async def run(self) -> None:
        """Bring every message up to date, every three seconds; what was asked for too early, as soon as it may be."""
        clock = asyncio.get_running_loop().time
        while True:
            await self.update()
            round_ends_at = clock() + self._times.apart_seconds
            while clock() < round_ends_at:
                self._is_asked.clear()
                await self._show_asked()
                await self._rest(min([round_ends_at, *map(self._times.free_at, self._asked)]) - clock())

    async def update(self) -> None:
        """Bring every message up to date once."""
        for bulletin_id, _message in await self._messages.to_show():
            await self.show(bulletin_id)

    async def show(self, bulletin_id: BulletinId) -> None:
        """Post or edit the message of one bulletin, when it says something new; if it is too early, ``run`` does so.

        What fails is tried again next time: whoever called has done something more important already.
        """
        locale = self._texts.default_locale
        async with self._turn:
            if not self._may_change(bulletin_id):
                self._ask(bulletin_id)
                return
            self._asked.discard(bulletin_id)
            with self._texts.context(), self._texts.use_locale(locale):
                broadcast = await self._desk.desk.find(bulletin_id)
                if broadcast is not None and not await self._is_closed(broadcast):
                    await self._show(broadcast)

    def _may_change(self, bulletin_id: BulletinId) -> bool:
        return self._times.free_at(bulletin_id) <= asyncio.get_running_loop().time()

    def _ask(self, bulletin_id: BulletinId) -> None:
        """Whatever is forgotten here is found by the next round."""
        if len(self._asked) < _ASKED_AT_MOST:
            self._asked.add(bulletin_id)
            self._is_asked.set()

    async def _show_asked(self) -> None:
        for bulletin_id in [one for one in self._asked if self._may_change(one)]:
            await self.show(bulletin_id)

    async def _rest(self, seconds: float) -> None:
        """So long, unless something is asked for."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._is_asked.wait()

    async def _is_closed(self, broadcast: Broadcast) -> bool:
        return broadcast.state in _ENDED and await self._messages.message_of(broadcast.id) == CLOSED

    async def _show(self, broadcast: Broadcast) -> None:
        is_ended = broadcast.state in _ENDED
        figures = await self._sources.figures.figures(broadcast.id, is_final=is_ended)
        is_sending = broadcast.state is BroadcastState.SENDING
        in_the_way = await self._sources.hindrances.of(broadcast.id) if is_sending else ()
        reasons = await self._desk.aftermath.reasons(broadcast.id) if is_ended else ()
        text = progress_words(broadcast, figures, in_the_way, reasons, self._desk)
        rows = [] if is_ended else action_rows(broadcast)
        is_announced = await self._announcer.announce(broadcast, text, rows)
        if self._shown.get(broadcast.id) != text:
            self._shown.pop(broadcast.id, None)  # should this fail, nobody knows what stands there
            if not await self._try_to_put(broadcast, figures, text):
                return
        self._shown[broadcast.id] = text
        if is_ended and is_announced and await is_noted(self._messages.put(broadcast.id, CLOSED)):
            self._shown.pop(broadcast.id, None)

    async def _try_to_put(self, broadcast: Broadcast, figures: Figures, text: str) -> bool:
        """Whether there is nothing more to do: an author who blocked the bot gets no message, ever."""
        asked_to_wait_seconds = 0.0
        try:
            in_trouble = figures.failed + figures.unsure > 0 or (
                broadcast.corrects is not None and await self._desk.aftermath.in_trouble(broadcast.id)
            )
            markup = await self._markup_if_possible(broadcast, bool(in_trouble))
            await self._put(broadcast, text, markup)
        except TelegramMigrateToChat as moved:
            self._unnoted.pop(broadcast.id, None)  # in the new place that number is another message's
            await is_noted(self._messages.follow(broadcast.author_chat, str(moved.migrate_to_chat_id)))
            return False
        except (TelegramAPIError, LedgerUnavailable) as error:
            if _is_for_good(error):
                return True
            if isinstance(error, TelegramRetryAfter):
                asked_to_wait_seconds = error.retry_after
            log.warning("progress was not shown", bulletin_id=broadcast.id, error=str(error))
            return False
        finally:
            self._times.took(broadcast.id, asked_to_wait_seconds)
        return markup is not None

    async def _put(self, broadcast: Broadcast, text: str, markup: InlineKeyboardMarkup | None) -> None:
        place = self._unnoted.get(broadcast.id) or await self._messages.message_of(broadcast.id)
        bot_name, _colon, message_id = (place or "").partition(":")
        bot = self._bots.get(bot_name)
        if bot is None or not await _edited(bot, broadcast.author_chat, int(message_id), text, markup):
            bot_name, bot = next(iter(self._bots.items()))
            sent = await bot.send_message(broadcast.author_chat, text, reply_markup=markup)
            self._unnoted[broadcast.id] = f"{bot_name}:{sent.message_id}"
        if broadcast.id in self._unnoted:
            await self._messages.put(broadcast.id, self._unnoted[broadcast.id])
            del self._unnoted[broadcast.id]

    async def _markup_if_possible(
        self, broadcast: Broadcast, has_stragglers: bool
    ) -> InlineKeyboardMarkup | None:
        """None while buttons cannot be written down: that the database is in trouble is shown without them."""
        try:
            return await self._markup(broadcast, has_stragglers)
        except LedgerUnavailable as error:
            log.warning("progress is shown without buttons", bulletin_id=broadcast.id, error=str(error))
            return None

    async def _markup(self, broadcast: Broadcast, has_stragglers: bool) -> InlineKeyboardMarkup:
        """The same keyboard for as long as the state is the same."""
        key = (broadcast.id, broadcast.state, has_stragglers)
        if key not in self._markups:
            if len(self._markups) >= _MARKUPS_KEPT:
                self._markups.clear()
            self._markups[key] = await self._desk.buttons.keyboard(
                [*action_rows(broadcast), *straggler_rows(broadcast, has_stragglers)],
                chat=broadcast.author_chat,
                person=None,
                repeatable=True,
            )
        return self._markups[key]


def action_rows(broadcast: Broadcast) -> list[list[Cell]]:
    """What can be done with it where it stands."""
    this = {"bulletin": broadcast.id}
    stop: Cell = (_("⏹ Stop"), "progress.stop", this)
    match broadcast.state:
        case BroadcastState.SENDING:
            return [[(_("⏸ Pause"), "progress.pause", this), stop]]
        case BroadcastState.PAUSED:
            return [[(_("▶️ Go on"), "progress.resume", this), stop]]
        case BroadcastState.SCHEDULED:
            return [[(_("📨 Send now"), "progress.send", this), stop]]
        case BroadcastState.RECURRING:
            return [*_skipping(broadcast), [stop]]
        case BroadcastState.HELD if why_it_is_held(broadcast.halted_because)[0] in _SENT_BY_A_PERSON:
            return [[(_("📨 Send now"), "progress.send", this), stop]]
        case BroadcastState.HELD:
            return [[stop]]
        case _ if broadcast.bulletin.sent is None:
            return [[(_("📝 Write it again"), "draft.again", this)]]
        case _:
            return _amending(broadcast)


def _skipping(broadcast: Broadcast) -> list[list[Cell]]:
    """The occurrence is named by its moment: an old button never skips another one."""
    upcoming = broadcast.upcoming
    if upcoming is None:
        return []
    this = {"bulletin": broadcast.id, "at": upcoming.at.isoformat()}
    if upcoming.is_skipped:
        return [[(_("↩️ Do not skip it"), "schedule.unskip", this)]]
    return [[(_("⏭ Skip the next one"), "schedule.skip", this)]]


def straggler_rows(broadcast: Broadcast, has_stragglers: bool) -> list[list[Cell]]:
    """The way to what did not arrive."""
    if not has_stragglers:
        return []
    return [[(_("📋 What did not arrive"), "after.list", {"bulletin": broadcast.id})]]


def _amending(broadcast: Broadcast) -> list[list[Cell]]:
    code = broadcast.bulletin.code
    if ends_everything(broadcast.bulletin):
        return []
    return [
        [
            (_("✏️ Correct"), "correct.begin", {"code": code, "amends": "corrects"}),
            (_("⛔ Withdraw"), "correct.begin", {"code": code, "amends": "withdraws"}),
        ]
    ]


def _is_for_good(error: Exception) -> bool:
    """The author blocked the bot, or the chat is no more."""
    is_no_more = isinstance(error, TelegramBadRequest) and _NO_SUCH_CHAT in error.message
    return is_no_more or isinstance(error, TelegramForbiddenError)


async def _edited(
    bot: Bot, chat: str, message_id: int, text: str, markup: InlineKeyboardMarkup | None
) -> bool:
    """Whether the message shows the text now; False when it is gone and a new one is needed."""
    try:
        await bot.edit_message_text(text, chat_id=chat, message_id=message_id, reply_markup=markup)
    except TelegramBadRequest as error:
        return "message is not modified" in error.message
    return True
