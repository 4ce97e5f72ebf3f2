"""Drafts in the database: sealed whole, found only by their own asker, gone within a day.

An asker has another name for each of their drafts: one of 64 an hour, none of them used twice. So two rows never tell
that they are one person's, and yet that person's drafts are found by trying their few names. A draft that is over
leaves its name behind, and nothing else, until the day is over.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from members.channel import PersonId
from reports.checks.links import MarkedLink
from reports.content import MOST_PIECES, Piece
from reports.drafts import DRAFT_LASTS, Arrival, Draft, DraftState, DraftToken, ReplyAddress, may_become
from storage.committer import Committer
from storage.sealing import SealBroken, Sealer, padded
from storage.tables import drafts

log = structlog.get_logger(__name__)

_NAMES_AN_HOUR = 64
_HOUR = timedelta(hours=1)
_NAMES_AT_A_TIME = 400


class DraftBook:
    """Keeps what citizens sent until they decide about it."""

    def __init__(self, engine: AsyncEngine, committer: Committer, sealer: Sealer) -> None:
        self._engine = engine
        self._committer = committer
        self._sealer = sealer

    async def gather(self, arrival: Arrival, fresh: DraftToken, now: datetime, due_at: datetime) -> None:
        """Add a message to what this person is sending right now, or begin a new draft; never twice."""

        async def work(connection: AsyncConnection) -> None:
            kept, names = await self._lately(connection, arrival.person, now)
            if any(_has(draft, arrival) for draft in kept):
                return
            gathering = next((draft for draft in kept if draft.state is DraftState.GATHERING), None)
            if gathering is not None and len(gathering.pieces) < MOST_PIECES:
                await self._put(connection, _with(gathering, arrival, due_at), arrival.person)
                return
            new = Draft(fresh, DraftState.GATHERING, arrival.address, (arrival.piece,), now, due_at)
            await self._insert(connection, new, arrival.person, names)

        await self._committer.write(work)

    async def park(self, arrival: Arrival, fresh: DraftToken, now: datetime) -> DraftToken:
        """Keep what was pointed at in a group until the person comes to the private chat; never twice."""

        async def work(connection: AsyncConnection) -> DraftToken:
            kept, names = await self._lately(connection, arrival.person, now)
            for draft in kept:
                if _has(draft, arrival):
                    return draft.token
            new = Draft(fresh, DraftState.PARKED, arrival.address, (arrival.piece,), now, now)
            await self._insert(connection, new, arrival.person, names)
            return fresh

        return await self._committer.write(work)

    async def resume(self, token: DraftToken, person: PersonId, address: ReplyAddress, now: datetime) -> bool:
        """Let a parked draft be answered at ``address``; False when it is not there for this person."""

        async def work(connection: AsyncConnection) -> bool:
            draft = await self._find(connection, token, person)
            if draft is None:
                return False
            if may_become(draft.state, DraftState.GATHERING):
                anew = replace(draft, state=DraftState.GATHERING, address=address, due_at=now)
                await self._put(connection, anew, person)
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

        async def work(connection: AsyncConnection) -> None:
            if await self._find(connection, token, person) is None:
                return
            _, names = await self._lately(connection, person, now)
            anew = {"begun_at": now, "asker": names[0]}
            await connection.execute(update(drafts).where(drafts.c.token == token).values(**anew))

        await self._committer.write(work)

    async def drop(self, token: DraftToken, person: PersonId) -> None:
        """Delete this person's draft; only its number stays until its day is over."""

        async def work(connection: AsyncConnection) -> None:
            if await self._find(connection, token, person) is not None:
                over = {"state": DraftState.OVER, "sealed": b""}
                await connection.execute(update(drafts).where(drafts.c.token == token).values(**over))

        await self._committer.write(work)

    async def all_of(self, person: PersonId, now: datetime) -> list[Draft]:
        """All that is kept of this person. What is over is among it, without pieces."""
        names = self._names(person, now, int(DRAFT_LASTS / _HOUR) + 1)
        found: list[Draft] = []
        async with self._engine.connect() as connection:
            for first in range(0, len(names), _NAMES_AT_A_TIME):
                some = select(drafts).where(drafts.c.asker.in_(names[first : first + _NAMES_AT_A_TIME]))
                rows = (await connection.execute(some)).all()
                found += [draft for row in rows if (draft := self._draft_if_any(row))]
        return found

    async def _any_due(self, now: datetime) -> bool:
        earliest = await self.next_due()
        return earliest is not None and earliest <= now

    def _names(self, person: PersonId, now: datetime, hours: int) -> list[str]:
        """What this person's drafts of the last so many hours may be called, the newest hour first."""
        this_hour = int(now.timestamp()) // 3600
        return [
            self._sealer.pseudonym("asker", f"{person}\0{hour}\0{number}")
            for hour in range(this_hour, this_hour - hours, -1)
            for number in range(_NAMES_AN_HOUR)
        ]

    async def _lately(
        self, connection: AsyncConnection, person: PersonId, now: datetime
    ) -> tuple[list[Draft], list[str]]:
        """This person's drafts of this hour and the one before, and the names that a new one may have."""
        names = self._names(person, now, 2)
        rows = (await connection.execute(select(drafts).where(drafts.c.asker.in_(names)))).all()
        taken = {row.asker for row in rows}
        free = [name for name in names[:_NAMES_AN_HOUR] if name not in taken]
        # More than an hour's quota lets anybody send: what it then is called tells nobody anything.
        beyond = [self._sealer.pseudonym("asker", f"{person}\0{now.timestamp()}")]
        kept = [self._draft_of(row) for row in rows if row.state != DraftState.OVER]
        return kept, free or beyond

    async def _find(self, connection: AsyncConnection, token: DraftToken, person: PersonId) -> Draft | None:
        wanted = select(drafts).where(drafts.c.token == token, drafts.c.state != DraftState.OVER)
        row = (await connection.execute(wanted)).one_or_none()
        if row is None or self._content(row)["person"] != person:
            return None
        return self._draft_of(row)

    async def _insert(
        self, connection: AsyncConnection, draft: Draft, person: PersonId, names: Sequence[str]
    ) -> None:
        fixed = {"token": draft.token, "asker": names[0], "begun_at": draft.begun_at}
        await connection.execute(insert(drafts).values(**fixed, **self._changing(draft, person)))

    async def _put(self, connection: AsyncConnection, draft: Draft, person: PersonId) -> None:
        await connection.execute(
            update(drafts).where(drafts.c.token == draft.token).values(**self._changing(draft, person))
        )

    def _changing(self, draft: Draft, person: PersonId) -> dict[str, Any]:
        pieces = [asdict(piece) for piece in draft.pieces]
        content = {"person": person, "address": asdict(draft.address), "pieces": pieces}
        sealed = self._sealer.seal(padded(json.dumps(content).encode()), f"draft\0{draft.token}")
        return {"state": draft.state, "due_at": draft.due_at, "sealed": sealed}

    def _draft_if_any(self, row: Row[Any]) -> Draft | None:
        """The draft; None when it was sealed with a secret that is no longer there. The night deletes it."""
        try:
            return self._draft_of(row)
        except SealBroken:
            log.warning("a draft cannot be opened: was the secret key changed?", draft=row.token)
            return None

    def _draft_of(self, row: Row[Any]) -> Draft:
        content = self._content(row)
        return Draft(
            token=DraftToken(row.token),
            state=DraftState(row.state),
            address=ReplyAddress(**content["address"]),
            pieces=tuple(_piece_of(piece) for piece in content["pieces"]),
            begun_at=row.begun_at,
            due_at=row.due_at,
        )

    def _content(self, row: Row[Any]) -> dict[str, Any]:
        """Who sent what, to be answered where. Raises SealBroken."""
        if row.state == DraftState.OVER:
            return {"person": None, "address": asdict(_NOWHERE), "pieces": []}
        content: dict[str, Any] = json.loads(self._sealer.open(row.sealed, f"draft\0{row.token}"))
        return content


_NOWHERE = ReplyAddress("", "", "", "")
_is_waiting = drafts.c.state.in_((DraftState.GATHERING, DraftState.ANSWERING))


def _has(draft: Draft, arrival: Arrival) -> bool:
    return any(piece.origin_key == arrival.piece.origin_key for piece in draft.pieces)


def _with(draft: Draft, arrival: Arrival, due_at: datetime) -> Draft:
    return replace(draft, address=arrival.address, pieces=(*draft.pieces, arrival.piece), due_at=due_at)


def _piece_of(stored: dict[str, Any]) -> Piece:
    links = tuple(MarkedLink(**link) for link in stored.pop("links"))
    return Piece(links=links, **stored)
