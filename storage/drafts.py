"""Drafts in the database: sealed whole, found only by their own asker, gone within a day."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bulletins.links import MarkedLink
from members.channel import PersonId
from reports.content import MOST_PIECES, Piece
from reports.drafts import Arrival, Draft, DraftState, DraftToken, ReplyAddress, may_become
from storage.committer import Committer
from storage.sealing import SealBroken, Sealer
from storage.tables import drafts

log = structlog.get_logger(__name__)

_MOST_DRAFTS_A_PERSON = 20


class DraftBook:
    """Keeps what citizens sent until they decide about it."""

    def __init__(self, engine: AsyncEngine, committer: Committer, sealer: Sealer) -> None:
        self._engine = engine
        self._committer = committer
        self._sealer = sealer

    async def gather(self, arrival: Arrival, fresh: DraftToken, now: datetime, due_at: datetime) -> None:
        """Add a message to what this person is sending right now, or begin a new draft; never twice."""

        async def work(connection: AsyncConnection) -> None:
            kept = await self._of_asker(connection, arrival.person)
            if any(_has(draft, arrival) for draft in kept):
                return
            gathering = next((draft for draft in kept if draft.state is DraftState.GATHERING), None)
            if gathering is not None and len(gathering.pieces) < MOST_PIECES:
                await self._put(connection, _with(gathering, arrival, due_at))
                return
            new = Draft(fresh, DraftState.GATHERING, arrival.address, (arrival.piece,), now, due_at)
            await self._insert(connection, new, arrival.person)

        await self._committer.write(work)

    async def park(self, arrival: Arrival, fresh: DraftToken, now: datetime) -> DraftToken:
        """Keep what was pointed at in a group until the person comes to the private chat; never twice."""

        async def work(connection: AsyncConnection) -> DraftToken:
            for kept in await self._of_asker(connection, arrival.person):
                if _has(kept, arrival):
                    return kept.token
            new = Draft(fresh, DraftState.PARKED, arrival.address, (arrival.piece,), now, now)
            await self._insert(connection, new, arrival.person)
            return fresh

        return await self._committer.write(work)

    async def resume(self, token: DraftToken, person: PersonId, address: ReplyAddress, now: datetime) -> bool:
        """Let a parked draft be answered at ``address``; False when it is not there for this person."""

        async def work(connection: AsyncConnection) -> bool:
            draft = await self._find(connection, token, person)
            if draft is None:
                return False
            if may_become(draft.state, DraftState.GATHERING):
                await self._put(
                    connection, replace(draft, state=DraftState.GATHERING, address=address, due_at=now)
                )
            return True

        return await self._committer.write(work)

    async def due(self, now: datetime, until: datetime, at_most: int) -> Sequence[Draft]:
        """Take over the drafts whose time has come: they are ANSWERING until ``until``, then due again."""

        async def work(connection: AsyncConnection) -> list[Draft]:
            waiting = select(drafts).where(_is_waiting, drafts.c.due_at <= now).order_by(drafts.c.due_at)
            rows = (await connection.execute(waiting.limit(at_most))).all()
            theirs = drafts.c.token.in_([row.token for row in rows])
            await connection.execute(
                update(drafts).where(theirs).values(state=DraftState.ANSWERING, due_at=until)
            )
            return [draft for row in rows if (draft := self._draft_if_any(row))]

        if not await self._any_due(now):
            return []
        return await self._committer.write(work)

    async def next_due(self) -> datetime | None:
        """When the next draft is to be answered."""
        async with self._engine.connect() as connection:
            earliest = select(drafts.c.due_at).where(_is_waiting).order_by(drafts.c.due_at).limit(1)
            found: datetime | None = (await connection.execute(earliest)).scalar_one_or_none()
            return found

    async def asked(self, token: DraftToken) -> None:
        """Its findings were told and the question asked."""
        await self._committer.write(
            lambda connection: connection.execute(
                update(drafts)
                .where(drafts.c.token == token, drafts.c.state == DraftState.ANSWERING)
                .values(state=DraftState.ASKED)
            )
        )

    async def find(self, token: DraftToken, person: PersonId) -> Draft | None:
        """This person's draft, as long as it is kept."""
        async with self._engine.connect() as connection:
            return await self._find(connection, token, person)

    async def hold(self, token: DraftToken, person: PersonId, now: datetime) -> None:
        """Count its day anew: the person was asked to come back later."""
        asker = self._asker(person)
        await self._committer.write(
            lambda connection: connection.execute(
                update(drafts).where(drafts.c.token == token, drafts.c.asker == asker).values(begun_at=now)
            )
        )

    async def drop(self, token: DraftToken, person: PersonId) -> None:
        """Delete this person's draft."""
        asker = self._asker(person)
        await self._committer.write(
            lambda connection: connection.execute(
                delete(drafts).where(drafts.c.token == token, drafts.c.asker == asker)
            )
        )

    async def _any_due(self, now: datetime) -> bool:
        earliest = await self.next_due()
        return earliest is not None and earliest <= now

    def _asker(self, person: PersonId) -> str:
        return self._sealer.pseudonym("asker", person)

    async def _of_asker(self, connection: AsyncConnection, person: PersonId) -> list[Draft]:
        newest = (
            select(drafts)
            .where(drafts.c.asker == self._asker(person))
            .order_by(drafts.c.begun_at.desc())
            .limit(_MOST_DRAFTS_A_PERSON)
        )
        return [self._draft_of(row) for row in (await connection.execute(newest)).all()]

    async def _find(self, connection: AsyncConnection, token: DraftToken, person: PersonId) -> Draft | None:
        wanted = select(drafts).where(drafts.c.token == token, drafts.c.asker == self._asker(person))
        row = (await connection.execute(wanted)).one_or_none()
        return None if row is None else self._draft_of(row)

    async def _insert(self, connection: AsyncConnection, draft: Draft, person: PersonId) -> None:
        fixed = {"token": draft.token, "asker": self._asker(person), "begun_at": draft.begun_at}
        await connection.execute(insert(drafts).values(**fixed, **self._changing(draft)))

    async def _put(self, connection: AsyncConnection, draft: Draft) -> None:
        await connection.execute(
            update(drafts).where(drafts.c.token == draft.token).values(**self._changing(draft))
        )

    def _changing(self, draft: Draft) -> dict[str, Any]:
        content = {"address": asdict(draft.address), "pieces": [asdict(piece) for piece in draft.pieces]}
        sealed = self._sealer.seal(json.dumps(content).encode(), f"draft\0{draft.token}")
        return {"state": draft.state, "due_at": draft.due_at, "sealed": sealed}

    def _draft_if_any(self, row: Row[Any]) -> Draft | None:
        """The draft; None when it was sealed with a secret that is no longer there. The night deletes it."""
        try:
            return self._draft_of(row)
        except SealBroken:
            log.warning("a draft cannot be opened: was the secret key changed?", draft=row.token)
            return None

    def _draft_of(self, row: Row[Any]) -> Draft:
        content = json.loads(self._sealer.open(row.sealed, f"draft\0{row.token}"))
        return Draft(
            token=DraftToken(row.token),
            state=DraftState(row.state),
            address=ReplyAddress(**content["address"]),
            pieces=tuple(_piece_of(piece) for piece in content["pieces"]),
            begun_at=row.begun_at,
            due_at=row.due_at,
        )


_is_waiting = drafts.c.state.in_((DraftState.GATHERING, DraftState.ANSWERING))


def _has(draft: Draft, arrival: Arrival) -> bool:
    return any(piece.origin_key == arrival.piece.origin_key for piece in draft.pieces)


def _with(draft: Draft, arrival: Arrival, due_at: datetime) -> Draft:
    return replace(draft, address=arrival.address, pieces=(*draft.pieces, arrival.piece), due_at=due_at)


def _piece_of(stored: dict[str, Any]) -> Piece:
    links = tuple(MarkedLink(**link) for link in stored.pop("links"))
    return Piece(links=links, **stored)
