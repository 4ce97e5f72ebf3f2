"""The methods that change what was sent: editing, deleting, pinning, reacting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from simulator.bot_api.access import Access, chat_of, expect_right, found, is_own, message_of
from simulator.bot_api.keyboards import markup_of
from simulator.bot_api.refusals import NOT_MODIFIED, bad_request
from simulator.bot_api.request import Request
from simulator.bot_api.sending import Method, described, link_preview_of
from simulator.bot_api.texts import Source, caption, caption_of, text_of
from simulator.bot_api.uploads import album_file
from simulator.world import Chat, ChatKind, EventKind, Message, RichText
from simulator.world_model import StoredFile

DELETABLE = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class _Content:
    """What of a message an edit can change."""

    rich: RichText
    file: StoredFile | None
    keyboard: list[list[dict[str, Any]]] | None
    link_preview: dict[str, Any] | None


def _editable(request: Request) -> tuple[Chat, Message]:
    if request.has("inline_message_id"):
        raise bad_request("MESSAGE_ID_INVALID")
    place = chat_of(request, Access.EDIT)
    message = message_of(request, place, "edit")
    if not _may_edit(request, place, message):
        raise bad_request("message can't be edited")
    return place, message


def _may_edit(request: Request, place: Chat, message: Message) -> bool:
    if message.is_service or message.origin is not None or message.reply_markup is not None:
        # A message that carries a reply keyboard cannot be edited, only one with buttons or without.
        return False
    if place.kind is not ChatKind.BROADCAST:
        return is_own(request, message)
    member = place.member(request.bot.id)
    return member.may("can_edit_messages") or (is_own(request, message) and member.may("can_post_messages"))


def _content(message: Message) -> _Content:
    rich = RichText(message.text, message.entities)
    return _Content(rich, message.file, message.inline_keyboard, message.link_preview)


def _apply(request: Request, where: tuple[Chat, Message], content: _Content) -> dict[str, Any]:
    place, message = where
    if content == _content(message):
        raise bad_request(NOT_MODIFIED)
    if request.limiter.limits is not None and request.limiter.limits.counts_edits:
        request.limiter.expect_room(request.bot.id, place)
    is_markup_only = replace(content, keyboard=message.inline_keyboard) == _content(message)
    message.text, message.entities = content.rich.text, content.rich.entities
    message.file, message.inline_keyboard = content.file, content.keyboard
    message.link_preview = content.link_preview
    if not is_markup_only or message.edited_at is not None:
        message.edited_at = request.world.now()
    request.world.redeliver_edited(place, message, by=request.bot.id)
    request.acted(message.id)
    return described(request, message)


def edit_text(request: Request) -> dict[str, Any]:
    rich = text_of(request)
    place, message = _editable(request)
    if message.file is not None:
        raise bad_request("there is no text in the message to edit")
    keyboard = markup_of(request, place).inline_keyboard
    content = _Content(rich, None, keyboard, link_preview_of(request))
    return _apply(request, (place, message), content)


def edit_caption(request: Request) -> dict[str, Any]:
    rich = caption_of(request)
    place, message = _editable(request)
    if message.file is None:
        raise bad_request("there is no caption in the message to edit")
    keyboard = markup_of(request, place).inline_keyboard
    content = _Content(rich, message.file, keyboard, message.link_preview)
    return _apply(request, (place, message), content)


def edit_media(request: Request) -> dict[str, Any]:
    item = request.structure("media")
    if not isinstance(item, dict):
        raise bad_request("can't parse media JSON object")
    stored = album_file(request, item)
    entities = item.get("caption_entities")
    rich = caption(request, Source(item.get("caption") or "", item.get("parse_mode") or "", entities))
    place, message = _editable(request)
    keyboard = markup_of(request, place).inline_keyboard
    return _apply(request, (place, message), _Content(rich, stored, keyboard, None))


def edit_markup(request: Request) -> dict[str, Any]:
    place, message = _editable(request)
    content = replace(_content(message), keyboard=markup_of(request, place).inline_keyboard)
    return _apply(request, (place, message), content)


# --- deleting ----------------------------------------------------------------------------------------


def delete_message(request: Request) -> bool:
    place = chat_of(request, Access.EDIT)
    message = message_of(request, place, "delete")
    _expect_deletable(request, place, message)
    request.world.remove_message(place, message.id)
    request.acted(message.id)
    return True


def delete_messages(request: Request) -> bool:
    """Up to 100 at once; those that are gone already are passed over."""
    place = chat_of(request, Access.EDIT)
    numbers = [number for number in request.message_numbers() if number in place.messages]
    for number in numbers:
        _expect_deletable(request, place, place.messages[number])
    for number in numbers:
        request.world.remove_message(place, number)
    request.acted(*numbers)
    return True


def _expect_deletable(request: Request, place: Chat, message: Message) -> None:
    is_young = request.world.now() - message.date < DELETABLE
    if not is_young or not _may_delete(request, place, message):
        raise bad_request("message can't be deleted")


def _may_delete(request: Request, place: Chat, message: Message) -> bool:
    if place.kind is ChatKind.PRIVATE:
        return True
    member = place.member(request.bot.id)
    if member.may("can_delete_messages"):
        return True
    may_still_post = place.kind is not ChatKind.BROADCAST or member.may("can_post_messages")
    return is_own(request, message) and may_still_post


# --- pinning -----------------------------------------------------------------------------------------

_NO_PINS = "not enough rights to manage pinned messages in the chat"


def _pin_place(request: Request) -> Chat:
    place = chat_of(request, Access.WRITE)
    if place.kind is ChatKind.BROADCAST:
        expect_right(request.bot, place, "can_edit_messages", _NO_PINS)
    elif place.kind is not ChatKind.PRIVATE:
        member = place.member(request.bot.id)
        if not member.is_admin and "can_pin_messages" in place.permissions & member.permissions:
            return place
        expect_right(request.bot, place, "can_pin_messages", _NO_PINS)
    return place


def pin(request: Request) -> bool:
    place = _pin_place(request)
    message = message_of(request, place, "pin")
    if message.is_service:
        raise bad_request("message can't be pinned")
    if not message.is_pinned:
        silently = request.flag("disable_notification")
        request.world.set_pinned(place, message.id, by=request.bot.id, silently=silently)
    request.acted(message.id)
    return True


def unpin(request: Request) -> bool:
    """Unpin the named message, or the one pinned last."""
    place = _pin_place(request)
    number = request.integer("message_id") or (place.pinned[-1] if place.pinned else 0)
    if number:
        found(place, number, "message to unpin not found")
    if number in place.pinned:
        request.world.set_unpinned(place, number)
    request.acted(number)
    return True


def unpin_all(request: Request) -> bool:
    place = _pin_place(request)
    for number in tuple(place.pinned):
        request.world.set_unpinned(place, number)
    request.acted()
    return True


# --- reacting ----------------------------------------------------------------------------------------

REACTIONS = frozenset(
    "👍👎❤🔥🥰👏😁🤔🤯😱🤬😢🎉🤩🤮💩🙏👌🕊🤡🥱🥴😍🐳🌚🌭💯🤣⚡🍌🏆💔🤨😐"
    "🍓🍾💋🖕😈😴😭🤓👻👀🎃🙈😇😨🤝✍🤗🫡🎅🎄☃💅🤪🗿🆒💘🙉🦄😘💊🙊😎👾🤷😡"
)


def set_reaction(request: Request) -> bool:
    place = chat_of(request, Access.EDIT)
    message = message_of(request, place, "react")
    wanted = request.structure("reaction") or []
    if len(wanted) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    emoji = tuple(str(one.get("emoji", "")).removesuffix("\ufe0f") for one in wanted)
    if any(one not in REACTIONS for one in emoji):
        raise bad_request("REACTION_INVALID")
    message.reactions[request.bot.id] = emoji
    request.world.tell(EventKind.REACTION, place, message.id)
    request.acted(message.id)
    return True


METHODS: dict[str, Method] = {
    "editmessagetext": edit_text,
    "editmessagecaption": edit_caption,
    "editmessagemedia": edit_media,
    "editmessagereplymarkup": edit_markup,
    "deletemessage": delete_message,
    "deletemessages": delete_messages,
    "pinchatmessage": pin,
    "unpinchatmessage": unpin,
    "unpinallchatmessages": unpin_all,
    "setmessagereaction": set_reaction,
}
