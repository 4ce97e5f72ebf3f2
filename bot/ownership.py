"""Whose network it is: the first owner's code, and the staff that stood in the settings of an earlier version."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.configuration import read_key, read_settings
from bot.mistakes import OperatorMistake
from bot.settings import Settings
from bot.storehouse import open_storehouse
from bot.surroundings import Surroundings
from bot.texts import gettext as _
from members.channel import PersonId
from members.roles import Role
from members.staff import STAFF_INVITATION_LASTS, Colleague, StaffRefusal
from members.staffing import CODE_PREFIX, Staffing
from storage.committer import Committer
from storage.staff_book import SqlStaffBook

log = structlog.get_logger(__name__)


async def move_staff_over(settings: Settings, book: SqlStaffBook, at: datetime) -> None:
    """Take over the settings' staff list, once in the life of a database; say what it means from now on.

    Which file was read is not asked: once the staff was changed by anybody, no file can bring somebody back.
    """
    listed = [
        Colleague(PersonId(one.person), one.name, frozenset(Role(role.value) for role in one.roles))
        for one in settings.staff
    ]
    if await book.move_over(listed, at):
        log.warning(
            "the staff list of the settings is in the database now and is not read again: "
            "the first person in it is the owner, who invites others with /moi",
            owner=listed[0].name,
            people=len(listed),
        )
    elif listed:
        log.warning("the staff list in the settings is not read: roles are given by /moi; delete the list")
    if not await book.has_owner():
        log.warning("nobody owns this network yet: run `loa invite-owner` here and send the code to the bot")


async def owner_trouble(engine: AsyncEngine, settings: Settings) -> str | None:
    """What ``loa doctor`` says about it, unless somebody can invite and no list pretends to say who may what."""
    if not await SqlStaffBook(engine, Committer(engine)).has_owner():
        return _("Nobody owns this network yet: run loa invite-owner and send the code to the bot.")
    if settings.staff:
        return _("The staff list in the settings is not read any more: delete it. Roles are given by /moi.")
    return None


def invite_owner(config: Path, environ: Mapping[str, str], *, is_recovery: bool) -> str:
    """The message by which somebody becomes the owner. Raises OperatorMistake when there is one already."""
    settings, key = read_settings(config, environ), read_key(environ)
    return asyncio.run(_invite_owner(settings, key, is_recovery=is_recovery))


async def _invite_owner(settings: Settings, key: bytes, *, is_recovery: bool) -> str:
    house, given = await open_storehouse(settings, key), Surroundings()
    writing = asyncio.ensure_future(house.committer.run())
    try:
        staffing = Staffing(house.staff, now=given.now, tokens=given.tokens)
        code = await staffing.invite_first_owner(is_recovery=is_recovery)
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        await house.close()
    if isinstance(code, StaffRefusal):
        raise OperatorMistake(
            _(
                "This network has an owner, who invites others with /moi. If no owner can be reached any more, "
                "run loa invite-owner --recover: all owners and moderators will hear of it."
            )
        )
    hours = int(STAFF_INVITATION_LASTS.total_seconds()) // 3600
    return _(
        "Whoever sends this to the bot in a private chat, within {hours} hours, becomes the owner of the network:\n\n"
        "/start {code}\n\n"
        "It counts once. Show it to nobody else."
    ).format(hours=hours, code=CODE_PREFIX + code)
