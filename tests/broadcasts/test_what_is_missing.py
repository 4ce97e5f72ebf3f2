"""What sending takes beside the bulletin: its picture, and somebody who gets it. Asked at every step on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import delete, update

from broadcasts.book import Refusal
from broadcasts.broadcast import Broadcast, BroadcastState
from bulletins.bulletin import Bulletin, Media
from storage.pictures import PictureShelf
from storage.tables import channels, pictures
from tests.broadcasts.office import LAN, MINH, Office


async def test_lan_is_told_that_the_picture_is_gone_before_anybody_approves(office: Office) -> None:
    draft = await office.draft(await pictured(office))
    await office.write(delete(pictures))
    assert await office.desk.submit(draft.id, LAN, draft.approval_hash) is Refusal.PICTURE_GONE


async def test_minh_cannot_approve_what_has_lost_its_picture(office: Office) -> None:
    waiting = await office.in_review(await pictured(office))
    await office.write(delete(pictures))
    assert await office.desk.approve(waiting.id, MINH, waiting.approval_hash) is Refusal.PICTURE_GONE


async def test_a_scheduled_bulletin_that_lost_its_picture_is_held(office: Office) -> None:
    scheduled = await approved_for_later(office, await pictured(office))
    await office.write(delete(pictures))
    assert await held_because(office, scheduled) == "picture_gone"
    assert await office.desk.send_now(scheduled.id, MINH) is Refusal.PICTURE_GONE


async def test_minh_cannot_approve_what_nobody_would_get_any_more(office: Office) -> None:
    waiting = await office.in_review()
    await office.write(update(channels).values(state="left"))
    assert await office.desk.approve(waiting.id, MINH, waiting.approval_hash) is Refusal.NO_AUDIENCE


async def test_a_scheduled_bulletin_that_nobody_would_get_any_more_is_held(office: Office) -> None:
    scheduled = await approved_for_later(office, office.notice())
    await office.write(update(channels).values(state="left"))
    assert await held_because(office, scheduled) == "no_audience"


async def pictured(office: Office) -> Bulletin:
    kept = await PictureShelf(office.engine, office.committer).keep(b"a map", office.time)
    return replace(office.notice(), media=Media(kept, "ban-do.jpg"))


async def approved_for_later(office: Office, bulletin: Bulletin) -> Broadcast:
    waiting = await office.in_review(replace(bulletin, not_before=office.time + timedelta(hours=1)))
    await office.desk.approve(waiting.id, MINH, waiting.approval_hash)
    assert await office.state(waiting) is BroadcastState.SCHEDULED
    return waiting


async def held_because(office: Office, scheduled: Broadcast) -> str | None:
    office.advance(hours=1)
    held = await office.desk.start_due(scheduled.id)
    assert isinstance(held, Broadcast)
    assert held.state is BroadcastState.HELD
    return held.halted_because
