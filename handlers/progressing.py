"""Pausing, resuming, stopping: buttons under the progress message, and /stop CODE from anywhere.

One person of the staff is enough, and the book judges each press on the state of that moment.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiogram import Bot, F, Router, html
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message
from aiogram.utils.i18n import gettext as _

from broadcasts.book import Refusal
from broadcasts.broadcast import Broadcast, BroadcastState
from broadcasts.consent import at_once
from bulletins.bulletin import BulletinId, Code
from bulletins.code import parse
from handlers.access import acknowledge, may, person_of, writer_of
from handlers.approving import Reviews
from handlers.bulletin_desk import BulletinDesk
from handlers.bulletin_words import short_headline, state_words, why_not
from handlers.buttons import Pressed
from handlers.commands import Command
from handlers.progress_board import ProgressBoard, action_rows
from handlers.telling import tell
from members.buttons import Payload
from members.channel import PersonId
from members.roles import Who

Act = Callable[[BulletinId, PersonId], Awaitable[Broadcast | Refusal]]

_names_a_code = F.args.func(lambda args: parse(args or ""))


def router(desk: BulletinDesk, reviews: Reviews, board: ProgressBoard) -> Router:
    """The handlers. Include this router before those of members: /pause CODE is meant for a bulletin."""
    talk = ProgressingTalk(desk, reviews, board)
    routes = Router(name="progressing")
    staff = may(Who.STAFF)
    commands: tuple[tuple[tuple[str, str], Act], ...] = (
        (("stop", "dung"), desk.desk.stop),
        (("pause", "tamdung"), desk.desk.pause),
        (("resume", "tieptuc"), desk.desk.resume),
    )
    for names, act in commands:
        routes.message.register(talk.command(act), Command(*names, magic=_names_a_code), flags=staff)
    routes.message.register(talk.which, Command("stop", "dung"), flags=staff)
    presses: tuple[tuple[str, Act], ...] = (
        ("progress.stop", desk.desk.stop),
        ("progress.pause", desk.desk.pause),
        ("progress.resume", desk.desk.resume),
    )
    for action, act in presses:
        routes.callback_query.register(talk.press(act), Pressed(action), flags=staff)
    routes.callback_query.register(talk.send_now, Pressed("progress.send"), flags=staff)
    return routes


class ProgressingTalk:
    """The handlers of this module."""

    def __init__(self, desk: BulletinDesk, reviews: Reviews, board: ProgressBoard) -> None:
        self._desk = desk
        self._reviews = reviews
        self._board = board

    def command(self, act: Act) -> Callable[[Message, CommandObject], Awaitable[None]]:
        """A handler that does ``act`` with the bulletin whose code was written."""

        async def handle(message: Message, command: CommandObject) -> None:
            broadcast = await self._desk.desk.find(Code(str(command.magic_result)))
            if broadcast is None:
                await message.reply(why_not(Refusal.UNKNOWN))
                return
            said, is_done = await self._do(act, broadcast.id, writer_of(message))
            await message.reply(html.quote(said), reply_markup=await self._again(message, broadcast.id))
            if is_done:
                await self._board.show(broadcast.id)

        return handle

    def press(self, act: Act) -> Callable[[CallbackQuery, Payload], Awaitable[None]]:
        """A handler that does ``act`` with the bulletin under whose progress the button stands."""

        async def handle(query: CallbackQuery, payload: Payload) -> None:
            bulletin_id = BulletinId(payload["bulletin"])
            said, is_done = await self._do(act, bulletin_id, person_of(query.from_user))
            await acknowledge(query, said[:200])  # before the board, which may have to wait
            if is_done:
                await self._board.show(bulletin_id)

        return handle

    async def send_now(self, query: CallbackQuery, payload: Payload, bot: Bot, bot_name: str) -> None:
        """What waits for its time, or has missed it, goes out now when somebody else agrees."""
        bulletin_id, person = BulletinId(payload["bulletin"]), person_of(query.from_user)
        result = await self._desk.desk.send_now(bulletin_id, person)
        if result is not Refusal.NOT_ITS_TIME:
            said = why_not(result) if isinstance(result, Refusal) else _stands(result)
            await acknowledge(query, said[:200])
            await self._board.show(bulletin_id)
            return
        await acknowledge(query, why_not(result)[:200])
        waiting = await self._desk.desk.find(bulletin_id)
        if waiting is not None:
            await tell(bot, person, await self._reviews.ask(bot, bot_name, at_once(waiting), person))

    async def _again(self, message: Message, bulletin_id: BulletinId) -> InlineKeyboardMarkup | None:
        """What was stopped before it went out need not be typed anew."""
        broadcast = await self._desk.desk.find(bulletin_id)
        if broadcast is None or broadcast.state is not BroadcastState.STOPPED or broadcast.bulletin.sent:
            return None
        rows = action_rows(broadcast)
        person = writer_of(message)
        return await self._desk.buttons.keyboard(rows, chat=message.chat.id, person=person)

    async def which(self, message: Message) -> None:
        """/stop without a code."""
        await message.reply(_("Which bulletin? Write its code too, for example /stop LOA-XXXX-X."))

    async def _do(self, act: Act, bulletin_id: BulletinId, person: PersonId) -> tuple[str, bool]:
        """Do it. Where the bulletin stands now, or why it was not done; and whether it was."""
        result = await act(bulletin_id, person)
        if isinstance(result, Refusal):
            return why_not(result), False
        return _stands(result), True


def _stands(broadcast: Broadcast) -> str:
    return f"{short_headline(broadcast.bulletin)}: {state_words(broadcast.state)}"
