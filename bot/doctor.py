"""``loa doctor``: is everything in place on this machine, and if not, what is to be done.

Each check is a small function that answers with findings; none changes anything.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import aiohttp
from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramNetworkError, TelegramUnauthorizedError
from aiogram.types import ChatMemberAdministrator, ChatMemberMember, ChatMemberOwner, ChatMemberRestricted
from alembic.script import ScriptDirectory
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.accounts import bots_left_out, tokens_of_others
from bot.bots import open_bot, open_http
from bot.configuration import BotSecrets, read_bot_secrets, read_key, read_pledge, read_settings
from bot.door import is_in_use, is_loa_there, listen, webhook_address
from bot.mistakes import OperatorMistake, mistake_behind, unwritable_database
from bot.ownership import owner_trouble
from bot.settings import Settings, TelegramBot, Web
from bot.texts import gettext as _
from storage.engine import open_engine, sqlite_file
from storage.schema import migrations, newest_version, version_of

ANSWER_SECONDS: Final = 10
SKEW_SECONDS: Final = 5.0
SCARCE_BYTES: Final = 1_000_000_000
EMPTY_BYTES: Final = 100_000_000


class Level(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, and, unless all is well, what to do."""

    level: Level
    subject: str
    sentence: str


async def examine(
    path: Path, environ: Mapping[str, str], now: Callable[[], datetime]
) -> AsyncIterator[Finding]:
    """All findings, one by one as they are made. Ends early where the next check could not mean anything."""
    try:
        settings = read_settings(path, environ)
    except OperatorMistake as mistake:
        yield Finding(Level.FAIL, _("Configuration"), str(mistake))
        return
    yield Finding(Level.OK, _("Configuration"), _("{path} is understood.").format(path=path))
    yield check_time_zone(settings, now())
    yield check_disk(settings.data_folder)
    if open_to_others := check_privacy(settings.data_folder):
        yield open_to_others
    async for finding in check_database(settings):
        yield finding
    yield check_key(environ)
    yield check_pledge(settings)
    yield await check_port(settings.web)
    if not settings.telegram:
        yield Finding(Level.FAIL, _("Bots"), _("No bot is named: add one under telegram in the settings."))
    for bot in settings.telegram:
        async for finding in check_bot(bot, environ, now):
            yield finding
    for finding in await check_accounts(settings, environ):
        yield finding


async def check_accounts(settings: Settings, environ: Mapping[str, str]) -> list[Finding]:
    """Each bot is the one that members let in, and no channel's bot is missing."""
    others, missing = await tokens_of_others(settings, environ), await bots_left_out(settings)
    found = [(Level.FAIL, *other) for other in others] + [(Level.WARN, *one) for one in missing]
    return [Finding(level, _("Bot {name}").format(name=name), said) for level, name, said in found]


def check_time_zone(settings: Settings, now: datetime) -> Finding:
    """Shows the time, because only a person can see that it is the wrong one."""
    zone = settings.network.time_zone
    local = now.astimezone(ZoneInfo(zone)).strftime("%H:%M, %d/%m/%Y")
    return Finding(Level.OK, _("Time zone"), _("In {zone} it is {time}.").format(zone=zone, time=local))


def check_disk(folder: Path) -> Finding:
    """Room for the database, which holds the pictures too."""
    free_bytes = shutil.disk_usage(_nearest_existing(folder)).free
    room = _("{megabytes} MB are free for {folder}.").format(megabytes=free_bytes // 1_000_000, folder=folder)
    if free_bytes < EMPTY_BYTES:
        advice = _("Loa cannot work like this: make room, or choose another data_folder.")
        return Finding(Level.FAIL, _("Disk"), f"{room} {advice}")
    if free_bytes < SCARCE_BYTES:
        return Finding(Level.WARN, _("Disk"), f"{room} " + _("Make room soon."))
    return Finding(Level.OK, _("Disk"), room)


def check_privacy(folder: Path) -> Finding | None:
    """None while nobody else on this machine can look into the data folder."""
    if not folder.is_dir() or not folder.stat().st_mode & 0o077:
        return None
    advice = _("Other users can look into {path}: run chmod 700 {path}.").format(path=folder)
    return Finding(Level.WARN, _("Data folder"), advice)


def check_key(environ: Mapping[str, str]) -> Finding:
    """The network's own secret key."""
    try:
        read_key(environ)
    except OperatorMistake as mistake:
        return Finding(Level.FAIL, _("Secret key"), str(mistake))
    file = environ.get("LOA_SECRET_KEY_FILE")
    if file and (open_to_others := _open_to_others(Path(file), _("Secret key"))):
        return open_to_others
    return Finding(Level.OK, _("Secret key"), _("It is in place."))


def check_pledge(settings: Settings) -> Finding:
    """The wording that members are asked to confirm."""
    try:
        read_pledge(settings)
    except OperatorMistake as mistake:
        return Finding(Level.FAIL, _("Pledge"), str(mistake))
    said = _("Version {version} is there in every language.").format(version=settings.pledge.version)
    return Finding(Level.OK, _("Pledge"), said)


def _open_to_others(file: Path, subject: str) -> Finding | None:
    if not file.stat().st_mode & 0o077:
        return None
    advice = _("Other users can read {path}: run chmod 600 {path}.").format(path=file)
    return Finding(Level.WARN, subject, advice)


async def check_port(web: Web) -> Finding:
    """Free, or held by a Loa that is at work."""
    subject = _("Web server")
    try:
        listen(web).close()
    except OperatorMistake as mistake:
        if is_in_use(mistake) and await is_loa_there(web):
            return Finding(Level.OK, subject, _("Loa is at work on port {port}.").format(port=web.port))
        return Finding(Level.FAIL, subject, str(mistake))
    return Finding(Level.OK, subject, _("Port {port} is free.").format(port=web.port))


async def check_database(settings: Settings) -> AsyncIterator[Finding]:
    """Reachable, writable, of this version, and keeping what it has acknowledged."""
    subject = _("Database")
    file = sqlite_file(settings.database_url)
    if file is not None and not file.exists():
        yield _check_future_database(file.parent)
        return
    engine = open_engine(settings.database_url)
    try:
        await _write_and_take_back(engine)
        yield Finding(Level.OK, subject, _("It can be read and written."))
        version = await version_of(engine)
        yield _check_version(version)
        if version == newest_version():
            trouble = await owner_trouble(engine, settings)
            level = Level.OK if trouble is None else Level.WARN
            yield Finding(level, _("Staff"), trouble or _("The network has an owner."))
        if engine.dialect.name == "sqlite":
            yield await _check_durability(engine)
    except (SQLAlchemyError, OSError) as error:
        mistake = mistake_behind(error) or _unreachable_database()
        yield Finding(Level.FAIL, subject, str(mistake))
    finally:
        await engine.dispose()


async def check_bot(
    bot: TelegramBot, environ: Mapping[str, str], now: Callable[[], datetime]
) -> AsyncIterator[Finding]:
    """The token is good, the clocks agree, and the bot may do its work in the operator's own chats."""
    subject = _("Bot {name}").format(name=bot.name)
    try:
        secrets = read_bot_secrets(bot, environ)
    except OperatorMistake as mistake:
        yield Finding(Level.FAIL, subject, str(mistake))
        return
    if bot.token_file is not None and (open_to_others := _open_to_others(bot.token_file, subject)):
        yield open_to_others
    async for finding in _ask_platform(bot, secrets, now):
        yield finding


async def _ask_platform(
    bot: TelegramBot, secrets: BotSecrets, now: Callable[[], datetime]
) -> AsyncIterator[Finding]:
    subject = _("Bot {name}").format(name=bot.name)
    client = open_bot(bot, secrets, answer_seconds=ANSWER_SECONDS)
    async with client.context():
        try:
            me = await client.get_me()
        except AiogramError as error:
            yield Finding(Level.FAIL, subject, _why_unreachable(error, bot))
            return
        yield Finding(Level.OK, subject, _("Telegram knows it as @{username}.").format(username=me.username))
        if me.can_read_all_group_messages:
            advice = _(
                "Telegram hands it all that is said in groups, which the pledge rules out: send /setprivacy to "
                "@BotFather, choose @{username}, and Enable."
            )
            yield Finding(Level.WARN, _("Privacy mode"), advice.format(username=me.username))
        yield await _check_clock(client, bot, now)
        if (address := webhook_address(bot)) is not None:
            yield await _check_webhook(client, address)
        yield await _check_moderators_chat(client, bot)
        yield await _check_canary(client, bot)


def _check_future_database(folder: Path) -> Finding:
    existing = _nearest_existing(folder)
    try:
        probe = existing / ".loa-doctor"
        probe.touch()
        probe.unlink()
    except OSError:
        return Finding(Level.FAIL, _("Database"), str(unwritable_database(folder)))
    return Finding(
        Level.OK, _("Database"), _("It will be made in {folder} at the first start.").format(folder=folder)
    )


async def _write_and_take_back(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.exec_driver_sql("CREATE TABLE loa_doctor_was_here (id INTEGER)")
        await connection.rollback()


def _check_version(found: str | None) -> Finding:
    subject, newest = _("Database"), newest_version()
    if found == newest:
        return Finding(
            Level.OK, subject, _("Its tables are of this version ({version}).").format(version=found)
        )
    known = {script.revision for script in ScriptDirectory.from_config(migrations()).walk_revisions()}
    if found is None or found in known:
        advice = _(
            "Its tables are older than this Loa: the next start brings them up to date; make a copy first."
        )
        return Finding(Level.WARN, subject, advice)
    advice = _(
        "A newer Loa has changed its tables ({version}): install that version, or use a copy from before."
    )
    return Finding(Level.FAIL, subject, advice.format(version=found))


async def _check_durability(engine: AsyncEngine) -> Finding:
    """sqlite.org/pragma.html: synchronous 2 is FULL, 3 is EXTRA."""
    async with engine.connect() as connection:
        journal = (await connection.exec_driver_sql("PRAGMA journal_mode")).scalar_one()
        synchronous = (await connection.exec_driver_sql("PRAGMA synchronous")).scalar_one()
    if journal == "wal" and synchronous >= 2:
        return Finding(Level.OK, _("Database"), _("What it has acknowledged survives a power cut."))
    advice = _(
        "A power cut could lose messages here: put data_folder on a local disk, not on a network share."
    )
    return Finding(Level.FAIL, _("Database"), advice)


def _unreachable_database() -> OperatorMistake:
    return OperatorMistake(
        _(
            "The database does not answer: check database.url, and that the database server runs "
            "and lets Loa in."
        )
    )


def _why_unreachable(error: AiogramError, bot: TelegramBot) -> str:
    if isinstance(error, TelegramUnauthorizedError):
        return _("Telegram refuses its token: copy it again from @BotFather, or have a new one made there.")
    if isinstance(error, TelegramNetworkError):
        return _(
            "{server} cannot be reached: check the network; where Telegram is blocked, "
            "set proxy for this bot."
        ).format(server=bot.base_url)
    return _("{server} does not answer like a Bot API server: check base_url.").format(server=bot.base_url)


async def _check_clock(client: Bot, bot: TelegramBot, now: Callable[[], datetime]) -> Finding:
    subject = _("Clock")
    asked_at = now()
    theirs = await _server_time(client, bot.base_url)
    if theirs is None:
        return Finding(
            Level.WARN, subject, _("{server} does not say what time it is.").format(server=bot.base_url)
        )
    ours = asked_at + (now() - asked_at) / 2
    skew_seconds = (ours - theirs).total_seconds()
    if abs(skew_seconds) <= SKEW_SECONDS:
        return Finding(Level.OK, subject, _("This machine and Telegram agree on the time."))
    advice = _(
        "This machine's clock is {seconds} s away from Telegram's: switch on time synchronisation "
        "(timedatectl set-ntp true)."
    )
    return Finding(Level.WARN, subject, advice.format(seconds=round(abs(skew_seconds))))


async def _server_time(client: Bot, address: str) -> datetime | None:
    """The HTTP Date header, whose seconds are cut off: the middle of that second is the best guess."""
    http = await open_http(client)
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    try:
        async with http.head(address, timeout=timeout, allow_redirects=False) as answer:
            said = parsedate_to_datetime(answer.headers["Date"])
    except (aiohttp.ClientError, TimeoutError, KeyError, ValueError):
        return None
    return (said if said.tzinfo else said.replace(tzinfo=UTC)) + timedelta(milliseconds=500)


async def _check_webhook(client: Bot, address: str) -> Finding:
    subject = _("Webhook")
    try:
        known = await client.get_webhook_info()
    except AiogramError:
        return Finding(Level.WARN, subject, _("Telegram does not say where it pushes updates: try again."))
    if known.url != address:
        advice = _(
            "Telegram does not push to {address} yet: the next start of Loa says so. If Loa runs, look into its log."
        )
        return Finding(Level.WARN, subject, advice.format(address=address))
    if known.last_error_message:
        advice = _(
            "Telegram could not push to {address} ({reason}): check the name, the certificate and the proxy."
        )
        return Finding(Level.WARN, subject, advice.format(address=address, reason=known.last_error_message))
    return Finding(Level.OK, subject, _("Telegram pushes to {address}.").format(address=address))


async def _check_moderators_chat(client: Bot, bot: TelegramBot) -> Finding:
    subject = _("Moderators' chat")
    if bot.moderators_chat is None:
        return Finding(
            Level.WARN, subject, _("None is set: reports and alarms reach nobody (moderators_chat).")
        )
    try:
        us = await client.get_chat_member(bot.moderators_chat, client.id)
    except AiogramError:
        return Finding(
            Level.FAIL, subject, _("The bot is not in it: add it there, and check moderators_chat.")
        )
    if isinstance(us, ChatMemberAdministrator | ChatMemberOwner):
        return Finding(Level.OK, subject, _("The bot is an administrator there."))
    return Finding(Level.FAIL, subject, _("The bot is not an administrator there: make it one."))


async def _check_canary(client: Bot, bot: TelegramBot) -> Finding:
    subject = _("Canary chat")
    if bot.canary_chat is None:
        advice = _(
            "None is set: a bulletin the platform refuses is noticed only in members' channels (canary_chat)."
        )
        return Finding(Level.WARN, subject, advice)
    try:
        us = await client.get_chat_member(bot.canary_chat, client.id)
    except AiogramError:
        return Finding(Level.FAIL, subject, _("The bot is not in it: add it there, and check canary_chat."))
    if _may_post(us):
        return Finding(Level.OK, subject, _("The bot may post there."))
    return Finding(Level.FAIL, subject, _("The bot may not post there: give it the right to."))


def _may_post(us: object) -> bool:
    """Posting is a right of its own only in Telegram's channels, where it is neither None nor given."""
    if isinstance(us, ChatMemberAdministrator):
        return us.can_post_messages is not False
    if isinstance(us, ChatMemberRestricted):
        return us.is_member and bool(us.can_send_messages)
    return isinstance(us, ChatMemberMember | ChatMemberOwner)


def _nearest_existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.absolute().parents) if place.exists())
