"""How many were told what one person alone stands for: ten in all about one case, until a second person agrees.

The count stands in the case's own row and only grows, by a conditional update, so that no number of processes,
restarts or proposals taken back and made again tells an eleventh. It is kept as well for what one person alone
called false, since a later report may make that take a second person. It holds nobody's name: who hears a thing
twice takes two of the ten places.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from reports.cases import CaseState, Need, VerdictKind
from reports.proposals import MOST_TOLD_ALONE
from storage.tables import ONE_MORE_CHANGE, cases, reports, verdicts

WITHDRAWN = -1
"""In ``reports.told_verdict_id``: they were told words that do not stand; 0 is nothing, all others a verdict."""


def is_one_persons(row: Row[Any]) -> bool:
    """Whether telling the verdict in a row that has ``verdict_columns`` counts."""
    return bool(row.awaits_second or (row.verdict_kind == VerdictKind.FALSE and row.agreed_by is None))


async def count_alone(connection: AsyncConnection, case_id: int, verdict_id: int) -> bool:
    """Take one of the ten places for telling this verdict; False when none is left, or others words stand now."""
    is_told_still = (cases.c.proposed_id == verdict_id) | (
        cases.c.proposed_id.is_(None) & (cases.c.verdict_id == verdict_id)
    )
    counted = await connection.execute(
        update(cases)
        .where(cases.c.id == case_id, is_told_still, cases.c.told_alone < MOST_TOLD_ALONE)
        .values(told_alone=cases.c.told_alone + 1)
    )
    return counted.rowcount == 1


async def give_place_back(connection: AsyncConnection, report_id: int, verdict_id: int) -> None:
    """The proposal ``verdict_id`` certainly did not arrive at this reporter, who had a place."""
    case_id = select(reports.c.case_id).where(reports.c.id == report_id).scalar_subquery()
    await connection.execute(
        update(cases)
        .where(cases.c.id == case_id, cases.c.proposed_id == verdict_id, cases.c.told_alone > 0)
        .values(told_alone=cases.c.told_alone - 1)
    )


async def tell_again(connection: AsyncConnection, case_id: int, proposed_id: int) -> None:
    """A proposed revision was withdrawn: who heard it already is told what stands, marked as revised."""
    heard = (reports.c.case_id == case_id) & (reports.c.told_verdict_id == proposed_id)
    await connection.execute(update(reports).where(heard).values(told_verdict_id=WITHDRAWN))


async def propose_anew(connection: AsyncConnection, case: Row[Any], changed: dict[str, Any]) -> None:
    """What one person alone called false was reported for a severe reason: from now on it takes a second.

    Nothing happens where no such verdict stands. ``changed`` is what else changes in the case.
    """
    lone = select(verdicts.c.id).where(
        verdicts.c.id == case.verdict_id,
        verdicts.c.kind == VerdictKind.FALSE,
        verdicts.c.agreed_by.is_(None),
    )
    verdict_id = (await connection.execute(lone)).scalar_one_or_none()
    if verdict_id is None or case.proposed_id is not None:
        return
    proposed = {"state": CaseState.PROPOSED, "proposed_id": verdict_id, "verdict_id": None}
    free = {"claimed_by": None, "deciding": None, "sealed_deciding": None}
    taken_up = await connection.execute(
        update(cases)
        .where(cases.c.id == case.id, cases.c.verdict_id == verdict_id, cases.c.proposed_id.is_(None))
        .values(**changed | proposed | free | ONE_MORE_CHANGE)
    )
    if taken_up.rowcount:
        await connection.execute(
            update(verdicts).where(verdicts.c.id == verdict_id).values(needs=[Need.SEVERE])
        )
        # Whoever was being told it just now holds no place: a further attempt has to take one.
        await connection.execute(
            update(reports).where(reports.c.case_id == case.id).values(telling_verdict_id=None)
        )
