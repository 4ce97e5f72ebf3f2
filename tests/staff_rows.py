"""The staff as a test wants it, at once: how people come to it by invitation is tried by tests of its own."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from members.channel import PersonId
from members.roles import Limits, Role
from storage.committer import Committer
from storage.staff_rows import grant_columns
from storage.tables import staff


async def set_staff(committer: Committer, people: Iterable[tuple[PersonId, str, Iterable[Role]]]) -> None:
    """The staff is exactly these (account, name, roles)."""
    rows = [
        {"person": person, "name": name, **grant_columns(frozenset(roles), Limits())}
        for person, name, roles in people
    ]

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(delete(staff))
        if rows:
            await connection.execute(insert(staff), rows)

    await committer.write(work)
