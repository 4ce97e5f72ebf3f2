"""The operator's book in the database: drafts, approvals, states.

Every decision is asked of `broadcasts.consent` inside the transaction that writes, on rows read in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select, union_all
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from broadcasts.book import (
    AudienceSize,
    Change,
    Consent,
    Consented,
    NewDraft,
    Recurred,
    Refusal,
    Revision,
    Skip,
    Start,
)
from broadcasts.broadcast import Broadcast, BroadcastState
from broadcasts.consent import (
    EDITABLE,
    STARTABLE,
    StartRules,
    at_once,
    is_for,
    judge_change,
    judge_colleague,
    judge_consent,
    judge_hurry,
    judge_revision,
    not_its_time,
    path_of_approval,
    still_needed,
    why_held,
)
from broadcasts.recurrence import SERIES_STOPPED, Recur
from broadcasts.schedule import Due, due
from bulletins.bulletin import Bulletin, BulletinId, Code
from members.channel import PersonId
from members.staff import Colleague, roles_of
from storage.audience import audience_size, what_is_missing
from storage.bulletin_rows import (
    broadcast_of,
    bulletin_columns,
    consenting,
    corrections_before,
    read_broadcast,
)
from storage.bulletin_writes import (
    begin,
    changed_columns,
    has_consented,
    id_where,
    insert_consent,
    insert_draft,
    overtaken,
    read_surely,
    set_state,
)
from storage.committer import Committer
from storage.recurrences import begin_series, foresee, recur_or_refuse, skip_or_refuse, stop_held
from storage.staff_rows import accounts_of, colleague_of, everybody
from storage.tables import bulletins, recurrences

# What leads to copies: it takes somebody whose limits cover the bulletin. Stopping takes anybody.
_STARTED_ON = (BroadcastState.IN_REVIEW, BroadcastState.SENDING)
_LISTED_AT_MOST = 50
_SCHEDULED_AT_MOST = 10_000


class BulletinBook:
    """Keeps the bulletins and carries out what may be done with them."""

    def __init__(self, engine: AsyncEngine, committer: Committer, rules: Callable[[], StartRules]) -> None:
        self._engine = engine
        self._committer = committer
        self._rules = rules

    async def add(self, draft: NewDraft) -> Broadcast | None:
        """The draft as it stands in the book; None when its code is taken. One origin key gives one draft."""

        async def work(connection: AsyncConnection) -> Broadcast | None:
            known = await id_where(connection, bulletins.c.origin_key == draft.origin_key)
            if known is None and await id_where(connection, bulletins.c.code == draft.bulletin.code):
                return None
            return await read_surely(connection, known or await insert_draft(connection, draft))

        try:
            return await self._committer.write(work)
        except IntegrityError:  # another process took the code or the key in the same moment
            return None

    async def revise(self, revision: Revision) -> Broadcast | Refusal:
        """Replace the bulletin and make it a draft again, if it still is what the person saw."""

        async def work(connection: AsyncConnection) -> Broadcast | Refusal:
            broadcast = await read_broadcast(connection, revision.bulletin_id)
            refused = Refusal.UNKNOWN if broadcast is None else judge_revision(broadcast, revision)
            if broadcast is None or refused:
                return refused or Refusal.UNKNOWN
            columns = bulletin_columns(revision.bulletin)
            path = () if broadcast.state is BroadcastState.DRAFT else (BroadcastState.DRAFT,)
            return await set_state(connection, broadcast, path, **columns)

        return await self._committer.write(work)

    async def consent(self, consent: Consent) -> Consented | Refusal:
        """Write the approval; with the last one needed, schedule the bulletin or plan its deliveries."""

        async def work(connection: AsyncConnection) -> Consented | Refusal:
            broadcast = await read_broadcast(connection, consent.bulletin_id)
            if broadcast is None:
                return Refusal.UNKNOWN
            known = await has_consented(connection, consent)
            if consent.asked_by is not None:
                return await self._hurry(connection, broadcast, consent, known)
            if known and consent.person in broadcast.approved_by and broadcast.state not in EDITABLE:
                return self._consented(broadcast)
            colleague = await colleague_of(connection, consent.person)
            refused = judge_colleague(broadcast, colleague)
            refused = refused or judge_consent(broadcast, consent, roles_of(colleague), self._rules())
            refused = refused or await overtaken(connection, broadcast)
            refused = refused or await _missing(connection, broadcast)
            return refused or await self._write_consent(connection, broadcast, consent, known)

        return await self._committer.write(work)

    async def change(self, change: Change) -> Broadcast | Refusal:
        """Change the state, if it still is one that allows it. What is sent back to its author is void.

        With a series goes what of it is held: who stops it means that no more of it goes out.
        """

        async def work(connection: AsyncConnection) -> Broadcast | Refusal:
            broadcast = await read_broadcast(connection, change.bulletin_id)
            if broadcast is None:
                return Refusal.UNKNOWN
            colleague = await colleague_of(connection, change.person)
            refused = judge_change(broadcast, change, roles_of(colleague))
            if refused is None and change.to in _STARTED_ON and not is_for(colleague, broadcast):
                refused = Refusal.OUTSIDE_LIMITS
            if refused:
                return refused
            changed = await set_state(
                connection, broadcast, (change.to,), **changed_columns(broadcast, change)
            )
            # The row of the series is written first, as by a tick: one that comes in between is waited for.
            if (broadcast.state, change.to) == (BroadcastState.RECURRING, BroadcastState.STOPPED):
                await stop_held(connection, broadcast.id, change.at, SERIES_STOPPED)
            return changed

        return await self._committer.write(work)

    async def start(self, start: Start) -> Broadcast | Refusal:
        """Plan the deliveries of a scheduled or held one, or hold it when it must not go by itself."""

        async def work(connection: AsyncConnection) -> Broadcast | Refusal:
            broadcast = await read_broadcast(connection, start.bulletin_id)
            if broadcast is None:
                return Refusal.UNKNOWN
            if start.person is not None:
                colleague = await colleague_of(connection, start.person)
                if colleague is None:
                    return Refusal.NOT_ALLOWED
                if not is_for(colleague, broadcast):
                    return Refusal.OUTSIDE_LIMITS
            return await self._start_or_hold(connection, broadcast, start)

        return await self._committer.write(work)

    async def recur(self, recur: Recur) -> Recurred | Refusal | None:
        """Bring about the occurrence that is due, once whoever asks; None when the code is taken."""
        rules = self._rules()
        async with self._engine.connect() as connection:
            series = await read_broadcast(connection, recur.series)
        foreseen = foresee(series, recur, rules)
        try:
            return await self._committer.write(
                lambda connection: recur_or_refuse(connection, recur, rules, foreseen)
            )
        except IntegrityError:  # another process took the code in the same moment
            return None

    async def skip(self, skip: Skip) -> Broadcast | Refusal:
        """Leave the next occurrence out or not, if it still is the one that was meant."""
        return await self._committer.write(lambda connection: skip_or_refuse(connection, skip))

    async def find(self, key: BulletinId | Code) -> Broadcast | None:
        """The bulletin with this id or code."""
        async with self._engine.connect() as connection:
            if isinstance(key, str):
                found = await id_where(connection, bulletins.c.code == key)
                return None if found is None else await read_broadcast(connection, found)
            return await read_broadcast(connection, key)

    async def listed(
        self, states: Collection[BroadcastState], author: PersonId | None = None
    ) -> Sequence[Broadcast]:
        """The newest bulletins in these states, of everybody or of one author; at most 50."""
        wanted = select(bulletins.c.id).where(bulletins.c.state.in_([state.value for state in states]))
        if author is not None:
            wanted = wanted.where(bulletins.c.author == author)
        async with self._engine.connect() as connection:
            ids = await connection.scalars(wanted.order_by(bulletins.c.id.desc()).limit(_LISTED_AT_MOST))
            return [await read_surely(connection, BulletinId(found)) for found in ids.all()]

    async def scheduled(self) -> Sequence[tuple[BulletinId, datetime]]:
        """Every start and every next occurrence that timers must know of, the earliest first."""
        starts = select(bulletins.c.id, bulletins.c.not_before.label("at")).where(
            bulletins.c.state == BroadcastState.SCHEDULED.value, bulletins.c.not_before.is_not(None)
        )
        occurrences = (
            select(bulletins.c.id, recurrences.c.next_at.label("at"))
            .join(recurrences)
            .where(bulletins.c.state == BroadcastState.RECURRING.value)
        )
        both = union_all(starts, occurrences).subquery()
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(both).order_by(both.c.at).limit(_SCHEDULED_AT_MOST))
            return [(BulletinId(row.id), row.at) for row in rows]

    async def corrections_of(self, bulletin_id: BulletinId) -> Sequence[Broadcast]:
        """The published bulletins that correct or withdraw this one, the newest first; at most 100."""
        async with self._engine.connect() as connection:
            rows = await corrections_before(connection, bulletin_id)
            return [await broadcast_of(connection, row) for row in rows]

    async def audience_size(self, bulletin: Bulletin, corrects: BulletinId | None = None) -> AudienceSize:
        """Whom it would reach if it were sent now."""
        async with self._engine.connect() as connection:
            return await audience_size(connection, bulletin, corrects)

    async def what_is_missing(self, broadcast: Broadcast) -> Refusal | None:
        """What sending it now takes beside the bulletin itself: its picture, and somebody who gets it."""
        async with self._engine.connect() as connection:
            return await _missing(connection, broadcast)

    async def staff(self) -> Sequence[Colleague]:
        """The operator's staff as it is now."""
        async with self._engine.connect() as connection:
            return await everybody(connection)

    async def codes_in_use(self) -> int:
        """How many codes are taken."""
        async with self._engine.connect() as connection:
            return await connection.scalar(select(func.count()).select_from(bulletins)) or 0

    async def _write_consent(
        self, connection: AsyncConnection, before: Broadcast, consent: Consent, known: bool
    ) -> Consented:
        if not known:
            await insert_consent(connection, consent, in_fixed_words=consent.person == before.author)
        broadcast = await read_surely(connection, consent.bulletin_id)
        if still_needed(broadcast, frozenset(broadcast.approved_by), self._rules()):
            return self._consented(broadcast)
        path = path_of_approval(broadcast, consent.at, self._rules().grace)
        if path[-1] is BroadcastState.SENDING:
            return self._consented(await begin(connection, broadcast, path, consent.at, self._rules().zone))
        if path[-1] is BroadcastState.RECURRING:
            await begin_series(connection, broadcast, consent.at, self._rules().next_moment)
        return self._consented(await set_state(connection, broadcast, path))

    async def _hurry(
        self, connection: AsyncConnection, broadcast: Broadcast, consent: Consent, known: bool
    ) -> Consented | Refusal:
        """A yes to sending it at once. It stays as it is, for its time, until nobody's yes is missing any more."""
        hurried, rules = at_once(broadcast), self._rules()
        hurried = replace(hurried, approved_by=await consenting(connection, hurried))
        refused = judge_hurry(hurried, consent, await colleague_of(connection, consent.person))
        if known and refused is Refusal.TOO_LATE and broadcast.approval_hash == consent.approval_hash:
            return self._consented(broadcast)
        held = None if refused else why_held(hurried, 0, consent.at, rules)
        refused = refused or held or await overtaken(connection, broadcast)
        refused = refused or await _missing(connection, broadcast)
        if refused:
            return refused
        if not known:
            await insert_consent(connection, consent, in_fixed_words=False)
        given = frozenset(await consenting(connection, hurried))
        asking = await accounts_of(connection, consent.asked_by) if consent.asked_by else frozenset()
        missing = still_needed(hurried, given - asking, rules)
        if missing:
            return Consented(broadcast, missing)
        begun = replace(broadcast, bulletin=hurried.bulletin)
        return self._consented(
            await begin(connection, begun, (BroadcastState.SENDING,), consent.at, rules.zone)
        )

    def _consented(self, broadcast: Broadcast) -> Consented:
        missing = still_needed(broadcast, frozenset(broadcast.approved_by), self._rules())
        return Consented(broadcast, missing)

    async def _start_or_hold(
        self, connection: AsyncConnection, broadcast: Broadcast, start: Start
    ) -> Broadcast | Refusal:
        """A person may send in its time what was held; nobody what lacks approvals or is no longer right."""
        is_for_somebody = broadcast.state is BroadcastState.HELD and start.person is None
        if broadcast.state not in STARTABLE or is_for_somebody:
            return Refusal.TOO_LATE
        rules = self._rules()
        if start.person is None and due(broadcast.bulletin.not_before, start.at, rules.grace) is Due.EARLY:
            return broadcast
        missing = still_needed(broadcast, frozenset(broadcast.approved_by), rules)
        held = why_held(broadcast, missing, start.at, rules)
        if held in (None, Refusal.TOO_LATE):
            held = await overtaken(connection, broadcast) or await _missing(connection, broadcast) or held
        if start.person is not None and held in (None, Refusal.TOO_LATE):
            held = not_its_time(broadcast, start.at, rules)
        if held is None:
            return await begin(connection, broadcast, (BroadcastState.SENDING,), start.at, rules.zone)
        if start.person is not None:
            return held
        return await set_state(connection, broadcast, (BroadcastState.HELD,), halted_because=held.value)


async def _missing(connection: AsyncConnection, broadcast: Broadcast) -> Refusal | None:
    return await what_is_missing(connection, broadcast.bulletin, broadcast.corrects)
