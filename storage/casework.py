"""The moderators' work in the database: who claimed which case, and verdicts. The cards are in ``cards.py``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from members.channel import PersonId
from reports.cases import HAS_VERDICT, CaseId, CaseState, Need, VerdictKind, may_become, state_after
from reports.ports import ClaimOutcome, Deciding, GivingOutcome, NewVerdict
from reports.proposals import Judge
from storage.cards import listeners_of, reasons_of
from storage.case_contents import opened_words, sealed_words
from storage.case_keys import case_keys, cases_with_keys
from storage.committer import Committer
from storage.sealing import Sealer
from storage.tables import ONE_MORE_CHANGE, cases, verdicts

_FREE: dict[str, Any] = {"claimed_by": None, "deciding": None}


class CaseworkBook:
    """Claims and verdicts."""

    def __init__(self, engine: AsyncEngine, committer: Committer, sealer: Sealer) -> None:
        self._engine = engine
        self._committer = committer
        self._sealer = sealer

    # --- claims ---------------------------------------------------------------------------------------------

    async def claim(self, case: CaseId, moderator: PersonId, at: datetime) -> ClaimOutcome:
        """Take an unclaimed case, or an answered one to revise it."""

        async def work(connection: AsyncConnection) -> ClaimOutcome:
            row = await _row(connection, case)
            if row is None:
                return ClaimOutcome.OVER
            if row.claimed_by is not None:
                return ClaimOutcome.DONE if row.claimed_by == moderator else ClaimOutcome.TAKEN
            before = CaseState(row.state)
            if before is CaseState.PROPOSED:
                return ClaimOutcome.OVER  # only sent back or taken back is it anybody's again
            after = before if before in HAS_VERDICT else CaseState.CLAIMED
            if after is not before and not may_become(before, after):
                return ClaimOutcome.OVER
            changed = {"state": after, "claimed_by": moderator, "sealed_deciding": None, "changed_at": at}
            return ClaimOutcome.DONE if await _change(connection, row, changed) else ClaimOutcome.TAKEN

        return await self._committer.write(work)

    async def release(self, case: CaseId, at: datetime) -> ClaimOutcome:
        """Give a claimed case back, whoever holds it."""

        async def work(connection: AsyncConnection) -> ClaimOutcome:
            row = await _row(connection, case)
            if row is None or row.claimed_by is None:
                return ClaimOutcome.OVER
            before = CaseState(row.state)
            after = CaseState.OPEN if before is CaseState.CLAIMED else before
            changed = await _change(connection, row, {"state": after, "changed_at": at, **_FREE})
            return ClaimOutcome.DONE if changed else ClaimOutcome.OVER

        return await self._committer.write(work)

    async def choose(self, case: CaseId, moderator: PersonId, kind: VerdictKind) -> ClaimOutcome:
        """Note which verdict the claimer is about to explain; TAKEN for anybody else."""

        async def work(connection: AsyncConnection) -> ClaimOutcome:
            row = await _row(connection, case)
            if row is None or row.claimed_by is None:
                return ClaimOutcome.OVER
            if row.claimed_by != moderator:
                return ClaimOutcome.TAKEN
            return (
                ClaimOutcome.DONE if await _change(connection, row, {"deciding": kind}) else ClaimOutcome.OVER
            )

        return await self._committer.write(work)

    # --- verdicts -------------------------------------------------------------------------------------------

    async def prompted(self, case: CaseId, message_id: str) -> None:
        """Remember the message that asks for the explanation, so that a reply to it finds its case."""
        await self._set(case, {"prompt_message_id": message_id})

    async def deciding(self, message_id: str, moderator: PersonId) -> Deciding | None:
        """The case that a reply to this message decides; else the only one this moderator is deciding."""
        theirs = and_(cases.c.claimed_by == moderator, cases.c.deciding.is_not(None))
        asked_for = or_(cases.c.prompt_message_id == message_id, theirs)
        wanted = select(cases, case_keys.c.wrapped).select_from(cases_with_keys).where(asked_for)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(wanted)).all()
            asked = [row for row in rows if row.prompt_message_id == message_id]
            if not asked and len(rows) != 1:
                return None
            return await self._deciding_of(connection, (asked or rows)[0])

    async def keep_written(self, case: CaseId, written: str) -> None:
        """Keep an explanation that lacks something."""

        async def work(connection: AsyncConnection) -> None:
            wrapped = await connection.scalar(select(case_keys.c.wrapped).where(case_keys.c.case_id == case))
            key = self._sealer.case_key_if_any(wrapped, str(case))
            sealed = None if key is None else sealed_words(key, case, written)
            await connection.execute(update(cases).where(cases.c.id == case).values(sealed_deciding=sealed))

        await self._committer.write(work)

    async def give(self, verdict: NewVerdict, judge: Judge) -> GivingOutcome:
        """Record a verdict, or propose it where ``judge`` says so, and free the case from its claimer."""

        async def work(connection: AsyncConnection) -> GivingOutcome:
            given = select(verdicts.c.id).where(verdicts.c.origin_key == verdict.origin_key)
            if (await connection.execute(given)).one_or_none() is not None:
                return GivingOutcome.REPEATED
            row = await _row(connection, verdict.case)
            if row is None or row.claimed_by != verdict.moderator:
                return GivingOutcome.NOT_YOURS
            before = CaseState(row.state)
            needs = judge((await reasons_of(connection, verdict.case)).keys())
            after = state_after(before, verdict.kind, needs)
            if not may_become(before, after):
                return GivingOutcome.NOT_YOURS
            place = "proposed_id" if needs else "verdict_id"
            changed = {
                "state": after,
                place: await _insert_verdict(connection, verdict, needs),
                "sealed_deciding": None,
                "changed_at": verdict.at,
            }
            await _change(connection, row, {**changed, **_FREE})
            if needs:
                return GivingOutcome.PROPOSED
            return GivingOutcome.REVISED if before in HAS_VERDICT else GivingOutcome.GIVEN

        return await self._committer.write(work)

    async def _deciding_of(self, connection: AsyncConnection, row: Row[Any]) -> Deciding:
        key = self._sealer.case_key_if_any(row.wrapped, str(row.id))
        return Deciding(
            case=CaseId(row.id),
            kind=None if row.deciding is None else VerdictKind(row.deciding),
            moderator=None if row.claimed_by is None else PersonId(row.claimed_by),
            written=opened_words(key, row.id, row.sealed_deciding),
            reasons=tuple(await reasons_of(connection, row.id)),
            listeners=await listeners_of(connection, row.id),
        )

    async def _set(self, case: CaseId, values: dict[str, Any]) -> None:
        await self._committer.write(
            lambda connection: connection.execute(update(cases).where(cases.c.id == case).values(**values))
        )


async def _row(connection: AsyncConnection, case: CaseId) -> Row[Any] | None:
    """The case, held until the end of the transaction: nobody reports it for another reason meanwhile."""
    return (await connection.execute(select(cases).where(cases.c.id == case).with_for_update())).one_or_none()


async def _change(connection: AsyncConnection, row: Row[Any], values: dict[str, Any]) -> bool:
    """Change a case, unless somebody on another machine changed it since it was read."""
    unclaimed_still = cases.c.claimed_by.is_(None)
    same_claim = unclaimed_still if row.claimed_by is None else cases.c.claimed_by == row.claimed_by
    changed = await connection.execute(
        update(cases)
        .where(cases.c.id == row.id, cases.c.state == row.state, same_claim)
        .values(**values, **ONE_MORE_CHANGE)
    )
    return changed.rowcount == 1


async def _insert_verdict(connection: AsyncConnection, verdict: NewVerdict, needs: Sequence[Need]) -> int:
    inserted = await connection.execute(
        insert(verdicts)
        .values(
            case_id=verdict.case,
            kind=verdict.kind,
            explanation=verdict.explanation,
            sources=list(verdict.sources),
            author=verdict.moderator,
            origin_key=verdict.origin_key,
            given_at=verdict.at,
            needs=list(needs),
        )
        .returning(verdicts.c.id)
    )
    verdict_id: int = inserted.scalar_one()
    return verdict_id
