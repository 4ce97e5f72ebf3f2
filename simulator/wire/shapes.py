"""How accounts, chats, members and their changes look as Bot API objects.

Source of the field names: https://core.telegram.org/bots/api#available-types
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from simulator.world_model import (
    ADMIN_RIGHTS,
    ANONYMOUS_ADMIN_ID,
    BROADCAST_ONLY_RIGHTS,
    CHANNEL_BOT_ID,
    GROUP_ONLY_RIGHTS,
    PERMISSIONS,
    Bot,
    Chat,
    ChatKind,
    Member,
    MemberStatus,
    User,
)

if TYPE_CHECKING:
    from simulator.world_state import WorldState

ANONYMOUS_ADMIN = {
    "id": ANONYMOUS_ADMIN_ID,
    "is_bot": True,
    "first_name": "Group",
    "username": "GroupAnonymousBot",
}
CHANNEL_BOT = {"id": CHANNEL_BOT_ID, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}
_STAND_INS = {ANONYMOUS_ADMIN_ID: ANONYMOUS_ADMIN, CHANNEL_BOT_ID: CHANNEL_BOT}


def seconds(at: datetime) -> int:
    return int(at.timestamp())


def account(who: User | Bot) -> dict[str, Any]:
    """A `User` object."""
    if isinstance(who, Bot):
        return {"id": who.id, "is_bot": True, "first_name": who.name, "username": who.username}
    if who.is_deactivated:
        return {"id": who.id, "is_bot": False, "first_name": ""}
    described: dict[str, Any] = {"id": who.id, "is_bot": False, "first_name": who.first_name}
    if who.last_name:
        described["last_name"] = who.last_name
    if who.username:
        described["username"] = who.username
    if who.language_code:
        described["language_code"] = who.language_code
    return described


def sender(world: WorldState, user_id: int) -> dict[str, Any]:
    """The `from` of a message or update, be it a person, a bot or one of the platform's stand-ins."""
    return _STAND_INS.get(user_id) or account(world.account(user_id))


def chat(world: WorldState, place: Chat) -> dict[str, Any]:
    """A `Chat` object as it stands inside messages."""
    described: dict[str, Any] = {"id": place.id, "type": place.kind.value}
    if place.kind is ChatKind.PRIVATE:
        person = account(world.users[place.id])
        described |= {key: person[key] for key in ("first_name", "last_name", "username") if key in person}
        return described
    described["title"] = place.title
    if place.username:
        described["username"] = place.username
    if place.is_forum:
        described["is_forum"] = True
    if place.kind is ChatKind.GROUP:
        described["all_members_are_administrators"] = False
    return described


def full_chat(world: WorldState, place: Chat, pinned: dict[str, Any] | None) -> dict[str, Any]:
    """A `ChatFullInfo`, the answer of getChat."""
    described = chat(world, place) | {
        "accent_color_id": abs(place.id) % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(
            (
                "unlimited_gifts",
                "limited_gifts",
                "unique_gifts",
                "premium_subscription",
                "gifts_from_channels",
            ),
            False,
        ),
    }
    if place.kind is not ChatKind.PRIVATE and place.kind is not ChatKind.BROADCAST:
        described["permissions"] = {name: name in place.permissions for name in PERMISSIONS}
    if place.username:
        described["active_usernames"] = [place.username]
    if place.description:
        described["description"] = place.description
    if place.invite_links:
        described["invite_link"] = place.invite_links[-1]
    if pinned is not None:
        described["pinned_message"] = pinned
    return described


def chat_member(world: WorldState, place: Chat, member: Member) -> dict[str, Any]:
    """One of the six `ChatMember` objects."""
    described: dict[str, Any] = {"user": sender(world, member.user_id), "status": member.status.value}
    if member.title:
        described["custom_title"] = member.title
    match member.status:
        case MemberStatus.CREATOR:
            described["is_anonymous"] = "is_anonymous" in member.rights
        case MemberStatus.ADMINISTRATOR:
            described["can_be_edited"] = False
            described |= admin_rights(place, member.rights)
        case MemberStatus.RESTRICTED:
            described |= {name: name in member.permissions for name in PERMISSIONS}
            described |= {"is_member": True, "until_date": 0}
        case MemberStatus.KICKED:
            described["until_date"] = 0
    return described


def admin_rights(place: Chat, rights: frozenset[str]) -> dict[str, bool]:
    """Every right that exists in this kind of chat, held or not."""
    senseless = GROUP_ONLY_RIGHTS if place.kind is ChatKind.BROADCAST else BROADCAST_ONLY_RIGHTS
    if not place.is_forum:
        senseless = senseless | {"can_manage_topics"}
    return {name: name in rights for name in ADMIN_RIGHTS if name not in senseless}


def member_updated(world: WorldState, place: Chat, change: tuple[Member, Member], by: int) -> dict[str, Any]:
    """The body of `my_chat_member` and `chat_member`."""
    old, new = change
    return {
        "chat": chat(world, place),
        "from": sender(world, by),
        "date": seconds(world.now()),
        "old_chat_member": chat_member(world, place, old),
        "new_chat_member": chat_member(world, place, new),
    }
