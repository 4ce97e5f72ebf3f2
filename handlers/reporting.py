"""A citizen forwards something suspicious: from the forward to the answer or, in three taps, to a receipt.

forward ──> findings, "did this answer you?" ──no──> consent ──file──> reason ──> receipt
                                      └─yes─> thanks, and everything is dropped
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import tzinfo

from aiogram import Bot, F, Router
from aiogram.enums import ChatType
from aiogram.exceptions import TelegramBadRequest
from aiogram.filters import CommandObject, StateFilter
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message
from aiogram.utils.i18n import gettext as _

from bulletins.code import find_codes
from handlers.access import acknowledge, may, person_of, writer_of
from handlers.buttons import Buttons, Pressed, Rows
from handlers.commands import Command, CommandStart
from handlers.incoming import WITHOUT_WORDS, address_of, arrival_of, origin_of, words_of
from handlers.report_words import (
    consent_text,
    publish_text,
    reason_words,
    receipt_text,
    status_text,
    wait_words,
)
from handlers.telling import show_instead
from members.buttons import Payload
from members.roles import Who
from reports.answers import Errands
from reports.cases import Reason
from reports.checks.links import find_addresses
from reports.drafts import DRAFT_LASTS, DraftToken
from reports.filing import Choice, Desk, TooMany
from reports.intake import Intake, Taken, Taking
from reports.ports import Retention
from reports.receipts import parse

Press = Callable[[CallbackQuery, Payload], Awaitable[None]]

_FROM_GROUP = "pa_"
_FEWEST_CHARACTERS = 20
_RECEIPT_ALONE = r"(?i)^\s*PA[\s\-]?\w{4}[\s\-]?\w{4}\s*$"

_in_private = F.chat.type == ChatType.PRIVATE
_in_group = F.chat.type.in_({ChatType.GROUP, ChatType.SUPERGROUP})
_is_command = F.text.startswith("/") & ~F.forward_origin


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportingDesk:
    """What these handlers work with, put together once at start."""

    intake: Intake
    filing: Desk
    errands: Errands
    buttons: Buttons
    network: str
    """The name of whoever is responsible."""
    retention: Retention
    reasons: tuple[Reason, ...]
    zone: tzinfo


def router(desk: ReportingDesk) -> Router:
    """The handlers. Include this router late: in private it takes whatever words nobody else wanted."""
    talk = ReportingTalk(desk)
    routes = Router(name="reporting")
    person = may(Who.PERSON)
    reporting = Command("report", "phananh")
    routes.message.register(talk.point_at, reporting, _in_group, flags=person)
    routes.message.register(talk.explain, reporting, _in_private, flags=person)
    from_group = CommandStart(deep_link=True, magic=F.args.startswith(_FROM_GROUP))
    routes.message.register(talk.resume, from_group, _in_private, flags=person)
    routes.message.register(talk.status, Command("status", "ketqua"), flags=may(Who.ANYONE))
    idle = (_in_private, StateFilter(None), ~_is_command)
    routes.message.register(talk.status_alone, F.text.regexp(_RECEIPT_ALONE), *idle, flags=person)
    routes.message.register(talk.take, F.text | F.caption, *idle, flags=person)
    routes.message.register(talk.need_words, WITHOUT_WORDS, *idle, flags=person)
    for action, handler in talk.presses().items():
        routes.callback_query.register(handler, Pressed(action), flags=person)
    return routes


class ReportingTalk:
    """The handlers of this module."""

    def __init__(self, desk: ReportingDesk) -> None:
        self._desk = desk

    def presses(self) -> Mapping[str, Press]:
        """The handler of each button."""
        return {
            "report.yes": self.was_answered,
            "report.no": self.ask_consent,
            "report.cancel": self.cancel,
            "report.consent": self.ask_reason,
            "report.reason": self.file,
            "report.publish": self.publish,
        }

    # --- what comes in --------------------------------------------------------------------------------------

    async def take(self, message: Message, bot_name: str) -> None:
        """Keep it; the answer follows within a second."""
        if _is_small_talk(message):
            await self.explain(message)
            return
        taking = await self._desk.intake.take(arrival_of(message, bot_name), origin_of(message))
        if taking.taken is Taken.TOO_MANY:
            await message.reply(_too_many(taking))

    async def need_words(self, message: Message) -> None:
        """A picture without a caption, a voice message, a sticker: not yet."""
        await message.reply(
            _(
                "I can only read text so far. Please copy the words out of it and send them to me, "
                "or send the link."
            )
        )

    async def explain(self, message: Message) -> None:
        """How to ask."""
        await message.answer(
            _(
                "Have you received something suspicious? Forward it to me, or paste the text or the link "
                "here. I will tell you at once what I know, and if you wish, moderators will look into it."
            )
        )

    async def point_at(self, message: Message, bot: Bot, bot_name: str) -> None:
        """/report in a group, as a reply to the suspicious message: go on in private.

        The group reads the same words whatever comes of it; what is lacking is said in private.
        """
        suspect = message.reply_to_message
        parked: DraftToken | Taking | None = None
        if suspect is not None and words_of(suspect):
            parked = await self._desk.intake.park(arrival_of(message, bot_name, about=suspect))
        token = parked if isinstance(parked, str) else ""
        url = f"https://t.me/{(await bot.me()).username}?start={_FROM_GROUP}{token}"
        button = InlineKeyboardButton(text=_("Go on in private"), url=url)
        markup = InlineKeyboardMarkup(inline_keyboard=[[button]])
        await message.reply(_("Let us go on between you and me: nobody here sees it."), reply_markup=markup)

    async def resume(self, message: Message, command: CommandObject, bot_name: str) -> None:
        """The link from the group was opened."""
        token = (command.args or "").removeprefix(_FROM_GROUP)
        address = address_of(message, bot_name)
        if not await self._desk.intake.resume(token, writer_of(message), address):
            await message.answer(
                _(
                    "This link works for a day, only for whoever wrote /report, and only as a reply to a message "
                    "with words. Nothing is lost: forward me the message itself."
                )
            )

    # --- status ---------------------------------------------------------------------------------------------

    async def status(self, message: Message, command: CommandObject) -> None:
        """/status RECEIPT."""
        await self._tell_status(message, command.args or "")

    async def status_alone(self, message: Message) -> None:
        """A receipt, sent by itself."""
        await self._tell_status(message, message.text or "")

    async def _tell_status(self, message: Message, typed: str) -> None:
        receipt, status = parse(typed), await self._desk.filing.status(typed)
        if receipt is None:
            await message.reply(_("Please write your receipt after it, for example: /status PA-7K2M-9QXR"))
        elif status is None:
            await message.reply(_("I do not know this receipt. Please compare it letter by letter."))
        else:
            await message.reply(status_text(receipt, status, self._desk.zone))

    # --- from the question to the receipt -------------------------------------------------------------------

    async def was_answered(self, query: CallbackQuery, payload: Payload) -> None:
        """Yes: nothing is kept."""
        await self._desk.filing.drop(payload["draft"], person_of(query.from_user))
        await acknowledge(query, _("I am glad. What you sent is deleted here."))
        await _take_keyboard_away(query)
        await self._desk.buttons.drop(payload["draft"])

    async def ask_consent(self, query: CallbackQuery, payload: Payload) -> None:
        """No: what is kept, why and how long, and three ways to go on."""
        await acknowledge(query)
        if await self._desk.filing.draft(payload["draft"], person_of(query.from_user)) is None:
            await show_instead(query, _gone())
            return
        await _take_keyboard_away(query)
        text = consent_text(self._desk.network, self._desk.retention)
        chosen = {**payload, "text": _sha256(text)}
        rows: Rows = [
            [(_("Send it, and tell me the answer"), "report.consent", {**chosen, "tell": True})],
            [(_("Send it, no answer needed"), "report.consent", {**chosen, "tell": False})],
            [(_("Do not send it"), "report.cancel", payload)],
        ]
        await self._show_below(query, text, rows, payload["draft"])

    async def cancel(self, query: CallbackQuery, payload: Payload) -> None:
        """Not filed after all: nothing is kept."""
        await self._desk.filing.drop(payload["draft"], person_of(query.from_user))
        await acknowledge(query)
        await show_instead(query, _("All right: nothing was sent, and what you forwarded is deleted here."))
        await self._desk.buttons.drop(payload["draft"])

    async def ask_reason(self, query: CallbackQuery, payload: Payload) -> None:
        """One of the closed list."""
        await acknowledge(query)
        rows: Rows = [
            *(
                [(reason_words(reason), "report.reason", {**payload, "reason": reason})]
                for reason in self._desk.reasons
            ),
            [(_("Do not send it"), "report.cancel", payload)],
        ]
        text = _("What do you think is wrong with it? (Opinions one does not share are not checked.)")
        await show_instead(query, text, await self._keyboard(query, rows, payload["draft"]))

    async def file(self, query: CallbackQuery, payload: Payload) -> None:
        """File it, and hand out the receipt."""
        await acknowledge(query)
        filed = await self._desk.filing.file(_choice(query, payload))
        if filed is None:
            await show_instead(query, _gone())
        elif isinstance(filed, TooMany):
            again: Rows = [[(_("Send it again"), "report.reason", payload)]]
            await show_instead(query, _full(filed), await self._keyboard(query, again, payload["draft"]))
        else:
            agreed = {"draft": payload["draft"], "text": _sha256(publish_text())}
            rows: Rows = [[(_("The answer may be published"), "report.publish", agreed)]]
            text = f"{receipt_text(filed, wants_answer=payload['tell'])}\n\n{publish_text()}"
            await show_instead(query, text, await self._keyboard(query, rows, payload["draft"]))
            self._desk.errands.wake()

    async def publish(self, query: CallbackQuery, payload: Payload) -> None:
        """The separate consent to publishing."""
        agreed = await self._desk.filing.allow_publishing(payload["draft"], payload["text"])
        thanks = _("Thank you: the answer may be published.")
        await acknowledge(
            query, thanks if agreed else _("This report is no longer kept, so there is nothing to publish.")
        )
        await _take_keyboard_away(query)
        await self._desk.buttons.drop(payload["draft"])

    async def _show_below(self, query: CallbackQuery, text: str, rows: Rows, draft: str) -> None:
        if isinstance(query.message, Message):
            await query.message.answer(text, reply_markup=await self._keyboard(query, rows, draft))

    async def _keyboard(self, query: CallbackQuery, rows: Rows, draft: str) -> InlineKeyboardMarkup:
        person = person_of(query.from_user)
        return await self._desk.buttons.keyboard(
            rows, chat=query.from_user.id, person=person, lasts=DRAFT_LASTS, about=draft
        )


def _choice(query: CallbackQuery, payload: Payload) -> Choice:
    return Choice(
        draft=DraftToken(payload["draft"]),
        person=person_of(query.from_user),
        reason=Reason(payload["reason"]),
        wants_answer=payload["tell"],
        text_sha256=payload["text"],
    )


def _is_small_talk(message: Message) -> bool:
    """A greeting rather than something to check: short, written by hand, without a link or a code."""
    words = words_of(message)
    is_short = len(words) < _FEWEST_CHARACTERS and message.forward_origin is None
    return is_short and not message.photo and not find_addresses(words) and not find_codes(words)


def _too_many(taking: Taking) -> str:
    return _("You have sent me a great deal within an hour. Please try again in {wait}.").format(
        wait=wait_words(taking.wait)
    )


def _full(too_many: TooMany) -> str:
    return _(
        "So much was reported that I cannot take this one yet. Nothing is lost: "
        "press “Send it again” in {wait}."
    ).format(wait=wait_words(too_many.wait))


def _gone() -> str:
    return _("I keep what you forward for one day only, and this is gone. Please forward it to me again.")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def _take_keyboard_away(query: CallbackQuery) -> None:
    if not isinstance(query.message, Message):
        return
    with suppress(TelegramBadRequest):  # it is gone already, or was deleted
        await query.message.edit_reply_markup(reply_markup=None)
