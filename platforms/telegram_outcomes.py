"""What Telegram's answers mean. The only place that reads its wording.

Definite refusals carry ``ok: false`` and a description (Bot API, "Making requests"; wordings as in the
source of telegram-bot-api). Whatever is no answer of Telegram's at all, after our bytes went out, is
``Unsure``. A wording that nobody knows is ``Rejected("unknown_<code>:<wording>")``: it is counted and shown,
never guessed at.
"""

from __future__ import annotations

import json
import re
from typing import Any

import structlog

from broadcasts.breaker import UNKNOWN
from broadcasts.delivery import (
    PINNING,
    FloodWait,
    Gone,
    Moved,
    NoRights,
    NotSent,
    Outcome,
    Rejected,
    Sent,
    Unsure,
)

log = structlog.get_logger(__name__)

NO_TEXT = "copy_has_no_text"
"""The message is a picture: what it says is its caption."""
STALE_HANDLE = "stale_file_handle"

_WAIT_WHEN_UNTOLD_SECONDS = 5.0
_LONGEST_WAIT_SECONDS = 7 * 24 * 3600.0
_RETRY_AFTER = re.compile(r"retry after (\d{1,7})")
_SHOWN_CHARACTERS = 200
_KEPT_CHARACTERS = 80
_HANDLE_CHARACTERS_AT_MOST = 200
# Telegram's numbers have at most 52 significant bits ("Chat", "Message"); what is longer is none of them.
_NUMBERS_BELOW = 10**16
_CODES = range(100, 1_000)

_GONE = {
    "bot was kicked": "kicked",
    "bot is not a member": "not_member",
    "group chat was deleted": "deleted",
    "user is deactivated": "deactivated",
    "bot was blocked by the user": "blocked",
    "bot can't initiate conversation": "never_started",
    "bot can't send messages to bots": "is_bot",
    "chat not found": "chat_not_found",
    "peer_id_invalid": "chat_not_found",
    "channel_private": "not_member",
}
_NO_RIGHTS = {
    "not enough rights to send text messages": "can_send_messages",
    "not enough rights to send photos": "can_send_photos",
    "not enough rights to send": "can_send_messages",
    "not enough rights to manage pinned messages": PINNING,
    "not enough rights to pin a message": PINNING,
    "need administrator rights in the channel chat": "can_post_messages",
    "have no write access to the chat": "can_send_messages",
    "have no rights to send a message": "can_send_messages",
    "chat_write_forbidden": "can_send_messages",
    "chat_restricted": "can_send_messages",
    "chat_send_photos_forbidden": "can_send_photos",
    "chat_send_plain_forbidden": "can_send_messages",
    "chat_admin_required": "administrator",
    "topic_closed": "open_topic",
    "message thread not found": "open_topic",
}
_REJECTED = {
    "message is too long": "too_long",
    "message caption is too long": "caption_too_long",
    "can't parse entities": "bad_markup",
    "message text is empty": "empty",
    "text must be non-empty": "empty",
    "text must be encoded in utf-8": "bad_text",
    "wrong file identifier": STALE_HANDLE,
    "wrong remote file identifier": STALE_HANDLE,
    "file_reference_expired": STALE_HANDLE,
    "photo_invalid_dimensions": "bad_picture",
    "image_process_failed": "bad_picture",
    "file is too big": "picture_too_big",
    "request entity too large": "picture_too_big",
    "message to edit not found": "copy_gone",
    "message_id_invalid": "copy_gone",
    "message can't be edited": "copy_not_editable",
    "there is no text in the message to edit": NO_TEXT,
    "message to pin not found": "copy_gone",
}
# Nearly every answer: seen at its beginning and end, without reading what we ourselves have just written.
_BEGIN_OF_MESSAGE = re.compile(rb'\{"ok":true,"result":\{"message_id":([1-9][0-9]{0,15})[,}]')
_END_OF_MESSAGE = b"}}"
# It reads so already; or it is pinned already.
_NOT_MODIFIED = ("message is not modified", "chat_not_modified")


def outcome_of(status: int, body: bytes, known_message_id: str = "") -> Outcome:
    """What a complete HTTP answer means. ``known_message_id`` is the message that was changed or pinned."""
    if status == 200 and body.endswith(_END_OF_MESSAGE):
        accepted = _BEGIN_OF_MESSAGE.match(body)
        if accepted:
            return Sent(accepted[1].decode())
    answer = _answer_in(body)
    if answer is None:
        return _not_telegrams(status)
    if answer.get("ok") is True:
        return _accepted(answer.get("result"), known_message_id)
    if answer.get("ok") is not False:
        return _not_telegrams(status)
    code = answer.get("error_code")
    code = code if isinstance(code, int) and code in _CODES else status
    description = answer.get("description")
    description = description if isinstance(description, str) else ""
    parameters = answer.get("parameters")
    return _refused(code, description, parameters if isinstance(parameters, dict) else {}, known_message_id)


def greeting_of(status: int, body: bytes) -> Outcome:
    """What an answer means that was not about a message: any yes is one."""
    is_yes = (_answer_in(body) or {}).get("ok") is True
    return Sent("") if is_yes else outcome_of(status, body)


def photo_handle_in(body: bytes) -> str | None:
    """Under which handle Telegram keeps the picture of a message it has just accepted; its largest size."""
    answer = _answer_in(body) or {}
    result = answer.get("result")
    sizes = result.get("photo") if isinstance(result, dict) else None
    largest = sizes[-1] if isinstance(sizes, list) and sizes else None
    handle = largest.get("file_id") if isinstance(largest, dict) else None
    if not isinstance(handle, str) or len(handle) > _HANDLE_CHARACTERS_AT_MOST:
        return None
    return handle if handle.isascii() and handle.isprintable() else None


def _answer_in(body: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _not_telegrams(status: int) -> Outcome:
    """Telegram always answers with its JSON, so this is a gateway's word. Only 3xx and 4xx say: not done."""
    return NotSent(f"http_{status}") if 300 <= status < 500 else Unsure(f"http_{status}")


def _accepted(result: Any, known_message_id: str) -> Outcome:
    message_id = result.get("message_id") if isinstance(result, dict) else None
    if _is_number(message_id, range(_NUMBERS_BELOW)):
        return Sent(str(message_id))
    return Sent(known_message_id) if known_message_id and result is True else Unsure("unreadable_answer")


def _refused(code: int, description: str, parameters: dict[str, Any], known_message_id: str) -> Outcome:
    if code == 429:
        return FloodWait(_wait_seconds(parameters.get("retry_after"), description))
    if code >= 500:
        return Unsure(f"http_{code}")
    if code in (401, 404):
        return NotSent(f"http_{code}")
    moved_to = parameters.get("migrate_to_chat_id")
    if _is_number(moved_to, range(1 - _NUMBERS_BELOW, 0)):  # a person is no place to move to
        return Moved(str(moved_to))
    wording = _writable(description.lower())
    if known_message_id and any(known in wording for known in _NOT_MODIFIED):
        return Sent(known_message_id)
    return _by_wording(code, wording)


def _is_number(told: Any, known: range) -> bool:
    """Whether it is a whole number as Telegram has them; ``True`` is none."""
    return isinstance(told, int) and not isinstance(told, bool) and told in known


def _writable(wording: str) -> str:
    """As it came, but for what no database takes: halves of characters, and control characters."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in wording)


def _by_wording(code: int, wording: str) -> Outcome:
    for known, reason in _GONE.items():
        if known in wording:
            return Gone(reason)
    for known, missing in _NO_RIGHTS.items():
        if known in wording:
            return NoRights(missing)
    for known, reason in _REJECTED.items():
        if known in wording:
            return Rejected(reason)
    log.warning("unknown wording from telegram", code=code, wording=wording[:_SHOWN_CHARACTERS])
    return Rejected(f"{UNKNOWN}{code}:{wording[:_KEPT_CHARACTERS]}")


def _wait_seconds(told: Any, description: str) -> float:
    if isinstance(told, int | float) and not isinstance(told, bool) and told >= 0:
        return float(min(told, _LONGEST_WAIT_SECONDS))
    found = _RETRY_AFTER.search(description.lower())
    return min(float(found[1]), _LONGEST_WAIT_SECONDS) if found else _WAIT_WHEN_UNTOLD_SECONDS
