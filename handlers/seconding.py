"""The second person reads a proposed verdict: agrees, or sends it back with a word. Its author may take it back.

Each press is judged by the book, on the roles and the words as they are at that moment.
"""

from __future__ import annotations

from aiogram import F, Router, html
from aiogram.dispatcher.event.bases import SkipHandler
from aiogram.enums import ChatType
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, LinkPreviewOptions, Message, User
from aiogram.utils.i18n import gettext as _

from bulletins.characters import without_odd_characters
from bulletins.wording import one_line
from handlers.access import acknowledge, may, person_of, writer_of
from handlers.buttons import Pressed, Rows
from handlers.commands import Command
from handlers.incoming import WITHOUT_WORDS
from handlers.moderation import ModerationDesk
from handlers.proposal_words import (
    agreed_words,
    proposal_lines,
    proposal_rows,
    seconding_words,
    sent_back_words,
)
from handlers.telling import show_instead
from members.buttons import Payload
from members.roles import Who
from reports.cases import Case, CaseId, Proposal
from reports.seconding import Seconding

_LONGEST_WORD_CHARACTERS = 200
_in_private = F.chat.type == ChatType.PRIVATE
_no_command = ~F.text.startswith("/")


class Refusing(StatesGroup):
    """What the second person is about to write."""

    word = State()


def router(desk: ModerationDesk, chat: str) -> Router:
    """The handlers, for the moderators' group ``chat`` and the staff's private chats."""
    talk = SecondingTalk(desk)
    routes = Router(name="seconding")
    staff, moderator = may(Who.STAFF), may(Who.MODERATOR)
    in_their_group = F.chat.func(lambda place: chat in (str(place.id), f"@{place.username}"))
    listing = Command("verdicts", "ketluan")
    routes.message.register(talk.list_waiting, listing, _in_private | in_their_group, flags=staff)
    routes.message.register(talk.take_word, Refusing.word, F.text, _no_command, flags=staff)
    routes.message.register(talk.need_word, Refusing.word, WITHOUT_WORDS, flags=staff)
    for action, handler, who in (
        ("verdict.agree", talk.agree, staff),
        ("verdict.refuse", talk.ask_word, staff),
        ("verdict.word", talk.send_back, staff),
        ("verdict.take_back", talk.take_back, moderator),
    ):
        routes.callback_query.register(handler, Pressed(action), flags=who)
    return routes


class SecondingTalk:
    """The handlers of this module."""

    def __init__(self, desk: ModerationDesk) -> None:
        self._desk = desk

    async def list_waiting(self, message: Message) -> None:
        """What waits for a second person, with the buttons for whoever asks."""
        waiting = await self._desk.seconds.waiting()
        if not waiting:
            await message.answer(_("No verdict waits for a second person."))
        for case in waiting:
            if case.proposal is not None:
                await self._show(message, case, case.proposal)

    async def _show(self, message: Message, case: Case, proposal: Proposal) -> None:
        person = writer_of(message)
        heading = html.bold(_("Case {number}").format(number=case.id))
        rows = proposal_rows(case, proposal, person)
        await message.answer(
            "\n".join([heading, *proposal_lines(case, proposal, self._desk.zone)]),
            reply_markup=await self._desk.buttons.keyboard(rows, chat=message.chat.id, person=person),
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        )

    async def agree(self, query: CallbackQuery, payload: Payload) -> None:
        """A yes to exactly these words: everybody who asked is told."""
        case = CaseId(payload["case"])
        outcome = await self._desk.seconds.agree(case, person_of(query.from_user), payload["hash"])
        await self._answer(query, outcome)
        card = await self._desk.cards.show(case)
        if outcome is Seconding.DONE and card is not None:
            await self._desk.cards.say(card, agreed_words(_name(query.from_user), card.case))
        self._desk.errands.wake()

    async def ask_word(self, query: CallbackQuery, payload: Payload, state: FSMContext) -> None:
        """Why is it sent back?"""
        await acknowledge(query)
        if not isinstance(query.message, Message):
            return
        words = (_("Something in it is wrong"), _("The source is not clear"), _("Not now"))
        rows: Rows = [[(word, "verdict.word", {**payload, "word": word})] for word in words]
        chat, person = query.message.chat.id, person_of(query.from_user)
        asked = _("{name}, why do you send it back? Choose, or reply to this message with a sentence.")
        prompt = await query.message.reply(
            asked.format(name=_name(query.from_user)),
            reply_markup=await self._desk.buttons.keyboard(rows, chat=chat, person=person),
        )
        await state.set_state(Refusing.word)
        await state.set_data({**payload, "prompt": prompt.message_id})

    async def send_back(self, query: CallbackQuery, payload: Payload, state: FSMContext) -> None:
        """A word was chosen."""
        await state.clear()
        outcome = await self._send_back(query.from_user, payload)
        await acknowledge(query, seconding_words(outcome), alert=outcome is not Seconding.DONE)
        await show_instead(query, seconding_words(outcome))

    async def take_word(self, message: Message, state: FSMContext) -> None:
        """A word was written."""
        data = await state.get_data()
        _only_if_meant(message, data)
        await state.clear()
        if message.from_user is None:
            return
        word = one_line(without_odd_characters(message.text or ""))[:_LONGEST_WORD_CHARACTERS]
        outcome = await self._send_back(message.from_user, {**data, "word": word})
        await message.reply(seconding_words(outcome))

    async def need_word(self, message: Message, state: FSMContext) -> None:
        """A sticker or a picture is no word that an author can work with."""
        _only_if_meant(message, await state.get_data())
        await message.reply(_("Please write the reason in a sentence, or choose one of the buttons above."))

    async def take_back(self, query: CallbackQuery, payload: Payload) -> None:
        """The author wants to change it: the case is theirs again."""
        case = CaseId(payload["case"])
        outcome = await self._desk.seconds.take_back(case, person_of(query.from_user), payload["hash"])
        await self._answer(query, outcome)
        card = await self._desk.cards.show(case)
        if outcome is Seconding.DONE and card is not None:
            asked = _(
                "{name}, the case is yours again. Please reply to this message with new words and a source."
            )
            prompt = await self._desk.cards.say(card, asked.format(name=_name(query.from_user)))
            await self._desk.verdicts.prompted(case, prompt or "")

    async def _send_back(self, who: User, payload: Payload) -> Seconding:
        case = CaseId(payload["case"])
        outcome = await self._desk.seconds.send_back(case, person_of(who), payload["hash"])
        card = await self._desk.cards.show(case)
        if outcome is Seconding.DONE and card is not None:
            prompt = await self._desk.cards.say(card, sent_back_words(_name(who), card.case, payload["word"]))
            await self._desk.verdicts.prompted(case, prompt or "")
        return outcome

    async def _answer(self, query: CallbackQuery, outcome: Seconding) -> None:
        await acknowledge(query, seconding_words(outcome), alert=outcome is not Seconding.DONE)
        if query.message is not None and query.message.chat.type == ChatType.PRIVATE:
            await show_instead(query, seconding_words(outcome))


def _name(account: User) -> str:
    return html.quote(account.first_name)


def _only_if_meant(message: Message, data: Payload) -> None:
    """In a group only a reply to the question is its answer. Raises SkipHandler for other talk."""
    replied = message.reply_to_message
    if message.chat.type != ChatType.PRIVATE and (
        replied is None or replied.message_id != data.get("prompt")
    ):
        raise SkipHandler
