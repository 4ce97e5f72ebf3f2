"""Who administers a Telegram chat, and what the bot may do there: asked at each call, never kept.

The bot is a plain member of most groups, so only what Telegram tells a plain member is asked: the list of
administrators, and where the bot itself stands. Of anybody else it need not tell one (tdlib/td issue 589).
"""

from __future__ import annotations

from collections.abc import Mapping

from aiogram import Bot
from aiogram.exceptions import (
    AiogramError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
)
from aiogram.types import (
    ChatFullInfo,
    ChatMemberAdministrator,
    ChatMemberMember,
    ChatMemberOwner,
    ChatMemberRestricted,
    ResultChatMemberUnion,
)

from members.channel import ChannelKind, PersonId, Platform
from members.ports import Look, Place, Standing

_KINDS = {
    "group": ChannelKind.GROUP,
    "supergroup": ChannelKind.SUPERGROUP,
    "channel": ChannelKind.BROADCAST,
    "private": ChannelKind.SUBSCRIBER,
}
_BROADCAST_RIGHTS = ("can_post_messages", "can_edit_messages")
_WRITING = "can_send_messages"
_ANSWERS_WITHIN_SECONDS = 10
"""Somebody waits for the answer, and a few are asked one after another."""

_Admin = ChatMemberOwner | ChatMemberAdministrator


class TelegramChats:
    """Looks at chats through the bot of each name. The port is ``members.ports.LiveChats``."""

    def __init__(self, bots: Mapping[str, Bot]) -> None:
        self._bots = bots

    async def look(self, bot: str, external_id: str, person: PersonId | None) -> Look | None:
        """The chat and where ``person`` and the bot stand in it; None when the bot cannot see it.

        Raises what aiogram raises when Telegram does not answer.
        """
        client = self._bots[bot]
        try:
            chat = await client.get_chat(external_id)
            own = await client.get_chat_member(external_id, client.id)
            count = await client.get_chat_member_count(external_id)
            admin = None if person is None else await _admin(client, external_id, person)
        except (TelegramForbiddenError, TelegramBadRequest, TelegramMigrateToChat):
            return None
        if not isinstance(own, ChatMemberAdministrator | ChatMemberMember | ChatMemberRestricted):
            return None
        return Look(
            place=Place(bot, Platform.TELEGRAM, external_id, _KINDS[chat.type], chat.title or "", count),
            is_admin=admin is not None,
            may_add_bots=admin is not None and _may_add_bots(chat, admin),
            missing=_missing(chat, own),
            may_pin=_may_pin(chat, own),
        )

    async def standing(self, bot: str, external_id: str, person: PersonId) -> Standing:
        """Where ``person`` stands in the chat; a chat that has just moved, or a line that is down, is silent."""
        try:
            admin = await _admin(self._bots[bot], external_id, person)
        except (TelegramForbiddenError, TelegramBadRequest):
            return Standing.UNSEEN
        except (AiogramError, TimeoutError):
            return Standing.SILENT
        return Standing.OTHER if admin is None else Standing.ADMIN


async def _admin(client: Bot, external_id: str, person: PersonId) -> _Admin | None:
    """``person`` as the chat's owner or administrator, an anonymous one too; None when they are neither."""
    platform, _, user_id = person.partition(":")
    if platform != Platform.TELEGRAM or not user_id.isdecimal():
        return None
    for admin in await client.get_chat_administrators(external_id, request_timeout=_ANSWERS_WITHIN_SECONDS):
        if isinstance(admin, _Admin) and admin.user.id == int(user_id):
            return admin
    return None


def _may_add_bots(chat: ChatFullInfo, admin: _Admin) -> bool:
    """Whether Telegram lets this admin bring a bot in: to a broadcast channel only as an administrator."""
    if isinstance(admin, ChatMemberOwner) or admin.can_promote_members:
        return True
    everybody = chat.permissions
    by_all = everybody is not None and bool(everybody.can_invite_users)
    return chat.type != "channel" and (admin.can_invite_users or by_all)


def _missing(chat: ChatFullInfo, own: ResultChatMemberUnion) -> tuple[str, ...]:
    """The rights without which the bot cannot post, in Telegram's words."""
    if chat.type == "channel":
        return tuple(right for right in _BROADCAST_RIGHTS if not getattr(own, right, False))
    if isinstance(own, ChatMemberAdministrator):
        return ()
    if isinstance(own, ChatMemberRestricted):
        return () if own.can_send_messages else (_WRITING,)
    everybody = chat.permissions
    return () if everybody is None or everybody.can_send_messages is not False else (_WRITING,)


def _may_pin(chat: ChatFullInfo, own: ResultChatMemberUnion) -> bool:
    """Whether the bot may pin: in a broadcast channel by the right to edit, in a group by its own or everybody's."""
    if chat.type == "private":
        return True
    if isinstance(own, ChatMemberAdministrator):
        return bool(own.can_edit_messages if chat.type == "channel" else own.can_pin_messages)
    if isinstance(own, ChatMemberRestricted) and not own.can_pin_messages:
        return False
    return chat.type != "channel" and chat.permissions is not None and bool(chat.permissions.can_pin_messages)
