"""Putting an earlier bulletin right: /correct CODE, /cancel_bulletin CODE.

stop and withdraw:   a notice in fixed words ──its preview──> one deliberate press by whoever saw the error
what is right:       written like a draft ──preview──> for approval ──another person──> every copy
"""

from __future__ import annotations

from collections.abc import Sequence

from aiogram import Bot, F, Router, html
from aiogram.enums import ChatType
from aiogram.filters import CommandObject
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message
from aiogram.utils.i18n import gettext as _

from broadcasts.book import Refusal
from broadcasts.broadcast import Broadcast
from broadcasts.drafting import Origin
from bulletins.bulletin import BulletinId, Code
from bulletins.code import find_codes, parse
from bulletins.fixed_words import Notice, announces_correction
from handlers.access import acknowledge, may, person_of, writer_of
from handlers.bulletin_desk import BulletinDesk
from handlers.bulletin_words import headline_of, kind_words, reach_words, why_not
from handlers.buttons import Cell, Pressed
from handlers.commands import Command
from handlers.composing import Composing
from handlers.draft_fields import FIELDS
from handlers.previews import Previews
from handlers.progress_board import ProgressBoard
from handlers.telling import chat_of, show_instead
from members.buttons import Payload
from members.channel import PersonId
from members.roles import Who

_in_private = F.chat.type == ChatType.PRIVATE
_A_CORRECTION_FOLLOWS = tuple(notice for notice in Notice if notice is not Notice.WITHDRAWN)


def router(desk: BulletinDesk, progress: ProgressBoard) -> Router:
    """The handlers."""
    talk = CorrectingTalk(desk, progress)
    routes = Router(name="correcting")
    staff = may(Who.STAFF)
    correct = Command("correct", "dinhchinh")
    withdraw = Command("cancel_bulletin", "thuhoi")
    routes.message.register(talk.correct, correct, _in_private, flags=staff)
    routes.message.register(talk.withdraw, withdraw, _in_private, flags=staff)
    routes.message.register(talk.go_private, correct, flags=staff)
    routes.message.register(talk.go_private, withdraw, flags=staff)
    routes.callback_query.register(talk.amend, Pressed("correct.begin"), flags=staff)
    routes.callback_query.register(talk.choose, Pressed("correct.notice"), flags=staff)
    routes.callback_query.register(talk.confirm, Pressed("correct.confirm"), flags=staff)
    return routes


class CorrectingTalk:
    """The handlers of this module."""

    def __init__(self, desk: BulletinDesk, progress: ProgressBoard) -> None:
        self._desk = desk
        self._progress = progress
        self._previews = Previews(desk)

    async def go_private(self, message: Message) -> None:
        """A group is no place to write a correction in."""
        await message.reply(_("Please write that to me in our private chat."))

    async def correct(self, message: Message, command: CommandObject, state: FSMContext, bot: Bot) -> None:
        """First what stops the error at once, then what is right."""
        code = await self._code(message, command)
        if code is not None:
            key = f"message:{bot.id}:{message.chat.id}:{message.message_id}"
            await self._ask(bot, Origin(writer_of(message), str(message.chat.id), key), code, state)

    async def withdraw(self, message: Message, command: CommandObject, state: FSMContext, bot: Bot) -> None:
        """The fixed words to choose from."""
        await state.clear()
        code = await self._code(message, command)
        if code is not None:
            await self._offer(bot, writer_of(message), code)

    async def amend(self, query: CallbackQuery, payload: Payload, state: FSMContext, bot: Bot) -> None:
        """The same from a button under a bulletin's progress."""
        await acknowledge(query)
        await state.clear()
        person, code = person_of(query.from_user), Code(payload["code"])
        if payload["amends"] == "withdraws":
            await self._offer(bot, person, code)
        else:
            origin = Origin(person, str(query.from_user.id), f"press:{query.id}")
            await self._ask(bot, origin, code, state)

    async def choose(self, query: CallbackQuery, payload: Payload, bot: Bot, bot_name: str) -> None:
        """A notice was chosen: what every copy becomes, and the button that sends it."""
        await acknowledge(query)
        person, code = person_of(query.from_user), Code(payload["code"])
        origin = Origin(person, str(query.from_user.id), f"press:{query.id}")
        draft = await self._desk.desk.compose_notice(Notice(payload["notice"]), code, origin)
        if isinstance(draft, Refusal):
            await show_instead(query, why_not(draft))
            return
        await bot.send_message(query.from_user.id, _("👁 Preview. Channels get exactly this:"))
        await self._previews.show(bot, bot_name, query.from_user.id, draft)
        await self._ask_to_confirm(bot, draft)

    async def _ask_to_confirm(self, bot: Bot, draft: Broadcast) -> None:
        size = await self._desk.desk.audience(draft)
        this = {"bulletin": draft.id, "hash": draft.approval_hash}
        rows: list[list[Cell]] = [
            [(_("✅ Yes, send it everywhere now"), "correct.confirm", this)],
            [(_("🗑 Throw away"), "draft.discard", {"bulletin": draft.id})],
        ]
        lines = [
            f"<b>{kind_words(draft.bulletin)}</b> · {headline_of(draft.bulletin)}",
            _("Goes to: {reach}").format(reach=reach_words(size)),
            _("These are fixed words, so you may send them alone. Your colleagues are told that it was you."),
        ]
        chat, author = draft.author_chat, draft.author
        markup = await self._desk.buttons.keyboard(rows, chat=chat, person=author)
        await bot.send_message(chat, "\n".join(lines), reply_markup=markup)

    async def confirm(self, query: CallbackQuery, payload: Payload, state: FSMContext) -> None:
        """The deliberate yes: it goes to every copy of what it is about."""
        await acknowledge(query)
        person = person_of(query.from_user)
        result = await self._desk.desk.approve(BulletinId(payload["bulletin"]), person, payload["hash"])
        if isinstance(result, Refusal):
            back: list[Cell] = [(_("Show the draft"), "draft.card", {"bulletin": payload["bulletin"]})]
            markup = await self._desk.buttons.keyboard([back], chat=query.from_user.id, person=person)
            await show_instead(query, why_not(result), markup)
            return
        said = _("It is going to every channel that has the earlier bulletin.")
        if announces_correction(result.broadcast.bulletin) and await state.get_state() is None:
            then = _("When you know what is right, write /dinhchinh {code}.")
            said = f"{said}\n{then.format(code=html.code(result.broadcast.bulletin.code))}"
        await show_instead(query, said)
        await self._progress.show(result.broadcast.id)

    async def _ask(self, bot: Bot, origin: Origin, code: Code, state: FSMContext) -> None:
        """A correction is begun, and what is right is asked for."""
        draft = await self._desk.desk.compose_correction(code, origin)
        if isinstance(draft, Refusal):
            await bot.send_message(origin.author_chat, why_not(draft))
            return
        await state.set_state(Composing.field)
        await state.set_data({"bulletin": draft.id, "field": "text"})
        said = _(
            "Correcting {headline}\n"
            "The channels still have the earlier words. You can stop them at once, alone, in fixed words; what is "
            "right goes out when somebody else has approved it."
        ).format(headline=headline_of(draft.bulletin))
        markup = await self._desk.buttons.keyboard(
            _rows(code, _A_CORRECTION_FOLLOWS), chat=origin.author_chat, person=origin.author, repeatable=True
        )
        await bot.send_message(origin.author_chat, said, reply_markup=markup)
        await bot.send_message(origin.author_chat, FIELDS["text"].ask(draft, self._desk))

    async def _offer(self, bot: Bot, person: PersonId, code: Code) -> None:
        chat, found = chat_of(person), await self._desk.desk.to_amend(code)
        if isinstance(found, Refusal):
            await bot.send_message(chat, why_not(found))
            return
        said = _("What should stand under {headline}? These words are fixed, and you may send them alone.")
        markup = await self._desk.buttons.keyboard(
            _rows(code, tuple(Notice)), chat=chat, person=person, repeatable=True
        )
        headline = headline_of(found.standing.bulletin)
        await bot.send_message(chat, said.format(headline=headline), reply_markup=markup)

    async def _code(self, message: Message, command: CommandObject) -> Code | None:
        """The code, or None after saying that it is missing."""
        code = code_in(command.args, message)
        if code is None:
            said = _("Which bulletin? Write its code too, for example /{command} LOA-XXXX-X.")
            await message.answer(said.format(command=command.command))
        return code


def notice_words(notice: Notice) -> str:
    """A notice as a button offers it."""
    return {
        Notice.WITHDRAWN: _("⛔ Withdraw for good"),
        Notice.WITHDRAWN_FOR_NOW: _("⛔ Withdraw now (correction follows)"),
        Notice.WRONG_TIME: _("🕖 The time was wrong, correction follows"),
        Notice.WRONG_PLACE: _("📍 The place was wrong, correction follows"),
        Notice.WRONG_NUMBER: _("🔢 A number was wrong, correction follows"),
    }[notice]


def _rows(code: Code, notices: Sequence[Notice]) -> list[list[Cell]]:
    return [
        [(notice_words(notice), "correct.notice", {"code": code, "notice": notice.value})]
        for notice in notices
    ]


def code_in(args: str | None, message: Message) -> Code | None:
    """The code after a command, or in the message it replies to."""
    said = args or ""
    replied = message.reply_to_message
    pointed_at = (replied.text or replied.caption or "") if replied else ""
    found = find_codes(said) or find_codes(pointed_at)
    return parse(said) or next(iter(found), None)
