"""How messages, forward origins, files and keyboards look as Bot API objects.

A message is described for one bot, because file ids are valid for one bot only.
Source of the field names: https://core.telegram.org/bots/api#message
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.wire import shapes
from simulator.wire.entities import Entity
from simulator.wire.file_ids import file_id, unique_id
from simulator.world_model import Bot, Chat, FileKind, Message, Origin, OriginKind, StoredFile

if TYPE_CHECKING:
    from simulator.world_state import WorldState

THUMBNAIL_SIDE = 320


def message(world: WorldState, item: Message, bot: Bot, *, depth: int = 1) -> dict[str, Any]:
    """A `Message` object as `bot` sees it; a replied-to message is included once, not its own reply."""
    place = world.chat(item.chat_id, bot=bot)
    described: dict[str, Any] = {"message_id": item.id, "date": shapes.seconds(item.date)}
    if item.from_id is not None:
        described["from"] = shapes.sender(world, item.from_id)
    if item.sender_chat_id is not None:
        described["sender_chat"] = shapes.chat(world, world.chats[item.sender_chat_id])
    described["chat"] = shapes.chat(world, place)
    if item.topic is not None:
        described |= {"message_thread_id": item.topic, "is_topic_message": True}
    _add_marks(world, described, item)
    if depth:
        _add_reply(world, described, (item, place), bot)
    _add_content(world, described, item, bot)
    return described


def _add_marks(world: WorldState, described: dict[str, Any], item: Message) -> None:
    if item.origin is not None:
        described["forward_origin"] = origin(world, item.origin)
    if item.edited_at is not None:
        described["edit_date"] = shapes.seconds(item.edited_at)
    if item.is_protected:
        described["has_protected_content"] = True
    if item.signature:
        described["author_signature"] = item.signature
    if item.album_id:
        described["media_group_id"] = item.album_id
    if item.via_bot_id is not None:
        described["via_bot"] = shapes.sender(world, item.via_bot_id)
    if item.inline_keyboard:
        described["reply_markup"] = {"inline_keyboard": item.inline_keyboard}


def _add_reply(world: WorldState, described: dict[str, Any], where: tuple[Message, Chat], bot: Bot) -> None:
    item, place = where
    # In a topic, what answers nothing else is described as an answer to the message that opened the topic.
    replied = place.messages.get(item.reply_to or item.topic or 0)
    if replied is not None and replied is not item:
        described["reply_to_message"] = message(world, replied, bot, depth=0)
    if item.quote:
        described["quote"] = {"text": item.quote, "position": 0, "is_manual": True}


def _add_content(world: WorldState, described: dict[str, Any], item: Message, bot: Bot) -> None:
    if item.service is not None:
        described |= _service(world, item.service, (item, bot))
        return
    if item.file is not None:
        described |= file_fields(item.file, bot)
    text, entities = ("text", "entities") if item.file is None else ("caption", "caption_entities")
    if item.text:
        described[text] = item.text
    if item.entities:
        described[entities] = [entity_json(world, entity) for entity in item.entities]
    if item.link_preview is not None and item.file is None:
        described["link_preview_options"] = item.link_preview


def _service(world: WorldState, service: Any, where: tuple[Message, Bot]) -> dict[str, Any]:
    item, bot = where
    if "pinned_message" not in service:
        return dict(service)
    place = world.chat(item.chat_id, bot=bot)
    pinned = place.messages.get(service["pinned_message"])
    if pinned is None:
        missing = {"chat": shapes.chat(world, place), "message_id": service["pinned_message"], "date": 0}
        return {"pinned_message": missing}
    return {"pinned_message": message(world, pinned, bot, depth=0)}


def entity_json(world: WorldState, entity: Entity) -> dict[str, Any]:
    """A `MessageEntity`."""
    described: dict[str, Any] = {"type": entity.kind, "offset": entity.offset, "length": entity.length}
    if entity.url:
        described["url"] = entity.url
    if entity.language:
        described["language"] = entity.language
    if entity.user_id is not None:
        described["user"] = shapes.sender(world, entity.user_id)
    if entity.emoji_id:
        described["custom_emoji_id"] = entity.emoji_id
    return described


def origin(world: WorldState, source: Origin) -> dict[str, Any]:
    """One of the four `MessageOrigin` objects."""
    described: dict[str, Any] = {"type": source.kind.value, "date": shapes.seconds(source.date)}
    match source.kind:
        case OriginKind.USER:
            described["sender_user"] = _origin_user(world, source)
        case OriginKind.HIDDEN_USER:
            described["sender_user_name"] = source.name
        case OriginKind.CHAT:
            described["sender_chat"] = _origin_chat(world, source, "supergroup")
        case OriginKind.CHANNEL:
            described["chat"] = _origin_chat(world, source, "channel")
            described["message_id"] = source.message_id or 1
    if source.signature and source.kind in (OriginKind.CHAT, OriginKind.CHANNEL):
        described["author_signature"] = source.signature
    return described


def _origin_user(world: WorldState, source: Origin) -> dict[str, Any]:
    if source.user_id in world.users or source.user_id in world.bots:
        return shapes.sender(world, source.user_id)
    return {"id": source.user_id or 777_000_001, "is_bot": False, "first_name": source.name}


def _origin_chat(world: WorldState, source: Origin, kind: str) -> dict[str, Any]:
    if source.chat_id in world.chats:
        return shapes.chat(world, world.chats[source.chat_id])
    described = {"id": source.chat_id or -1_009_999_999_999, "type": kind, "title": source.chat_title}
    return described | ({"username": source.chat_username} if source.chat_username else {})


def file_fields(stored: StoredFile, bot: Bot) -> dict[str, Any]:
    """The field that carries a file: `photo` with its sizes, or one object under the kind's name."""
    if stored.kind is FileKind.PHOTO:
        return {"photo": _photo_sizes(stored, bot)}
    described = _file_core(stored, bot) | {"mime_type": stored.mime_type}
    if stored.name and stored.kind is not FileKind.VOICE:
        described["file_name"] = stored.name
    described |= _SHAPE_EXTRAS.get(stored.kind, {})
    return {stored.kind.value: described}


_SHAPE_EXTRAS: dict[FileKind, dict[str, Any]] = {
    FileKind.VIDEO: {"width": 640, "height": 360, "duration": 1},
    FileKind.ANIMATION: {"width": 320, "height": 240, "duration": 1},
    FileKind.AUDIO: {"duration": 1},
    FileKind.VOICE: {"duration": 1},
    FileKind.VIDEO_NOTE: {"length": 240, "duration": 1},
    FileKind.STICKER: {
        "type": "regular",
        "width": 512,
        "height": 512,
        "is_animated": False,
        "is_video": False,
    },
}


def _file_core(stored: StoredFile, bot: Bot, size: str = "x") -> dict[str, Any]:
    return {
        "file_id": file_id(stored, bot, size),
        "file_unique_id": unique_id(stored, size),
        "file_size": len(stored.data),
    }


def _photo_sizes(stored: StoredFile, bot: Bot) -> list[dict[str, Any]]:
    width, height = stored.width or 1, stored.height or 1
    full = _file_core(stored, bot) | {"width": width, "height": height}
    longest = max(width, height)
    if longest <= THUMBNAIL_SIDE:
        return [full]
    small = _file_core(stored, bot, "m") | {
        "width": max(1, width * THUMBNAIL_SIDE // longest),
        "height": max(1, height * THUMBNAIL_SIDE // longest),
    }
    return [small, full]
