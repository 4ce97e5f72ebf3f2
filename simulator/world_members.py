"""Acts on chats and membership: making chats, joining, leaving, rights, blocking, upgrading, deleting.

Each act changes the state, posts the service messages the platform would post, and queues
`my_chat_member` and `chat_member` for the bots concerned.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from simulator.wire import shapes
from simulator.world_model import (
    ADMIN_RIGHTS,
    BROADCAST_ONLY_RIGHTS,
    GROUP_ONLY_RIGHTS,
    ActError,
    Bot,
    Chat,
    ChatKind,
    EventKind,
    Member,
    MemberStatus,
    Topic,
    User,
)
from simulator.world_state import ChatRef, WorldState

Account = User | Bot

DEFAULT_GROUP_RIGHTS = frozenset(
    {
        "can_manage_chat",
        "can_delete_messages",
        "can_manage_video_chats",
        "can_restrict_members",
        "can_change_info",
        "can_invite_users",
        "can_pin_messages",
        "can_manage_topics",
    }
)
DEFAULT_BROADCAST_RIGHTS = frozenset(
    {
        "can_manage_chat",
        "can_change_info",
        "can_post_messages",
        "can_edit_messages",
        "can_delete_messages",
        "can_invite_users",
        "can_manage_video_chats",
    }
)


def rights_for(chat: Chat, asked: Iterable[str] | None) -> frozenset[str]:
    """The rights that make sense in this kind of chat; every administrator may manage the chat."""
    if asked is None:
        return DEFAULT_BROADCAST_RIGHTS if chat.kind is ChatKind.BROADCAST else DEFAULT_GROUP_RIGHTS
    unknown = set(asked) - set(ADMIN_RIGHTS)
    if unknown:
        raise ValueError(f"no such administrator rights: {sorted(unknown)}")
    senseless = GROUP_ONLY_RIGHTS if chat.kind is ChatKind.BROADCAST else BROADCAST_ONLY_RIGHTS
    if chat.kind is ChatKind.BROADCAST:
        senseless = senseless | {"is_anonymous"}
    return (frozenset(asked) - senseless) | {"can_manage_chat"}


class WorldMembers(WorldState):
    """Acts on chats as wholes and on who belongs to them."""

    def add_chat(  # noqa: PLR0913 - a scene reads best with its facts by name
        self,
        kind: ChatKind | str,
        title: str,
        owner: User | int,
        *,
        members: Iterable[User | int] = (),
        forum: bool = False,
        member_count: int | None = None,
        username: str | None = None,
    ) -> Chat:
        """A group, supergroup or broadcast channel, its owner and the people who act in it.

        `member_count` is the figure the platform tells; whoever is not named stays an unlisted number.
        """
        kind = ChatKind(kind)
        if kind is ChatKind.PRIVATE:
            raise ValueError("a private chat comes into being by talking: see private_chat()")
        creator = self.person(owner)
        chat = Chat(self.new_chat_id(kind), kind, title, username=username, is_forum=forum)
        chat.members[creator.id] = Member(creator.id, MemberStatus.CREATOR)
        for person in self.people(members):
            chat.members[person.id] = Member(person.id, MemberStatus.MEMBER)
        chat.unlisted_members = max(0, (member_count or 0) - len(chat.members))
        self.keep_chat(chat)
        self.tell(EventKind.CHAT, chat)
        return chat

    def add_topic(self, chat: ChatRef, name: str, by: Account | int) -> Topic:
        """Open a topic in a forum; its id is that of the service message."""
        forum = self.chat(chat)
        if not forum.is_forum:
            raise ActError("only a forum has topics")
        creator = by if isinstance(by, int) else by.id
        topic = Topic(forum.last_message_id + 1, name, creator_id=creator)
        forum.topics[topic.id] = topic
        service = {"forum_topic_created": {"name": name, "icon_color": topic.icon_color}}
        self.announce(forum, creator, service, topic=topic.id)
        return topic

    def set_topic_closed(self, chat: ChatRef, topic: Topic | int, by: Account | int, *, closed: bool) -> None:
        """Close or reopen a topic, with its service message; nothing happens when it is so already."""
        forum = self.chat(chat)
        subject = forum.topics[topic] if isinstance(topic, int) else topic
        if subject.is_closed == closed:
            return
        subject.is_closed = closed
        service: dict[str, Any] = {"forum_topic_closed" if closed else "forum_topic_reopened": {}}
        self.announce(forum, by if isinstance(by, int) else by.id, service, topic=subject.id)

    # --- joining and leaving -------------------------------------------------------------------------

    def add_member(self, chat: ChatRef, account: Account | int, *, by: User | int | None = None) -> None:
        """Somebody joins, or is added by another member. A bot enters a broadcast channel only as admin."""
        place, newcomer, adder = self._place_and_parties(chat, account, by)
        if place.member(newcomer.id).is_present:
            return
        if isinstance(newcomer, Bot) and place.kind is ChatKind.BROADCAST:
            raise ActError("a bot can be in a broadcast channel only as an administrator: promote it")
        if isinstance(newcomer, Bot) and not newcomer.can_join_groups:
            raise ActError("this bot cannot be added to groups")
        self.set_member(place, Member(newcomer.id, MemberStatus.MEMBER), adder.id)
        self._announce_newcomer(place, newcomer, adder)

    def _announce_newcomer(self, place: Chat, newcomer: Account, adder: Account) -> None:
        if place.kind is not ChatKind.BROADCAST:
            described = shapes.account(newcomer)
            self.announce(place, adder.id, {"new_chat_members": [described], "new_chat_member": described})

    def remove_member(
        self, chat: ChatRef, account: Account | int, *, by: Account | int | None = None, ban: bool = True
    ) -> None:
        """Somebody leaves (no `by`), or is removed and, unless `ban` is False, kept out."""
        place, leaver, remover = self._place_and_parties(chat, account, by)
        was_removed = by is not None and leaver.id != remover.id
        status = MemberStatus.KICKED if was_removed and ban else MemberStatus.LEFT
        was_present = place.member(leaver.id).is_present
        if was_present and place.kind is not ChatKind.BROADCAST:
            # Posted first: a bot that is removed still reads that it was.
            self.announce(place, remover.id, {"left_chat_member": shapes.account(leaver)})
        self.set_member(place, Member(leaver.id, status), remover.id)

    def _place_and_parties(
        self, chat: ChatRef, account: Account | int, by: Account | int | None
    ) -> tuple[Chat, Account, Account]:
        subject = self.account(account) if isinstance(account, int) else account
        actor = subject if by is None else self.account(by) if isinstance(by, int) else by
        return self.chat(chat), subject, actor

    # --- rights --------------------------------------------------------------------------------------

    def promote(
        self,
        chat: ChatRef,
        account: Account | int,
        rights: Iterable[str] | None = None,
        *,
        by: User | int | None = None,
        title: str = "",
    ) -> None:
        """Make somebody an administrator with these rights (default: the app's usual ones).

        `by` is the owner unless given. A bot that is not there yet joins by being promoted.
        """
        place, subject, promoter = self._place_and_parties(chat, account, by or self.owner_of(chat))
        if not place.member(promoter.id).may("can_promote_members"):
            raise ActError(f"{promoter.name} may not appoint administrators here")
        was_present = place.member(subject.id).is_present
        granted = rights_for(place, rights)
        status = MemberStatus.ADMINISTRATOR
        self.set_member(
            place, Member(subject.id, status, granted, title=title, promoted_by=promoter.id), promoter.id
        )
        if not was_present:
            self._announce_newcomer(place, subject, promoter)

    def demote(self, chat: ChatRef, account: Account | int, *, by: User | int | None = None) -> None:
        """Take the rights away. In a broadcast channel a bot that is no administrator is out."""
        place, subject, demoter = self._place_and_parties(chat, account, by or self.owner_of(chat))
        is_out = isinstance(subject, Bot) and place.kind is ChatKind.BROADCAST
        status = MemberStatus.LEFT if is_out else MemberStatus.MEMBER
        self.set_member(place, Member(subject.id, status), demoter.id)

    def set_anonymous(self, chat: ChatRef, user: User | int, *, is_anonymous: bool = True) -> None:
        """An administrator or the owner begins, or ends, to act in the name of the group."""
        place, person = self.chat(chat), self.person(user)
        member = place.member(person.id)
        if not member.is_admin or place.kind is ChatKind.BROADCAST:
            raise ActError("only administrators of groups are anonymous")
        rights = member.rights | {"is_anonymous"} if is_anonymous else member.rights - {"is_anonymous"}
        self.set_member(place, replace(member, rights=rights), person.id)

    def restrict(
        self,
        chat: ChatRef,
        account: Account | int,
        permissions: Iterable[str],
        *,
        by: User | int | None = None,
    ) -> None:
        """Leave a member only these permissions."""
        place, subject, actor = self._place_and_parties(chat, account, by or self.owner_of(chat))
        restricted = Member(subject.id, MemberStatus.RESTRICTED, permissions=frozenset(permissions))
        self.set_member(place, restricted, actor.id)

    def set_permissions(self, chat: ChatRef, permissions: Iterable[str]) -> None:
        """What ordinary members may do in a chat."""
        place = self.chat(chat)
        place.permissions = frozenset(permissions)
        self.tell(EventKind.CHAT, place)

    def owner_of(self, chat: ChatRef) -> User:
        place = self.chat(chat)
        for member in place.members.values():
            if member.status is MemberStatus.CREATOR:
                return self.users[member.user_id]
        raise ActError(f"“{place.title}” has no owner")

    # --- what happens to whole chats and accounts ----------------------------------------------------

    def upgrade(self, chat: ChatRef) -> Chat:
        """Turn a basic group into a supergroup: a new id, and one service message on each side."""
        old = self.chat(chat)
        if old.kind is not ChatKind.GROUP or old.upgraded_to is not None:
            raise ActError("only a basic group can be upgraded, and only once")
        owner = self.owner_of(old)
        new = Chat(self.new_chat_id(ChatKind.SUPERGROUP), ChatKind.SUPERGROUP, old.title)
        new.members = dict(old.members)
        new.unlisted_members, new.permissions = old.unlisted_members, old.permissions
        new.upgraded_from = old.id
        self.keep_chat(new)
        self.announce(old, owner.id, {"migrate_to_chat_id": new.id})
        old.upgraded_to = new.id
        self.announce(new, owner.id, {"migrate_from_chat_id": old.id})
        self.tell(EventKind.CHAT, new)
        return new

    def delete_chat(self, chat: ChatRef) -> None:
        """The owner deletes the chat. Supergroups and channels vanish; a basic group says it is gone."""
        place = self.chat(chat)
        owner = self.owner_of(place)
        for bot in list(self.bots_in(place)):
            self.set_member(place, Member(bot.id, MemberStatus.LEFT), owner.id)
        place.is_deleted = True
        self.tell(EventKind.CHAT, place)

    def set_title(self, chat: ChatRef, title: str, *, by: Account | int | None = None) -> None:
        place = self.chat(chat)
        actor = self.owner_of(place) if by is None else self.account(by) if isinstance(by, int) else by
        place.title = title
        self.announce(place, actor.id, {"new_chat_title": title})
        self.tell(EventKind.CHAT, place)

    def block(self, user: User | int, bot: Bot) -> None:
        """The person stops the bot: `my_chat_member` with status kicked."""
        self._set_blocked(self.person(user), bot, blocked=True)

    def unblock(self, user: User | int, bot: Bot) -> None:
        self._set_blocked(self.person(user), bot, blocked=False)

    def _set_blocked(self, person: User, bot: Bot, *, blocked: bool) -> None:
        if (bot.id in person.blocked) == blocked:
            return
        (person.blocked.add if blocked else person.blocked.discard)(bot.id)
        before = Member(bot.id, MemberStatus.MEMBER if blocked else MemberStatus.KICKED)
        after = replace(before, status=MemberStatus.KICKED if blocked else MemberStatus.MEMBER)
        chat = self.private_chat(person, bot)
        body = shapes.member_updated(self, chat, (before, after), person.id)
        self.put_update(bot, "my_chat_member", body)
        self.tell(EventKind.CHAT, chat)

    def deactivate(self, user: User | int) -> None:
        """The account is deleted: its name goes, and writing to it is refused."""
        person = self.person(user)
        person.is_deactivated = True
        for (_, user_id), chat in self.private_chats.items():
            if user_id == person.id:
                self.tell(EventKind.CHAT, chat)
