"""Enrolling a group, a channel or a private chat: /start, the bot being added or taken out, /cancel.

Whatever concerns one person is said to them in private. Only when that is impossible, because they never
wrote to the bot, a group sees one sentence with a button that opens the private chat; a broadcast channel
sees nothing.
"""

from __future__ import annotations

import re

from aiogram import Bot, F, Router
from aiogram.enums import ChatType
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.filters import CommandObject
from aiogram.fsm.context import FSMContext
from aiogram.types import (
    CallbackQuery,
    Chat,
    ChatMemberUpdated,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
)
from aiogram.utils.i18n import gettext as _

from handlers.access import account_of, acknowledge, may, person_of, writer_of
from handlers.buttons import Pressed, Rows
from handlers.commands import Command, CommandStart
from handlers.desk import MemberDesk
from handlers.enrolment_words import about_change, about_progress, greeting, taken_over
from handlers.pledge_cards import PledgeCards
from handlers.telling import language, show_instead, spoken, tell
from members.buttons import Payload
from members.channel import Channel, ChannelKind, ChannelState, PersonId, Platform
from members.enrolment import Arrival, Progress, Step
from members.ports import Place
from members.roles import Who
from members.upkeep import Change, Whereabouts

_BROADCAST_RIGHTS = "post_messages+edit_messages"
_RESUME = "pledge"
_GROUP_ID = re.compile(r"-[0-9]{1,20}")
_AWAY = frozenset({"left", "kicked"})

_in_private = F.chat.type == ChatType.PRIVATE
_in_group = F.chat.type.in_({ChatType.GROUP, ChatType.SUPERGROUP})


def router(desk: MemberDesk) -> Router:
    """The handlers. Include this router first: /cancel works in the middle of everything."""
    talk = EnrolmentTalk(desk)
    routes = Router(name="enrolment")
    routes.message.register(talk.cancel, Command("cancel", "huy"), flags=may(Who.PERSON))
    routes.message.register(talk.start, CommandStart(deep_link=False), _in_private, flags=may(Who.PERSON))
    resuming = CommandStart(deep_link=True, magic=F.args.startswith(_RESUME))
    routes.message.register(talk.resume, resuming, _in_private, flags=may(Who.PERSON))
    routes.message.register(
        talk.start_in_group, CommandStart(deep_link=True), _in_group, flags=may(Who.ANYONE)
    )
    routes.message.register(talk.introduce, CommandStart(deep_link=False), _in_group, flags=may(Who.ANYONE))
    routes.message.register(talk.moved_to, F.migrate_to_chat_id, flags=may(Who.ANYONE))
    routes.message.register(talk.moved_from, F.migrate_from_chat_id, flags=may(Who.ANYONE))
    routes.my_chat_member.register(talk.membership, flags=may(Who.ANYONE))
    routes.callback_query.register(talk.subscribe, Pressed("subscribe"), flags=may(Who.PERSON))
    routes.callback_query.register(talk.how_to_check, Pressed("check.how"), flags=may(Who.PERSON))
    routes.callback_query.register(talk.speak, Pressed("language"), flags=may(Who.PERSON))
    return routes


class EnrolmentTalk:
    """The handlers of this module."""

    def __init__(self, desk: MemberDesk) -> None:
        self._desk = desk
        self._cards = PledgeCards(desk)

    async def start(self, message: Message, bot: Bot, state: FSMContext) -> None:
        """Greet, and show where the person was when something waits for them."""
        await state.clear()
        person = writer_of(message)
        await message.answer(greeting(), reply_markup=await self._welcome_keyboard(bot, person))
        await self._show_waiting(bot, person)

    async def resume(
        self, message: Message, command: CommandObject, bot: Bot, bot_name: str, state: FSMContext
    ) -> None:
        """The button in a group was opened: somebody wants to speak for that group, under their own name."""
        await self.start(message, bot, state)
        _, _, chat_id = (command.args or "").partition("_")
        if not chat_id:
            return
        person, chat = writer_of(message), await _chat(bot, chat_id)
        progress = Progress(Step.NOT_ADMIN, person=person)  # also of a group that the bot does not know
        if chat is not None and not self._desk.is_own(chat):
            progress = await self._desk.enrolment.begin(_arrival(bot_name, chat, person))
        # Who has no say there learns nothing, not even the title.
        title = "" if chat is None or progress.step is Step.NOT_ADMIN else chat.title
        await self._go_on(bot, message.chat, progress, title or "")

    async def _show_waiting(self, bot: Bot, person: PersonId) -> None:
        for progress in await self._desk.enrolment.waiting(person):
            await self._show(bot, person, progress, progress.channel.title if progress.channel else "")
        for channel in await self._desk.enrolment.outdated(person):
            await self._cards.send(bot, channel, person)

    async def start_in_group(self, message: Message, command: CommandObject, bot: Bot, bot_name: str) -> None:
        """The link that brings the bot into a group writes this, in the person's name."""
        if self._desk.is_own(message.chat):
            return
        account, chat = account_of(message), message.chat
        person = None if account is None else person_of(account)
        arrival = _arrival(bot_name, chat, person, token=command.args)
        await self._go_on(bot, chat, await self._desk.enrolment.begin(arrival), chat.title or "")

    async def introduce(self, message: Message, bot: Bot, bot_name: str) -> None:
        """Somebody asks in a group who this is."""
        channel = await self._desk.upkeep.channel_at(_where(bot_name, message.chat))
        if channel is not None and channel.state is ChannelState.ACTIVE:
            text = _("I post verified official bulletins here. /verify checks a message; /leave makes me go.")
        else:
            text = _("I bring verified official bulletins. One of this group's admins can let me post here.")
        await message.answer(text, reply_markup=await _private_link(bot, message.chat))

    async def membership(self, event: ChatMemberUpdated, bot: Bot, bot_name: str) -> None:
        """The bot was added, taken out, promoted or demoted somewhere."""
        before, after = event.old_chat_member.status, event.new_chat_member.status
        account, where = account_of(event), _where(bot_name, event.chat)
        person = None if account is None else person_of(account)
        if after in _AWAY:
            answer = await self._desk.upkeep.removed(where, person)
            await self._tell_change(bot, answer.change, answer.channel)
        elif event.chat.type == ChatType.PRIVATE or self._desk.is_own(event.chat):
            return
        elif before in _AWAY:
            progress = await self._desk.enrolment.begin(_arrival(bot_name, event.chat, person))
            await self._go_on(bot, event.chat, progress, event.chat.title or "")
        else:
            answer = await self._desk.upkeep.rights_changed(where)
            await self._tell_change(bot, answer.change, answer.channel)

    async def moved_to(self, message: Message, bot_name: str) -> None:
        """Service message in the old group: it became a supergroup."""
        await self._desk.upkeep.moved(_where(bot_name, message.chat), str(message.migrate_to_chat_id))

    async def moved_from(self, message: Message, bot_name: str) -> None:
        """Service message in the new supergroup, about the same."""
        old = Whereabouts(bot_name, Platform.TELEGRAM, str(message.migrate_from_chat_id))
        await self._desk.upkeep.moved(old, str(message.chat.id))

    async def subscribe(self, query: CallbackQuery, bot: Bot, bot_name: str) -> None:
        """Bulletins in this private chat."""
        person = person_of(query.from_user)
        chat = str(query.from_user.id)
        place = Place(bot_name, Platform.TELEGRAM, chat, ChannelKind.SUBSCRIBER, "", 1)
        progress = await self._desk.enrolment.subscribe(place, person, spoken())
        await acknowledge(query)
        if progress.channel is None:
            return
        text, markup = await self._desk.settings.card(progress.channel, person)
        opening = _("Bulletins will come here. You can choose which, and stop at any time:")
        await tell(bot, person, f"{opening}\n\n{text}", markup)

    async def how_to_check(self, query: CallbackQuery, bot: Bot) -> None:
        """How a message is checked."""
        await acknowledge(query)
        text = _(
            "Forward me a message that looks like an official notice, or send the code that stands on it "
            "(it begins with LOA). I will tell you whether it is genuine, changed or unknown."
        )
        await tell(bot, person_of(query.from_user), text)

    async def speak(self, query: CallbackQuery, bot: Bot, payload: Payload) -> None:
        """Change the language, and show the greeting in it."""
        person = person_of(query.from_user)
        await self._desk.languages.choose_language(person, payload["language"], self._desk.now())
        await acknowledge(query)
        with language(payload["language"]):
            await show_instead(query, greeting(), await self._welcome_keyboard(bot, person))

    async def cancel(self, message: Message, state: FSMContext) -> None:
        """Stop whatever was going on."""
        was_busy = await state.get_state() is not None
        await state.clear()
        stopped = _("Stopped. Nothing was changed. /start shows where you are.")
        idle = _("There was nothing to stop. /start shows where you are.")
        await message.answer(stopped if was_busy else idle)

    async def _go_on(self, bot: Bot, chat: Chat, progress: Progress, title: str) -> None:
        """Answer one step: in private if possible, else in the group."""
        person, channel = progress.person, progress.channel
        if progress.former is not None and channel is not None:
            with language(channel.language):
                await tell(bot, progress.former, taken_over(channel))
        news = progress.step in (Step.PLEDGE, Step.LACKS_RIGHTS)
        if news and channel is not None and await self._desk.tellings.is_told(channel.id):
            return
        if person is not None and await self._show(bot, person, progress, title):
            return
        if chat.type in (ChatType.GROUP, ChatType.SUPERGROUP):
            text = _("So that I know who speaks for this group, one of its admins please opens this button.")
            await bot.send_message(chat.id, text, reply_markup=await _private_link(bot, chat))

    async def _show(self, bot: Bot, person: PersonId, progress: Progress, title: str) -> bool:
        if progress.step is Step.PLEDGE and progress.channel is not None:
            return await self._cards.send(bot, progress.channel, person)
        told = await tell(bot, person, about_progress(progress, title))
        if told and progress.step is Step.LACKS_RIGHTS and progress.channel is not None:
            await self._desk.tellings.mark_told(progress.channel.id, self._desk.now())
        return told

    async def _tell_change(self, bot: Bot, change: Change, channel: Channel | None) -> None:
        """Tell the member once what happened to their channel."""
        if channel is None or channel.member is None or change is Change.NOTHING:
            return
        if await self._desk.tellings.is_told(channel.id):
            return
        if change is Change.MENDED and channel.state is ChannelState.PLEDGING:
            await self._cards.send(bot, channel, channel.member)
            return
        with language(channel.language):
            if channel.kind is not ChannelKind.SUBSCRIBER:
                await tell(bot, channel.member, about_change(change, channel))
        await self._desk.tellings.mark_told(channel.id, self._desk.now())

    async def _welcome_keyboard(self, bot: Bot, person: PersonId) -> InlineKeyboardMarkup:
        token, name = await self._desk.enrolment.invite(person), (await bot.me()).username
        group = (
            f"https://t.me/{name}?startgroup={token}"  # no right is asked for: so it hears no ordinary talk
        )
        broadcast = f"https://t.me/{name}?startchannel&admin={_BROADCAST_RIGHTS}"
        other, label = ("en", "English") if spoken() == "vi" else ("vi", "Tiếng Việt")
        rows: Rows = [
            [InlineKeyboardButton(text=_("➕ Add to a group"), url=group)],
            [InlineKeyboardButton(text=_("📢 Add to a channel"), url=broadcast)],
            [(_("🔔 Get bulletins here"), "subscribe", {})],
            [(_("🔎 Check a message"), "check.how", {})],
            [(label, "language", {"language": other})],
        ]
        chat = person.partition(":")[2]
        return await self._desk.buttons.keyboard(rows, chat=chat, person=person, repeatable=True)


def _where(bot_name: str, chat: Chat) -> Whereabouts:
    return Whereabouts(bot_name, Platform.TELEGRAM, str(chat.id))


def _arrival(bot_name: str, chat: Chat, person: PersonId | None, token: str | None = None) -> Arrival:
    return Arrival(bot_name, Platform.TELEGRAM, str(chat.id), person, spoken(), token)


async def _chat(bot: Bot, chat_id: str) -> Chat | None:
    """The group that a button named, if the bot sees it."""
    if not _GROUP_ID.fullmatch(chat_id):
        return None
    try:
        return await bot.get_chat(int(chat_id))
    except (TelegramForbiddenError, TelegramBadRequest):
        return None


async def _private_link(bot: Bot, chat: Chat) -> InlineKeyboardMarkup:
    """Leads to the private chat. The group's number is no secret: who opens it must administer the group."""
    url = f"https://t.me/{(await bot.me()).username}?start={_RESUME}_{chat.id}"
    return InlineKeyboardMarkup(
        inline_keyboard=[[InlineKeyboardButton(text=_("Write to me in private"), url=url)]]
    )
