"""What Loa keeps about one person as a member: handed out whole, or forgotten at once.

Reports are kept by their own room, without a name; see there for forgetting them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Table, and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from members.channel import ChannelKind, ChannelState, PersonId
from storage.committer import Committer
from storage.tables import (
    buttons,
    channels,
    conversations,
    invitations,
    linked_accounts,
    members,
    pledges,
    staff,
    staff_changes,
    staff_invitations,
)

_CONVERSATIONS_LIKE = "%:{external_id}"


class OwnData:
    """Exports and forgets one person."""

    def __init__(self, engine: AsyncEngine, committer: Committer, *, tokens: Callable[[int], str]) -> None:
        self._engine = engine
        self._committer = committer
        self._tokens = tokens

    async def export(self, person: PersonId) -> dict[str, Any]:
        """Everything kept about this person, as JSON. Instants are written in ISO 8601, UTC."""
        async with self._engine.connect() as connection:
            return {
                "person": person,
                "member": await _rows(connection, members, members.c.person == person),
                "channels": await _rows(connection, channels, channels.c.member == person),
                "pledges": await _rows(connection, pledges, pledges.c.person == person),
                "invitations": await _rows(connection, invitations, invitations.c.person == person),
                "conversations": await _rows(connection, conversations, _talks_with(person)),
                "staff": await _rows(connection, staff, staff.c.person == person),
                "staff_changes": await _rows(connection, staff_changes, _concerns(person)),
                "linked_accounts": await _rows(
                    connection, linked_accounts, linked_accounts.c.person == person
                ),
            }

    async def forget(self, person: PersonId) -> None:
        """Erase this person, at once. Their groups are left without a member; what was done to the staff stays
        on record, as it was done.

        A private chat leaves the network. Its id is the person's own: the row stays for the ledger's sake, under a
        meaningless id.
        """
        own = channels.c.member == person
        stand_in = f"forgotten:{self._tokens(16)}"

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(
                update(channels)
                .where(own, channels.c.kind == ChannelKind.SUBSCRIBER)
                .values(external_id=stand_in, title="", state=ChannelState.LEFT)
            )
            await connection.execute(update(channels).where(own).values(member=None))
            await connection.execute(delete(pledges).where(pledges.c.person == person))
            await connection.execute(delete(invitations).where(invitations.c.person == person))
            await connection.execute(delete(staff_invitations).where(staff_invitations.c.candidate == person))
            await connection.execute(delete(buttons).where(_buttons_of(person)))
            await connection.execute(delete(conversations).where(_talks_with(person)))
            await connection.execute(delete(members).where(members.c.person == person))

        await self._committer.write(work)


def _external_id(person: PersonId) -> str:
    return person.partition(":")[2]


def _talks_with(person: PersonId) -> Any:
    return conversations.c.key.like(_CONVERSATIONS_LIKE.format(external_id=_external_id(person)))


def _concerns(person: PersonId) -> Any:
    return or_(staff_changes.c.person == person, staff_changes.c.done_by == person)


def _buttons_of(person: PersonId) -> Any:
    return or_(
        buttons.c.person == person,
        and_(buttons.c.person.is_(None), buttons.c.chat == _external_id(person)),
    )


async def _rows(connection: AsyncConnection, table: Table, condition: Any) -> list[dict[str, Any]]:
    found = await connection.execute(select(table).where(condition))
    return [{key: _plain(value) for key, value in row._mapping.items()} for row in found]


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
