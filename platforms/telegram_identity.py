"""Whose token it is: asked over the connections that deliveries use."""

from __future__ import annotations

import json
from dataclasses import dataclass

from platforms.connection import Answer, ConnectionTrouble
from platforms.connections import Connections
from platforms.telegram import TelegramAccount


@dataclass(frozen=True, slots=True)
class Identity:
    """The token opens this account."""

    username: str


@dataclass(frozen=True, slots=True)
class UnknownToken:
    """Telegram does not know it."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nothing that says either."""

    reason: str


def account_id_in(token: str) -> str:
    """The id of the bot that a token opens: a token begins with it (Bot API, "Authorizing your bot")."""
    return token.partition(":")[0]


async def identify(connections: Connections, account: TelegramAccount) -> Identity | UnknownToken | NoAnswer:
    """Ask once. Nothing is raised for what Telegram or the network may do."""
    try:
        answer = await connections.exchange(account.request_head("getMe") + b"2\r\n\r\n{}")
    except ConnectionTrouble as trouble:
        return NoAnswer(trouble.reason)
    return _understood(answer)


def _understood(answer: Answer) -> Identity | UnknownToken | NoAnswer:
    if answer.status == 401:
        return UnknownToken()
    try:
        said = json.loads(answer.body)
    except (ValueError, RecursionError):
        return NoAnswer(f"http_{answer.status}")
    account = said.get("result") if isinstance(said, dict) and said.get("ok") is True else None
    if not isinstance(account, dict):
        return NoAnswer(f"http_{answer.status}")
    username = account.get("username")
    return Identity(username if isinstance(username, str) else "")
