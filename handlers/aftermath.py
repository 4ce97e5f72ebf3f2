"""After a bulletin has gone out: what did not arrive and why, by the names of the channels; trying the failed
again, and saying what became of those of which nobody knows: of all at once, or of eight channels on a page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiogram import Router, html
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import BufferedInputFile, CallbackQuery, InlineKeyboardMarkup, Message
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from broadcasts.book import Refusal
from broadcasts.delivery import DeliveryId, DeliveryState
from broadcasts.progress import Resolution, Settling, Straggler
from bulletins.bulletin import BulletinId
from bulletins.rendering import TEXT_UNITS
from bulletins.wording import one_line, shortened, utf16_length
from handlers.access import acknowledge, may
from handlers.bulletin_desk import BulletinDesk
from handlers.bulletin_words import why_not
from handlers.buttons import Cell, Pressed
from handlers.outcome_words import because_words, reason_table, state_words, why_words
from handlers.progress_board import ProgressBoard
from members.buttons import Payload
from members.roles import Who

_NAMED_AT_MOST = 20
_FILED_AT_MOST = 5_000
_ON_A_PAGE = 8
_TITLE_UNITS = 60
_KEPT_FREE_UNITS = 200
"""For what stands under the names, and for the marks of HTML, which do not count on the platform."""


def router(desk: BulletinDesk, board: ProgressBoard) -> Router:
    """The handlers."""
    talk = AftermathTalk(desk, board)
    routes = Router(name="aftermath")
    routes.callback_query.register(talk.show, Pressed("after.list"), flags=may(Who.STAFF))
    routes.callback_query.register(talk.file, Pressed("after.file"), flags=may(Who.STAFF))
    routes.callback_query.register(talk.page, Pressed("after.page"), flags=may(Who.STAFF))
    routes.callback_query.register(talk.retry, Pressed("after.retry"), flags=may(Who.STAFF))
    routes.callback_query.register(talk.settle, Pressed("after.settle"), flags=may(Who.STAFF))
    routes.callback_query.register(talk.settle_one, Pressed("after.one"), flags=may(Who.STAFF))
    return routes


class AftermathTalk:
    """The handlers of this module."""

    def __init__(self, desk: BulletinDesk, board: ProgressBoard) -> None:
        self._desk = desk
        self._board = board

    async def show(self, query: CallbackQuery, payload: Payload) -> None:
        """The table by reason, the channels by name, and what can be done."""
        await acknowledge(query)
        bulletin_id = BulletinId(payload["bulletin"])
        counts = await self._desk.aftermath.reasons(bulletin_id)
        in_trouble = await self._desk.aftermath.in_trouble(bulletin_id)
        named = await self._desk.aftermath.stragglers(bulletin_id, _NAMED_AT_MOST)
        head = [*reason_table(counts), ""]
        names = _fitting([f"{_name(one)}: {why_words(one)}" for one in named], "\n".join(head))
        left = sum(in_trouble.values()) - len(names)
        more = [ngettext("and {count} more", "and {count} more", left).format(count=left)] if left > 0 else []
        if query.bot is not None and query.message is not None:
            chat = query.message.chat.id
            markup = await self._keyboard(chat, bulletin_id, in_trouble, has_more=left > 0)
            text = "\n".join([*head, *names, *more]).strip()
            await query.bot.send_message(chat, text, reply_markup=markup)

    async def file(self, query: CallbackQuery, payload: Payload) -> None:
        """The whole list as a text file: one message, however many channels there are."""
        await acknowledge(query)
        named = await self._desk.aftermath.stragglers(BulletinId(payload["bulletin"]), _FILED_AT_MOST)
        lines = [
            f"{one_line(one.channel_title)}\t{state_words(one.state)}{because_words(one)}" for one in named
        ]
        if query.bot is not None and query.message is not None and lines:
            content = BufferedInputFile("\n".join(lines).encode(), "loa.txt")
            await query.bot.send_document(query.message.chat.id, content)

    async def page(self, query: CallbackQuery, payload: Payload) -> None:
        """Channels of which nobody knows, a few at a time, each with its own buttons."""
        await acknowledge(query)
        await self._turn(query, BulletinId(payload["bulletin"]), payload["after"])

    async def retry(self, query: CallbackQuery, payload: Payload) -> None:
        """Queue what failed once more."""
        bulletin_id = BulletinId(payload["bulletin"])
        await self._tell(query, await self._desk.aftermath.retry_failed(bulletin_id, self._desk.now()))
        await self._board.show(bulletin_id)

    async def settle(self, query: CallbackQuery, payload: Payload) -> None:
        """A moderator says what became of the unsure ones."""
        bulletin_id, resolution = BulletinId(payload["bulletin"]), Resolution(payload["resolution"])
        settling = Settling(bulletin_id, resolution, self._desk.now())
        await self._tell(query, await self._desk.aftermath.settle_unsure(settling))
        await self._board.show(bulletin_id)

    async def settle_one(self, query: CallbackQuery, payload: Payload) -> None:
        """The same of one channel; the page goes on with the others."""
        bulletin_id, resolution = BulletinId(payload["bulletin"]), Resolution(payload["resolution"])
        only = DeliveryId(payload["delivery"])
        settling = Settling(bulletin_id, resolution, self._desk.now(), only)
        await self._tell(query, await self._desk.aftermath.settle_unsure(settling))
        await self._turn(query, bulletin_id, payload["after"])
        await self._board.show(bulletin_id)

    async def _tell(self, query: CallbackQuery, result: int | Refusal) -> None:
        if isinstance(result, Refusal):
            await acknowledge(query, why_not(result), alert=True)
            return
        self._desk.desk.wake_engine()
        done = ngettext("Done, for {count} channel.", "Done, for {count} channels.", result)
        await acknowledge(query, done.format(count=result))

    async def _turn(self, query: CallbackQuery, bulletin_id: BulletinId, after: int) -> None:
        """Show a page in the place of the list, or of the page before it."""
        if not isinstance(query.message, Message):
            return
        found = await self._desk.aftermath.unsure(bulletin_id, after, _ON_A_PAGE + 1)
        rows = _page_rows(bulletin_id, after, found)
        chat = query.message.chat.id
        markup = await self._desk.buttons.keyboard(rows, chat=chat, person=None, repeatable=True)
        try:
            await query.message.edit_text(_page_words(found[:_ON_A_PAGE]), reply_markup=markup)
        except TelegramBadRequest:  # it says so already, or is too old to be changed
            await query.message.answer(_page_words(found[:_ON_A_PAGE]), reply_markup=markup)

    async def _keyboard(
        self, chat: int, bulletin_id: BulletinId, in_trouble: Mapping[DeliveryState, int], *, has_more: bool
    ) -> InlineKeyboardMarkup:
        """What settles all at once is pressed once; what only shows more, as often as somebody likes."""
        this = {"bulletin": bulletin_id}
        once: list[list[Cell]] = []
        often: list[list[Cell]] = []
        if in_trouble.get(DeliveryState.FAILED):
            once.append([(_("🔁 Try the failed again"), "after.retry", this)])
        if in_trouble.get(DeliveryState.UNSURE):
            once += [
                [(label, "after.settle", {**this, "resolution": resolution.value})]
                for label, resolution in (
                    (_("✅ The unsure ones arrived: I looked"), Resolution.ARRIVED),
                    (_("🔁 Send the unsure ones again, marked so"), Resolution.RESEND),
                )
            ]
            often.append([(_("❓ The unsure ones, channel by channel"), "after.page", {**this, "after": 0})])
        if has_more:
            often.append([(_("📄 The whole list as a file"), "after.file", this)])
        buttons = self._desk.buttons
        single = await buttons.keyboard(once, chat=chat, person=None)
        lasting = await buttons.keyboard(often, chat=chat, person=None, repeatable=True)
        return InlineKeyboardMarkup(inline_keyboard=[*single.inline_keyboard, *lasting.inline_keyboard])


def _page_words(shown: Sequence[Straggler]) -> str:
    if not shown:
        return _("Nothing is unsure here any more.")
    lines = [f"{number}. {_name(one)}{html.quote(because_words(one))}" for number, one in enumerate(shown, 1)]
    explained = _("✅ it arrived, I looked · 🔁 send it again, marked so · ✖️ leave it as it is")
    return "\n".join([_("Nobody knows whether it arrived in these channels:"), *lines, "", explained])


def _page_rows(bulletin_id: BulletinId, after: int, found: Sequence[Straggler]) -> list[list[Cell]]:
    """Three buttons a channel, by its number on the page; then the way to the next page or the first."""
    rows: list[list[Cell]] = []
    for number, one in enumerate(found[:_ON_A_PAGE], 1):
        this = {"bulletin": bulletin_id, "delivery": one.delivery_id, "after": after}
        rows.append(
            [
                (f"{mark} {number}", "after.one", {**this, "resolution": resolution.value})
                for mark, resolution in (
                    ("✅", Resolution.ARRIVED),
                    ("🔁", Resolution.RESEND),
                    ("✖️", Resolution.LEAVE),
                )
            ]
        )
    if len(found) > _ON_A_PAGE:
        onwards = {"bulletin": bulletin_id, "after": found[_ON_A_PAGE - 1].delivery_id}
        rows.append([(_("The next channels ▶️"), "after.page", onwards)])
    elif after:
        rows.append([(_("⏮ From the first one"), "after.page", {"bulletin": bulletin_id, "after": 0})])
    return rows


def _fitting(lines: Sequence[str], before: str) -> list[str]:
    """As many of the lines as there is room for under ``before`` in one message."""
    room = TEXT_UNITS - _KEPT_FREE_UNITS - utf16_length(before)
    fitting: list[str] = []
    for line in lines:
        room -= utf16_length(line) + 1
        if room < 0:
            break
        fitting.append(line)
    return fitting


def _name(one: Straggler) -> str:
    """The channel's title, which its admin chooses and may have made long, as HTML."""
    return html.bold(html.quote(shortened(one_line(one.channel_title), _TITLE_UNITS)))
