"""Pledging: read, then confirm; then the certificate, the settings, and an open word in the group."""

from __future__ import annotations

from aiogram import Bot, Router, html
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message
from aiogram.utils.i18n import gettext as _

from handlers.access import acknowledge, may, person_of
from handlers.buttons import Pressed
from handlers.commands import Command
from handlers.desk import MemberDesk
from handlers.enrolment_words import about_progress, about_refusal
from handlers.pledge_cards import PledgeCards
from handlers.telling import language, show_instead, spoken, tell, title_of
from members.buttons import Payload
from members.channel import Channel, ChannelId, ChannelKind, ChannelState
from members.enrolment import Progress, Step
from members.pledge import Pledge
from members.roles import Who
from members.upkeep import Change

_TRY_AGAIN = frozenset({Step.NOT_ADMIN, Step.UNREACHABLE})
_GONE = frozenset({ChannelState.LEFT, ChannelState.LOST})
_LEFT = frozenset({Change.DONE, Change.NOTHING})
"""What an act of leaving comes to when the channel has left, now or by the same press before."""


def router(desk: MemberDesk) -> Router:
    """The handlers."""
    talk = PledgingTalk(desk)
    routes = Router(name="pledging")
    routes.message.register(talk.texts, Command("camket", "pledge"), flags=may(Who.ANYONE))
    for action, handler in (
        ("pledge.read", talk.read),
        ("pledge.language", talk.read_in),
        ("pledge.confirm", talk.confirm),
        ("pledge.later", talk.later),
        ("pledge.decline", talk.decline),
    ):
        routes.callback_query.register(handler, Pressed(action), flags=may(Who.PERSON))
    return routes


class PledgingTalk:
    """The handlers of this module."""

    def __init__(self, desk: MemberDesk) -> None:
        self._desk = desk
        self._cards = PledgeCards(desk)

    async def texts(self, message: Message, command: CommandObject) -> None:
        """Check a certificate's code, or show the pledge to whoever wants to read it: it is no secret."""
        if command.args:
            certified = await self._desk.enrolment.certified(command.args)
            await message.answer(_about_certificate(certified))
            return
        text = self._desk.enrolment.text(spoken())
        await message.answer(f"{html.bold(html.quote(text.title))}\n\n{html.quote(text.body)}")

    async def read(self, query: CallbackQuery, payload: Payload) -> None:
        """The text was read: now the button that pledges."""
        channel = await self._waiting_channel(query, payload)
        if channel is not None:
            card = await self._cards.to_confirm(channel, person_of(query.from_user), payload["language"])
            await show_instead(query, *card)

    async def read_in(self, query: CallbackQuery, payload: Payload) -> None:
        """The text in the other language."""
        channel = await self._waiting_channel(query, payload)
        if channel is not None:
            card = await self._cards.to_read(channel, person_of(query.from_user), payload["language"])
            await show_instead(query, *card)

    async def later(self, query: CallbackQuery) -> None:
        """Not now: it waits."""
        await show_instead(query, _("Gladly. It waits for you: write /start whenever you like."))
        await acknowledge(query)

    async def decline(self, query: CallbackQuery, bot: Bot, payload: Payload) -> None:
        """No: the channel leaves before it began, and the bot goes."""
        person = person_of(query.from_user)
        answer = await self._desk.upkeep.leave(ChannelId(payload["channel"]), person)
        text = _("All right, and thank you for reading. I post nothing there, and nothing else happens.")
        if answer.change is Change.UNREACHABLE:
            text = about_refusal(answer.change)
        await show_instead(query, text)
        await acknowledge(query)
        if answer.change in _LEFT and answer.channel is not None:
            await self._desk.tellings.mark_told(answer.channel.id, self._desk.now())
            await go_away(bot, answer.channel)

    async def confirm(self, query: CallbackQuery, bot: Bot, payload: Payload) -> None:
        """The deliberate act."""
        person = person_of(query.from_user)
        channel = await self._desk.upkeep.channel_of(ChannelId(payload["channel"]), person)
        progress = Progress(Step.NOT_WAITING)
        if channel is not None:
            progress = await self._desk.enrolment.confirm(
                channel, person, payload["version"], payload["language"]
            )
        await acknowledge(query)
        if progress.pledge is not None and progress.channel is not None:
            await self._welcome(query, bot, progress.channel, progress.pledge)
        else:
            await self._not_yet(query, bot, progress, payload)

    async def _welcome(self, query: CallbackQuery, bot: Bot, channel: Channel, pledge: Pledge) -> None:
        """Say it openly in the channel, and thank the member; once, even if the press is delivered twice."""
        if await self._desk.tellings.is_told(channel.id):
            return
        with language(channel.language):
            if pledge.confirmed_at == channel.enrolled_at:  # not when a new version was asked for
                await _greet_channel(bot, channel)
        await show_instead(query, _certificate_text(channel, pledge))
        text, markup = await self._desk.settings.card(channel, pledge.person)
        await tell(bot, pledge.person, text, markup)
        await self._desk.tellings.mark_told(channel.id, self._desk.now())

    async def _not_yet(self, query: CallbackQuery, bot: Bot, progress: Progress, payload: Payload) -> None:
        """Say what is in the way, and leave a way on."""
        person, channel = person_of(query.from_user), progress.channel
        if channel is not None and progress.step is Step.OUTDATED:
            await self._cards.send(bot, channel, person)
            return
        markup = None
        if channel is not None and progress.step in _TRY_AGAIN:
            markup = await self._cards.once_more(channel, person, payload["language"])
        await show_instead(query, about_progress(progress, channel.title if channel else ""), markup)
        if channel is not None and progress.step is Step.LACKS_RIGHTS:
            await self._desk.tellings.mark_told(channel.id, self._desk.now())

    async def _waiting_channel(self, query: CallbackQuery, payload: Payload) -> Channel | None:
        """The channel this button is about, if it still waits; else the person is told why not."""
        person = person_of(query.from_user)
        channel = await self._desk.upkeep.channel_of(ChannelId(payload["channel"]), person)
        progress = Progress(Step.NOT_WAITING)
        if channel is not None:
            progress = await self._desk.enrolment.read(channel, person)
        await acknowledge(query)
        if progress.step is Step.PLEDGE:
            return channel
        await show_instead(query, about_progress(progress, channel.title if channel else ""))
        return None


async def go_away(bot: Bot, channel: Channel) -> None:
    """Leave the chat of a channel that left the network; if the bot is out already, all is well."""
    if channel.kind is ChannelKind.SUBSCRIBER:
        return
    try:
        await bot.leave_chat(channel.external_id)
    except (TelegramForbiddenError, TelegramBadRequest):
        return


async def _greet_channel(bot: Bot, channel: Channel) -> None:
    """The open word: who posts here from now on, and how to check or to be rid of it."""
    name = (await bot.me()).username
    text = _(
        "Hello everybody. From now on I, the bot @{name}, post verified official bulletins here, "
        "at the wish of your admin and always under my own name. To check a message, forward it to me "
        "in private, or use /verify. An admin can send me away at any time with /leave."
    ).format(name=name)
    try:
        await bot.send_message(channel.external_id, text)
    except (TelegramForbiddenError, TelegramBadRequest):
        return


def _certificate_text(channel: Channel, pledge: Pledge) -> str:
    return _(
        "Thank you! {title} is now part of the network.\n\nCertificate: {code}\n"
        "Anyone can check it with /camket {code}.\n\nBelow you choose what is posted. "
        "All your channels: /kenh"
    ).format(title=title_of(channel), code=html.code(pledge.certificate))


def _about_certificate(certified: tuple[Channel, Pledge] | None) -> str:
    if certified is None:
        return _("I know no certificate with this code. Please compare it once more, sign by sign.")
    channel, pledge = certified
    text = _("Genuine: {title} pledged on {date}, version {version}.").format(
        title=title_of(channel), date=f"{pledge.confirmed_at:%d/%m/%Y}", version=pledge.version
    )
    since = _("It has left the network since.")
    return f"{text} {since}" if channel.state in _GONE else text
