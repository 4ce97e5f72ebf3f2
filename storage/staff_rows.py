"""Rows of the operator's staff as values, read inside the transaction that judges by them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from members.channel import PersonId
from members.roles import Limits, Role
from members.staff import Colleague, Grant, InvitationState, StaffInvitation
from storage.staff_tables import linked_accounts, staff, staff_invitations

STAFF_AT_MOST = 500

_COLLEAGUES: Select[Any] = select(staff, linked_accounts.c.human).outerjoin(
    linked_accounts, linked_accounts.c.person == staff.c.person
)


async def colleague_of(connection: AsyncConnection, person: PersonId) -> Colleague | None:
    """What this account is on the staff at this moment; None when it is nothing."""
    row = (await connection.execute(_COLLEAGUES.where(staff.c.person == person))).one_or_none()
    if row is None:
        return None
    return _colleague(row, await accounts_of(connection, person))


async def everybody(connection: AsyncConnection) -> Sequence[Colleague]:
    """The staff as it is now, by name; at most 500."""
    rows = (await connection.execute(_COLLEAGUES.order_by(staff.c.name).limit(STAFF_AT_MOST))).all()
    accounts = defaultdict[str, set[PersonId]](set)
    for linked in await connection.execute(select(linked_accounts)):
        accounts[linked.human].add(PersonId(linked.person))
    return [_colleague(row, accounts[row.human] if row.human else ()) for row in rows]


async def accounts_of(connection: AsyncConnection, person: PersonId) -> frozenset[PersonId]:
    """All accounts of the human being behind this one, itself included. The one place that says who is whom."""
    human = select(linked_accounts.c.human).where(linked_accounts.c.person == person).scalar_subquery()
    found = await connection.scalars(select(linked_accounts.c.person).where(linked_accounts.c.human == human))
    return frozenset(map(PersonId, found)) | {person}


async def owners_beside(connection: AsyncConnection, person: PersonId | None) -> int:
    """How many accounts own the network, this one left out."""
    rows = await connection.execute(select(staff.c.person, staff.c.roles))
    return sum(Role.OWNER.value in row.roles and row.person != person for row in rows)


async def name_of(connection: AsyncConnection, person: PersonId | None) -> str:
    """By what name colleagues know an account; nothing when they do not."""
    named = select(func.max(staff.c.name)).where(staff.c.person == person)
    return (await connection.scalar(named)) or ""


async def read_invitation(connection: AsyncConnection, key: str) -> StaffInvitation | None:
    """The invitation with this key."""
    found = await read_invitations(connection, staff_invitations.c.key == key)
    return found[0] if found else None


async def read_invitations(
    connection: AsyncConnection, *conditions: ColumnElement[bool]
) -> Sequence[StaffInvitation]:
    """All that meet these conditions, the ones that last longest first."""
    wanted = select(staff_invitations).where(*conditions).order_by(staff_invitations.c.expires_at.desc())
    return [_invitation(row) for row in await connection.execute(wanted)]


def limits_of(row: Any) -> Limits:
    """The limits that stand in a row of any of these tables."""
    return Limits(frozenset(row.issuers), frozenset(row.areas))


def grant_columns(roles: Collection[Role], limits: Limits) -> dict[str, list[str]]:
    """The same, to be written."""
    return {
        "roles": sorted(role.value for role in roles),
        "issuers": sorted(limits.issuers),
        "areas": sorted(limits.areas),
    }


def _colleague(row: Row[Any], accounts: Collection[PersonId]) -> Colleague:
    person = PersonId(row.person)
    others = frozenset(accounts) - {person}
    return Colleague(person, row.name, frozenset(map(Role, row.roles)), limits_of(row), row.since, others)


def _invitation(row: Row[Any]) -> StaffInvitation:
    return StaffInvitation(
        key=row.key,
        invited_by=None if row.invited_by is None else PersonId(row.invited_by),
        grant=Grant(frozenset(map(Role, row.roles)), limits_of(row)),
        expires_at=row.expires_at,
        state=InvitationState(row.state),
        candidate=None if row.candidate is None else PersonId(row.candidate),
        candidate_name=row.candidate_name,
        is_recovery=row.is_recovery,
    )
