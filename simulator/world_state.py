"""The state of the world: registries, look-ups, storing a message, telling the bots and the watchers.

Owns ids and bounds. Every other `world_*` module builds on this class; none of them keeps state of its own.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any

from simulator.wire import message_shape, shapes
from simulator.wire.pictures import picture_size
from simulator.wire.sight import sees
from simulator.wire.updates import UpdateQueue
from simulator.world_model import (
    ANONYMOUS_ADMIN_ID,
    ActError,
    Bot,
    Call,
    CallbackQuery,
    Chat,
    ChatKind,
    EventKind,
    FileKind,
    InlineQuery,
    Member,
    MemberStatus,
    Message,
    StoredFile,
    User,
    WorldEvent,
)

ChatRef = Chat | Bot | int
"""A chat, its id, or a bot for the private chat with it."""

SUPERGROUP_BASE = -1_001_000_000_000
FILES_KEPT = 5_000


def utc_now() -> datetime:
    return datetime.now(UTC)


class WorldState:
    """Everything that exists. Sync and single-threaded; the clock and randomness are passed in.

    `history_bound` messages are kept per chat, `call_bound` API calls in all; older ones are forgotten.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime] = utc_now,
        random: Random | None = None,
        history_bound: int = 1_000,
        call_bound: int = 200_000,
    ) -> None:
        self.now = now
        self.random = random or Random(0)
        self.history_bound = history_bound
        self.bots: dict[int, Bot] = {}
        self.users: dict[int, User] = {}
        self.chats: dict[int, Chat] = {}
        """Groups, supergroups and broadcast channels. Private chats: see `private_chat`."""
        self.private_chats: dict[tuple[int, int], Chat] = {}
        self.files: dict[str, StoredFile] = {}
        self.queues: dict[int, UpdateQueue] = {}
        self.callbacks: dict[str, CallbackQuery] = {}
        self.inline_queries: dict[str, InlineQuery] = {}
        self.calls: deque[Call] = deque(maxlen=call_bound)
        self._tokens: dict[str, Bot] = {}
        self._usernames: dict[str, Bot | User | Chat] = {}
        self._watchers: list[Callable[[WorldEvent], None]] = []
        self._next_user_id = 1001
        self._next_chat_id = 1
        self._next_query_id = self.random.randrange(10**15, 10**16)

    # --- who and what exists -------------------------------------------------------------------------

    def add_bot(self, token: str, username: str, name: str) -> Bot:
        """Register a bot; `token` is `<digits>:<secret>`."""
        bot_id = int(token.split(":", 1)[0])
        if bot_id in self.bots:
            raise ValueError(f"a bot with id {bot_id} exists already")
        bot = Bot(bot_id, token, username, name)
        self.bots[bot_id] = bot
        self._tokens[token] = bot
        self._usernames[username.lower()] = bot
        self.queues[bot_id] = UpdateQueue(first_id=self.random.randrange(10**8, 9 * 10**8), now=self.now)
        return bot

    def add_user(
        self,
        first_name: str,
        *,
        username: str | None = None,
        language_code: str = "vi",
        hides_forwards: bool = False,
    ) -> User:
        """A new person; ids count up from 1001."""
        user = User(
            self._next_user_id,
            first_name,
            username=username,
            language_code=language_code,
            hides_forwards=hides_forwards,
        )
        self._next_user_id += 1
        self.users[user.id] = user
        if username:
            self._usernames[username.lower()] = user
        return user

    def new_chat_id(self, kind: ChatKind) -> int:
        number = self._next_chat_id
        self._next_chat_id += 1
        return -(4_000_000 + number) if kind is ChatKind.GROUP else SUPERGROUP_BASE - number

    def keep_chat(self, chat: Chat) -> None:
        self.chats[chat.id] = chat
        if chat.username:
            self._usernames[chat.username.lower()] = chat

    def bot_of_token(self, token: str) -> Bot | None:
        bot = self._tokens.get(token)
        return None if bot is None or bot.is_deleted else bot

    def named(self, username: str) -> Bot | User | Chat | None:
        """Who carries this @name (without regard to case, with or without the @)."""
        return self._usernames.get(username.removeprefix("@").lower())

    def next_query_id(self) -> str:
        self._next_query_id += 1
        return str(self._next_query_id)

    def person(self, user: User | int) -> User:
        return self.users[user] if isinstance(user, int) else user

    def account(self, user_id: int) -> User | Bot:
        return self.users.get(user_id) or self.bots[user_id]

    def private_chat(self, user: User | int, bot: Bot | int) -> Chat:
        """The conversation of one person with one bot; it exists from the first look on."""
        person = self.person(user)
        bot_id = bot if isinstance(bot, int) else bot.id
        chat = self.private_chats.get((bot_id, person.id))
        if chat is None:
            chat = Chat(person.id, ChatKind.PRIVATE, person.name, username=person.username, bot_id=bot_id)
            self.private_chats[bot_id, person.id] = chat
        return chat

    def chat(self, ref: ChatRef, *, user: User | int | None = None, bot: Bot | int | None = None) -> Chat:
        """Find a chat by itself, its id, or the bot one talks to (then `user` says who talks)."""
        if isinstance(ref, Chat):
            return ref
        if isinstance(ref, Bot):
            if user is None:
                raise ValueError("name the user whose private chat with the bot is meant")
            return self.private_chat(user, ref)
        if ref > 0:
            return self.private_chat(ref, self._bot_of_private(ref) if bot is None else bot)
        return self.chats[ref]

    def _bot_of_private(self, user_id: int) -> int:
        talked_to = [bot_id for bot_id, person_id in self.private_chats if person_id == user_id]
        candidates = talked_to or list(self.bots)
        if len(candidates) != 1:
            raise ValueError("several bots: say which private chat is meant")
        return candidates[0]

    def message(self, ref: ChatRef, message_id: int, *, bot: Bot | int | None = None) -> Message:
        """One message that is still there; KeyError when it was deleted or forgotten."""
        return self.chat(ref, bot=bot).messages[message_id]

    def bots_in(self, chat: Chat) -> Iterator[Bot]:
        if chat.bot_id is not None:
            yield self.bots[chat.bot_id]
            return
        for bot in self.bots.values():
            if bot.id in chat.members and chat.members[bot.id].is_present:
                yield bot

    # --- files ---------------------------------------------------------------------------------------

    def keep_file(self, data: bytes, kind: FileKind, *, name: str = "", mime_type: str = "") -> StoredFile:
        """Store bytes once; the same bytes sent again are the same file."""
        key = hashlib.sha256(kind.encode() + b"\0" + name.encode() + b"\0" + data).hexdigest()[:24]
        if key not in self.files:
            width, height = picture_size(data) if kind is FileKind.PHOTO else (0, 0)
            mime = mime_type or ("image/jpeg" if kind is FileKind.PHOTO else "application/octet-stream")
            self.files[key] = StoredFile(key, data, kind, name, mime, width, height)
            if len(self.files) > FILES_KEPT:
                del self.files[next(iter(self.files))]
        return self.files[key]

    # --- messages ------------------------------------------------------------------------------------

    def post(self, chat: Chat, message: Message) -> Message:
        """Put a message into its chat, tell the bots that may see it, and tell the watchers."""
        chat.messages[message.id] = message
        while len(chat.messages) > self.history_bound:
            del chat.messages[next(iter(chat.messages))]
        if message.author_id in self.bots and not message.is_service:
            chat.last_bot_id = message.author_id
        self._deliver(chat, message, edited=False)
        self.tell(EventKind.MESSAGE, chat, message.id)
        return message

    def draft(self, chat: Chat, **fields: Any) -> Message:
        """A message with the next id of the chat and the present time, not yet posted."""
        chat.last_message_id += 1
        return Message(chat.last_message_id, chat.id, self.now(), **fields)

    def announce(
        self, chat: Chat, by: int, service: dict[str, Any], *, topic: int | None = None, **fields: Any
    ) -> Message:
        """Post a service message in somebody's name; in a broadcast channel it is the channel's own."""
        sender: dict[str, Any] = {"from_id": by}
        if chat.kind is ChatKind.BROADCAST:
            sender = {"sender_chat_id": chat.id}
        elif "is_anonymous" in chat.member(by).rights:
            sender = {"from_id": ANONYMOUS_ADMIN_ID, "sender_chat_id": chat.id}
        fields |= {"author_id": by, "service": service, "topic": topic}
        return self.post(chat, self.draft(chat, **sender, **fields))

    def redeliver_edited(self, chat: Chat, message: Message, by: int | None) -> None:
        """Tell everybody but the editor that a message has changed."""
        self._deliver(chat, message, edited=True, but=by)
        self.tell(EventKind.EDIT, chat, message.id)

    def described(self, place: Chat, message_id: int, bot: Bot) -> dict[str, Any]:
        """A message as one bot reads it, or the Bot API's stand-in for one that is gone."""
        if message_id in place.messages:
            return message_shape.message(self, place.messages[message_id], bot)
        return {"chat": shapes.chat(self, place), "message_id": message_id, "date": 0}

    def _deliver(self, chat: Chat, message: Message, *, edited: bool, but: int | None = None) -> None:
        kind = "channel_post" if chat.kind is ChatKind.BROADCAST else "message"
        kind = f"edited_{kind}" if edited else kind
        for bot in self.bots_in(chat):
            if bot.id != but and self.queues[bot.id].wants(kind) and sees(self, bot, chat, message):
                self.queues[bot.id].put(kind, message_shape.message(self, message, bot))

    # --- members -------------------------------------------------------------------------------------

    def set_member(self, chat: Chat, member: Member, by: int) -> None:
        """Change somebody's standing and send `my_chat_member` or `chat_member` to whom it concerns."""
        old = chat.member(member.user_id)
        if old == member:
            return
        if old.status is MemberStatus.CREATOR and member.status not in (old.status, MemberStatus.LEFT):
            raise ActError("the creator of a chat stays its creator")
        was_watching = [bot for bot in self.bots_in(chat) if chat.member(bot.id).is_admin]
        chat.members[member.user_id] = member
        if member.user_id in self.bots:
            self._put_membership(self.bots[member.user_id], "my_chat_member", chat, (old, member), by)
        for bot in was_watching:
            if bot.id != member.user_id and chat.member(bot.id).is_admin:
                self._put_membership(bot, "chat_member", chat, (old, member), by)
        self.tell(EventKind.MEMBER, chat)

    def _put_membership(
        self, bot: Bot, kind: str, chat: Chat, change: tuple[Member, Member], by: int
    ) -> None:
        queue = self.queues[bot.id]
        if queue.wants(kind):
            queue.put(kind, shapes.member_updated(self, chat, change, by))

    def put_update(self, bot: Bot | int, kind: str, body: dict[str, Any]) -> None:
        """Queue any other update for one bot, when the bot asked for its kind."""
        queue = self.queues[bot if isinstance(bot, int) else bot.id]
        if queue.wants(kind):
            queue.put(kind, body)

    # --- watchers ------------------------------------------------------------------------------------

    def subscribe(self, callback: Callable[[WorldEvent], None]) -> Callable[[], None]:
        """Call `callback` after each visible change; returns what ends the subscription."""
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback)

    def tell(self, kind: EventKind, chat: Chat, message_id: int | None = None) -> None:
        if not self._watchers:
            return
        event = WorldEvent(kind, chat.id, message_id, chat.bot_id)
        for callback in tuple(self._watchers):
            callback(event)

    def record(self, call: Call) -> None:
        self.calls.append(call)

    def calls_of(self, method: str | None = None, chat: ChatRef | None = None) -> list[Call]:
        """The remembered API calls, oldest first, of one method and to one chat where given."""
        chat_id = None if chat is None else self.chat(chat).id if not isinstance(chat, int) else chat
        return [
            call
            for call in self.calls
            if (method is None or call.method == method) and (chat_id is None or call.chat_id == chat_id)
        ]

    def people(self, users: Iterable[User | int]) -> list[User]:
        return [self.person(user) for user in users]
