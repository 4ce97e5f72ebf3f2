"""Buttons in the database: looked up freely, used up in one conditional write."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from members.buttons import Button, Press, Refusal, refusal
from members.channel import PersonId
from storage.availability import available
from storage.committer import Committer
from storage.lookups import Lookups
from storage.tables import buttons

_KEEP = insert(buttons)
_FIND = select(buttons).where(buttons.c.token == bindparam("token"))
_USE = (
    update(buttons)
    .where(buttons.c.group == bindparam("of_group"), buttons.c.used_at.is_(None))
    .values(used_at=bindparam("at"), used_by=bindparam("by"))
)


class ButtonBook:
    """Keeps buttons."""

    def __init__(self, engine: AsyncEngine, committer: Committer) -> None:
        self._lookups = Lookups(engine)
        self._committer = committer

    async def keep(self, new: Sequence[Button]) -> None:
        """Keep new buttons, in one write."""
        rows = [_row_of(button) for button in new]
        if rows:
            await available(self._committer.write(lambda connection: connection.execute(_KEEP, rows)))

    async def find(self, token: str) -> Button | None:
        """The button as it is now."""
        return _button_of(await self._lookups.one(_FIND, {"token": token}))

    async def use(self, press: Press, at: datetime) -> Refusal | None:
        """Use up the button and all of its group, or say why not; the same press may use it again."""

        async def work(connection: AsyncConnection) -> Refusal | None:
            row = (await connection.execute(_FIND, {"token": press.token})).one_or_none()
            button = _button_of(row)
            refused = refusal(button, press, at)
            if refused is not None or button is None or button.repeatable or button.used_by is not None:
                return refused
            used = await connection.execute(_USE, {"of_group": button.group, "at": at, "by": press.id})
            return None if used.rowcount else Refusal.USED  # somebody was quicker, on another machine

        return await self._committer.write(work)

    async def give_back(self, press: Press) -> None:
        """Undo ``use``: the press had no effect."""
        await self._committer.write(
            lambda connection: connection.execute(
                update(buttons).where(buttons.c.used_by == press.id).values(used_at=None, used_by=None)
            )
        )

    async def forget_expired(self, before: datetime) -> int:
        """Delete the buttons that expired before; how many. A later press on one is told so kindly."""

        async def work(connection: AsyncConnection) -> int:
            return (await connection.execute(delete(buttons).where(buttons.c.expires_at < before))).rowcount

        return await self._committer.write(work)


def _row_of(button: Button) -> dict[str, object]:
    return {
        "token": button.token,
        "person": button.person,
        "chat": button.chat,
        "action": button.action,
        "payload": button.payload,
        "group": button.group,
        "repeatable": button.repeatable,
        "expires_at": button.expires_at,
    }


def _button_of(row: Row[Any] | None) -> Button | None:
    if row is None:
        return None
    return Button(
        token=row.token,
        person=None if row.person is None else PersonId(row.person),
        chat=row.chat,
        action=row.action,
        payload=row.payload,
        group=row.group,
        repeatable=row.repeatable,
        expires_at=row.expires_at,
        used_by=row.used_by,
    )
