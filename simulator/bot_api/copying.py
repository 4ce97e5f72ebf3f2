"""The methods that pass messages on: copies without, and forwards with, their origin."""

from __future__ import annotations

from typing import Any

from simulator.bot_api.access import Access, chat_of, expect_may_send, found
from simulator.bot_api.refusals import bad_request
from simulator.bot_api.request import Request
from simulator.bot_api.sending import Method, Place, described, place_of, send, signed
from simulator.bot_api.texts import caption_of
from simulator.world import Chat, Message, RichText


def _source(request: Request, purpose: str) -> tuple[Chat, Message]:
    origin = chat_of(request, Access.READ, "from_chat_id")
    message = found(origin, request.integer("message_id"), f"message to {purpose} not found")
    _expect_movable(message, purpose)
    return origin, message


def _expect_movable(message: Message, purpose: str) -> None:
    if message.is_service or message.is_protected:
        participle = {"copy": "copied", "forward": "forwarded"}[purpose]
        raise bad_request(f"message can't be {participle}")


def copy_message(request: Request) -> dict[str, int]:
    _, message = _source(request, "copy")
    place = place_of(request, message.file.kind if message.file else None)
    sent = send(request, place, _copied_text(request, message), message.file)
    return {"message_id": sent.id}


def _copied_text(request: Request, message: Message) -> RichText:
    has_new_caption = request.parameters.get("caption") is not None and message.file is not None
    return caption_of(request) if has_new_caption else RichText(message.text, message.entities)


def copy_messages(request: Request) -> list[dict[str, int]]:
    """Copies in order; those that cannot be found or copied are passed over."""
    target, messages = _several(request, "copy")
    ids = []
    for message in messages:
        rich = RichText("", ()) if request.flag("remove_caption") and message.file else None
        ids.append({"message_id": _post_copy(request, target, message, rich)})
    return ids


def _post_copy(request: Request, target: Place, message: Message, rich: RichText | None) -> int:
    rich = rich or RichText(message.text, message.entities)
    draft = request.world.draft(
        target.chat,
        text=rich.text,
        entities=rich.entities,
        file=message.file,
        topic=target.topic,
        is_silent=request.flag("disable_notification"),
        is_protected=request.flag("protect_content"),
        **signed(request, target.chat),
    )
    request.world.post(target.chat, draft)
    request.acted(draft.id)
    return draft.id


def forward_message(request: Request) -> dict[str, Any]:
    origin, message = _source(request, "forward")
    place = place_of(request, message.file.kind if message.file else None)
    request.limiter.expect_room(request.bot.id, place.chat)
    return described(request, _post_forward(request, place, origin, message))


def forward_messages(request: Request) -> list[dict[str, int]]:
    target, messages = _several(request, "forward")
    origin = chat_of(request, Access.READ, "from_chat_id")
    return [{"message_id": _post_forward(request, target, origin, message).id} for message in messages]


def _post_forward(request: Request, target: Place, origin: Chat, message: Message) -> Message:
    draft = request.world.forwarded(origin, message, target.chat, author_id=request.bot.id)
    draft.topic = target.topic
    draft.is_silent = request.flag("disable_notification")
    draft.is_protected = request.flag("protect_content")
    request.world.post(target.chat, draft)
    request.acted(draft.id)
    return draft


def _several(request: Request, purpose: str) -> tuple[Place, list[Message]]:
    origin = chat_of(request, Access.READ, "from_chat_id")
    numbers = request.message_numbers()
    if numbers != sorted(set(numbers)):
        raise bad_request("message identifiers must be in a strictly increasing order")
    messages = [origin.messages[number] for number in numbers if number in origin.messages]
    messages = [message for message in messages if not message.is_service and not message.is_protected]
    if not messages:
        raise bad_request(f"there are no messages to {purpose}")
    place = place_of(request, None)
    for message in messages:
        expect_may_send(request.bot, place.chat, message.file.kind if message.file else None)
    request.limiter.expect_room(request.bot.id, place.chat, count=len(messages))
    return place, messages


METHODS: dict[str, Method] = {
    "copymessage": copy_message,
    "copymessages": copy_messages,
    "forwardmessage": forward_message,
    "forwardmessages": forward_messages,
}
