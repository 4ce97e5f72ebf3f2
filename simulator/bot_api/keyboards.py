"""Reading `reply_markup`: inline keyboards on messages, reply keyboards below the input field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.bot_api.refusals import bad_request
from simulator.bot_api.request import Request
from simulator.wire.links import checked_link
from simulator.world_model import Chat, ChatKind

CALLBACK_BYTES = 64
BUTTONS_AT_MOST = 100
_INLINE_ACTIONS = (
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
)
_PRIVATE_REQUESTS = ("request_chat", "request_users", "request_contact", "request_location", "request_poll")


@dataclass(frozen=True, slots=True)
class Markup:
    """What a call put below its message: buttons on it, or something below the input field."""

    inline_keyboard: list[list[dict[str, Any]]] | None = None
    reply_markup: dict[str, Any] | None = None


def markup_of(request: Request, place: Chat) -> Markup:
    """The markup of a call, checked as the platform checks it."""
    described = request.structure("reply_markup")
    if not described:
        return Markup()
    if not isinstance(described, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" in described:
        return Markup(inline_keyboard=inline_rows(described["inline_keyboard"]) or None)
    if "keyboard" in described:
        return Markup(reply_markup=described | {"keyboard": _keyboard_rows(described["keyboard"], place)})
    return Markup(reply_markup=described)


def inline_rows(rows: Any) -> list[list[dict[str, Any]]]:
    """The rows of an inline keyboard without empty ones; refuses buttons that are none."""
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    checked = [[_inline_button(button) for button in row] for row in rows if row]
    if sum(map(len, checked)) > BUTTONS_AT_MOST:
        raise bad_request("reply markup is too long")
    return checked


def _inline_button(button: Any) -> dict[str, Any]:
    if not isinstance(button, dict) or not isinstance(button.get("text"), str):
        raise bad_request("can't parse inline keyboard button: Can't find field \"text\"")
    kept = {key: value for key, value in button.items() if value is not None}
    if not any(action in kept for action in _INLINE_ACTIONS):
        raise bad_request(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
        )
    if len(str(kept.get("callback_data", "")).encode()) > CALLBACK_BYTES or kept.get("callback_data") == "":
        raise bad_request("BUTTON_DATA_INVALID")
    if "url" in kept:
        target = checked_link(kept["url"])
        if target is None:
            raise bad_request(f"inline keyboard button URL '{kept['url']}' is invalid: Wrong HTTP URL")
        kept["url"] = target
    return kept


def _keyboard_rows(rows: Any, place: Chat) -> list[list[dict[str, Any]]]:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('field "keyboard" of the ReplyKeyboardMarkup must be an Array of Arrays')
    if place.kind is ChatKind.BROADCAST:
        raise bad_request("reply keyboards are unallowed in channel chats")
    checked = [[_key(button) for button in row] for row in rows if row]
    for row in checked:
        for button in row:
            if place.kind is not ChatKind.PRIVATE and any(button.get(field) for field in _PRIVATE_REQUESTS):
                raise bad_request("BUTTON_TYPE_INVALID")
    return checked


def _key(button: Any) -> dict[str, Any]:
    if isinstance(button, str):
        return {"text": button}
    if not isinstance(button, dict) or not button.get("text"):
        raise bad_request('can\'t parse keyboard button: Field "text" must be of type String')
    return {key: value for key, value in button.items() if value is not None}
