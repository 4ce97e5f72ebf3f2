"""Each bot of the settings stays the account that it was: members have let that one into their channels.

With another bot's token every post would be refused, and every channel would be taken for lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import structlog
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.branch import Branch
from bot.configuration import read_bot_secrets
from bot.mistakes import OperatorMistake
from bot.settings import Settings
from bot.storehouse import Storehouse
from bot.texts import gettext as _
from platforms.telegram_identity import Identity, NoAnswer, UnknownToken, account_id_in, identify
from storage.accounts import keep_account, known_accounts
from storage.audience import channels_without
from storage.engine import open_engine

log = structlog.get_logger(__name__)

ASKED_AGAIN_SECONDS = 10.0

V = TypeVar("V")


def another_account(bot: str, known: str, now: str) -> str:
    """What the operator did, and can do about it."""
    return _(
        "The token of bot {name} belongs to another bot now (number {now}; it was {known}), which is in none of its "
        "channels. For a new bot, choose a new name under telegram in the settings and put its token there; otherwise "
        "put the old bot's token back."
    ).format(name=bot, known=known, now=now)


async def refuse_other_accounts(house: Storehouse, branches: Mapping[str, Branch]) -> None:
    """A token says itself whose it is, so this asks nobody. Raises OperatorMistake."""
    for name, known in (await known_accounts(house.engine, branches)).items():
        now = account_id_in(branches[name].secrets.token)
        if now != known:
            raise OperatorMistake(another_account(name, known, now))


async def tokens_of_others(settings: Settings, environ: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    """For the doctor: the bots that would be refused, each with the sentence that says why. Changes nothing."""
    found: list[tuple[str, str]] = []
    known = await _known_before(settings)
    for bot in settings.telegram:
        with suppress(OperatorMistake):  # a token that cannot be read is complained of elsewhere
            now = account_id_in(read_bot_secrets(bot, environ).token)
            if known.get(bot.name, now) != now:
                found.append((bot.name, another_account(bot.name, known[bot.name], now)))
    return found


async def bots_left_out(settings: Settings) -> Sequence[tuple[str, str]]:
    """For the doctor: bots that have channels and are not in the settings, each with what that means."""
    sentence = _(
        "It is not in the settings, but channels belong to it ({count}): what is to be sent there waits, and is "
        "dropped when the bulletin expires. Put the bot back under telegram, with this very name; or let their "
        "members leave, and enrol the channels again with another bot."
    )
    names = [bot.name for bot in settings.telegram]
    found = await _look_into(settings, lambda engine: channels_without(engine, names))
    return [(bot, sentence.format(count=count)) for bot, count in found.items()]


async def _known_before(settings: Settings) -> Mapping[str, str]:
    names = [bot.name for bot in settings.telegram]
    return await _look_into(settings, lambda engine: known_accounts(engine, names))


async def _look_into(
    settings: Settings, look: Callable[[AsyncEngine], Awaitable[Mapping[str, V]]]
) -> Mapping[str, V]:
    """Nothing where there is no database of this version yet."""
    if _is_still_to_be_made(settings.database_url):
        return {}
    engine = open_engine(settings.database_url)
    try:
        return await look(engine)
    except (SQLAlchemyError, OSError):
        return {}
    finally:
        await engine.dispose()


def _is_still_to_be_made(url: str) -> bool:
    parts = make_url(url)
    return parts.get_backend_name() == "sqlite" and not Path(parts.database or "").exists()


async def keep_accounts(house: Storehouse, branches: Iterable[Branch]) -> None:
    """Remember each account once Telegram has confirmed it, which takes as long as it takes."""
    await asyncio.gather(*(_keep(house, branch) for branch in branches))


async def _keep(house: Storehouse, branch: Branch) -> None:
    name = branch.settings.name
    while True:
        match await identify(branch.connections, branch.account):
            case Identity():
                await keep_account(house.committer, name, account_id_in(branch.secrets.token))
                return
            case UnknownToken():
                log.error("Telegram does not know the token", bot=name)
                return
            case NoAnswer():
                await asyncio.sleep(ASKED_AGAIN_SECONDS)
