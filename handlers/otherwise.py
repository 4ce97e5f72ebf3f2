"""Whatever nobody else wanted, in private: /help, commands and links that do not exist, content out of place.

Nobody who writes to the bot alone is left without an answer.
"""

from __future__ import annotations

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.fsm.context import FSMContext
from aiogram.types import Message
from aiogram.utils.i18n import gettext as _

from handlers.access import RoleBook, may, writer_of
from handlers.commands import Command, CommandStart
from handlers.incoming import WITHOUT_WORDS
from members.roles import Role, Who

_in_private = F.chat.type == ChatType.PRIVATE
_is_command = F.text.startswith("/") & ~F.forward_origin


def router(roles: RoleBook) -> Router:
    """The handlers. Include this router last of all."""
    talk = OtherwiseTalk(roles)
    routes = Router(name="otherwise")
    person = may(Who.PERSON)
    routes.message.register(talk.help, Command("help", "trogiup"), _in_private, flags=person)
    routes.message.register(talk.unknown_link, CommandStart(deep_link=True), _in_private, flags=person)
    routes.message.register(talk.unknown_command, _is_command, _in_private, flags=person)
    routes.message.register(talk.out_of_place, F.text | F.caption | WITHOUT_WORDS, _in_private, flags=person)
    return routes


class OtherwiseTalk:
    """The handlers of this module."""

    def __init__(self, roles: RoleBook) -> None:
        self._roles = roles

    async def help(self, message: Message) -> None:
        """What one can do here, and more for the staff. Whatever was going on goes on."""
        roles = await self._roles.roles_of(writer_of(message))
        parts = [_for_everybody(), *([_for_staff(), _for_seconds()] if roles else [])]
        if Role.MODERATOR in roles:
            parts.append(_("/bantin writes a bulletin"))
        if Role.APPROVER in roles:
            parts.append(_("/duyet shows what waits for your approval"))
        if Role.OWNER in roles:
            parts.append(_("/moi invites somebody to the staff, /lienket links two accounts of one person"))
        if roles:
            parts.append(_("/nhansu shows who is on the staff, and your place in it"))
        await message.answer("\n".join(parts))

    async def unknown_link(self, message: Message) -> None:
        """/start with a payload that means nothing any more."""
        await message.answer(_("This link is no longer valid. /start shows what I can do."))

    async def unknown_command(self, message: Message, state: FSMContext) -> None:
        """A command that does not exist, perhaps mistyped."""
        if await state.get_state() is None:
            await message.reply(_("I do not know that command. /help shows what I can do."))
        else:
            await message.reply(
                _("I do not know that command. You can simply go on where you were, or stop with /cancel.")
            )

    async def out_of_place(self, message: Message, state: FSMContext) -> None:
        """Something that cannot be used here and now."""
        if await state.get_state() is None:
            await message.reply(_("I can do nothing with that. /start shows what I can do."))
        else:
            await message.reply(
                _("That does not answer my question above. Please write the answer, or stop with /cancel.")
            )


def _for_everybody() -> str:
    return _(
        "<b>What I can do</b>\n"
        "Forward me something suspicious, and I tell you what I know about it.\n\n"
        "/start adds me to a group or channel, or brings bulletins here\n"
        "/kiemtra checks whether a bulletin is genuine\n"
        "/phananh reports something suspicious\n"
        "/ketqua tells what came of your report\n"
        "/kenh shows your channels\n"
        "/camket shows the pledge\n"
        "/quyen tells what I keep about you, and your rights\n"
        "/huy stops whatever is going on"
    )


def _for_staff() -> str:
    return _(
        "\n<b>For the network's staff</b>\n"
        "/lich shows what is scheduled and what repeats\n"
        "/dung CODE stops a bulletin, /tamdung CODE pauses it, /tieptuc CODE goes on with it\n"
        "/dinhchinh CODE corrects a bulletin that went out\n"
        "/thuhoi CODE withdraws it at once, in fixed words"
    )


def _for_seconds() -> str:
    return _("/ketluan shows the verdicts that wait for a second person")
