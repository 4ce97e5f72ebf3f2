"""Putting an earlier bulletin right: /correct CODE, /cancel_bulletin CODE. One person of the staff is enough.

The wording stands ready; what follows is the card, the preview and one deliberate press by the same person.
"""

from __future__ import annotations

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.filters import CommandObject
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message
from aiogram.utils.i18n import gettext as _

from broadcasts.book import Refusal
from broadcasts.broadcast import Broadcast
from broadcasts.drafting import Amends, Origin
from bulletins.bulletin import BulletinId, Code
from bulletins.code import find_codes, parse
from handlers.access import acknowledge, may, person_of, writer_of
from handlers.bulletin_desk import BulletinDesk
from handlers.bulletin_words import headline_of, why_not
from handlers.buttons import Cell, Pressed
from handlers.commands import Command
from handlers.composing import Composing
from handlers.draft_cards import DraftCards
from handlers.draft_fields import FIELDS
from handlers.progress_board import ProgressBoard
from handlers.telling import show_instead
from members.buttons import Payload
from members.roles import Who

_in_private = F.chat.type == ChatType.PRIVATE


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
    routes.callback_query.register(talk.confirm, Pressed("correct.confirm"), flags=staff)
    return routes


class CorrectingTalk:
    """The handlers of this module."""

    def __init__(self, desk: BulletinDesk, progress: ProgressBoard) -> None:
        self._desk = desk
        self._progress = progress
        self._cards = DraftCards(desk)

    async def go_private(self, message: Message) -> None:
        """A group is no place to write a correction in."""
        await message.reply(_("Please write that to me in our private chat."))

    async def correct(self, message: Message, command: CommandObject, state: FSMContext) -> None:
        """An Update: what is right is asked for at once."""
        draft = await self._begun(message, command, Amends.CORRECTS)
        if draft is None:
            return
        await state.set_state(Composing.field)
        await state.set_data({"bulletin": draft.id, "field": "text"})
        await message.answer(_("Correcting {headline}").format(headline=headline_of(draft.bulletin)))
        await message.answer(FIELDS["text"].ask(draft, self._desk))

    async def withdraw(self, message: Message, command: CommandObject, state: FSMContext) -> None:
        """A Cancel: worded ready, so the card comes at once."""
        await state.clear()
        draft = await self._begun(message, command, Amends.WITHDRAWS)
        if draft is not None:
            text, markup = await self._cards.card(draft)
            await message.answer(text, reply_markup=markup)

    async def amend(self, query: CallbackQuery, payload: Payload, state: FSMContext) -> None:
        """The same from a button under a bulletin's progress."""
        await acknowledge(query)
        await state.clear()
        amends = Amends(payload["amends"])
        origin = Origin(person_of(query.from_user), str(query.from_user.id), f"press:{query.id}")
        draft = await self._desk.desk.compose_correction(amends, Code(payload["code"]), origin)
        if isinstance(draft, Refusal):
            await show_instead(query, why_not(draft))
        elif query.bot is not None:
            text, markup = await self._cards.card(draft)
            await query.bot.send_message(query.from_user.id, text, reply_markup=markup)

    async def confirm(self, query: CallbackQuery, payload: Payload) -> None:
        """The deliberate yes: it goes to every copy of what it corrects."""
        await acknowledge(query)
        person = person_of(query.from_user)
        result = await self._desk.desk.approve(BulletinId(payload["bulletin"]), person, payload["hash"])
        if isinstance(result, Refusal):
            back: list[Cell] = [(_("Show the draft"), "draft.card", {"bulletin": payload["bulletin"]})]
            markup = await self._desk.buttons.keyboard([back], chat=query.from_user.id, person=person)
            await show_instead(query, why_not(result), markup)
            return
        await show_instead(query, _("It is going to every channel that has the earlier bulletin."))
        await self._progress.show(result.broadcast.id)

    async def _begun(self, message: Message, command: CommandObject, amends: Amends) -> Broadcast | None:
        """The draft, or None after saying what is missing."""
        code = code_in(command.args, message)
        if code is None:
            await message.answer(
                _("Which bulletin? Write its code too, for example /{command} LOA-XXXX-X.").format(
                    command=command.command
                )
            )
            return None
        key = f"message:{message.bot.id if message.bot else 0}:{message.chat.id}:{message.message_id}"
        origin = Origin(writer_of(message), str(message.chat.id), key)
        draft = await self._desk.desk.compose_correction(amends, code, origin)
        if isinstance(draft, Refusal):
            await message.answer(why_not(draft))
            return None
        return draft


def code_in(args: str | None, message: Message) -> Code | None:
    """The code after a command, or in the message it replies to."""
    said = args or ""
    replied = message.reply_to_message
    pointed_at = (replied.text or replied.caption or "") if replied else ""
    found = find_codes(said) or find_codes(pointed_at)
    return parse(said) or next(iter(found), None)
