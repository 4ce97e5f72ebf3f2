"""Buttons in the database: looked up by who has their token, used up in one conditional write.

Rows are found in two ways: by the token that was pressed, and by what they belong to, when that is deleted. A report's
buttons belong to its draft; any other to whom they were made for, under a name that changes every hour, so that
two rows do not tell that they are one person's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from members.buttons import Button, Press, Refusal, refusal
from members.channel import PersonId
from storage.availability import available
from storage.button_seals import group_name, opened_button, row_key, sealed_button, use_mark
from storage.committer import Committer
from storage.lookups import Lookups
from storage.naming import Names
from storage.tables import buttons

_HOUR = timedelta(hours=1)
_KEPT = timedelta(days=7)  # after it expired: a late press is still told kindly why
_USED_KEPT = timedelta(days=1)
_LONGEST = timedelta(days=92)
"""No button is made for longer."""
_NAMES_AT_A_TIME = 400

_KEEP = insert(buttons)
_FIND = select(buttons).where(buttons.c.key == bindparam("button"))
_IS_ANY_GONE = select(buttons.c.key).where(buttons.c.gone_at <= bindparam("now")).limit(1)
_USE = (
    update(buttons)
    .where(buttons.c.group == bindparam("of_group"), buttons.c.used_by.is_(None))
    .values(used_by=bindparam("by"), gone_at=bindparam("gone"))
)


class ButtonBook:
    """Keeps buttons."""

    def __init__(self, engine: AsyncEngine, committer: Committer, names: Names) -> None:
        self._lookups = Lookups(engine)
        self._committer = committer
        self._names = names

    async def keep(self, new: Sequence[Button]) -> None:
        """Keep new buttons, in one write."""
        rows = [self._row_of(button) for button in new]
        if rows:
            await available(self._committer.write(lambda connection: connection.execute(_KEEP, rows)))

    async def find(self, press: Press) -> Button | None:
        """The pressed button as it is now."""
        row = await self._lookups.one(_FIND, {"button": row_key(press.token)})
        return None if row is None else _opened(row.sealed, row.used_by, press)

    async def use(self, press: Press, at: datetime) -> Refusal | None:
        """Use up the button and all of its group, or say why not; the same press may use it again."""

        async def work(connection: AsyncConnection) -> Refusal | None:
            button = await _found(connection, press)
            refused = refusal(button, press, at)
            if refused is not None or button is None or button.repeatable or button.used_by is not None:
                return refused
            by = use_mark(button.group, press.id)
            gone = _whole_hour(at if button.about else at + _USED_KEPT)
            used = await connection.execute(
                _USE, {"of_group": group_name(button.group), "by": by, "gone": gone}
            )
            return None if used.rowcount else Refusal.USED  # somebody was quicker, on another machine

        return await self._committer.write(work)

    async def give_back(self, press: Press) -> None:
        """Undo ``use``: the press had no effect."""

        async def work(connection: AsyncConnection) -> None:
            button = await _found(connection, press)
            if button is None:
                return
            by_it = buttons.c.used_by == use_mark(button.group, press.id)
            theirs = buttons.c.group == group_name(button.group)
            await connection.execute(
                update(buttons).where(theirs, by_it).values(used_by=None, gone_at=_gone_at(button))
            )

        await self._committer.write(work)

    async def drop(self, about: str) -> None:
        """Delete the buttons about this."""
        of = buttons.c.belongs == draft_name(self._names, about)
        await self._committer.write(lambda connection: connection.execute(delete(buttons).where(of)))

    async def forget_gone(self, now: datetime) -> int:
        """Delete the buttons whose time is over; how many. A later press on one is told so kindly."""

        async def work(connection: AsyncConnection) -> int:
            return (await connection.execute(delete(buttons).where(buttons.c.gone_at <= now))).rowcount

        if await self._lookups.one(_IS_ANY_GONE, {"now": now}) is None:
            return 0
        return await self._committer.write(work)

    def _row_of(self, button: Button) -> dict[str, object]:
        owner = button.person or f"chat:{button.chat}"
        whose = _owner_name(self._names, owner, _hour_of(button.expires_at))
        return {
            "key": row_key(button.token),
            "sealed": sealed_button(button),
            "group": group_name(button.group),
            "belongs": draft_name(self._names, button.about) if button.about else whose,
            "used_by": None,
            "gone_at": _gone_at(button),
        }


class OwnButtons:
    """One person's buttons, but for those of reports: counted, for only the chat has what opens them, or deleted."""

    def __init__(self, engine: AsyncEngine, names: Names) -> None:
        self._engine = engine
        self._names = names

    async def count(self, person: PersonId, now: datetime) -> int:
        """How many are kept."""
        counted = 0
        async with self._engine.connect() as connection:
            for some in await self._names_of(person, now):
                many = select(func.count()).where(buttons.c.belongs.in_(some))
                counted += (await connection.execute(many)).scalar_one()
        return counted

    async def delete(self, person: PersonId, now: datetime, committer: Committer) -> None:
        """Delete them, a few names at a time, so that nobody waits."""
        for some in await self._names_of(person, now):
            await committer.write(partial(_delete_named, some))

    async def _names_of(self, person: PersonId, now: datetime) -> list[list[str]]:
        """Under which they can be, in slices."""
        return await asyncio.to_thread(self._names_at_once, person, now)

    def _names_at_once(self, person: PersonId, now: datetime) -> list[list[str]]:
        owners = (person, f"chat:{person.partition(':')[2]}")
        hours = range(_hour_of(now - _KEPT) - 1, _hour_of(now + _LONGEST) + 2)
        every = [_owner_name(self._names, owner, hour) for hour in hours for owner in owners]
        return [every[first : first + _NAMES_AT_A_TIME] for first in range(0, len(every), _NAMES_AT_A_TIME)]


def draft_name(names: Names, token: str) -> str:
    """What the buttons of one draft have in common."""
    return names.pseudonym("buttons of a draft", token)


async def _delete_named(some: Sequence[str], connection: AsyncConnection) -> None:
    await connection.execute(delete(buttons).where(buttons.c.belongs.in_(some)))


async def _found(connection: AsyncConnection, press: Press) -> Button | None:
    row = (await connection.execute(_FIND, {"button": row_key(press.token)})).one_or_none()
    return None if row is None else _opened(row.sealed, row.used_by, press)


def _opened(sealed: bytes, used_by: str | None, press: Press) -> Button | None:
    button = opened_button(press.token, sealed)
    if button is None or used_by is None:
        return button
    is_the_same = used_by == use_mark(button.group, press.id)
    return replace(button, used_by=press.id if is_the_same else used_by)


def _gone_at(button: Button) -> datetime:
    return _whole_hour(button.expires_at if button.about else button.expires_at + _KEPT)


def _whole_hour(moment: datetime) -> datetime:
    """The second whole hour after it: it is rounded, and nothing goes before its time."""
    return moment + 2 * _HOUR


def _hour_of(moment: datetime) -> int:
    return int(moment.timestamp()) // 3600


def _owner_name(names: Names, owner: str, hour: int) -> str:
    return names.pseudonym("buttons of a person", f"{owner}\0{hour}")
