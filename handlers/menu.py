"""The commands that the platform's apps offer behind the menu button and after “/”, in each kind of chat.

Vietnamese for everybody, English for those whose app speaks it.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    BotCommandScopeUnion,
)
from aiogram.utils.i18n import I18n
from aiogram.utils.i18n import gettext as _

from members.roles import Role

log = structlog.get_logger(__name__)

_FOR_EVERYBODY = ""
"""The language code of commands shown to whoever has none in their own language."""


async def set_menu(bot: Bot, texts: I18n, moderators_chat: str | None) -> None:
    """Tell the platform which commands to offer. A moderators' chat that cannot be found is passed over."""
    for shown_to, spoken in ((_FOR_EVERYBODY, "vi"), ("en", "en")):
        with texts.context(), texts.use_locale(spoken):
            await _set(bot, _for_one(), BotCommandScopeAllPrivateChats(), shown_to)
            await _set(bot, _for_groups(), BotCommandScopeAllGroupChats(), shown_to)
            if moderators_chat is None:
                continue
            try:
                await _set(bot, _for_moderators(), BotCommandScopeChat(chat_id=moderators_chat), shown_to)
            except (TelegramBadRequest, TelegramForbiddenError) as error:
                log.warning("the moderators' chat has no menu", chat=moderators_chat, error=str(error))


async def set_own_menu(bot: Bot, texts: I18n, chat: int, roles: frozenset[Role]) -> None:
    """What one person of the staff is offered in private; whoever has no role any more, as everybody."""
    scope = BotCommandScopeChat(chat_id=chat)
    for shown_to, spoken in ((_FOR_EVERYBODY, "vi"), ("en", "en")):
        with texts.context(), texts.use_locale(spoken):
            if roles:
                await _set(bot, (*_for_colleague(roles), *_for_one()), scope, shown_to)
            else:
                await bot.delete_my_commands(scope=scope, language_code=shown_to or None)


async def _set(bot: Bot, commands: Sequence[BotCommand], scope: BotCommandScopeUnion, language: str) -> None:
    await bot.set_my_commands(list(commands), scope=scope, language_code=language or None)


def _for_one() -> Sequence[BotCommand]:
    return (
        _command("start", _("Add me, or get bulletins here")),
        _command("kiemtra", _("Check whether a bulletin is genuine")),
        _command("phananh", _("Report something suspicious")),
        _command("ketqua", _("What came of a report")),
        _command("kenh", _("Your channels")),
        _command("quyen", _("What I keep, and your rights")),
        _command("trogiup", _("What I can do")),
    )


def _for_colleague(roles: frozenset[Role]) -> Sequence[BotCommand]:
    commands = {
        Role.OWNER: _command("moi", _("Invite somebody to the staff")),
        Role.MODERATOR: _command("bantin", _("Write a bulletin")),
        Role.APPROVER: _command("duyet", _("What waits for your approval")),
    }
    return (
        *(commands[role] for role in Role if role in roles),
        _command("nhansu", _("The staff, and your place in it")),
    )


def _for_groups() -> Sequence[BotCommand]:
    return (
        _command("verify", _("Check the message you reply to")),
        _command("report", _("Report the message you reply to")),
    )


def _for_moderators() -> Sequence[BotCommand]:
    return (
        _command("duyet", _("What waits for your approval")),
        _command("ketluan", _("Verdicts that wait for a second person")),
        _command("lich", _("What is scheduled, and what repeats")),
        _command("dung", _("Stop a bulletin, by its code")),
        _command("tamdung", _("Pause a bulletin, by its code")),
        _command("tieptuc", _("Go on with a bulletin, by its code")),
        _command("kiemtra", _("Check whether a bulletin is genuine")),
    )


def _command(name: str, description: str) -> BotCommand:
    return BotCommand(command=name, description=description)
