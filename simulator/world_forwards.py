"""Forwarding by people, and what the platform tells about where the message came from."""

from __future__ import annotations

from dataclasses import replace

from simulator.world_model import (
    ActError,
    Chat,
    ChatKind,
    Message,
    Origin,
    OriginKind,
    RichText,
    StoredFile,
    User,
)
from simulator.world_state import ChatRef
from simulator.world_talk import WorldTalk, plain


class WorldForwards(WorldTalk):
    """Messages that are passed on."""

    def forward(self, user: User | int, from_chat: ChatRef, message_id: int, to_chat: ChatRef) -> Message:
        """A person forwards a message they can read, from inside this world."""
        person = self.person(user)
        source, target = self.chat(from_chat, user=user), self.chat(to_chat, user=user)
        if source.bot_id is None and not source.member(person.id).is_present and not source.username:
            raise ActError(f"{person.name} does not see “{source.title}”")
        message = source.messages[message_id]
        if message.is_service or message.is_protected:
            raise ActError("service messages and protected content cannot be forwarded")
        self.expect_may_write(person, target, None)
        return self.post(target, self.forwarded(source, message, target, author_id=person.id))

    def forward_foreign(
        self,
        user: User | int,
        to_chat: ChatRef,
        text: str | RichText,
        origin: Origin,
        *,
        file: StoredFile | None = None,
    ) -> Message:
        """A person forwards something from outside this world, with any kind of origin."""
        person, target = self.person(user), self.chat(to_chat, user=user)
        self.expect_may_write(person, target, None)
        rich = plain(text)
        fields = self._voice(person, target, as_chat=None, anonymous=False)
        draft = self.draft(target, text=rich.text, entities=rich.entities, origin=origin, file=file, **fields)
        return self.post(target, draft)

    def forwarded(self, source: Chat, message: Message, target: Chat, *, author_id: int) -> Message:
        """A copy of `message` for `target`, with its origin, not yet posted. Buttons stay behind."""
        draft = self.draft(target, author_id=author_id, from_id=author_id)
        if target.kind is ChatKind.BROADCAST:
            draft.from_id, draft.sender_chat_id = None, target.id
        draft.text, draft.entities, draft.file = message.text, message.entities, message.file
        draft.link_preview = message.link_preview
        draft.origin = self.origin_of(source, message)
        return draft

    def origin_of(self, source: Chat, message: Message) -> Origin:
        """What a forward of this message says about its source."""
        if message.origin is not None:
            return message.origin
        if message.sender_chat_id is not None:
            return self._chat_origin(source, message)
        author = self.users.get(message.author_id)
        if author is not None and (author.hides_forwards or author.is_deactivated):
            name = "Deleted Account" if author.is_deactivated else author.name
            return Origin(OriginKind.HIDDEN_USER, message.date, name=name)
        return Origin(OriginKind.USER, message.date, user_id=message.author_id)

    def _chat_origin(self, source: Chat, message: Message) -> Origin:
        speaker = self.chats[message.sender_chat_id or source.id]
        base = Origin(
            OriginKind.CHAT,
            message.date,
            chat_id=speaker.id,
            chat_title=speaker.title,
            chat_username=speaker.username,
            signature=message.signature,
        )
        if source.kind is ChatKind.BROADCAST:
            return replace(base, kind=OriginKind.CHANNEL, message_id=message.id)
        return base
