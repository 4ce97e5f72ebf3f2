"""Buttons under messages: making keyboards of opaque tokens, and letting a press through once.

A handler asks for its action with the filter ``Pressed("action")`` and is given ``payload``. The press is
looked up before the filters run and used up after the access check, so nobody can use up what is not theirs.
A handler that fails gives its button back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from aiogram import BaseMiddleware, Router
from aiogram.filters import Filter
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, TelegramObject
from aiogram.utils.i18n import gettext as _

from handlers.access import person_of, refuse
from members.buttons import Button, Payload, Press, Refusal, refusal
from members.channel import PersonId

_TOKEN_BYTES = 16
_LASTS = timedelta(days=7)

Cell = tuple[str, str, Payload] | InlineKeyboardButton
"""(label, action, payload), or a button that needs no answer from us: a link."""
Rows = Sequence[Sequence[Cell]]


class ButtonStore(Protocol):
    """Where buttons are kept."""

    async def keep(self, buttons: Sequence[Button]) -> None:
        """Keep new buttons, in one write."""

    async def find(self, press: Press) -> Button | None:
        """The pressed button as it is now."""

    async def use(self, press: Press, at: datetime) -> Refusal | None:
        """Use up the button and all of its group, or say why not; the same press may use it again."""

    async def give_back(self, press: Press) -> None:
        """Undo ``use``: the press had no effect."""

    async def drop(self, about: str) -> None:
        """Delete the buttons about this."""


class Buttons:
    """Makes keyboards and judges presses."""

    def __init__(
        self, store: ButtonStore, *, now: Callable[[], datetime], tokens: Callable[[int], str]
    ) -> None:
        self._store = store
        self._now = now
        self._tokens = tokens

    async def keyboard(
        self,
        rows: Rows,
        *,
        chat: int | str,
        person: PersonId | None,
        repeatable: bool = False,
        lasts: timedelta = _LASTS,
        about: str = "",
    ) -> InlineKeyboardMarkup:
        """A keyboard for one message in ``chat``: for ``person`` alone, or for all the handlers let in.

        Its buttons are used up together by the first press, unless ``repeatable``. ``about`` is the draft of a
        report: its buttons tell nobody, not even here, whose they are.
        """
        group, expires_at = self._tokens(_TOKEN_BYTES), self._now() + lasts
        kept: list[Button] = []

        def cell(given: Cell) -> InlineKeyboardButton:
            if isinstance(given, InlineKeyboardButton):
                return given
            label, action, payload = given
            token = self._tokens(_TOKEN_BYTES)
            kept.append(
                Button(token, person, str(chat), action, payload, group, repeatable, expires_at, about)
            )
            return InlineKeyboardButton(text=label, callback_data=token)

        drawn = [[cell(given) for given in row] for row in rows]
        await self._store.keep(kept)
        return InlineKeyboardMarkup(inline_keyboard=drawn)

    async def look(self, query: CallbackQuery) -> Button | Refusal:
        """The button that was pressed, or why the press does not count. Uses nothing up."""
        press = press_of(query)
        button = await self._store.find(press)
        return refusal(button, press, self._now()) or button or Refusal.UNKNOWN

    async def use(self, query: CallbackQuery) -> Refusal | None:
        """Use the button up, or say why not."""
        return await self._store.use(press_of(query), self._now())

    async def give_back(self, query: CallbackQuery) -> None:
        """Let the button be pressed again."""
        await self._store.give_back(press_of(query))

    async def drop(self, about: str) -> None:
        """Delete the buttons about this draft: its keyboards are gone from the chat."""
        await self._store.drop(about)


class Pressed(Filter):
    """Passes presses of buttons made for ``action``, and hands ``payload`` to the handler."""

    def __init__(self, action: str) -> None:
        self._action = action

    async def __call__(self, event: CallbackQuery, button: Button | None = None) -> bool | dict[str, Any]:
        """Whether the pressed button is for this action."""
        if button is None or button.action != self._action:
            return False
        return {"payload": button.payload}


class _Look(BaseMiddleware):
    """Before the filters: which button is it?"""

    def __init__(self, buttons: Buttons) -> None:
        self._buttons = buttons

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        if isinstance(event, CallbackQuery):
            found = await self._buttons.look(event)
            if isinstance(found, Refusal):
                return await refuse(event, _sentence(found))
            data["button"] = found
        return await handler(event, data)


class _Use(BaseMiddleware):
    """After the access check, before the handler: use it up."""

    def __init__(self, buttons: Buttons) -> None:
        self._buttons = buttons

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        if not isinstance(event, CallbackQuery):
            return await handler(event, data)
        refused = await self._buttons.use(event)
        if refused is not None:
            return await refuse(event, _sentence(refused))
        try:
            return await handler(event, data)
        except Exception:
            await self._buttons.give_back(event)
            raise


def guard_buttons(root: Router, buttons: Buttons) -> None:
    """Look up every press, and use it up once its handler is allowed. Call it after ``guard_access``."""
    root.callback_query.outer_middleware(_Look(buttons))
    root.callback_query.middleware(_Use(buttons))


def press_of(query: CallbackQuery) -> Press:
    """The press that a callback query tells of."""
    chat = "" if query.message is None else str(query.message.chat.id)
    return Press(query.data or "", person_of(query.from_user), chat, query.id)


def _sentence(refused: Refusal) -> str:
    match refused:
        case Refusal.FOREIGN:
            return _("This button was meant for somebody else. Write /start to me and you get your own.")
        case Refusal.USED:
            return _("This was already answered. Nothing more is needed.")
        case Refusal.LATE:
            return _("This button is too old now. Nothing is lost: write /start and we go on from there.")
        case Refusal.UNKNOWN:
            return _("I no longer know this button. Nothing is lost: write /start and we go on from there.")
