"""What Loa keeps about one person as a member: handed out whole, or forgotten at once.

Reports are kept by their own room, without a name; see there for forgetting them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Table, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from members.channel import ChannelKind, ChannelState, PersonId
from storage.buttons import OwnButtons
from storage.committer import Committer
from storage.conversations import talker_name
from storage.invited import invitations_of
from storage.naming import Names
from storage.roster import member_name
from storage.tables import channels, conversations, invitations, members, pledges, staff


class OwnData:
    """Exports and forgets one person."""

    def __init__(
        self,
        engine: AsyncEngine,
        committer: Committer,
        names: Names,
        *,
        tokens: Callable[[int], str],
        now: Callable[[], datetime],
    ) -> None:
        self._engine = engine
        self._committer = committer
        self._names = names
        self._buttons = OwnButtons(engine, names)
        self._tokens = tokens
        self._now = now

    async def export(self, person: PersonId) -> dict[str, Any]:
        """Everything kept about this person, as JSON. Instants are written in ISO 8601, UTC."""
        pressable = await self._buttons.count(person, self._now())
        known = members.c.person == member_name(self._names, person)
        talks = conversations.c.talker == talker_name(self._names, _external_id(person))
        async with self._engine.connect() as connection:
            return {
                "person": person,
                "member": await _rows(connection, members, known),
                "channels": await _rows(connection, channels, channels.c.member == person),
                "pledges": await _rows(connection, pledges, pledges.c.person == person),
                "invitations": [
                    {"token": row.token, "expires_at": _plain(row.expires_at)}
                    for row in await invitations_of(connection, self._names, person)
                ],
                "conversations": await _rows(connection, conversations, talks),
                "staff": await _rows(connection, staff, staff.c.person == person),
                # Only the messages in the chat hold what opens them.
                "buttons_in_your_chats": pressable,
            }

    async def forget(self, person: PersonId) -> None:
        """Erase this person, at once. Their groups leave the network; the staff list is the operator's.

        A private chat's id is the person's own: the row stays for the ledger's sake, under a meaningless id.
        """
        own = channels.c.member == person
        stand_in = f"forgotten:{self._tokens(16)}"

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(
                update(channels)
                .where(own, channels.c.kind == ChannelKind.SUBSCRIBER)
                .values(external_id=stand_in, title="")
            )
            await connection.execute(update(channels).where(own).values(state=ChannelState.LEFT, member=None))
            await connection.execute(delete(pledges).where(pledges.c.person == person))
            invited = [row.token for row in await invitations_of(connection, self._names, person)]
            await connection.execute(delete(invitations).where(invitations.c.token.in_(invited)))
            await connection.execute(
                delete(conversations).where(
                    conversations.c.talker == talker_name(self._names, _external_id(person))
                )
            )
            await connection.execute(
                delete(members).where(members.c.person == member_name(self._names, person))
            )

        await self._committer.write(work)
        await self._buttons.delete(person, self._now(), self._committer)


def _external_id(person: PersonId) -> str:
    return person.partition(":")[2]


async def _rows(connection: AsyncConnection, table: Table, condition: Any) -> list[dict[str, Any]]:
    found = await connection.execute(select(table).where(condition))
    return [{key: _plain(value) for key, value in row._mapping.items()} for row in found]


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
