"""Whether a bot may do what it asks in a chat, checked as the platform checks it.

Order and wording follow the public server: first the chat itself, then membership, then single rights.
"""

from __future__ import annotations

from enum import IntEnum

from simulator.bot_api.refusals import bad_request, forbidden, migrated
from simulator.bot_api.request import Request
from simulator.world import Bot, Chat, ChatKind, MemberStatus, Message, World
from simulator.world_model import FileKind


class Access(IntEnum):
    """What for a chat is wanted; each includes those before it."""

    READ = 0
    MEMBERS = 1
    EDIT = 2
    WRITE = 3


_MEDIA_NAMES = {
    None: ("can_send_messages", "text messages"),
    FileKind.PHOTO: ("can_send_photos", "photos"),
    FileKind.DOCUMENT: ("can_send_documents", "documents"),
    FileKind.VIDEO: ("can_send_videos", "videos"),
    FileKind.AUDIO: ("can_send_audios", "audios"),
    FileKind.VOICE: ("can_send_voice_notes", "voice notes"),
    FileKind.ANIMATION: ("can_send_other_messages", "animations"),
    FileKind.STICKER: ("can_send_other_messages", "stickers"),
    FileKind.VIDEO_NOTE: ("can_send_video_notes", "video notes"),
}


def chat_of(request: Request, access: Access, name: str = "chat_id") -> Chat:
    """The chat a call names, when the bot has this access to it; refuses otherwise."""
    reference = request.parameters.get(name)
    if reference in (None, ""):
        raise bad_request(f"{name} is empty")
    place = _resolve(request.world, request.bot, str(reference))
    _check(request.world, request.bot, place, access)
    return place


def _resolve(world: World, bot: Bot, reference: str) -> Chat:
    if reference.startswith("@"):
        named = world.named(reference)
        if not isinstance(named, Chat):
            raise bad_request("chat not found")
        return named
    try:
        chat_id = int(reference)
    except ValueError:
        raise bad_request("chat not found") from None
    if chat_id > 0 and chat_id in world.users:
        return world.private_chat(chat_id, bot)
    if chat_id not in world.chats:
        raise bad_request("chat not found")
    place = world.chats[chat_id]
    if bot.id not in place.members and not place.username:
        # A bot that was never inside does not know that the chat exists.
        raise bad_request("chat not found")
    return place


def _check(world: World, bot: Bot, place: Chat, access: Access) -> None:
    if place.kind is ChatKind.PRIVATE:
        _check_private(world, bot, place, access)
    elif place.kind is ChatKind.GROUP:
        _check_group(bot, place, access)
    else:
        _check_supergroup(bot, place, access)


def _check_private(world: World, bot: Bot, place: Chat, access: Access) -> None:
    person = world.users[place.id]
    if access < Access.EDIT:
        if bot.id not in person.started and not _share_a_chat(world, bot, person.id):
            raise bad_request("chat not found")
        return
    if person.is_deactivated:
        raise forbidden("user is deactivated")
    if bot.id in person.blocked:
        raise forbidden("bot was blocked by the user")
    if bot.id not in person.started:
        raise forbidden("bot can't initiate conversation with a user")


def _share_a_chat(world: World, bot: Bot, user_id: int) -> bool:
    return any(
        place.member(bot.id).is_present and place.member(user_id).is_present for place in world.chats.values()
    )


def _check_group(bot: Bot, place: Chat, access: Access) -> None:
    if access is Access.READ:
        return
    if place.upgraded_to is not None:
        raise migrated(place.upgraded_to)
    if place.is_deleted:
        raise forbidden("the group chat was deleted")
    raise_if_outside(bot, place)


def _check_supergroup(bot: Bot, place: Chat, access: Access) -> None:
    if place.is_deleted or place.member(bot.id).status is MemberStatus.KICKED:
        raise forbidden(f"bot was kicked from the {place.kind} chat")
    if not place.username or access >= Access.EDIT:
        raise_if_outside(bot, place)


def raise_if_outside(bot: Bot, place: Chat) -> None:
    member = place.member(bot.id)
    if member.status is MemberStatus.KICKED:
        raise forbidden(f"bot was kicked from the {place.kind} chat")
    if not member.is_present:
        raise forbidden(f"bot is not a member of the {place.kind} chat")


def expect_may_send(bot: Bot, place: Chat, kind: FileKind | None) -> None:
    """Refuse unless the bot may send this kind of thing here."""
    if place.kind is ChatKind.PRIVATE:
        return
    member = place.member(bot.id)
    if place.kind is ChatKind.BROADCAST:
        if not member.may("can_post_messages"):
            raise bad_request("need administrator rights in the channel chat")
        return
    if member.is_admin:
        return
    permission, name = _MEDIA_NAMES[kind]
    allowed = place.permissions & member.permissions
    if permission not in allowed or (kind is None and "can_send_messages" not in allowed):
        raise bad_request(f"not enough rights to send {name} to the chat")


def expect_right(bot: Bot, place: Chat, right: str, otherwise: str) -> None:
    """Refuse with `otherwise` unless the bot holds an administrator right here."""
    if not place.member(bot.id).may(right):
        raise bad_request(otherwise)


def message_of(request: Request, place: Chat, purpose: str) -> Message:
    """The message a call names; `purpose` as in “message to edit not found”."""
    return found(place, request.integer("message_id"), f"message to {purpose} not found")


def found(place: Chat, message_id: int, otherwise: str) -> Message:
    message = place.messages.get(message_id)
    if message is None:
        raise bad_request(otherwise)
    return message


def is_own(request: Request, message: Message) -> bool:
    return message.author_id == request.bot.id
