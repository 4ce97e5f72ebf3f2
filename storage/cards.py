"""The moderators' cards in the database: which are missing or show an old state, and where they stand.

When a card was last shown is remembered here and in no table: it is shown right after somebody reported.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Label, Row, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from members.channel import PersonId
from reports.cases import Case, CaseId, CaseState, Need, Proposal, Reason, Verdict
from reports.ports import Card, CardPlace
from reports.proposals import words_sha256
from storage.case_contents import opened_content
from storage.case_keys import case_keys
from storage.cases import verdict_columns, verdict_of, with_verdict
from storage.committer import Committer
from storage.sealing import SealBroken, Sealer, padded
from storage.tables import cases, reports, staff, verdicts

log = structlog.get_logger(__name__)

_REFRESHED_AFTER = timedelta(seconds=30)
_TRIED_AGAIN_AFTER = timedelta(seconds=60)

# Something changed; or there is no card yet. An emptied case is shown only where a card of it stands already.
_is_stale = and_(
    or_(cases.c.card_changes > cases.c.card_shown, cases.c.sealed_card.is_(None)),
    or_(cases.c.sealed.is_not(None), cases.c.sealed_card.is_not(None)),
)


def _name_of(person: ColumnElement[str], label: str) -> Label[str]:
    return select(staff.c.name).where(staff.c.person == person).scalar_subquery().label(label)


_WITH_NAMES = select(
    cases,
    case_keys.c.wrapped,
    verdicts.c.author,
    verdicts.c.needs,
    _name_of(cases.c.claimed_by, "claimed_by_name"),
    _name_of(verdicts.c.author, "author_name"),
    _name_of(verdicts.c.agreed_by, "agreed_by_name"),
    *verdict_columns,
).select_from(with_verdict.outerjoin(case_keys, case_keys.c.case_id == cases.c.id))


class CardRecord:
    """Knows which cards are to be shown."""

    def __init__(self, engine: AsyncEngine, committer: Committer, sealer: Sealer) -> None:
        self._engine = engine
        self._committer = committer
        self._sealer = sealer
        self._shown: dict[int, datetime] = {}

    async def take_stale(self, now: datetime, at_most: int) -> Sequence[Card]:
        """Cards to show now; they are not given out again for a moment."""
        longest = max(_REFRESHED_AFTER, _TRIED_AGAIN_AFTER)
        self._shown = {case: at for case, at in self._shown.items() if at > now - longest}
        stale = select(cases.c.id, cases.c.sealed_card).where(_is_stale).order_by(cases.c.id)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(stale.limit(at_most + len(self._shown)))).all()
            waiting = [row.id for row in rows if self._may_show(row.id, row.sealed_card is None, now)][
                :at_most
            ]
            return [card for case in waiting if (card := await self._take(connection, case, now))]

    async def take(self, case: CaseId, now: datetime) -> Card | None:
        """The card of one case, to be shown at once."""
        async with self._engine.connect() as connection:
            return await self._take(connection, case, now)

    async def placed(self, card: Card, place: CardPlace) -> None:
        """Remember where a card stands, and that it shows what it was made of."""
        changes: dict[str, Any] = {"card_shown": card.version}
        if place != card.place:
            plain = padded(json.dumps(asdict(place)).encode())
            changes["sealed_card"] = self._sealer.seal(plain, f"card\0{card.case.id}")
        here = update(cases).where(cases.c.id == card.case.id).values(**changes)
        await self._committer.write(lambda connection: connection.execute(here))

    def _may_show(self, case: int, is_missing: bool, now: datetime) -> bool:
        shown = self._shown.get(case)
        pause = _TRIED_AGAIN_AFTER if is_missing else _REFRESHED_AFTER
        return shown is None or shown < now - pause

    async def _take(self, connection: AsyncConnection, case: int, now: datetime) -> Card | None:
        row = (await connection.execute(_WITH_NAMES.where(cases.c.id == case))).one_or_none()
        if row is None:
            return None
        self._shown[case] = now
        return Card(await _case_of(connection, row, self._sealer), self._place_of(row), row.card_changes)

    def _place_of(self, row: Row[Any]) -> CardPlace | None:
        if row.sealed_card is None:
            return None
        try:
            return CardPlace(**json.loads(self._sealer.open(row.sealed_card, f"card\0{row.id}")))
        except SealBroken:
            log.warning("where a card stands cannot be opened: was the secret key changed?", case=row.id)
            return None


async def proposed_cases(connection: AsyncConnection, sealer: Sealer, at_most: int) -> list[Case]:
    """Cases whose verdict waits for a second person, what was proposed first before the others."""
    wanted = _WITH_NAMES.where(cases.c.state == CaseState.PROPOSED)
    oldest_first = wanted.order_by(verdicts.c.given_at, verdicts.c.id).limit(at_most)
    return [await _case_of(connection, row, sealer) for row in (await connection.execute(oldest_first)).all()]


async def reasons_of(connection: AsyncConnection, case: int) -> dict[Reason, int]:
    """For which reasons a case was reported, and how often each, the most frequent first."""
    counted = (
        select(reports.c.reason, func.count().label("times"))
        .where(reports.c.case_id == case)
        .group_by(reports.c.reason)
        .order_by(func.count().desc(), reports.c.reason)
    )
    return {Reason(row.reason): row.times for row in await connection.execute(counted)}


async def listeners_of(connection: AsyncConnection, case: int) -> int:
    """How many of those who reported a case asked to hear, and can be told."""
    wanted = select(func.count()).where(reports.c.case_id == case, reports.c.sealed_address.is_not(None))
    return int(await connection.scalar(wanted) or 0)


async def _case_of(connection: AsyncConnection, row: Row[Any], sealer: Sealer) -> Case:
    reasons = await reasons_of(connection, row.id)
    opened = opened_content(sealer.case_key_if_any(row.wrapped, str(row.id)), row.id, row.sealed)
    content, findings = opened or ("", ())
    verdict = verdict_of(row)
    return Case(
        id=CaseId(row.id),
        state=CaseState(row.state),
        content=content,
        findings=findings,
        reasons=tuple(reasons),
        reporters=sum(reasons.values()),
        opened_at=row.opened_at,
        claimed_by=None if row.claimed_by is None else PersonId(row.claimed_by),
        claimed_by_name=row.claimed_by_name or "",
        verdict=verdict,
        listeners=await listeners_of(connection, row.id),
        proposal=_proposal_of(row, verdict),
        agreed_by_name=row.agreed_by_name or "",
        is_erased=opened is None,
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
