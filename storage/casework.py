"""The moderators' work in the database: who claimed which case, verdicts, and the cards that show it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from members.channel import PersonId
from reports.cases import (
    HAS_VERDICT,
    Case,
    CaseId,
    CaseState,
    Reason,
    VerdictKind,
    may_become,
    state_after,
)
from reports.ports import Card, CardPlace, ClaimOutcome, Deciding, GivingOutcome, NewVerdict
from storage.cases import verdict_columns, verdict_of, with_verdict
from storage.committer import Committer
from storage.tables import cases, reports, staff, verdicts

_CARD_REFRESHED_AFTER = timedelta(seconds=30)
_CARD_TRIED_AGAIN_AFTER = timedelta(seconds=60)
_FREE: dict[str, Any] = {"claimed_by": None, "deciding": None}


class CaseworkBook:
    """Claims, verdicts and cards."""

    def __init__(self, engine: AsyncEngine, committer: Committer) -> None:
        self._engine = engine
        self._committer = committer

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
            after = before if before in HAS_VERDICT else CaseState.CLAIMED
            if after is not before and not may_become(before, after):
                return ClaimOutcome.OVER
            changed = {"state": after, "claimed_by": moderator, "deciding_text": None, "changed_at": at}
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
        wanted = select(cases).where(or_(cases.c.prompt_message_id == message_id, theirs))
        async with self._engine.connect() as connection:
            rows = (await connection.execute(wanted)).all()
        asked = [row for row in rows if row.prompt_message_id == message_id]
        if asked:
            return _deciding_of(asked[0])
        return _deciding_of(rows[0]) if len(rows) == 1 else None

    async def keep_written(self, case: CaseId, written: str) -> None:
        """Keep an explanation that lacks something."""
        await self._set(case, {"deciding_text": written})

    async def give(self, verdict: NewVerdict) -> GivingOutcome:
        """Record a verdict, and free the case from its claimer."""

        async def work(connection: AsyncConnection) -> GivingOutcome:
            given = select(verdicts.c.id).where(verdicts.c.origin_key == verdict.origin_key)
            if (await connection.execute(given)).one_or_none() is not None:
                return GivingOutcome.REPEATED
            row = await _row(connection, verdict.case)
            if row is None or row.claimed_by != verdict.moderator:
                return GivingOutcome.NOT_YOURS
            before = CaseState(row.state)
            after = state_after(before, verdict.kind)
            if not may_become(before, after):
                return GivingOutcome.NOT_YOURS
            verdict_id = await _insert_verdict(connection, verdict)
            changed = {
                "state": after,
                "verdict_id": verdict_id,
                "deciding_text": None,
                "changed_at": verdict.at,
            }
            await _change(connection, row, {**changed, **_FREE})
            return GivingOutcome.REVISED if before in HAS_VERDICT else GivingOutcome.GIVEN

        return await self._committer.write(work)

    # --- cards ----------------------------------------------------------------------------------------------

    async def take_stale(self, now: datetime, at_most: int) -> Sequence[Card]:
        """Cards to show now; they are not given out again for a moment."""

        async def work(connection: AsyncConnection) -> list[Card]:
            stale = select(cases.c.id).where(_is_stale(now)).order_by(cases.c.id).limit(at_most)
            ids = (await connection.execute(stale)).scalars().all()
            return [card for card in [await _take(connection, id_, now) for id_ in ids] if card]

        async with self._engine.connect() as connection:
            stale = select(cases.c.id).where(_is_stale(now)).limit(1)
            if (await connection.execute(stale)).one_or_none() is None:
                return []
        return await self._committer.write(work)

    async def take(self, case: CaseId, now: datetime) -> Card | None:
        """The card of one case, to be shown at once."""
        return await self._committer.write(lambda connection: _take(connection, case, now))

    async def placed(self, case: CaseId, place: CardPlace) -> None:
        """Remember where a new card stands."""
        await self._set(
            case,
            {
                "card_chat": place.chat,
                "card_message_id": place.message_id,
                "card_topic_id": place.topic_id,
            },
        )

    async def _set(self, case: CaseId, values: dict[str, Any]) -> None:
        await self._committer.write(
            lambda connection: connection.execute(update(cases).where(cases.c.id == case).values(**values))
        )


async def _row(connection: AsyncConnection, case: CaseId) -> Row[Any] | None:
    return (await connection.execute(select(cases).where(cases.c.id == case))).one_or_none()


async def _change(connection: AsyncConnection, row: Row[Any], values: dict[str, Any]) -> bool:
    """Change a case, unless somebody on another machine changed it since it was read."""
    unclaimed_still = cases.c.claimed_by.is_(None)
    same_claim = unclaimed_still if row.claimed_by is None else cases.c.claimed_by == row.claimed_by
    changed = await connection.execute(
        update(cases).where(cases.c.id == row.id, cases.c.state == row.state, same_claim).values(**values)
    )
    return changed.rowcount == 1


async def _insert_verdict(connection: AsyncConnection, verdict: NewVerdict) -> int:
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
        )
        .returning(verdicts.c.id)
    )
    verdict_id: int = inserted.scalar_one()
    return verdict_id


def _deciding_of(row: Row[Any]) -> Deciding:
    return Deciding(
        case=CaseId(row.id),
        kind=None if row.deciding is None else VerdictKind(row.deciding),
        moderator=None if row.claimed_by is None else PersonId(row.claimed_by),
        written=row.deciding_text or "",
    )


def _is_stale(now: datetime) -> Any:
    """Has no card yet, or one that shows an old state; never more often than the group can bear."""
    shown_at = cases.c.card_shown_at
    missing = and_(
        cases.c.card_message_id.is_(None), or_(shown_at.is_(None), shown_at < now - _CARD_TRIED_AGAIN_AFTER)
    )
    old = and_(cases.c.changed_at > shown_at, shown_at < now - _CARD_REFRESHED_AFTER)
    return and_(cases.c.content != "", or_(missing, old))


async def _take(connection: AsyncConnection, case: int, now: datetime) -> Card | None:
    with_names = with_verdict.outerjoin(staff, staff.c.person == cases.c.claimed_by)
    wanted = select(cases, staff.c.name, *verdict_columns).select_from(with_names).where(cases.c.id == case)
    row = (await connection.execute(wanted)).one_or_none()
    if row is None:
        return None
    await connection.execute(update(cases).where(cases.c.id == case).values(card_shown_at=now))
    place = None
    if row.card_message_id is not None:
        place = CardPlace(row.card_chat, row.card_message_id, row.card_topic_id)
    return Card(await _case_of(connection, row), place)


async def _case_of(connection: AsyncConnection, row: Row[Any]) -> Case:
    counted = (
        select(reports.c.reason, func.count().label("times"))
        .where(reports.c.case_id == row.id)
        .group_by(reports.c.reason)
        .order_by(func.count().desc(), reports.c.reason)
    )
    reasons = (await connection.execute(counted)).all()
    return Case(
        id=CaseId(row.id),
        state=CaseState(row.state),
        content=row.content,
        findings=tuple((kind, about) for kind, about in row.findings),
        reasons=tuple(Reason(counted.reason) for counted in reasons),
        reporters=sum(counted.times for counted in reasons),
        opened_at=row.opened_at,
        claimed_by=None if row.claimed_by is None else PersonId(row.claimed_by),
        claimed_by_name=row.name or "",
        verdict=verdict_of(row),
    )
