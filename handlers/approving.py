"""Approval: the other approvers see exactly what would go out, and say yes, or no with a reason.

Each press is judged by the book, on the roles and the bytes as they are at that moment.
"""

from __future__ import annotations

from aiogram import Bot, F, Router, html
from aiogram.dispatcher.event.bases import SkipHandler
from aiogram.enums import ChatType
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext
from aiogram.utils.i18n.context import get_i18n

from broadcasts.book import Consented, Refusal
from broadcasts.broadcast import Broadcast, BroadcastState
from broadcasts.consent import at_once, judge_colleague
from bulletins.bulletin import BulletinId
from handlers.access import acknowledge, may, person_of, writer_of
from handlers.bulletin_desk import BulletinDesk
from handlers.bulletin_words import (
    headline_of,
    kind_words,
    link_lines,
    moment_words,
    reach_words,
    start_words,
    why_not,
)
from handlers.buttons import Cell, Pressed
from handlers.commands import Command
from handlers.difference_words import difference_words
from handlers.incoming import WITHOUT_WORDS
from handlers.previews import Previews
from handlers.progress_board import ProgressBoard, action_rows
from handlers.telling import chat_of, language, show_instead, tell
from members.buttons import Payload
from members.channel import PersonId
from members.roles import Role, Who

_SHOWN_AT_MOST = 5
_LONGEST_REASON_CHARACTERS = 200
_PROMPT = "prompt"

_no_command = ~F.text.startswith("/")


class Reviewing(StatesGroup):
    """What the approver is about to write."""

    reason = State()


def router(desk: BulletinDesk, reviews: Reviews, progress: ProgressBoard) -> Router:
    """The handlers."""
    talk = ApprovingTalk(desk, reviews, progress)
    routes = Router(name="approving")
    approver = may(Who.APPROVER)
    routes.message.register(talk.list_waiting, Command("review", "duyet"), flags=approver)
    routes.message.register(talk.take_reason, Reviewing.reason, F.text, _no_command, flags=approver)
    routes.message.register(talk.need_reason, Reviewing.reason, WITHOUT_WORDS, flags=approver)
    for action, handler in (
        ("review.approve", talk.approve),
        ("review.refuse", talk.ask_reason),
        ("review.reason", talk.refuse),
        ("review.show", talk.show),
    ):
        routes.callback_query.register(handler, Pressed(action), flags=approver)
    return routes


class Reviews:
    """Brings bulletins before those who may approve them."""

    def __init__(self, desk: BulletinDesk) -> None:
        self._desk = desk
        self._previews = Previews(desk)

    async def ask(
        self, bot: Bot, bot_name: str, broadcast: Broadcast, asked_by: PersonId | None = None
    ) -> str:
        """Show it to every approver who has no part in it, and to the moderators' chat; what to tell who asked.

        With ``asked_by`` it is what `consent.at_once` made of a bulletin that waits for its time.
        """
        reached, missed = list[str](), list[str]()
        for colleague in await self._desk.desk.staff():
            may_say = judge_colleague(broadcast, colleague) is None and Role.APPROVER in colleague.roles
            has_part = not {broadcast.author, asked_by}.isdisjoint({colleague.person, *colleague.others})
            if may_say and not has_part:
                chat = chat_of(colleague.person)
                with language(get_i18n().default_locale):
                    arrived = await self.show(bot, bot_name, chat, colleague.person, broadcast, asked_by)
                (reached if arrived else missed).append(colleague.name)
        moderators_chat = self._desk.moderators_chats.get(bot_name)
        if moderators_chat is not None:
            with language(get_i18n().default_locale):
                await self.show(bot, bot_name, moderators_chat, None, broadcast, asked_by)
        return self._asked(reached, missed, self._desk.needed(broadcast))

    async def show(
        self,
        bot: Bot,
        bot_name: str,
        chat: int | str,
        person: PersonId | None,
        broadcast: Broadcast,
        asked_by: PersonId | None = None,
    ) -> bool:
        """The preview, what it changes, and the buttons; False when that chat cannot be written to."""
        try:
            first = await bot.send_message(chat, _("👁 To approve. Channels would get exactly this:"))
            await self._previews.show(bot, bot_name, chat, broadcast)
            difference = difference_words(broadcast, self._desk)
            if difference is not None:
                await bot.send_message(chat, difference)
            markup = await self.keyboard(first.chat.id, person, broadcast, asked_by)
            await bot.send_message(chat, await self._card(broadcast, asked_by), reply_markup=markup)
        except (TelegramForbiddenError, TelegramBadRequest):
            return False
        return True

    async def keyboard(
        self,
        chat: int | str,
        person: PersonId | None,
        broadcast: Broadcast,
        asked_by: PersonId | None = None,
    ) -> InlineKeyboardMarkup:
        """The two buttons. In a chat of several approvers one press must not take them from the others.

        What waits for its time goes on waiting, unless somebody agrees to send it at once.
        """
        this = {"bulletin": broadcast.id, "hash": broadcast.approval_hash}
        row: list[Cell] = [
            (_("✅ Approve"), "review.approve", this),
            (_("↩️ Send back"), "review.refuse", this),
        ]
        if asked_by is not None:
            row = [(_("✅ Approve: send it now"), "review.approve", {**this, "asked_by": asked_by})]
        return await self._desk.buttons.keyboard([row], chat=chat, person=person, repeatable=person is None)

    async def _card(self, broadcast: Broadcast, asked_by: PersonId | None) -> str:
        desk = self._desk
        author = await desk.name_of(broadcast.author)
        size = await desk.desk.audience(broadcast)
        lines = [
            f"<b>{kind_words(broadcast.bulletin)}</b> · {headline_of(broadcast.bulletin)}",
            _("Written by: {name}").format(name=author),
            _("Goes to: {reach}").format(reach=reach_words(size)),
            _("Goes out: {when}").format(when=html.quote(start_words(broadcast.bulletin, desk))),
            *link_lines(broadcast.bulletin),
            needs_words(desk.needed(broadcast)),
        ]
        if broadcast.bulletin.recurrence is not None:
            lines.insert(-1, own_code_words())
        if asked_by is not None:
            said = _("{name} asks to send it now, not at the time it was approved for.")
            lines.insert(1, said.format(name=await desk.name_of(asked_by)))
        return "\n".join(lines)

    def _asked(self, reached: list[str], missed: list[str], needed: int) -> str:
        lines = [_("Sent for approval."), needs_words(needed)]
        if reached:
            lines.append(_("Asked: {names}.").format(names=html.quote(", ".join(reached))))
        if not reached and not missed:
            lines.append(
                _(
                    "Nobody else of the staff may approve it at the moment. Please ask for one more approver to be "
                    "named."
                )
            )
        if missed:
            names = html.quote(", ".join(missed))
            lines.append(
                _("I cannot write to {names}. Ask them to press START here and then write /duyet.").format(
                    names=names
                )
            )
        return "\n".join(lines)


class ApprovingTalk:
    """The handlers of this module."""

    def __init__(self, desk: BulletinDesk, reviews: Reviews, progress: ProgressBoard) -> None:
        self._desk = desk
        self._reviews = reviews
        self._progress = progress

    async def list_waiting(self, message: Message, bot: Bot, bot_name: str) -> None:
        """Everything that waits for this approver."""
        person = writer_of(message)
        me = next((one for one in await self._desk.desk.staff() if one.person == person), None)
        waiting = [
            one
            for one in await self._desk.desk.awaiting_review()
            if one.author != person and person not in one.approved_by and judge_colleague(one, me) is None
        ]
        if not waiting:
            await message.answer(_("Nothing waits for your approval."))
        for broadcast in waiting[:_SHOWN_AT_MOST]:
            await self._reviews.show(bot, bot_name, message.chat.id, person, broadcast)

    async def show(self, query: CallbackQuery, payload: Payload, bot: Bot, bot_name: str) -> None:
        """The bulletin as it is now, after an older preview was pressed."""
        await acknowledge(query)
        broadcast = await self._desk.desk.find(BulletinId(payload["bulletin"]))
        if broadcast is None or broadcast.state is not BroadcastState.IN_REVIEW:
            await show_instead(query, why_not(Refusal.TOO_LATE))
            return
        await self._reviews.show(bot, bot_name, query.from_user.id, person_of(query.from_user), broadcast)

    async def approve(self, query: CallbackQuery, payload: Payload, bot: Bot) -> None:
        """A yes to these bytes."""
        person = person_of(query.from_user)
        bulletin_id, asked_by = BulletinId(payload["bulletin"]), payload.get("asked_by")
        result = await self._desk.desk.approve(bulletin_id, person, payload["hash"], asked_by)
        if isinstance(result, Refusal):
            await self._tell_refused(query, payload, result)
            return
        await acknowledge(query)
        await self._tell_approved(query, payload, bot, result)
        if result.broadcast.state is BroadcastState.SENDING:
            await self._progress.show(result.broadcast.id)

    async def _tell_approved(
        self, query: CallbackQuery, payload: Payload, bot: Bot, result: Consented
    ) -> None:
        """Both people are told; in a chat of several, the buttons stay while somebody is still needed."""
        name = await self._desk.name_of(person_of(query.from_user))
        headline = headline_of(result.broadcast.bulletin)
        said = _("{name} approved: {headline}").format(name=name, headline=headline)
        text = f"{said}\n{self._outcome(result)}"
        markup = None
        group = _group_of(query)
        if result.still_needed and group is not None:
            asked_by = payload.get("asked_by")
            shown = result.broadcast if asked_by is None else at_once(result.broadcast)
            markup = await self._reviews.keyboard(group, None, shown, asked_by)
        await show_instead(query, text, markup)
        await tell(bot, result.broadcast.author, text, await self._on_its_way(result.broadcast))

    async def _on_its_way(self, broadcast: Broadcast) -> InlineKeyboardMarkup | None:
        """A scheduled one can still be stopped, or sent at once; of a series, the next one left out."""
        if broadcast.state not in (BroadcastState.SCHEDULED, BroadcastState.RECURRING):
            return None
        return await self._desk.buttons.keyboard(
            action_rows(broadcast), chat=broadcast.author_chat, person=None, repeatable=True
        )

    async def ask_reason(self, query: CallbackQuery, payload: Payload, state: FSMContext, bot: Bot) -> None:
        """Why is it sent back?"""
        await acknowledge(query)
        await state.set_state(Reviewing.reason)
        await state.set_data(payload)
        group = _group_of(query)
        markup = await self._reasons(group or query.from_user.id, person_of(query.from_user), payload)
        if group is None:
            await show_instead(
                query, _("Why do you send it back? Choose, or write it in a sentence."), markup
            )
            return
        name = html.quote(query.from_user.full_name)
        asked = _("{name}, why do you send it back? Choose, or reply to this message with a sentence.")
        prompt = await bot.send_message(group, asked.format(name=name), reply_markup=markup)
        await state.update_data({_PROMPT: prompt.message_id})

    async def _reasons(self, chat: int, person: PersonId, payload: Payload) -> InlineKeyboardMarkup:
        reasons = (_("Something in it is wrong"), _("The source is not clear"), _("Not now"))
        rows: list[list[Cell]] = [
            [(reason, "review.reason", {**payload, "reason": reason})] for reason in reasons
        ]
        return await self._desk.buttons.keyboard(rows, chat=chat, person=person)

    async def refuse(self, query: CallbackQuery, payload: Payload, state: FSMContext, bot: Bot) -> None:
        """A reason was chosen."""
        await acknowledge(query)
        await state.clear()
        await show_instead(query, await self._refused(bot, person_of(query.from_user), payload))

    async def take_reason(self, message: Message, state: FSMContext, bot: Bot) -> None:
        """A reason was written."""
        data = await state.get_data()
        _only_if_meant(message, data)
        await state.clear()
        reason = " ".join((message.text or "").split())[:_LONGEST_REASON_CHARACTERS]
        await message.answer(await self._refused(bot, writer_of(message), {**data, "reason": reason}))

    async def need_reason(self, message: Message, state: FSMContext) -> None:
        """A sticker or a picture is no reason that an author can work with."""
        _only_if_meant(message, await state.get_data())
        await message.reply(_("Please write the reason in a sentence, or choose one of the buttons above."))

    async def _refused(self, bot: Bot, person: PersonId, payload: Payload) -> str:
        """Send it back, tell its author; what to tell the approver."""
        desk = self._desk
        result = await desk.desk.refuse(
            BulletinId(payload["bulletin"]), person, payload["hash"], payload["reason"]
        )
        if isinstance(result, Refusal):
            return why_not(result)
        name, headline = await desk.name_of(person), headline_of(result.bulletin)
        rows: list[list[Cell]] = [[(_("Show the draft"), "draft.card", {"bulletin": result.id})]]
        markup = await desk.buttons.keyboard(
            rows, chat=result.author_chat, person=result.author, repeatable=True
        )
        said = _("{name} sent back {headline}: {reason}")
        words = said.format(name=name, headline=headline, reason=html.quote(payload["reason"]))
        await tell(bot, result.author, words, markup)
        return _("Sent back to its author. Thank you for reading carefully.")

    async def _tell_refused(self, query: CallbackQuery, payload: Payload, refusal: Refusal) -> None:
        """In a chat of several approvers only the one who pressed hears it, and the buttons stay."""
        if _group_of(query) is not None:
            await acknowledge(query, why_not(refusal), alert=True)
            return
        await acknowledge(query)
        markup = None
        if refusal is Refusal.CHANGED:
            row: list[Cell] = [(_("Show it as it is now"), "review.show", {"bulletin": payload["bulletin"]})]
            chat, person = query.from_user.id, person_of(query.from_user)
            markup = await self._desk.buttons.keyboard([row], chat=chat, person=person)
        await show_instead(query, why_not(refusal), markup)

    def _outcome(self, result: Consented) -> str:
        bulletin = result.broadcast.bulletin
        if result.still_needed:
            return needs_words(result.still_needed)
        if result.broadcast.state is BroadcastState.SCHEDULED and bulletin.not_before is not None:
            is_over = bulletin.not_before <= self._desk.now()
            said = _missed_words() if is_over else _("It goes out at {moment}.")
            return said.format(moment=moment_words(bulletin.not_before, self._desk))
        if result.broadcast.state is BroadcastState.RECURRING:
            return _("It repeats: {when}").format(when=html.quote(start_words(bulletin, self._desk)))
        return _("It is going out now.")


def _only_if_meant(message: Message, data: Payload) -> None:
    """Among several people only a reply to the question is its answer. Raises SkipHandler for other talk."""
    asked, replied = data.get(_PROMPT), message.reply_to_message
    if asked is not None and (replied is None or replied.message_id != asked):
        raise SkipHandler


def _group_of(query: CallbackQuery) -> int | None:
    """The chat of several people in which the button stands."""
    chat = query.message.chat if query.message else None
    return None if chat is None or chat.type == ChatType.PRIVATE else chat.id


def own_code_words() -> str:
    """What a preview of a series cannot show."""
    return _("Each time it gets a code of its own, in place of the one above.")


def _missed_words() -> str:
    """It was approved too late for its hour: another hour is another approval."""
    return _("Its time, {moment}, is over, so it is held. /lich shows it: send it at once, or stop it.")


def needs_words(needed: int) -> str:
    """How many approvals are missing."""
    return ngettext("{count} approval is needed.", "{count} approvals are needed.", needed).format(
        count=needed
    )
