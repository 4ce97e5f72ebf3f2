"""Who is still to be forgotten: somebody asked twice within an hour. Sealed, and gone once it is done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from members.channel import PersonId
from storage.committer import Committer
from storage.sealing import SealBroken, Sealer
from storage.tables import forgetting_owed as owed

_AT_A_TIME = 10


class OwedForgetting:
    """Remembers it over a restart."""

    def __init__(self, engine: AsyncEngine, committer: Committer, sealer: Sealer) -> None:
        self._engine = engine
        self._committer = committer
        self._sealer = sealer

    async def owe(self, person: PersonId, due_at: datetime) -> None:
        """Forget this person at ``due_at``. Who is owed it already waits no longer for that."""
        key = self._key(person)

        async def work(connection: AsyncConnection) -> None:
            known = await connection.execute(select(owed.c.key).where(owed.c.key == key))
            if known.one_or_none() is None:
                sealed = self._sealer.seal(person.encode().ljust(80), f"forgetting\0{key}")
                await connection.execute(insert(owed).values(key=key, sealed=sealed, due_at=due_at))

        await self._committer.write(work)

    async def due(self, now: datetime) -> Sequence[PersonId]:
        """Whose time has come, a few at a time."""
        wanted = select(owed).where(owed.c.due_at <= now).order_by(owed.c.due_at).limit(_AT_A_TIME)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(wanted)).all()
        return [self._opened(row.key, row.sealed) for row in rows]

    async def done(self, person: PersonId) -> None:
        """They were forgotten."""
        here = delete(owed).where(owed.c.key == self._key(person))
        await self._committer.write(lambda connection: connection.execute(here))

    def _key(self, person: PersonId) -> str:
        return self._sealer.pseudonym("forgetting", person)

    def _opened(self, key: str, sealed: bytes) -> PersonId:
        try:
            return PersonId(self._sealer.open(sealed, f"forgetting\0{key}").decode().rstrip())
        except SealBroken as error:
            raise RuntimeError(
                "who is to be forgotten cannot be read: was the secret key changed?"
            ) from error
