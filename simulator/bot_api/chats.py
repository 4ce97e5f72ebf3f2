"""The methods about chats and who is in them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from simulator.bot_api.access import Access, chat_of, expect_right
from simulator.bot_api.refusals import bad_request
from simulator.bot_api.request import Request
from simulator.bot_api.sending import Method
from simulator.wire import shapes
from simulator.world import Chat, ChatKind, EventKind, Member, MemberStatus
from simulator.world_members import rights_for
from simulator.world_model import ADMIN_RIGHTS, PERMISSIONS

LINKS_KEPT = 99
ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)


def get_chat(request: Request) -> dict[str, Any]:
    place = chat_of(request, Access.READ)
    pinned = None
    if place.pinned:
        pinned = request.world.described(place, place.pinned[-1], request.bot)
    return shapes.full_chat(request.world, place, pinned)


def get_member(request: Request) -> dict[str, Any]:
    place = chat_of(request, Access.MEMBERS)
    member = _member(request, place)
    if place.kind is ChatKind.SUPERGROUP and member.user_id != request.bot.id:
        _expect_admin(request, place, "USER_ID_INVALID")
    return shapes.chat_member(request.world, place, member)


def _expect_admin(request: Request, place: Chat, otherwise: str) -> None:
    """A plain member is told of others only by chance (https://github.com/tdlib/td/issues/589): here, never."""
    if not place.member(request.bot.id).is_admin:
        raise bad_request(otherwise)


def _member(request: Request, place: Chat) -> Member:
    user_id = request.integer("user_id")
    if user_id not in request.world.users and user_id not in request.world.bots:
        raise bad_request("PARTICIPANT_ID_INVALID" if user_id > 0 else "invalid user_id specified")
    if place.kind is ChatKind.PRIVATE:
        return Member(user_id, MemberStatus.MEMBER)
    if place.kind is ChatKind.BROADCAST:
        _expect_admin(request, place, "member list is inaccessible")
    return place.member(user_id)


def get_administrators(request: Request) -> list[dict[str, Any]]:
    """In groups a plain member may ask too; whoever is anonymous is listed as such."""
    place = chat_of(request, Access.MEMBERS)
    if place.kind is ChatKind.PRIVATE:
        raise bad_request("there are no administrators in the private chat")
    if place.kind is ChatKind.BROADCAST:
        _expect_admin(request, place, "member list is inaccessible")
    # Other bots are not told of.
    return [
        shapes.chat_member(request.world, place, member)
        for member in place.members.values()
        if member.is_admin and (member.user_id not in request.world.bots or member.user_id == request.bot.id)
    ]


def get_member_count(request: Request) -> int:
    place = chat_of(request, Access.MEMBERS)
    return 2 if place.kind is ChatKind.PRIVATE else place.member_count


def leave(request: Request) -> bool:
    place = chat_of(request, Access.EDIT)
    if place.kind is ChatKind.PRIVATE:
        raise bad_request("chat member status can't be changed in private chats")
    request.world.remove_member(place, request.bot)
    request.acted()
    return True


def send_action(request: Request) -> bool:
    place = chat_of(request, Access.WRITE)
    if request.text("action").lower() not in ACTIONS:
        raise bad_request("wrong parameter action in request")
    request.world.tell(EventKind.ACTION, place)
    return True


def export_invite_link(request: Request) -> str:
    return str(_new_link(request))


def create_invite_link(request: Request) -> dict[str, Any]:
    return {
        "invite_link": _new_link(request),
        "creator": shapes.account(request.bot),
        "creates_join_request": request.flag("creates_join_request"),
        "is_primary": False,
        "is_revoked": False,
    }


def _new_link(request: Request) -> str:
    place = chat_of(request, Access.WRITE)
    expect_right(request.bot, place, "can_invite_users", "not enough rights to manage chat invite link")
    link = f"https://t.me/+{request.world.random.getrandbits(96):024x}"
    place.invite_links[:] = [*place.invite_links[-LINKS_KEPT:], link]
    request.acted()
    return link


def set_title(request: Request) -> bool:
    place = chat_of(request, Access.WRITE)
    title = request.text("title").strip()
    if not title:
        raise bad_request("title must be non-empty")
    expect_right(request.bot, place, "can_change_info", "not enough rights to change chat title")
    request.world.set_title(place, title, by=request.bot)
    request.acted()
    return True


def set_description(request: Request) -> bool:
    place = chat_of(request, Access.WRITE)
    expect_right(request.bot, place, "can_change_info", "not enough rights to set chat description")
    if place.description == request.text("description"):
        raise bad_request("chat description is not modified")
    place.description = request.text("description")
    request.world.tell(EventKind.CHAT, place)
    request.acted()
    return True


def promote(request: Request) -> bool:
    """Give a member rights, or with none take them away."""
    place = chat_of(request, Access.WRITE)
    expect_right(request.bot, place, "can_promote_members", "not enough rights")
    member = _member(request, place)
    asked = {right for right in ADMIN_RIGHTS if request.flag(right)}
    status = MemberStatus.ADMINISTRATOR if asked else MemberStatus.MEMBER
    granted = rights_for(place, asked) if asked else frozenset[str]()
    return _set(request, place, Member(member.user_id, status, granted, promoted_by=request.bot.id))


def ban(request: Request) -> bool:
    place = chat_of(request, Access.WRITE)
    expect_right(
        request.bot, place, "can_restrict_members", "not enough rights to restrict/unrestrict chat member"
    )
    member = _member(request, place)
    if member.is_admin:
        raise bad_request("user is an administrator of the chat")
    request.world.remove_member(place, member.user_id, by=request.bot)
    request.acted()
    return True


def unban(request: Request) -> bool:
    place = chat_of(request, Access.WRITE)
    expect_right(
        request.bot, place, "can_restrict_members", "not enough rights to restrict/unrestrict chat member"
    )
    member = _member(request, place)
    if member.is_present and request.flag("only_if_banned"):
        return True
    return _set(request, place, Member(member.user_id, MemberStatus.LEFT))


def restrict(request: Request) -> bool:
    place = chat_of(request, Access.WRITE)
    expect_right(
        request.bot, place, "can_restrict_members", "not enough rights to restrict/unrestrict chat member"
    )
    member = _member(request, place)
    if member.is_admin:
        raise bad_request("user is an administrator of the chat")
    given = request.structure("permissions") or {}
    permissions = frozenset(name for name in PERMISSIONS if given.get(name))
    return _set(request, place, replace(member, status=MemberStatus.RESTRICTED, permissions=permissions))


def _set(request: Request, place: Chat, member: Member) -> bool:
    request.world.set_member(place, member, request.bot.id)
    request.acted()
    return True


METHODS: dict[str, Method] = {
    "getchat": get_chat,
    "getchatmember": get_member,
    "getchatadministrators": get_administrators,
    "getchatmembercount": get_member_count,
    "leavechat": leave,
    "sendchataction": send_action,
    "exportchatinvitelink": export_invite_link,
    "createchatinvitelink": create_invite_link,
    "setchattitle": set_title,
    "setchatdescription": set_description,
    "promotechatmember": promote,
    "banchatmember": ban,
    "unbanchatmember": unban,
    "restrictchatmember": restrict,
}
