"""Rows of ``bulletins`` and ``approvals`` as values of the lower rooms, inside the reader's transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcasts.broadcast import Broadcast, BroadcastState, Earlier
from broadcasts.consent import is_within
from broadcasts.recurrence import Upcoming
from bulletins.bulletin import Bulletin, BulletinId, Code, is_life_safety, lane
from bulletins.canonical import approval_hash, content_hash
from bulletins.fixed_words import announces_correction
from members.channel import PersonId
from members.roles import Role
from storage.bulletin_records import bulletin_of, record_of
from storage.staff_rows import limits_of
from storage.tables import approvals, bulletins, linked_accounts, recurrences, staff

_CORRECTIONS_AT_MOST = 100


def bulletin_columns(bulletin: Bulletin) -> dict[str, Any]:
    """The columns that follow from the bulletin itself, always written together."""
    return {
        "code": bulletin.code,
        "record": record_of(bulletin),
        "content_hash": content_hash(bulletin).hex(),
        "approval_hash": approval_hash(bulletin).hex(),
        "lane": int(lane(bulletin)),
        "life_safety": is_life_safety(bulletin),
        "not_before": bulletin.not_before,
        "expires": bulletin.expires,
    }


async def read_broadcast(connection: AsyncConnection, bulletin_id: BulletinId) -> Broadcast | None:
    """The bulletin with those whose consent to exactly these bytes counts at this moment.

    The hash is computed anew from the record: a row changed behind the code's back has no consent left.
    """
    wanted = select(bulletins).where(bulletins.c.id == bulletin_id)
    row = (await connection.execute(wanted)).one_or_none()
    return None if row is None else await broadcast_of(connection, row)


async def broadcast_of(connection: AsyncConnection, row: Row[Any]) -> Broadcast:
    """A row of ``bulletins`` with what belongs to it."""
    bulletin = bulletin_of(row.record)
    broadcast = Broadcast(
        id=BulletinId(row.id),
        bulletin=bulletin,
        state=BroadcastState(row.state),
        author=PersonId(row.author),
        author_chat=row.author_chat,
        approval_hash=row.approval_hash,
        approved_by=(),
        corrects=None if row.corrects is None else BulletinId(row.corrects),
        halted_because=row.halted_because,
        upcoming=await _upcoming(connection, row),
        series=await _series(connection, row),
        earlier=await _earlier(connection, row),
        is_by_one=row.corrects is not None and await _is_by_one(connection, row),
    )
    is_whole = approval_hash(bulletin).hex() == row.approval_hash
    return replace(broadcast, approved_by=await consenting(connection, broadcast)) if is_whole else broadcast


async def corrections_before(
    connection: AsyncConnection, first: BulletinId, but: BulletinId | None = None
) -> Sequence[Row[Any]]:
    """What was published to put ``first`` right, ``but`` for one; the newest first, a bounded number."""
    wanted = (
        select(bulletins)
        .where(bulletins.c.corrects == first, bulletins.c.started_at.is_not(None))
        .order_by(bulletins.c.started_at.desc(), bulletins.c.id.desc())
        .limit(_CORRECTIONS_AT_MOST)
    )
    if but is not None:
        wanted = wanted.where(bulletins.c.id != but)
    return (await connection.execute(wanted)).all()


async def _earlier(connection: AsyncConnection, row: Row[Any]) -> Earlier | None:
    if row.corrects is None:
        return None
    record = await connection.scalar(select(bulletins.c.record).where(bulletins.c.id == row.corrects))
    if record is None:
        return None
    first = bulletin_of(record)
    since = [bulletin_of(one.record) for one in await corrections_before(connection, row.corrects, row.id)]
    return Earlier(first, next((one for one in since if not announces_correction(one)), first))


async def _is_by_one(connection: AsyncConnection, row: Row[Any]) -> bool:
    own = select(approvals.c.person).where(
        approvals.c.bulletin_id == row.id,
        approvals.c.person == row.author,
        approvals.c.approval_hash == row.approval_hash,
        approvals.c.in_fixed_words,
    )
    return await connection.scalar(own) is not None


async def _upcoming(connection: AsyncConnection, row: Row[Any]) -> Upcoming | None:
    if row.state != BroadcastState.RECURRING.value:
        return None
    found = await connection.execute(select(recurrences).where(recurrences.c.bulletin_id == row.id))
    stored = found.one()
    return Upcoming(stored.next_at, stored.next_at == stored.skipped_at)


async def _series(connection: AsyncConnection, row: Row[Any]) -> Code | None:
    if row.series is None:
        return None
    code = await connection.scalar(select(bulletins.c.code).where(bulletins.c.id == row.series))
    return None if code is None else Code(code)


async def consenting(connection: AsyncConnection, broadcast: Broadcast) -> tuple[PersonId, ...]:
    """Who consented to exactly this and still may: approvers, and to fixed words their author while of the staff.

    Of two accounts of one human being the first counts, and of two of the author's none.
    """
    author = linked_accounts.alias()
    authors = select(author.c.human).where(author.c.person == broadcast.author).scalar_subquery()
    found = await connection.execute(
        select(
            *(approvals.c.person, approvals.c.in_fixed_words, staff.c.roles, staff.c.issuers, staff.c.areas),
            linked_accounts.c.human,
            authors.label("authors"),
        )
        .join(staff, staff.c.person == approvals.c.person)
        .outerjoin(linked_accounts, linked_accounts.c.person == approvals.c.person)
        .where(approvals.c.bulletin_id == broadcast.id, approvals.c.approval_hash == broadcast.approval_hash)
        .order_by(approvals.c.approved_at, approvals.c.person)
    )
    counted = dict[str, PersonId]()
    for yes in found:
        human, is_own = yes.human or yes.person, yes.in_fixed_words and yes.person == broadcast.author
        is_authors = human == (yes.authors or broadcast.author) and not is_own
        may = Role.APPROVER in _roles(yes.roles) or (is_own and yes.roles)
        if may and not is_authors and is_within(limits_of(yes), broadcast):
            counted.setdefault(human, PersonId(yes.person))
    return tuple(counted.values())


def _roles(stored: Collection[str]) -> frozenset[Role]:
    return frozenset(Role(name) for name in stored)
