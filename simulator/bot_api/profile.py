"""The methods about the bot itself: who it is, its commands, texts, menu button and default rights."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from simulator.bot_api.access import Access, chat_of
from simulator.bot_api.refusals import bad_request
from simulator.bot_api.request import Request
from simulator.bot_api.sending import Method
from simulator.bot_api.uploads import get_file
from simulator.wire import shapes
from simulator.world_model import ADMIN_RIGHTS

COMMAND = re.compile(r"[a-z0-9_]{1,32}")
COMMANDS_AT_MOST = 100
DESCRIPTION_CHARACTERS = 256
_SCOPES = frozenset(
    {
        "default",
        "all_private_chats",
        "all_group_chats",
        "all_chat_administrators",
        "chat",
        "chat_administrators",
        "chat_member",
    }
)
_TEXTS = {"name": 64, "description": 512, "short_description": 120}
"""What the bot says of itself, and how many characters each may have."""


def get_me(request: Request) -> dict[str, Any]:
    bot = request.bot
    return shapes.account(bot) | {
        "can_join_groups": bot.can_join_groups,
        "can_read_all_group_messages": bot.reads_everything,
        "supports_inline_queries": bot.is_inline,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "has_topics_enabled": False,
        "allows_users_to_create_topics": False,
    }


def _scope(request: Request) -> tuple[str, str]:
    """The key under which commands are kept: scope and language."""
    scope = request.structure("scope") or {"type": "default"}
    kind = str(scope.get("type", ""))
    if kind not in _SCOPES:
        raise bad_request("can't parse BotCommandScope: unsupported type specified")
    parts = [kind]
    if kind.startswith("chat"):
        inner = Request(
            request.world, request.bot, request.limiter, request.method, {"chat_id": scope.get("chat_id")}
        )
        parts.append(str(chat_of(inner, Access.MEMBERS).id))
    if kind == "chat_member":
        parts.append(str(scope.get("user_id", "")))
    return ":".join(parts), request.text("language_code")


def set_commands(request: Request) -> bool:
    commands = request.structure("commands")
    if not isinstance(commands, list):
        raise bad_request("expected an Array of BotCommand")
    if len(commands) > COMMANDS_AT_MOST:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    request.bot.commands[_scope(request)] = [_command(one) for one in commands]
    request.acted()
    return True


def _command(described: dict[str, Any]) -> dict[str, str]:
    name = str(described.get("command", "")).removeprefix("/").lower()
    description = str(described.get("description", "")).strip()
    if not COMMAND.fullmatch(name):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(description) <= DESCRIPTION_CHARACTERS:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": description}


def get_commands(request: Request) -> list[dict[str, str]]:
    return request.bot.commands.get(_scope(request), [])


def delete_commands(request: Request) -> bool:
    request.bot.commands.pop(_scope(request), None)
    request.acted()
    return True


def set_text(request: Request, *, what: str) -> bool:
    text = request.text(what)
    if len(text) > _TEXTS[what]:
        raise bad_request(f"{what.replace('_', ' ')} is too long")
    language = request.text("language_code")
    request.bot.texts[what, language] = text
    if what == "name" and not language and text:
        request.bot.name = text
    request.acted()
    return True


def get_text(request: Request, *, what: str) -> dict[str, str]:
    """The text for a language, else the one for all languages, else the bot's own name or nothing."""
    bot, language = request.bot, request.text("language_code")
    usual = bot.name if what == "name" else ""
    return {what: bot.texts.get((what, language)) or bot.texts.get((what, "")) or usual}


def set_menu_button(request: Request) -> bool:
    chat_id = request.integer("chat_id") or None
    request.bot.menu_buttons[chat_id] = request.structure("menu_button") or {"type": "default"}
    request.acted()
    return True


def get_menu_button(request: Request) -> dict[str, Any]:
    buttons = request.bot.menu_buttons
    return buttons.get(request.integer("chat_id") or None) or buttons.get(None) or {"type": "commands"}


def set_default_rights(request: Request) -> bool:
    rights = request.structure("rights") or {}
    kept = {name: bool(rights.get(name)) for name in ADMIN_RIGHTS}
    request.bot.default_rights[request.flag("for_channels")] = kept
    request.acted()
    return True


def get_default_rights(request: Request) -> dict[str, bool]:
    nothing = dict.fromkeys(ADMIN_RIGHTS, False)
    return request.bot.default_rights.get(request.flag("for_channels"), nothing)


def get_profile_photos(request: Request) -> dict[str, Any]:
    return {"total_count": 0, "photos": []}


METHODS: dict[str, Method] = {
    "getme": get_me,
    "setmycommands": set_commands,
    "getmycommands": get_commands,
    "deletemycommands": delete_commands,
    "setmyname": partial(set_text, what="name"),
    "getmyname": partial(get_text, what="name"),
    "setmydescription": partial(set_text, what="description"),
    "getmydescription": partial(get_text, what="description"),
    "setmyshortdescription": partial(set_text, what="short_description"),
    "getmyshortdescription": partial(get_text, what="short_description"),
    "setchatmenubutton": set_menu_button,
    "getchatmenubutton": get_menu_button,
    "setmydefaultadministratorrights": set_default_rights,
    "getmydefaultadministratorrights": get_default_rights,
    "getuserprofilephotos": get_profile_photos,
    "getfile": get_file,
}
