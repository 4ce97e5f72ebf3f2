"""The operator's staff in the database. Each method is one transaction, and what it changes is recorded in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from members.channel import PersonId
from members.roles import Role
from members.staff import (
    STAFF_INVITATION_LASTS,
    Colleague,
    InvitationState,
    Link,
    Removal,
    StaffAct,
    StaffChange,
    StaffInvitation,
    StaffRefusal,
    judge_acceptance,
    judge_decision,
    judge_removal,
)
from storage.committer import Committer
from storage.staff_rows import (
    colleague_of,
    everybody,
    grant_columns,
    limits_of,
    owners_beside,
    read_invitation,
    read_invitations,
)
from storage.staff_tables import staff_changes, staff_invitations, staff_news
from storage.staff_writes import Done, give, move_over, record, take, tie, untie

_OPEN_AT_MOST = 50
_TOLD_AT_A_TIME = 50
_KEPT_AFTER = timedelta(days=7)  # a press that comes late is still told kindly why
_UNDECIDED = (InvitationState.OPEN.value, InvitationState.ACCEPTED.value)


class SqlStaffBook:
    """Implements the port ``StaffBook``, and what only the start and the telling need."""

    def __init__(self, engine: AsyncEngine, committer: Committer) -> None:
        self._engine = engine
        self._committer = committer

    async def invite(self, invitation: StaffInvitation, at: datetime) -> StaffRefusal | None:
        """Keep a new invitation, if whoever makes it is an owner now. One of the server's replaces the last."""

        async def work(connection: AsyncConnection) -> StaffRefusal | None:
            await connection.execute(
                delete(staff_invitations).where(staff_invitations.c.expires_at < at - _KEPT_AFTER)
            )
            refused = await _why_no_invitation(connection, invitation, at)
            if refused is None:
                await _keep(connection, invitation, at)
            return refused

        return await self._committer.write(work)

    async def accept(
        self, key: str, candidate: PersonId, name: str, at: datetime
    ) -> StaffInvitation | StaffRefusal:
        """Somebody takes it up; by a code of the server they become owner at once."""

        async def work(connection: AsyncConnection) -> StaffInvitation | StaffRefusal:
            invitation = await read_invitation(connection, key)
            has_owner = await owners_beside(connection, None) > 0
            refused = judge_acceptance(invitation, candidate, has_owner=has_owner, at=at)
            if refused or invitation is None:
                return refused or StaffRefusal.BAD_CODE
            if invitation.state is not InvitationState.OPEN:
                return invitation
            by_server = invitation.invited_by is None
            after = InvitationState.GRANTED if by_server else InvitationState.ACCEPTED
            expires_at = at + STAFF_INVITATION_LASTS  # the owner's day to look at it begins now
            await _set_invitation(
                connection, key, state=after, candidate=candidate, candidate_name=name, expires_at=expires_at
            )
            if by_server:
                given = await give(connection, candidate, name, invitation.grant, at)
                await record(connection, Done(StaffAct.RECOVERED, given, at, None))
            return await read_invitation(connection, key) or StaffRefusal.BAD_CODE

        return await self._committer.write(work)

    async def decide(
        self, key: str, owner: PersonId, at: datetime, *, is_yes: bool
    ) -> StaffInvitation | StaffRefusal:
        """The owner who invited gives the role to whoever took it up, or to nobody."""

        async def work(connection: AsyncConnection) -> StaffInvitation | StaffRefusal:
            invitation = await read_invitation(connection, key)
            refused = judge_decision(invitation, await colleague_of(connection, owner), at, is_yes=is_yes)
            if refused or invitation is None:
                return refused or StaffRefusal.BAD_CODE
            after = InvitationState.GRANTED if is_yes else InvitationState.WITHDRAWN
            if invitation.state is after:
                return invitation
            await _set_invitation(connection, key, state=after)
            if is_yes and invitation.candidate is not None:
                name = invitation.candidate_name
                given = await give(connection, invitation.candidate, name, invitation.grant, at)
                await record(connection, Done(StaffAct.GRANTED, given, at, owner))
            return await read_invitation(connection, key) or StaffRefusal.BAD_CODE

        return await self._committer.write(work)

    async def remove(self, removal: Removal) -> StaffRefusal | None:
        """Take roles away; approvals of theirs that were not used yet are void."""

        async def work(connection: AsyncConnection) -> StaffRefusal | None:
            colleague = await colleague_of(connection, removal.person)
            by = await colleague_of(connection, removal.by)
            others = await owners_beside(connection, removal.person)
            refused = judge_removal(colleague, by, removal, other_owners=others)
            if refused is None and colleague is not None and removal.roles & colleague.roles:
                await take(connection, colleague, removal)
            return refused

        return await self._committer.write(work)

    async def link(self, link: Link) -> StaffRefusal | None:
        """From now on both accounts are one voice."""

        async def work(connection: AsyncConnection) -> StaffRefusal | None:
            if not await _is_owner(connection, link.by):
                return StaffRefusal.NOT_OWNER
            first = await colleague_of(connection, link.first)
            second = await colleague_of(connection, link.second)
            if first is None or second is None or first.person == second.person:
                return StaffRefusal.NO_COLLEAGUE
            if second.person not in first.others:
                await tie(connection, link)
                await record(connection, Done(StaffAct.LINKED, first, link.at, link.by, second))
            return None

        return await self._committer.write(work)

    async def unlink(self, person: PersonId, by: PersonId, at: datetime) -> StaffRefusal | None:
        """This account is somebody else's after all."""

        async def work(connection: AsyncConnection) -> StaffRefusal | None:
            if not await _is_owner(connection, by):
                return StaffRefusal.NOT_OWNER
            colleague = await colleague_of(connection, person)
            if colleague is None:
                return StaffRefusal.NO_COLLEAGUE
            if colleague.others:
                await untie(connection, person)
                await record(connection, Done(StaffAct.UNLINKED, colleague, at, by))
            return None

        return await self._committer.write(work)

    async def invitation(self, key: str) -> StaffInvitation | None:
        """The invitation with this key."""
        async with self._engine.connect() as connection:
            return await read_invitation(connection, key)

    async def accepted(self, owner: PersonId, at: datetime) -> Sequence[StaffInvitation]:
        """Those of this owner that somebody took up and that wait for a decision."""
        async with self._engine.connect() as connection:
            return await read_invitations(
                connection,
                staff_invitations.c.invited_by == owner,
                staff_invitations.c.state == InvitationState.ACCEPTED.value,
                staff_invitations.c.expires_at > at,
            )

    async def staff(self) -> Sequence[Colleague]:
        """Everybody, by name; at most 500."""
        async with self._engine.connect() as connection:
            return await everybody(connection)

    async def has_owner(self) -> bool:
        """Whether anybody can invite."""
        async with self._engine.connect() as connection:
            return await owners_beside(connection, None) > 0

    async def move_over(self, people: Sequence[Colleague], at: datetime) -> bool:
        """Take over the list of an earlier version's settings; False when that, or any change, was before."""

        async def work(connection: AsyncConnection) -> bool:
            changed = select(staff_changes.c.id).where(staff_changes.c.act != StaffAct.INVITED.value)
            if not people or await connection.scalar(changed.limit(1)) is not None:
                return False
            await move_over(connection, people, at)
            return True

        return await self._committer.write(work)

    async def news(self) -> Sequence[StaffChange]:
        """What the owners have not been told yet, oldest first; at most 50."""
        wanted = (
            select(staff_changes, staff_news.c.name, staff_news.c.by_name, staff_news.c.other_name)
            .join(staff_news, staff_news.c.change_id == staff_changes.c.id)
            .order_by(staff_changes.c.id)
            .limit(_TOLD_AT_A_TIME)
        )
        async with self._engine.connect() as connection:
            return [
                StaffChange(
                    id=row.id,
                    at=row.at,
                    act=StaffAct(row.act),
                    person=PersonId(row.person),
                    name=row.name,
                    by=None if row.done_by is None else PersonId(row.done_by),
                    by_name=row.by_name,
                    roles=frozenset(map(Role, row.roles)),
                    limits=limits_of(row),
                    other_name=row.other_name,
                    voided=row.voided,
                )
                for row in await connection.execute(wanted)
            ]

    async def mark_told(self, change: StaffChange) -> None:
        """Nobody needs to be told of it any more."""
        told = delete(staff_news).where(staff_news.c.change_id == change.id)
        await self._committer.write(lambda connection: connection.execute(told))


async def _why_no_invitation(
    connection: AsyncConnection, invitation: StaffInvitation, at: datetime
) -> StaffRefusal | None:
    owner = invitation.invited_by
    if owner is None:
        has_owner = await owners_beside(connection, None) > 0
        return StaffRefusal.HAS_OWNER if has_owner and not invitation.is_recovery else None
    if not await _is_owner(connection, owner):
        return StaffRefusal.NOT_OWNER
    still_open = select(func.count()).where(
        staff_invitations.c.invited_by == owner,
        staff_invitations.c.state.in_(_UNDECIDED),
        staff_invitations.c.expires_at > at,
    )
    is_full = (await connection.scalar(still_open) or 0) >= _OPEN_AT_MOST
    return StaffRefusal.TOO_MANY_OPEN if is_full else None


async def _keep(connection: AsyncConnection, invitation: StaffInvitation, at: datetime) -> None:
    if invitation.invited_by is None:
        await connection.execute(
            update(staff_invitations)
            .where(
                staff_invitations.c.invited_by.is_(None),
                staff_invitations.c.state == InvitationState.OPEN.value,
            )
            .values(state=InvitationState.WITHDRAWN.value)
        )
    await connection.execute(
        insert(staff_invitations).values(
            key=invitation.key,
            invited_by=invitation.invited_by,
            expires_at=invitation.expires_at,
            state=invitation.state.value,
            candidate_name="",
            is_recovery=invitation.is_recovery,
            **grant_columns(invitation.grant.roles, invitation.grant.limits),
        )
    )
    nobody_yet = Colleague(PersonId(""), "", invitation.grant.roles, invitation.grant.limits)
    await record(connection, Done(StaffAct.INVITED, nobody_yet, at, invitation.invited_by))


async def _set_invitation(connection: AsyncConnection, key: str, **columns: object) -> None:
    await connection.execute(
        update(staff_invitations).where(staff_invitations.c.key == key).values(**columns)
    )


async def _is_owner(connection: AsyncConnection, person: PersonId) -> bool:
    colleague = await colleague_of(connection, person)
    return colleague is not None and Role.OWNER in colleague.roles
