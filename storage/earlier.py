"""Rows of before anything was sealed: the migration marks them, for it knows no key; the first start seals them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from members.channel import PersonId
from storage.case_contents import content_key, sealed_content, sealed_words
from storage.case_keys import case_keys, cases_with_keys, keep_key
from storage.committer import Committer
from storage.conversations import talker_name
from storage.roster import member_name
from storage.sealing import CaseKey, Sealer, padded
from storage.tables import cases, conversations, members

UNKEYED = "sha256:"
"""Before the hash of a content, in place of the keyed one."""
CLEAR = b"clear:"
"""Before what is not sealed yet."""
_AT_A_TIME = 200

_earlier = cases.c.content_key.startswith(UNKEYED)
_is_clear_person = members.c.person.contains(":")
_is_clear_talk = conversations.c.key.contains(":")


class EarlierRows:
    """What an older version kept in the clear."""

    def __init__(self, committer: Committer, sealer: Sealer) -> None:
        self._committer = committer
        self._sealer = sealer

    async def seal(self, now: datetime) -> None:
        """Seal it all, the keys first. Begun again after a crash, it goes on where it was."""
        while await self._committer.write(lambda connection: self._wrap_anew(connection, now)):
            await self._committer.write(self._seal_some)
        await self._committer.write(self._name_members)
        await self._committer.write(self._name_talks)

    async def _some(self, connection: AsyncConnection) -> Sequence[Row[Any]]:
        wanted = select(cases, case_keys.c.wrapped).select_from(cases_with_keys).where(_earlier)
        return (await connection.execute(wanted.order_by(cases.c.id).limit(_AT_A_TIME))).all()

    async def _wrap_anew(self, connection: AsyncConnection, now: datetime) -> int:
        rows = await self._some(connection)
        for row in rows:
            if self._key_of(row) is not None:
                continue
            anew = self._sealer.new_case_key(str(row.id))
            if row.wrapped is not None:
                anew = self._sealer.wrapped_anew(row.wrapped, _sha256_of(row), str(row.id)) or anew
            if row.wrapped is not None or row.sealed is not None:
                await keep_key(connection, row.id, anew, now)
        return len(rows)

    async def _seal_some(self, connection: AsyncConnection) -> None:
        for row in await self._some(connection):
            changes: dict[str, Any] = {
                "content_key": content_key(self._sealer, _sha256_of(row)),
                "sealed": None,
                "sealed_deciding": None,
            }
            key = self._key_of(row)
            if key is not None and _is_clear(row.sealed):
                changes |= _sealed(key, row)
            if _is_clear(row.sealed_card):
                place = padded(row.sealed_card.removeprefix(CLEAR))
                changes["sealed_card"] = self._sealer.seal(place, f"card\0{row.id}")
            await connection.execute(update(cases).where(cases.c.id == row.id).values(**changes))

    def _key_of(self, row: Row[Any]) -> CaseKey | None:
        return self._sealer.case_key_if_any(row.wrapped, str(row.id))

    async def _name_members(self, connection: AsyncConnection) -> None:
        for person in (await connection.execute(select(members.c.person).where(_is_clear_person))).scalars():
            name = member_name(self._sealer, PersonId(person))
            renamed = update(members).where(members.c.person == person).values(person=name)
            await connection.execute(renamed)

    async def _name_talks(self, connection: AsyncConnection) -> None:
        """A conversation's earlier name had the person at its end."""
        for key in (await connection.execute(select(conversations.c.key).where(_is_clear_talk))).scalars():
            name = self._sealer.pseudonym("conversation", key)
            talker = talker_name(self._sealer, key.rpartition(":")[2])
            await connection.execute(delete(conversations).where(conversations.c.key == name))
            renamed = update(conversations).where(conversations.c.key == key)
            await connection.execute(renamed.values(key=name, talker=talker))


def _is_clear(kept: bytes | None) -> bool:
    return kept is not None and kept.startswith(CLEAR)


def _sha256_of(row: Row[Any]) -> str:
    return str(row.content_key.removeprefix(UNKEYED))


def _sealed(key: CaseKey, row: Row[Any]) -> dict[str, bytes | None]:
    text, findings, deciding = json.loads(row.sealed.removeprefix(CLEAR))
    return {
        "sealed": sealed_content(key, row.id, text, findings),
        "sealed_deciding": sealed_words(key, row.id, deciding) if deciding else None,
    }
