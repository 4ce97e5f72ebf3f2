"""Proposed verdicts in the database: a second person agrees, or the author has the case again.

Each is one transaction in which the case is held, the words are compared, and roles are read as they are now.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from members.channel import PersonId
from members.roles import Role, Who, allows
from reports.cases import Case, CaseId, CaseState, VerdictKind, may_become, state_after
from reports.proposals import words_sha256
from reports.seconding import Second, Seconding
from storage.alone import tell_again
from storage.cards import proposed_cases
from storage.case_contents import sealed_words
from storage.case_keys import case_keys
from storage.committer import Committer
from storage.sealing import Sealer
from storage.staff_rows import accounts_of
from storage.tables import ONE_MORE_CHANGE, cases, staff, verdicts

_STAFF_AT_MOST = 500

_Change = Callable[[AsyncConnection, Row[Any]], Awaitable[Seconding]]


_SECONDS = frozenset({Role.MODERATOR, Role.APPROVER})


class ProposalBook:
    """Verdicts that wait for a second person."""

    def __init__(self, engine: AsyncEngine, committer: Committer, sealer: Sealer) -> None:
        self._engine = engine
        self._committer = committer
        self._sealer = sealer

    async def agree(self, second: Second) -> Seconding:
        """Let the verdict stand; its author never can."""

        async def change(connection: AsyncConnection, row: Row[Any]) -> Seconding:
            if await _same_person(connection, row.author, second.person):
                return Seconding.OWN
            if not await _is_staff(connection, second.person):
                return Seconding.NOT_STAFF
            stood = CaseState.CLAIMED if row.verdict_id is None else CaseState.ANSWERED
            stands = {"verdict_id": row.proposed_id, "told_alone": 0}
            await _settle(connection, row, state_after(stood, VerdictKind(row.kind)), second, stands)
            agreed = {"agreed_by": second.person, "agreed_at": second.at}
            await connection.execute(
                update(verdicts).where(verdicts.c.id == row.proposed_id).values(**agreed)
            )
            return Seconding.DONE

        return await self._on_these_words(second, change)

    async def send_back(self, second: Second) -> Seconding:
        """Give it back to its author, who has the case again; their words are kept for them."""

        async def change(connection: AsyncConnection, row: Row[Any]) -> Seconding:
            if await _same_person(connection, row.author, second.person):
                return Seconding.OWN
            if not await _is_staff(connection, second.person):
                return Seconding.NOT_STAFF
            return await self._give_back(connection, row, second)

        return await self._on_these_words(second, change)

    async def take_back(self, second: Second) -> Seconding:
        """The author wants to change it; what was agreed to meanwhile stays."""

        async def change(connection: AsyncConnection, row: Row[Any]) -> Seconding:
            if not await _same_person(connection, row.author, second.person):
                return Seconding.NOT_THEIRS
            return await self._give_back(connection, row, second)

        return await self._on_these_words(second, change)

    async def waiting(self, at_most: int) -> Sequence[Case]:
        """Cases whose verdict waits for a second person, the oldest first."""
        async with self._engine.connect() as connection:
            return await proposed_cases(connection, self._sealer, at_most)

    async def others(self, person: PersonId) -> Sequence[str]:
        """The names of those who can be the second person for ``person``, as the staff is now."""
        async with self._engine.connect() as connection:
            theirs = await accounts_of(connection, person)
            rows = await connection.execute(select(staff).order_by(staff.c.name).limit(_STAFF_AT_MOST))
            return [row.name for row in rows if _may_second(row.roles) and row.person not in theirs]

    async def _on_these_words(self, second: Second, change: _Change) -> Seconding:
        """Do ``change`` if exactly the words that were shown are still proposed."""

        async def work(connection: AsyncConnection) -> Seconding:
            wanted = select(cases).where(cases.c.id == second.case).with_for_update()
            case = (await connection.execute(wanted)).one_or_none()
            if case is None:
                return Seconding.OVER
            words = await _words_of(connection, case, case.proposed_id or case.verdict_id)
            if words is None or _sha256_of(words) != second.sha256:
                return Seconding.OVER if case.proposed_id is None else Seconding.CHANGED
            if case.proposed_id is None:
                return Seconding.OVER if words.agreed_by is None else Seconding.REPEATED
            return await change(connection, words)

        return await self._committer.write(work)

    async def _give_back(self, connection: AsyncConnection, row: Row[Any], second: Second) -> Seconding:
        """To its author, with what they wrote; to nobody, where the author may decide no case any more."""
        roles = await _roles_of(connection, row.author)
        author = row.author if allows(Who.MODERATOR, roles) else None
        if row.verdict_id is not None:
            await tell_again(connection, row.id, row.proposed_id)
            state = CaseState.ANSWERED
        else:
            state = CaseState.OPEN if author is None else CaseState.CLAIMED
        given = {"claimed_by": author, "deciding": None, "sealed_deciding": None}
        if author is not None:
            given |= {"deciding": row.kind, "sealed_deciding": await self._sealed(connection, row)}
        await _settle(connection, row, state, second, given)
        return Seconding.DONE

    async def _sealed(self, connection: AsyncConnection, row: Row[Any]) -> bytes | None:
        """The words of a proposal, as its author was writing them; None when the key of the case is gone."""
        wrapped = await connection.scalar(select(case_keys.c.wrapped).where(case_keys.c.case_id == row.id))
        key = self._sealer.case_key_if_any(wrapped, str(row.id))
        return None if key is None else sealed_words(key, row.id, "\n".join([row.explanation, *row.sources]))


def _sha256_of(row: Row[Any]) -> str:
    """The name of exactly the words in a row of a case with its verdict."""
    return words_sha256(CaseId(row.id), VerdictKind(row.kind), row.explanation, row.sources)


async def _words_of(connection: AsyncConnection, case: Row[Any], verdict_id: int | None) -> Row[Any] | None:
    words = (
        verdicts.c.kind,
        verdicts.c.explanation,
        verdicts.c.sources,
        verdicts.c.author,
        verdicts.c.agreed_by,
    )
    of_the_case = cases.join(verdicts, verdicts.c.case_id == cases.c.id)
    wanted = select(cases, *words).select_from(of_the_case)
    wanted = wanted.where(cases.c.id == case.id, verdicts.c.id == verdict_id)
    return (await connection.execute(wanted)).one_or_none()


async def _settle(
    connection: AsyncConnection, row: Row[Any], state: CaseState, second: Second, values: dict[str, Any]
) -> None:
    """It is proposed no more. The case is held: nobody else has changed it since it was read."""
    if not may_become(CaseState.PROPOSED, state):
        raise RuntimeError(f"a proposed case never becomes {state}")
    settled = {"state": state, "proposed_id": None, "changed_at": second.at}
    await connection.execute(
        update(cases).where(cases.c.id == row.id).values(**settled | values | ONE_MORE_CHANGE)
    )


async def _is_staff(connection: AsyncConnection, person: PersonId) -> bool:
    return _may_second(await _roles_of(connection, person))


async def _roles_of(connection: AsyncConnection, person: str) -> frozenset[Role]:
    stored = await connection.scalar(select(staff.c.roles).where(staff.c.person == person))
    return frozenset(map(Role, stored or ()))


def _may_second(roles: Sequence[str] | frozenset[Role]) -> bool:
    """A moderator or an approver: who only owns the network reads no cases."""
    return not _SECONDS.isdisjoint(map(Role, roles))


async def _same_person(connection: AsyncConnection, one: str, other: PersonId) -> bool:
    return one in await accounts_of(connection, other)
