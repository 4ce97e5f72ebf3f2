"""Whose token it is: asked over the session that deliveries use, which is connected by then."""

from __future__ import annotations

import json
from dataclasses import dataclass

from aiohttp import ClientError, ClientSession, ClientTimeout

from platforms.proxies import socks_address
from platforms.telegram import TelegramAccount, read_answer


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


async def identify(session: ClientSession, account: TelegramAccount) -> Identity | UnknownToken | NoAnswer:
    """Ask once. Nothing is raised for what Telegram or the network may do."""
    try:
        async with session.post(
            f"{account.base_url}/bot{account.token}/getMe",
            timeout=ClientTimeout(total=account.answer_seconds),
            proxy=None if socks_address(account.proxy) else account.proxy,
            allow_redirects=False,
        ) as response:
            body = await read_answer(response)
            return _understood(response.status, body if isinstance(body, bytes) else b"")
    except (ClientError, TimeoutError, OSError, ValueError) as error:
        return NoAnswer(type(error).__name__)  # their words may hold the address, and with it the token


def _understood(status: int, body: bytes) -> Identity | UnknownToken | NoAnswer:
    if status == 401:
        return UnknownToken()
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return NoAnswer(f"http_{status}")
    account = answer.get("result") if isinstance(answer, dict) and answer.get("ok") is True else None
    if not isinstance(account, dict):
        return NoAnswer(f"http_{status}")
    username = account.get("username")
    return Identity(username if isinstance(username, str) else "")
