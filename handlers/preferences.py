"""What a member chooses for a channel: /kenh, the settings card, pausing, leaving."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import time

from aiogram import Bot, F, Router
from aiogram.enums import ChatType
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message
from aiogram.utils.i18n import gettext as _

from handlers.access import acknowledge, may, person_of, writer_of
from handlers.buttons import Cell, Pressed
from handlers.commands import Command
from handlers.desk import MemberDesk
from handlers.enrolment_words import about_change, about_refusal
from handlers.pledging import go_away
from handlers.settings_cards import Card, apply, state_words
from handlers.telling import language, show_instead, tell
from members.buttons import Payload
from members.channel import Channel, ChannelId, ChannelKind, PersonId, Platform, QuietHours
from members.roles import Who
from members.upkeep import Answer, Change, Whereabouts

_HOURS = re.compile(r"(\d{1,2})(?:[:h.](\d{2})?)?(?: ?(?:-|–|—|đến|to) ?| )(\d{1,2})(?:[:h.](\d{2})?)?")
_LISTED_AT_MOST = 30
_DONE = frozenset({Change.DONE, Change.NOTHING})

_in_private = F.chat.type == ChatType.PRIVATE
_elsewhere = F.chat.type != ChatType.PRIVATE


class Typing(StatesGroup):
    """What the member is about to type."""

    quiet_hours = State()


def router(desk: MemberDesk) -> Router:
    """The handlers."""
    talk = PreferencesTalk(desk)
    routes = Router(name="preferences")
    listing = Command("kenh", "channels")
    leaving = Command("leave", "roi")
    pausing = Command("pause", "tamdung")
    routes.message.register(talk.list_channels, listing, _in_private, flags=may(Who.PERSON))
    routes.message.register(talk.list_channels, pausing, _in_private, flags=may(Who.PERSON))
    routes.message.register(talk.list_channels, leaving, _in_private, flags=may(Who.PERSON))
    routes.message.register(talk.leave_here, leaving, _elsewhere, flags=may(Who.PERSON))
    routes.message.register(talk.pause_here, pausing, _elsewhere, flags=may(Who.PERSON))
    routes.message.register(
        talk.take_hours, Typing.quiet_hours, _in_private, ~F.text.startswith("/"), flags=may(Who.PERSON)
    )
    for action, handler in (
        ("prefs.card", talk.show_card),
        ("prefs.set", talk.set_preference),
        ("prefs.choices", talk.show_choices),
        ("prefs.quiet", talk.show_quiet),
        ("prefs.quiet.type", talk.ask_hours),
        ("channel.pause", talk.pause),
        ("channel.resume", talk.resume),
        ("channel.leave", talk.leave),
    ):
        routes.callback_query.register(handler, Pressed(action), flags=may(Who.PERSON))
    return routes


class PreferencesTalk:
    """The handlers of this module."""

    def __init__(self, desk: MemberDesk) -> None:
        self._desk = desk

    async def list_channels(self, message: Message) -> None:
        """All of the person's channels, each a button."""
        person = writer_of(message)
        channels = await self._desk.upkeep.channels_of(person)
        if not channels:
            await message.answer(_("You have no channels yet. /start shows how to add one."))
            return
        rows: list[list[Cell]] = [
            [(_button_label(channel), "prefs.card", {"channel": channel.id})]
            for channel in channels[:_LISTED_AT_MOST]
        ]
        markup = await self._desk.buttons.keyboard(rows, chat=message.chat.id, person=person, repeatable=True)
        await message.answer(_("Your channels. Press one to change, pause or leave it:"), reply_markup=markup)

    async def show_card(self, query: CallbackQuery, payload: Payload, state: FSMContext) -> None:
        """The settings of one channel."""
        await state.clear()
        channel = await self._own(query, payload)
        if channel is not None:
            await show_instead(query, *await self._desk.settings.card(channel, _presser(query)))

    async def show_choices(self, query: CallbackQuery, payload: Payload) -> None:
        """The topics or areas to choose from."""
        channel = await self._own(query, payload)
        if channel is not None:
            card = self._desk.settings.choices(channel, _presser(query), payload["what"], payload["page"])
            await show_instead(query, *await card)

    async def show_quiet(self, query: CallbackQuery, payload: Payload) -> None:
        """The quiet hours to choose from."""
        channel = await self._own(query, payload)
        if channel is not None:
            await show_instead(query, *await self._desk.settings.quiet(channel, _presser(query)))

    async def set_preference(self, query: CallbackQuery, payload: Payload, bot: Bot) -> None:
        """One choice was made: keep it, and show the card or page as it is now."""
        channel = await self._own(query, payload, answer=False)
        if channel is None:
            return
        wanted = apply(channel.preferences, payload["set"])
        answer = await self._desk.upkeep.prefer(channel.id, _presser(query), wanted)
        if answer.change is Change.LACKS_RIGHTS:
            await acknowledge(query)
            name = (await bot.me()).username or ""
            await show_instead(query, *await self._desk.settings.pinning(channel, _presser(query), name))
            return
        if answer.change is not Change.DONE or answer.channel is None:
            await acknowledge(query, about_refusal(answer.change), alert=True)
            return
        await acknowledge(query, _("Done."))
        await show_instead(query, *await self._card_after(answer.channel, _presser(query), payload))

    async def ask_hours(self, query: CallbackQuery, payload: Payload, state: FSMContext) -> None:
        """The person wants to type the hours."""
        channel = await self._own(query, payload)
        if channel is not None:
            await state.set_state(Typing.quiet_hours)
            await state.set_data({"channel": channel.id})
            text = _("From when to when should it be quiet? Write for example: 21:30-5:45")
            await show_instead(query, text)

    async def take_hours(self, message: Message, state: FSMContext, bot: Bot) -> None:
        """The hours as the person typed them."""
        hours, person = read_hours(message.text or ""), writer_of(message)
        if hours is None:
            await message.answer(_("I did not understand. Like this, please: 21:30-5:45 (or /cancel)"))
            return
        channel = await self._desk.upkeep.channel_of(
            ChannelId((await state.get_data()).get("channel", 0)), person
        )
        await state.clear()
        answer = Answer(Change.NOT_YOURS)
        if channel is not None:
            wanted = replace(channel.preferences, quiet=hours)
            answer = await self._desk.upkeep.prefer(channel.id, person, wanted)
        if answer.change is not Change.DONE or answer.channel is None:
            await message.answer(about_refusal(answer.change))
            return
        await tell(bot, person, *await self._desk.settings.card(answer.channel, person))

    async def pause(self, query: CallbackQuery, payload: Payload) -> None:
        """Post nothing until resumed."""
        answer = await self._desk.upkeep.pause(ChannelId(payload["channel"]), _presser(query))
        await self._show_after(query, answer, _("Paused. I post nothing there until you resume."))

    async def resume(self, query: CallbackQuery, payload: Payload) -> None:
        """Post again."""
        answer = await self._desk.upkeep.resume(ChannelId(payload["channel"]), _presser(query))
        await self._show_after(query, answer, _("Welcome back: bulletins arrive there again."))

    async def leave(self, query: CallbackQuery, payload: Payload, bot: Bot) -> None:
        """One tap: the channel has left, and the bot goes."""
        answer = await self._desk.upkeep.leave(ChannelId(payload["channel"]), _presser(query))
        if answer.change not in _DONE or answer.channel is None:
            await acknowledge(query, about_refusal(answer.change), alert=True)
            return
        await acknowledge(query)
        await show_instead(query, _goodbye(answer.channel))
        await self._desk.tellings.mark_told(answer.channel.id, self._desk.now())
        await go_away(bot, answer.channel)

    async def leave_here(self, message: Message, bot: Bot, bot_name: str) -> None:
        """An admin sends the bot away, in the group itself."""
        answer = await self._desk.upkeep.leave_place(_where(bot_name, message), writer_of(message))
        if answer.change is not Change.DONE:
            only_admins = _("Only this group's admins can send me away. /verify is for everybody.")
            is_foreign = answer.change is Change.NOT_YOURS
            await message.reply(only_admins if is_foreign else about_refusal(answer.change))
            return
        await message.reply(_("I am going, as you wish. Thank you for having me."))
        channel = answer.channel
        if channel is not None and channel.member is not None:
            with language(channel.language):
                await tell(bot, channel.member, _goodbye(channel))
            await self._desk.tellings.mark_told(channel.id, self._desk.now())
        await bot.leave_chat(message.chat.id)

    async def pause_here(self, message: Message, bot_name: str) -> None:
        """The member pauses a group, in the group itself."""
        person = writer_of(message)
        channel = await self._desk.upkeep.channel_at(_where(bot_name, message))
        answer = None if channel is None else await self._desk.upkeep.pause(channel.id, person)
        if answer is None or answer.change is Change.NOT_YOURS:
            await message.reply(_("Only the admin who enrolled this group can pause it."))
            return
        if answer.change not in _DONE:
            await message.reply(about_refusal(answer.change))
            return
        await message.reply(_("Paused. I post nothing here until it is resumed: /kenh, in private."))

    async def _own(self, query: CallbackQuery, payload: Payload, *, answer: bool = True) -> Channel | None:
        """The channel this button is about, if it is still this person's; else they are told."""
        channel = await self._desk.upkeep.channel_of(ChannelId(payload["channel"]), _presser(query))
        if channel is None:
            await acknowledge(query, about_refusal(Change.NOT_YOURS), alert=True)
        elif answer:
            await acknowledge(query)
        return channel

    async def _show_after(self, query: CallbackQuery, answer: Answer, done: str) -> None:
        if answer.change not in _DONE or answer.channel is None:
            await acknowledge(query, about_refusal(answer.change), alert=True)
            return
        await acknowledge(query, done)
        await show_instead(query, *await self._desk.settings.card(answer.channel, _presser(query)))

    async def _card_after(self, channel: Channel, person: PersonId, payload: Payload) -> Card:
        if "back" in payload:
            page = payload.get("page", 0)
            return await self._desk.settings.choices(channel, person, payload["back"], page)
        return await self._desk.settings.card(channel, person)


def read_hours(typed: str) -> QuietHours | None:
    """The quiet hours that a person typed, such as ``21:30-5:45``, ``22h đến 6h`` or ``22 6``."""
    found = _HOURS.fullmatch(" ".join(typed[:40].split()))
    if found is None:
        return None
    first, first_minute, last, last_minute = (int(number or 0) for number in found.groups())
    if first > 23 or last > 23 or first_minute > 59 or last_minute > 59:
        return None
    starts, ends = time(first, first_minute), time(last, last_minute)
    return None if starts == ends else QuietHours(starts, ends)


def _presser(query: CallbackQuery) -> PersonId:
    return person_of(query.from_user)


def _where(bot_name: str, message: Message) -> Whereabouts:
    return Whereabouts(bot_name, Platform.TELEGRAM, str(message.chat.id))


def _button_label(channel: Channel) -> str:
    title = channel.title or _("Your private chat")
    return f"{title} · {state_words(channel)}"


def _goodbye(channel: Channel) -> str:
    if channel.kind is ChannelKind.SUBSCRIBER:
        return _("Done: no more bulletins here. Whenever you want them again, write /start.")
    return about_change(Change.LEFT, channel)
