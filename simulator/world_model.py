"""What a chat world consists of: people, bots, chats, members, messages and files.

Owns the records only. Who may do what stands in the `world_*` modules; how a record looks on the wire
stands in `wire/`. Records are mutable inside the simulator; what is handed out for inspection
(`world_view`) is frozen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from simulator.wire.entities import Entity

ANONYMOUS_ADMIN_ID = 1087968824
"""Telegram's GroupAnonymousBot: the `from` of every anonymous group admin."""

CHANNEL_BOT_ID = 136817688
"""Telegram's Channel_Bot: the `from` of a message written in a group in a channel's name."""

ADMIN_RIGHTS = (
    "is_anonymous",
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_post_messages",
    "can_edit_messages",
    "can_pin_messages",
    "can_manage_topics",
    "can_manage_direct_messages",
    "can_manage_tags",
    "can_send_welcome_messages",
)

BROADCAST_ONLY_RIGHTS = frozenset({"can_post_messages", "can_edit_messages", "can_manage_direct_messages"})
GROUP_ONLY_RIGHTS = frozenset({"can_pin_messages", "can_manage_topics", "can_manage_tags"})

PERMISSIONS = (
    "can_send_messages",
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_react_to_messages",
    "can_edit_tag",
    "can_change_info",
    "can_invite_users",
    "can_pin_messages",
    "can_manage_topics",
)

ORDINARY_PERMISSIONS = frozenset(PERMISSIONS) - {"can_change_info", "can_pin_messages", "can_manage_topics"}


class ChatKind(StrEnum):
    """The four kinds of chat, by the names the Bot API gives them."""

    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"
    BROADCAST = "channel"


class MemberStatus(StrEnum):
    """Where somebody stands in a chat. Any status may follow any other, except that a creator stays."""

    CREATOR = "creator"
    ADMINISTRATOR = "administrator"
    MEMBER = "member"
    RESTRICTED = "restricted"
    LEFT = "left"
    KICKED = "kicked"


PRESENT = frozenset(
    {MemberStatus.CREATOR, MemberStatus.ADMINISTRATOR, MemberStatus.MEMBER, MemberStatus.RESTRICTED}
)


class FileKind(StrEnum):
    """How a file was sent, which decides how it is described on the wire."""

    PHOTO = "photo"
    DOCUMENT = "document"
    VIDEO = "video"
    AUDIO = "audio"
    VOICE = "voice"
    ANIMATION = "animation"
    STICKER = "sticker"
    VIDEO_NOTE = "video_note"


class OriginKind(StrEnum):
    """The four kinds of `forward_origin`."""

    USER = "user"
    HIDDEN_USER = "hidden_user"
    CHAT = "chat"
    CHANNEL = "channel"


@dataclass(slots=True)
class User:
    """A person with an account."""

    id: int
    first_name: str
    last_name: str = ""
    username: str | None = None
    language_code: str = "vi"
    hides_forwards: bool = False
    is_deactivated: bool = False
    started: set[int] = field(default_factory=set)
    """Ids of the bots this person has written to."""
    blocked: set[int] = field(default_factory=set)

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(slots=True)
class Bot:
    """An account driven through the HTTP API. `token` is `<id>:<secret>`."""

    id: int
    token: str
    username: str
    name: str
    can_join_groups: bool = True
    reads_everything: bool = False
    """True when privacy mode is switched off."""
    is_inline: bool = True
    is_deleted: bool = False
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    """(what, language) -> name, description or short description set by the bot."""
    commands: dict[tuple[str, str], list[dict[str, str]]] = field(default_factory=dict)
    """(scope, language) -> commands."""
    menu_buttons: dict[int | None, dict[str, Any]] = field(default_factory=dict)
    default_rights: dict[bool, dict[str, bool]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody's standing in one chat. Replaced, never changed, so that old and new can be compared."""

    user_id: int
    status: MemberStatus
    rights: frozenset[str] = frozenset()
    permissions: frozenset[str] = ORDINARY_PERMISSIONS
    title: str = ""
    promoted_by: int | None = None

    @property
    def is_present(self) -> bool:
        return self.status in PRESENT

    @property
    def is_admin(self) -> bool:
        return self.status in (MemberStatus.CREATOR, MemberStatus.ADMINISTRATOR)

    def may(self, right: str) -> bool:
        """Whether this member holds an administrator right; a creator holds all but anonymity."""
        if self.status is MemberStatus.CREATOR and right != "is_anonymous":
            return True
        return self.is_admin and right in self.rights


@dataclass(slots=True)
class Topic:
    """One topic of a forum; its id is that of the service message that opened it."""

    id: int
    name: str
    icon_color: int = 7322096
    icon_emoji_id: str = ""
    is_closed: bool = False
    creator_id: int = 0


@dataclass(frozen=True, slots=True)
class StoredFile:
    """The bytes of an uploaded file, kept once however often they are sent."""

    key: str
    data: bytes
    kind: FileKind
    name: str = ""
    mime_type: str = "application/octet-stream"
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a forwarded message came from, as far as the platform tells."""

    kind: OriginKind
    date: datetime
    user_id: int | None = None
    """A person or bot of this world; for somebody outside it give `name` only."""
    name: str = ""
    chat_id: int | None = None
    chat_title: str = ""
    chat_username: str | None = None
    message_id: int | None = None
    signature: str = ""


@dataclass(frozen=True, slots=True)
class RichText:
    """A text with its formatting; offsets count UTF-16 units."""

    text: str
    entities: tuple[Entity, ...] = ()


@dataclass(slots=True)
class Message:
    """One message of one chat. `text` is the caption when there is a file."""

    id: int
    chat_id: int
    date: datetime
    author_id: int = 0
    """Who really wrote it: never shown, decides who may edit it."""
    from_id: int | None = None
    """The `from` that is shown; none for posts of a broadcast channel."""
    sender_chat_id: int | None = None
    text: str = ""
    entities: tuple[Entity, ...] = ()
    file: StoredFile | None = None
    service: Mapping[str, Any] | None = None
    """What a service message says, in the wire's own words, e.g. `{"migrate_to_chat_id": -100…}`."""
    reply_to: int | None = None
    quote: str = ""
    topic: int | None = None
    origin: Origin | None = None
    inline_keyboard: list[list[dict[str, Any]]] | None = None
    reply_markup: dict[str, Any] | None = None
    """A reply keyboard, its removal, or a forced reply: shown below the input field, not on the message."""
    edited_at: datetime | None = None
    is_pinned: bool = False
    is_silent: bool = False
    is_protected: bool = False
    signature: str = ""
    album_id: str = ""
    link_preview: dict[str, Any] | None = None
    via_bot_id: int | None = None
    reactions: dict[int, tuple[str, ...]] = field(default_factory=dict)

    @property
    def is_service(self) -> bool:
        return self.service is not None


@dataclass(slots=True)
class Chat:
    """A conversation. A private one belongs to one bot and one person and has the person's id."""

    id: int
    kind: ChatKind
    title: str
    username: str | None = None
    is_forum: bool = False
    bot_id: int | None = None
    """The bot's side of a private chat."""
    members: dict[int, Member] = field(default_factory=dict)
    unlisted_members: int = 0
    """Members who are counted but never act, so that a large chat costs nothing."""
    permissions: frozenset[str] = ORDINARY_PERMISSIONS
    topics: dict[int, Topic] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    pinned: list[int] = field(default_factory=list)
    last_message_id: int = 0
    last_bot_id: int | None = None
    """The bot that wrote last: with privacy mode on, bare commands go to it."""
    upgraded_to: int | None = None
    upgraded_from: int | None = None
    is_deleted: bool = False
    invite_links: list[str] = field(default_factory=list)
    signs_posts: bool = False
    description: str = ""

    def member(self, user_id: int) -> Member:
        """The standing of anybody, also of those who were never here."""
        return self.members.get(user_id) or Member(user_id, MemberStatus.LEFT)

    @property
    def member_count(self) -> int:
        return self.unlisted_members + sum(member.is_present for member in self.members.values())


@dataclass(slots=True)
class CallbackQuery:
    """One press of a button, and what the bot answered to it."""

    id: str
    bot_id: int
    user_id: int
    chat_id: int
    message_id: int
    data: str
    at: datetime
    is_answered: bool = False
    answer: str = ""
    is_alert: bool = False
    url: str = ""


@dataclass(slots=True)
class InlineQuery:
    """One inline query typed by a person, and the results the bot offered."""

    id: str
    bot_id: int
    user_id: int
    query: str
    at: datetime
    results: list[dict[str, Any]] | None = None


class EventKind(StrEnum):
    """What visibly changed, for whoever watches the world."""

    MESSAGE = "message"
    EDIT = "edit"
    DELETE = "delete"
    PIN = "pin"
    MEMBER = "member"
    REACTION = "reaction"
    ANSWER = "answer"
    """A button press was answered; `message_id` is that of the message with the button."""
    ACTION = "action"
    """The bot shows that it is typing."""
    CHAT = "chat"
    """A chat appeared, was upgraded, deleted, blocked or renamed."""


@dataclass(frozen=True, slots=True)
class WorldEvent:
    """One visible change."""

    kind: EventKind
    chat_id: int
    message_id: int | None = None
    bot_id: int | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the HTTP API as it was answered. `outcome` is `ok` or the error's description."""

    bot_id: int
    method: str
    chat_id: int | None
    at: datetime
    outcome: str
    acted: bool
    """Whether the world changed; True too when the answer was lost on purpose."""
    message_ids: tuple[int, ...] = ()

    @property
    def is_ok(self) -> bool:
        return self.outcome == "ok"


class ActError(Exception):
    """A person in the world may not do what the script asks of them."""
