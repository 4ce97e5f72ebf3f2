"""Composing a bulletin: /broadcast, the card of the draft, what is typed and chosen, the preview, a CAP file.

/broadcast ──kind──> text ──> source ──> card <──> a field ... ──preview──> for approval
What was typed stands in the draft at once: a restart, a mistake or a refusal loses nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aiogram import Bot, F, Router, html
from aiogram.enums import ChatType
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message
from aiogram.utils.i18n import gettext as _
from magic_filter import RegexpMode

from broadcasts.book import Refusal
from broadcasts.broadcast import Broadcast
from broadcasts.consent import may_go_alone
from broadcasts.drafting import Origin, anew, blank
from bulletins.bulletin import Audience, BulletinId, MsgType, Status, is_correction
from handlers.access import acknowledge, may, person_of, writer_of
from handlers.approving import Reviews, needs_words, own_code_words
from handlers.bulletin_desk import BulletinDesk
from handlers.bulletin_words import (
    headline_of,
    kind_words,
    link_lines,
    problem_lines,
    reach_words,
    short_headline,
    start_words,
    why_not,
)
from handlers.buttons import Cell, Pressed
from handlers.commands import Command
from handlers.draft_answers import Answer
from handlers.draft_cards import Card, DraftCards
from handlers.draft_fields import FIELDS, chosen
from handlers.pictures import picture_of, read_cap_file
from handlers.previews import Previews
from handlers.repetition_fields import asks_for_end
from handlers.telling import show_instead
from members.buttons import Payload
from members.roles import Who

_DRAFTS_OFFERED = 3
_LABEL_CHARACTERS = 30
_PARTS_SECONDS = 2
"""Telegram's apps cut a text that is too long and send its parts one right after the other."""
_LONG_CHARACTERS = 4_000
_MOST_TYPED_CHARACTERS = 16_384

_in_private = F.chat.type == ChatType.PRIVATE
_no_command = ~F.text.startswith("/")
_is_cap = F.document.file_name.lower().regexp(r"\.(?:xml|cap)$", mode=RegexpMode.SEARCH)
_composing = Command("broadcast", "bantin")


class Composing(StatesGroup):
    """What the author is about to send."""

    field = State()


def router(desk: BulletinDesk, reviews: Reviews) -> Router:
    """The handlers."""
    talk = ComposingTalk(desk, reviews)
    routes = Router(name="composing")
    moderator, staff = may(Who.MODERATOR), may(Who.STAFF)  # any of the staff may word a correction
    routes.message.register(talk.take_cap, F.document, _composing, _in_private, flags=moderator)
    routes.message.register(talk.take_cap, _is_cap, _in_private, flags=moderator)
    routes.message.register(talk.begin, _composing, _in_private, flags=moderator)
    routes.message.register(talk.go_private, _composing, flags=moderator)
    routes.message.register(talk.take_picture, Composing.field, F.photo, _in_private, flags=staff)
    routes.message.register(talk.take_typed, Composing.field, F.text, _no_command, _in_private, flags=staff)
    routes.message.register(talk.not_text, Composing.field, ~F.text, _in_private, flags=staff)
    routes.callback_query.register(talk.choose_kind, Pressed("draft.kind"), flags=moderator)
    routes.callback_query.register(talk.submit, Pressed("draft.submit"), flags=moderator)
    routes.callback_query.register(talk.submit, Pressed("correct.submit"), flags=staff)
    for action, handler in (
        ("draft.again", talk.write_again),
        ("draft.card", talk.show_card),
        ("draft.edit", talk.edit_field),
        ("draft.set", talk.set_field),
        ("draft.preview", talk.preview),
        ("draft.discard", talk.discard),
    ):
        routes.callback_query.register(handler, Pressed(action), flags=staff)
    return routes


class ComposingTalk:
    """The handlers of this module."""

    def __init__(self, desk: BulletinDesk, reviews: Reviews) -> None:
        self._desk = desk
        self._reviews = reviews
        self._cards = DraftCards(desk)
        self._previews = Previews(desk)

    async def go_private(self, message: Message) -> None:
        """A group is no place to write a bulletin in."""
        await message.reply(_("Please write /broadcast to me in our private chat."))

    async def begin(self, message: Message, state: FSMContext) -> None:
        """What kind of bulletin? Or go on with a draft."""
        await state.clear()
        person = writer_of(message)
        rows: list[list[Cell]] = [
            [(_("🟥 Real bulletin"), "draft.kind", {"status": Status.ACTUAL.value})],
            [(_("🟦 Drill"), "draft.kind", {"status": Status.EXERCISE.value})],
            [(_("⬜ Test"), "draft.kind", {"status": Status.TEST.value})],
        ]
        for draft in (await self._desk.desk.drafts_of(person))[:_DRAFTS_OFFERED]:
            label = _("Go on: {headline}").format(headline=_short(draft))
            rows.append([(label, "draft.card", {"bulletin": draft.id})])
        markup = await self._desk.buttons.keyboard(rows, chat=message.chat.id, person=person, repeatable=True)
        text = _("What kind of bulletin? You can also send me a CAP file (.xml), and I make a draft of it.")
        await message.answer(text, reply_markup=markup)

    async def choose_kind(self, query: CallbackQuery, payload: Payload, state: FSMContext) -> None:
        """A new draft, and its text is asked for."""
        await acknowledge(query)
        person = person_of(query.from_user)
        limits = await self._desk.limits_of(person)
        issuer = next(iter(self._desk.issuers_within(limits)), "")
        bulletin = blank(Status(payload["status"]), issuer, self._desk.now())
        bulletin = replace(bulletin, audience=Audience(areas=tuple(sorted(limits.areas))))
        origin = Origin(person, str(query.from_user.id), f"press:{query.id}")
        draft = await self._desk.desk.compose(bulletin, origin)
        await show_instead(query, f"<b>{kind_words(draft.bulletin)}</b>")
        await self._ask(query, state, draft, "text")

    async def write_again(self, query: CallbackQuery, payload: Payload) -> None:
        """A new draft with the words of one that was stopped before it went out."""
        await acknowledge(query)
        stopped = await self._found(payload)
        if isinstance(stopped, Refusal) or query.bot is None:
            return
        origin = Origin(person_of(query.from_user), str(query.from_user.id), f"press:{query.id}")
        draft = await self._desk.desk.compose(anew(stopped.bulletin, self._desk.now()), origin)
        text, markup = await self._card(draft)
        await query.bot.send_message(query.from_user.id, text, reply_markup=markup)

    async def show_card(self, query: CallbackQuery, payload: Payload, state: FSMContext) -> None:
        """The draft as it is now."""
        await acknowledge(query)
        await state.clear()
        draft = await self._found(payload)
        if isinstance(draft, Refusal):
            await show_instead(query, why_not(draft))
            return
        await show_instead(query, *await self._card(draft))

    async def edit_field(self, query: CallbackQuery, payload: Payload, state: FSMContext) -> None:
        """A page of choices, or the question what to write."""
        await acknowledge(query)
        draft = await self._found(payload)
        if isinstance(draft, Refusal):
            await show_instead(query, why_not(draft))
            return
        page = await self._cards.choices(draft, payload["field"], payload.get("page", 0))
        if page is None:
            await self._ask(query, state, draft, payload["field"])
        else:
            await show_instead(query, *page)

    async def set_field(self, query: CallbackQuery, payload: Payload) -> None:
        """Something was chosen on a page."""
        await acknowledge(query)
        field = payload["field"]
        edit = chosen(field, payload["value"], self._desk)
        draft = await self._desk.desk.edit(BulletinId(payload["bulletin"]), person_of(query.from_user), edit)
        if isinstance(draft, Refusal):
            await show_instead(query, why_not(draft))
        elif "page" in payload:
            page = await self._cards.choices(draft, field, payload["page"])
            await show_instead(query, *(page or await self._card(draft)))
        else:
            await show_instead(query, *await self._card(draft))

    async def take_typed(self, message: Message, state: FSMContext) -> None:
        """What was typed goes into the draft, or a sentence says why not."""
        data = await state.get_data()
        if message.message_id <= data.get("after", 0):
            return  # the answer before this question, delivered once more
        typed = _joined(data, message)
        edited = await self._edited(message, data, typed)
        if isinstance(edited, str):
            await message.answer(edited)
        else:
            await self._go_on(message, state, edited, {**data, "typed": typed})

    async def _edited(self, message: Message, data: Payload, typed: str) -> Broadcast | Refusal | str:
        """The draft with what was typed in its place, or the sentence that says why it cannot be."""
        draft = await self._found(data)
        if isinstance(draft, Refusal):
            return draft
        edit = FIELDS[data["field"]].read(Answer(typed, draft, self._desk))
        return (
            edit if isinstance(edit, str) else await self._desk.desk.edit(draft.id, writer_of(message), edit)
        )

    async def take_picture(self, message: Message, state: FSMContext, bot: Bot, bot_name: str) -> None:
        """A picture, and the words under it: the bulletin's text, or what the picture shows."""
        data = await state.get_data()
        media = await picture_of(message, bot, bot_name, self._desk)
        if isinstance(media, str):
            await message.answer(media)
            return
        words = message.caption or ""
        is_text = data["field"] == "text" and bool(words)
        shown = replace(media, caption="" if is_text else words)
        edited: Broadcast | Refusal | str = await self._desk.desk.edit(
            BulletinId(data["bulletin"]), writer_of(message), lambda bulletin: replace(bulletin, media=shown)
        )
        if is_text and isinstance(edited, Broadcast):
            edited = await self._edited(message, data, words)
        if not isinstance(edited, str):
            await self._go_on(message, state, edited, data)

    async def not_text(self, message: Message) -> None:
        """A sticker, a voice message, a file."""
        await message.answer(_("I need it as text, or a picture as a photo. Please send it again."))

    async def take_cap(self, message: Message, state: FSMContext, bot: Bot, bot_name: str) -> None:
        """A CAP file becomes a draft with its provenance, or one sentence says why not."""
        await state.clear()
        read = await read_cap_file(message, bot, self._desk)
        if isinstance(read, str):
            await message.answer(read)
            return
        key = f"message:{bot_name}:{message.chat.id}:{message.message_id}"
        origin = Origin(writer_of(message), str(message.chat.id), key)
        draft = await self._desk.desk.compose_from_cap(read, origin)
        text, markup = await self._card(draft)
        await message.answer(text, reply_markup=markup)
        if read.expires_needed:
            page = await self._cards.choices(draft, "expires")
            asked = _("The alert's own time is over. Until when does this bulletin count?")
            await message.answer(asked, reply_markup=page[1] if page else None)

    async def preview(
        self, query: CallbackQuery, payload: Payload, state: FSMContext, bot: Bot, bot_name: str
    ) -> None:
        """Exactly what channels will get, to how many, and the button that asks for approval."""
        await acknowledge(query)
        await state.clear()
        draft = await self._found(payload)
        if isinstance(draft, Refusal):
            await show_instead(query, why_not(draft))
            return
        problems = self._desk.desk.problems(draft)
        if problems:
            asked = _("Before it can go out:")
            await bot.send_message(query.from_user.id, f"{asked}\n{problem_lines(problems)}")
        else:
            await self._show_preview(bot, bot_name, draft)

    async def _show_preview(self, bot: Bot, bot_name: str, draft: Broadcast) -> None:
        await bot.send_message(draft.author_chat, _("👁 Preview. Channels get exactly this:"))
        await self._previews.show(bot, bot_name, draft.author_chat, draft)
        text, markup = await self._sending_card(draft)
        await bot.send_message(draft.author_chat, text, reply_markup=markup)

    async def submit(self, query: CallbackQuery, payload: Payload, bot: Bot, bot_name: str) -> None:
        """Ask the approvers. An older preview asks for nothing."""
        await acknowledge(query)
        bulletin_id = BulletinId(payload["bulletin"])
        result = await self._desk.desk.submit(bulletin_id, person_of(query.from_user), payload["hash"])
        if isinstance(result, Refusal):
            card: list[Cell] = [(_("Show the draft"), "draft.card", {"bulletin": bulletin_id})]
            chat, person = query.from_user.id, person_of(query.from_user)
            markup = await self._desk.buttons.keyboard([card], chat=chat, person=person)
            await show_instead(query, why_not(result), markup)
            return
        await show_instead(query, await self._reviews.ask(bot, bot_name, result))

    async def discard(self, query: CallbackQuery, payload: Payload, state: FSMContext) -> None:
        """The author throws the draft away."""
        await acknowledge(query)
        if (await state.get_data()).get("bulletin") == payload["bulletin"]:
            await state.clear()
        result = await self._desk.desk.discard(BulletinId(payload["bulletin"]), person_of(query.from_user))
        done = _("The draft was thrown away.")
        await show_instead(query, why_not(result) if isinstance(result, Refusal) else done)

    async def _ask(self, query: CallbackQuery, state: FSMContext, draft: Broadcast, field: str) -> None:
        await state.set_state(Composing.field)
        await state.set_data({"bulletin": draft.id, "field": field})
        if query.bot is not None:
            await query.bot.send_message(query.from_user.id, FIELDS[field].ask(draft, self._desk))

    async def _go_on(
        self, message: Message, state: FSMContext, edited: Broadcast | Refusal, data: dict[str, Any]
    ) -> None:
        """The next question of a new draft, or the card."""
        if isinstance(edited, Refusal):
            await state.clear()
            await message.answer(why_not(edited))
            return
        if len(data.get("typed", "")) >= _LONG_CHARACTERS:
            await state.set_data({**data, "until": message.date.timestamp() + _PARTS_SECONDS})
        elif data["field"] == "text" and _lacks_source(edited):
            await state.set_data({"bulletin": edited.id, "field": "source", "after": message.message_id})
            await message.answer(FIELDS["source"].ask(edited, self._desk))
            return
        else:
            await state.clear()
        is_rule = asks_for_end(data["field"], edited)
        page = await self._cards.choices(edited, "repeat.ends") if is_rule else None
        text, markup = page or await self._card(edited)
        await message.answer(text, reply_markup=markup)

    async def _card(self, draft: Broadcast) -> Card:
        """The card, and below it what is wrong with what is there; what is missing the card shows anyway."""
        text, markup = await self._cards.card(draft)
        wrong = [problem for problem in self._desk.desk.problems(draft) if not problem.kind.startswith("no_")]
        return (f"{text}\n\n{problem_lines(wrong)}" if wrong else text), markup

    async def _sending_card(self, draft: Broadcast) -> Card:
        size = await self._desk.desk.audience(draft)
        lines = [
            f"<b>{kind_words(draft.bulletin)}</b> · {headline_of(draft.bulletin)}",
            _("Goes to: {reach}").format(reach=reach_words(size)),
            *link_lines(draft.bulletin),
            needs_words(self._desk.needed(draft)),
        ]
        if draft.bulletin.recurrence is not None:
            when = html.quote(start_words(draft.bulletin, self._desk))
            lines.append(_("Goes out: {when}").format(when=when))
            lines.append(own_code_words())
        rows: list[list[Cell]] = [
            [_asking_button(draft)],
            [(_("✏️ Change something"), "draft.card", {"bulletin": draft.id})],
        ]
        chat, author = draft.author_chat, draft.author
        return "\n".join(lines), await self._desk.buttons.keyboard(rows, chat=chat, person=author)

    async def _found(self, payload: dict[str, Any]) -> Broadcast | Refusal:
        return await self._desk.desk.find(BulletinId(payload["bulletin"])) or Refusal.UNKNOWN


def _asking_button(draft: Broadcast) -> Cell:
    """Fixed words are confirmed by whoever chose them; everything else needs somebody else's yes."""
    this = {"bulletin": draft.id, "hash": draft.approval_hash}
    if may_go_alone(draft):
        return _("✅ Yes, send it everywhere now"), "correct.confirm", this
    action = "correct.submit" if is_correction(draft.bulletin) else "draft.submit"
    return _("📨 Ask for approval"), action, this


def _lacks_source(draft: Broadcast) -> bool:
    bulletin = draft.bulletin
    is_new_alert = bulletin.status is Status.ACTUAL and bulletin.msg_type is MsgType.ALERT
    return is_new_alert and not bulletin.source_url


def _joined(data: dict[str, Any], message: Message) -> str:
    """The text, behind the part of it that came a moment before."""
    typed = message.text or ""
    if message.date.timestamp() <= data.get("until", 0):
        return f"{data.get('typed', '')}{typed}"[:_MOST_TYPED_CHARACTERS]
    return typed


def _short(draft: Broadcast) -> str:
    return short_headline(draft.bulletin, _LABEL_CHARACTERS)
