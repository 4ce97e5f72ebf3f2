"""After a bulletin has gone out: what did not arrive and why, by the names of the channels; trying the failed
again, and saying what became of those of which nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aiogram import Router, html
from aiogram.types import CallbackQuery, InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from broadcasts.book import Refusal
from broadcasts.delivery import DeliveryState
from broadcasts.progress import ReasonCount, Resolution, Settling, Straggler
from bulletins.bulletin import BulletinId
from handlers.access import acknowledge, may
from handlers.bulletin_desk import BulletinDesk
from handlers.bulletin_words import why_not
from handlers.buttons import Cell, Pressed
from handlers.progress_board import ProgressBoard
from members.buttons import Payload
from members.roles import Who

_NAMED_AT_MOST = 20
_REASONS_SHOWN = 10


def router(desk: BulletinDesk, board: ProgressBoard) -> Router:
    """The handlers."""
    talk = AftermathTalk(desk, board)
    routes = Router(name="aftermath")
    routes.callback_query.register(talk.show, Pressed("after.list"), flags=may(Who.STAFF))
    routes.callback_query.register(talk.retry, Pressed("after.retry"), flags=may(Who.STAFF))
    routes.callback_query.register(talk.settle, Pressed("after.settle"), flags=may(Who.STAFF))
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
        named = await self._desk.aftermath.stragglers(bulletin_id, _NAMED_AT_MOST)
        lines = [_("What did not simply arrive:"), *_table(counts), "", *_names(named)]
        if query.bot is not None and query.message is not None:
            chat = query.message.chat.id
            markup = await self._keyboard(chat, bulletin_id, named)
            await query.bot.send_message(chat, "\n".join(lines).strip(), reply_markup=markup)

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

    async def _tell(self, query: CallbackQuery, result: int | Refusal) -> None:
        if isinstance(result, Refusal):
            await acknowledge(query, why_not(result), alert=True)
            return
        self._desk.desk.wake_engine()
        done = ngettext("Done, for {count} channel.", "Done, for {count} channels.", result)
        await acknowledge(query, done.format(count=result))

    async def _keyboard(
        self, chat: int, bulletin_id: BulletinId, named: Sequence[Straggler]
    ) -> InlineKeyboardMarkup:
        states = {one.state for one in named}
        rows: list[list[Cell]] = []
        this = {"bulletin": bulletin_id}
        if DeliveryState.FAILED in states:
            rows.append([(_("🔁 Try the failed again"), "after.retry", this)])
        if DeliveryState.UNSURE in states:
            rows += [
                [(label, "after.settle", {**this, "resolution": resolution.value})]
                for label, resolution in (
                    (_("✅ The unsure ones arrived: I looked"), Resolution.ARRIVED),
                    (_("🔁 Send the unsure ones again, marked so"), Resolution.RESEND),
                    (_("Leave the unsure ones"), Resolution.LEAVE),
                )
            ]
        return await self._desk.buttons.keyboard(rows, chat=chat, person=None)


def _table(counts: Sequence[ReasonCount]) -> Iterator[str]:
    for one in counts[:_REASONS_SHOWN]:
        yield f"• {one.count}: {_state_words(one.state)}{_because(one.reason)}"


def _names(named: Sequence[Straggler]) -> Iterator[str]:
    for one in named:
        yield f"{html.bold(html.quote(one.channel_title))}: {_state_words(one.state)}{_because(one.reason)}"


def _state_words(state: DeliveryState) -> str:
    return {
        DeliveryState.QUEUED: _("still to be tried"),
        DeliveryState.SENDING: _("on its way"),
        DeliveryState.SENT: _("the copy could not be changed"),
        DeliveryState.FAILED: _("not delivered"),
        DeliveryState.UNSURE: _("nobody knows"),
        DeliveryState.DROPPED: _("left out"),
    }[state]


def _because(reason: str) -> str:
    """In words where the kind is known; the platform's own words stand behind it."""
    kind, _colon, detail = reason.partition(":")
    words = {
        "gone": _("the bot is no longer there"),
        "no_rights": _("the bot lacks a right"),
        "rejected": _("the platform refused it"),
        "gave_up": _("tried too often"),
        "expired": _("its time was over"),
        "stopped": _("stopped"),
    }.get(kind, "")
    said = " · ".join(part for part in (words, detail) if part)
    return f" ({html.quote(said)})" if said else ""
