"""What the transactions of the operator's book write, one statement or a few at a time.

The deciding stands beside it: see `storage.bulletins` and `storage.recurrences`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, tzinfo

from sqlalchemy import ColumnElement, and_, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcasts.book import Change, Consent, NewDraft, Refusal
from broadcasts.broadcast import Broadcast, BroadcastState
from broadcasts.consent import UNFINISHED, check_path, why_overtaken
from broadcasts.corrections import CORRECTED
from bulletins.bulletin import BulletinId
from storage.bulletin_records import bulletin_of
from storage.bulletin_rows import bulletin_columns, corrections_before, read_broadcast
from storage.planning import plan_deliveries
from storage.tables import approvals, bulletins


async def begin(
    connection: AsyncConnection,
    broadcast: Broadcast,
    path: Sequence[BroadcastState],
    now: datetime,
    zone: tzinfo,
) -> Broadcast:
    """Into sending: a correction first stops what it takes the place of, so that no more wrong copies go out."""
    if broadcast.corrects is not None:
        await stop_superseded(connection, broadcast.id, broadcast.corrects, now)
    columns = bulletin_columns(replace(broadcast.bulletin, sent=now))
    begun = await set_state(connection, broadcast, path, started_at=now, halted_because=None, **columns)
    await plan_deliveries(connection, broadcast.id, now, zone)
    return begun


async def stop_superseded(
    connection: AsyncConnection, newest: BulletinId, corrects: BulletinId, now: datetime
) -> None:
    """Stop what a correction corrects, and every older correction of the same: only the newest goes on."""
    is_older = and_(bulletins.c.corrects == corrects, bulletins.c.id != newest)
    await connection.execute(
        update(bulletins)
        .where(
            or_(bulletins.c.id == corrects, is_older),
            bulletins.c.state.in_([state.value for state in UNFINISHED]),
        )
        .values(state=BroadcastState.STOPPED.value, halted_because=CORRECTED, finished_at=now)
    )


async def overtaken(connection: AsyncConnection, broadcast: Broadcast) -> Refusal | None:
    """Why a correction may not begin any more, after others of the same."""
    if broadcast.corrects is None:
        return None
    # One after the other, so that of two that begin at once the second sees the first.
    original = select(bulletins.c.id).where(bulletins.c.id == broadcast.corrects)
    await connection.execute(original.with_for_update(key_share=True))
    others = await corrections_before(connection, broadcast.corrects, broadcast.id)
    return why_overtaken(broadcast, [bulletin_of(one.record) for one in others])


async def insert_draft(connection: AsyncConnection, draft: NewDraft, **columns: object) -> BulletinId:
    """A new row, a draft unless ``columns`` say otherwise."""
    inserted = await connection.execute(
        insert(bulletins).values(
            {
                "state": BroadcastState.DRAFT.value,
                "corrects": draft.corrects,
                "author": draft.author,
                "author_chat": draft.author_chat,
                "origin_key": draft.origin_key,
                "created_at": draft.at,
                **bulletin_columns(draft.bulletin),
                **columns,
            }
        )
    )
    key = inserted.inserted_primary_key
    return BulletinId(key[0]) if key else BulletinId(0)


async def set_state(
    connection: AsyncConnection, broadcast: Broadcast, path: Sequence[BroadcastState], **columns: object
) -> Broadcast:
    """Along the path to its last state, if all is as it was read: two processes must not both win."""
    check_path(broadcast.state, path)
    changed = await connection.execute(
        update(bulletins)
        .where(
            bulletins.c.id == broadcast.id,
            bulletins.c.state == broadcast.state.value,
            bulletins.c.approval_hash == broadcast.approval_hash,
        )
        .values(state=(path[-1] if path else broadcast.state).value, **columns)
    )
    if changed.rowcount != 1:
        raise RuntimeError(f"bulletin {broadcast.id} changed while it was being written")
    return await read_surely(connection, broadcast.id)


def changed_columns(broadcast: Broadcast, change: Change) -> dict[str, object]:
    columns: dict[str, object] = {"halted_because": change.because}
    if change.to is BroadcastState.DRAFT:
        # A new version is a new hash: no consent given before this counts for what comes after.
        columns |= bulletin_columns(replace(broadcast.bulletin, version=broadcast.bulletin.version + 1))
    if change.to is BroadcastState.STOPPED:
        columns["finished_at"] = change.at
    return columns


async def read_surely(connection: AsyncConnection, bulletin_id: BulletinId) -> Broadcast:
    broadcast = await read_broadcast(connection, bulletin_id)
    if broadcast is None:
        raise LookupError(f"there is no bulletin {bulletin_id}")
    return broadcast


async def id_where(connection: AsyncConnection, condition: ColumnElement[bool]) -> BulletinId | None:
    found = await connection.scalar(select(bulletins.c.id).where(condition))
    return None if found is None else BulletinId(found)


async def insert_consent(connection: AsyncConnection, consent: Consent, *, in_fixed_words: bool) -> None:
    await connection.execute(
        insert(approvals).values(
            bulletin_id=consent.bulletin_id,
            person=consent.person,
            approval_hash=consent.approval_hash,
            approved_at=consent.at,
            in_fixed_words=in_fixed_words,
        )
    )


async def has_consented(connection: AsyncConnection, consent: Consent) -> bool:
    found = await connection.scalar(
        select(approvals.c.person).where(
            approvals.c.bulletin_id == consent.bulletin_id,
            approvals.c.person == consent.person,
            approvals.c.approval_hash == consent.approval_hash,
        )
    )
    return found is not None
