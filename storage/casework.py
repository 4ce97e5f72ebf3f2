"""The moderators' work in the database: who claimed which case, verdicts, and the cards that show it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Label, Row, and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from members.channel import PersonId
from reports.cases import (
    HAS_VERDICT,
    Case,
    CaseId,
    CaseState,
    Need,
    Proposal,
    Reason,
    Verdict,
    VerdictKind,
    may_become,
    state_after,
)
from reports.ports import Card, CardPlace, ClaimOutcome, Deciding, GivingOutcome, NewVerdict
from reports.proposals import Judge, words_sha256
from storage.cases import verdict_columns, verdict_of, with_verdict
from storage.committer import Committer
from storage.tables import cases, reports, staff, verdicts

_CARD_REFRESHED_AFTER = timedelta(seconds=30)
_CARD_TRIED_AGAIN_AFTER = timedelta(seconds=60)
_FREE: dict[str, Any] = {"claimed_by": None, "deciding": None}


def _name_of(person: ColumnElement[str], label: str) -> Label[str]:
    return select(staff.c.name).where(staff.c.person == person).scalar_subquery().label(label)


_WITH_NAMES = select(
    cases,
    verdicts.c.author,
    verdicts.c.needs,
    _name_of(cases.c.claimed_by, "claimed_by_name"),
    _name_of(verdicts.c.author, "author_name"),
    _name_of(verdicts.c.agreed_by, "agreed_by_name"),
    *verdict_columns,
).select_from(with_verdict)


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
            if before is CaseState.PROPOSED:
                return ClaimOutcome.OVER  # only sent back or taken back is it anybody's again
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
            if not asked and len(rows) != 1:
                return None
            return await _deciding_of(connection, (asked or rows)[0])

    async def keep_written(self, case: CaseId, written: str) -> None:
        """Keep an explanation that lacks something."""
        await self._set(case, {"deciding_text": written})

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
            needs = judge((await _reasons_of(connection, verdict.case)).keys())
            after = state_after(before, verdict.kind, needs)
            if not may_become(before, after):
                return GivingOutcome.NOT_YOURS
            place = "proposed_id" if needs else "verdict_id"
            changed = {
                "state": after,
                place: await _insert_verdict(connection, verdict, needs),
                "deciding_text": None,
                "changed_at": verdict.at,
            }
            await _change(connection, row, {**changed, **_FREE})
            if needs:
                return GivingOutcome.PROPOSED
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
    """The case, held until the end of the transaction: nobody reports it for another reason meanwhile."""
    return (await connection.execute(select(cases).where(cases.c.id == case).with_for_update())).one_or_none()


async def _change(connection: AsyncConnection, row: Row[Any], values: dict[str, Any]) -> bool:
    """Change a case, unless somebody on another machine changed it since it was read."""
    unclaimed_still = cases.c.claimed_by.is_(None)
    same_claim = unclaimed_still if row.claimed_by is None else cases.c.claimed_by == row.claimed_by
    changed = await connection.execute(
        update(cases).where(cases.c.id == row.id, cases.c.state == row.state, same_claim).values(**values)
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


async def _deciding_of(connection: AsyncConnection, row: Row[Any]) -> Deciding:
    reasons = await _reasons_of(connection, row.id)
    return Deciding(
        case=CaseId(row.id),
        kind=None if row.deciding is None else VerdictKind(row.deciding),
        moderator=None if row.claimed_by is None else PersonId(row.claimed_by),
        written=row.deciding_text or "",
        reasons=tuple(reasons),
        listeners=await _listeners_of(connection, row.id),
    )


async def _reasons_of(connection: AsyncConnection, case: int) -> dict[Reason, int]:
    """For which reasons a case was reported, and how often each, the most frequent first."""
    counted = (
        select(reports.c.reason, func.count().label("times"))
        .where(reports.c.case_id == case)
        .group_by(reports.c.reason)
        .order_by(func.count().desc(), reports.c.reason)
    )
    return {Reason(row.reason): row.times for row in await connection.execute(counted)}


async def _listeners_of(connection: AsyncConnection, case: int) -> int:
    wanted = select(func.count()).where(reports.c.case_id == case, reports.c.sealed_address.is_not(None))
    return int(await connection.scalar(wanted) or 0)


def _is_stale(now: datetime) -> Any:
    """Has no card yet, or one that shows an old state; never more often than the group can bear."""
    shown_at = cases.c.card_shown_at
    missing = and_(
        cases.c.card_message_id.is_(None), or_(shown_at.is_(None), shown_at < now - _CARD_TRIED_AGAIN_AFTER)
    )
    old = and_(cases.c.changed_at > shown_at, shown_at < now - _CARD_REFRESHED_AFTER)
    return and_(cases.c.content != "", or_(missing, old))


async def _take(connection: AsyncConnection, case: int, now: datetime) -> Card | None:
    found = await read_case(connection, cases.c.id == case)
    if not found:
        return None
    await connection.execute(update(cases).where(cases.c.id == case).values(card_shown_at=now))
    return found[0]


async def read_case(connection: AsyncConnection, wanted: ColumnElement[bool], at_most: int = 1) -> list[Card]:
    """Cases with their cards, the oldest first."""
    rows = (await connection.execute(_WITH_NAMES.where(wanted).order_by(cases.c.id).limit(at_most))).all()
    return [Card(await _case_of(connection, row), _place_of(row)) for row in rows]


def _place_of(row: Row[Any]) -> CardPlace | None:
    if row.card_message_id is None:
        return None
    return CardPlace(row.card_chat, row.card_message_id, row.card_topic_id)


async def _case_of(connection: AsyncConnection, row: Row[Any]) -> Case:
    reasons = await _reasons_of(connection, row.id)
    verdict = verdict_of(row)
    return Case(
        id=CaseId(row.id),
        state=CaseState(row.state),
        content=row.content,
        findings=tuple((kind, about) for kind, about in row.findings),
        reasons=tuple(reasons),
        reporters=sum(reasons.values()),
        opened_at=row.opened_at,
        claimed_by=None if row.claimed_by is None else PersonId(row.claimed_by),
        claimed_by_name=row.claimed_by_name or "",
        verdict=verdict,
        listeners=await _listeners_of(connection, row.id),
        proposal=_proposal_of(row, verdict),
        agreed_by_name=row.agreed_by_name or "",
    )


def _proposal_of(row: Row[Any], verdict: Verdict | None) -> Proposal | None:
    if verdict is None or not verdict.awaits_second:
        return None
    return Proposal(
        words_sha256(CaseId(row.id), verdict.kind, verdict.explanation, verdict.sources),
        PersonId(row.author),
        row.author_name or "",
        tuple(Need(need) for need in row.needs or ()),
    )
