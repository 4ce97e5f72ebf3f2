"""What changes of the staff write, each with its line in the record, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcasts.broadcast import BroadcastState
from members.channel import PersonId
from members.roles import Role
from members.staff import Colleague, Grant, InvitationState, Link, Removal, StaffAct
from storage.columns import milliseconds
from storage.staff_rows import accounts_of, colleague_of, grant_columns, name_of
from storage.staff_tables import linked_accounts, staff, staff_changes, staff_invitations, staff_news
from storage.tables import approvals, bulletins

_NOT_BEGUN = (
    BroadcastState.DRAFT,
    BroadcastState.IN_REVIEW,
    BroadcastState.APPROVED,
    BroadcastState.SCHEDULED,
    BroadcastState.RECURRING,
    BroadcastState.HELD,
)


@dataclass(frozen=True, slots=True)
class Done:
    """A change that was made: ``person`` as they are afterwards; ``by`` is None for the server itself."""

    act: StaffAct
    person: Colleague
    at: datetime
    by: PersonId | None
    other: Colleague | None = None
    voided: int = 0


async def record(connection: AsyncConnection, done: Done) -> None:
    """Write a change down, and that the owners are to hear of it."""
    person, other = done.person, done.other
    inserted = await connection.execute(
        insert(staff_changes).values(
            at=done.at,
            act=done.act.value,
            person=person.person,
            done_by=done.by,
            other=None if other is None else other.person,
            voided=done.voided,
            **grant_columns(person.roles, person.limits),
        )
    )
    if done.act is StaffAct.INVITED:  # it gives nobody anything yet
        return
    key = inserted.inserted_primary_key
    await connection.execute(
        insert(staff_news).values(
            change_id=key[0] if key else None,
            name=person.name,
            by_name=await name_of(connection, done.by),
            other_name="" if other is None else other.name,
        )
    )


async def give(
    connection: AsyncConnection, person: PersonId, name: str, grant: Grant, at: datetime
) -> Colleague:
    """What they are from now on: the roles come to those they have, the limits are those of the newest grant."""
    before = await colleague_of(connection, person)
    roles = grant.roles | (before.roles if before else frozenset())
    columns = {"name": name, **grant_columns(roles, grant.limits)}
    if before is None:
        await connection.execute(insert(staff).values(person=person, since=at, **columns))
    else:
        await connection.execute(update(staff).where(staff.c.person == person).values(**columns))
    return Colleague(person, name, roles, grant.limits)


async def take(connection: AsyncConnection, colleague: Colleague, removal: Removal) -> None:
    """Take roles away, with all that rested on them."""
    left = colleague.roles - removal.roles
    if left:
        columns = grant_columns(left, colleague.limits)
        await connection.execute(update(staff).where(staff.c.person == removal.person).values(**columns))
    else:
        await connection.execute(delete(staff).where(staff.c.person == removal.person))
    voided = 0
    if Role.APPROVER in removal.roles & colleague.roles or not left:
        voided = await _void(connection, removal.person)
    if Role.OWNER in removal.roles & colleague.roles:
        await _withdraw_invitations(connection, removal.person)
    act = StaffAct.RESIGNED if removal.by == removal.person else StaffAct.REDUCED
    after = replace(colleague, roles=left)
    await record(connection, Done(act, after, removal.at, removal.by, voided=voided))


async def move_over(connection: AsyncConnection, people: Sequence[Colleague], at: datetime) -> None:
    """The staff is exactly these, as it was with the earlier version; the first of them is the owner, too."""
    await connection.execute(delete(staff))
    for number, person in enumerate(people):
        roles = person.roles | ({Role.OWNER} if number == 0 else frozenset())
        given = await give(connection, person.person, person.name, Grant(roles, person.limits), at)
        await record(connection, Done(StaffAct.MOVED_OVER, given, at, None))


async def tie(connection: AsyncConnection, link: Link) -> None:
    """Both accounts, and all that were theirs before, are one human being's."""
    both = await accounts_of(connection, link.first) | await accounts_of(connection, link.second)
    # Never an account's own name: whoever is taken out of it later must not be taken for it.
    human = f"{milliseconds(link.at)}:{min(both)}"
    await connection.execute(delete(linked_accounts).where(linked_accounts.c.person.in_(both)))
    rows = [{"person": person, "human": human} for person in sorted(both)]
    await connection.execute(insert(linked_accounts), rows)


async def untie(connection: AsyncConnection, person: PersonId) -> None:
    """This account alone is somebody else's; one that is left over stands for itself."""
    rest = await accounts_of(connection, person) - {person}
    gone = {person} | (rest if len(rest) == 1 else set())
    await connection.execute(delete(linked_accounts).where(linked_accounts.c.person.in_(gone)))


async def _void(connection: AsyncConnection, person: PersonId) -> int:
    """Consents to what has not begun. Given a role again one day, they have to look again."""
    states = [state.value for state in _NOT_BEGUN]
    waiting = select(bulletins.c.id).where(bulletins.c.state.in_(states))
    voided = await connection.execute(
        delete(approvals).where(approvals.c.person == person, approvals.c.bulletin_id.in_(waiting))
    )
    return voided.rowcount


async def _withdraw_invitations(connection: AsyncConnection, owner: PersonId) -> None:
    await connection.execute(
        update(staff_invitations)
        .where(
            staff_invitations.c.invited_by == owner,
            staff_invitations.c.state.in_([InvitationState.OPEN.value, InvitationState.ACCEPTED.value]),
        )
        .values(state=InvitationState.WITHDRAWN.value)
    )
