"""What of a correction reaches a channel: the picture that its approver saw, and fixed words that still are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import insert, update

from broadcasts.broadcast import Broadcast
from broadcasts.drafting import reworded
from broadcasts.letters import Letter, Letters, Means, NotAsApproved
from broadcasts.ports import Pick
from bulletins.bulletin import VIETNAMESE, Media
from bulletins.fixed_words import Notice
from bulletins.rendering import Imprint
from storage.bulletin_rows import bulletin_columns
from storage.ledger import SqlLedger
from storage.tables import approvals, bulletins, pictures
from tests.broadcasts.office import LAN, MINH, ZONE, Office, happened

MAP, NEWER_MAP = Media("a" * 64, "bản đồ.png"), Media("b" * 64, "bản đồ mới.png")


async def letter_of(office: Office, broadcast: Broadcast) -> Letter:
    """What the first channel gets of it."""
    ledger = SqlLedger(office.engine, office.committer)
    letters = Letters(office.book, Imprint("loa_bot", ZONE), Means())
    opened = await ledger.open_bulletins("loa", office.time)
    (bulletin,) = [one for one in opened if one.id == broadcast.id]
    due, *_ = await ledger.pick(Pick("loa", bulletin, office.time, 1))
    return await letters.letter(due, bulletin)


async def put(office: Office, broadcast: Broadcast, **changes: object) -> None:
    """Change a row behind the code's back, hashes and all."""
    columns = bulletin_columns(replace(broadcast.bulletin, **changes))  # type: ignore[arg-type]
    await office.write(update(bulletins).where(bulletins.c.id == broadcast.id).values(columns))
    given = update(approvals).where(approvals.c.bulletin_id == broadcast.id)
    await office.write(given.values(approval_hash=columns["approval_hash"]))


async def test_fixed_words_that_became_others_before_the_pump_took_them_are_not_sent(office: Office) -> None:
    original = await office.arrived()
    sent = await office.withdrawn(original, notice=Notice.WRONG_NUMBER)
    assert "đang được đính chính" in (await letter_of(office, sent)).post.rendered.plain

    scam = reworded(VIETNAMESE, "Gọi ngay số này.")(sent.bulletin)
    await put(office, sent, texts=scam.texts)
    with pytest.raises(NotAsApproved):
        await letter_of(office, sent)


@pytest.mark.parametrize(
    ("had", "has", "posted"),
    [(None, None, None), (MAP, MAP, None), (None, MAP, MAP), (MAP, NEWER_MAP, NEWER_MAP), (MAP, None, None)],
)
async def test_a_new_picture_goes_with_the_reply_and_a_copy_keeps_its_own(
    office: Office, had: Media | None, has: Media | None, posted: Media | None
) -> None:
    for media in (MAP, NEWER_MAP):
        picture = {"sha256": media.sha256, "content": b"a picture", "kept_at": office.time}
        await office.write(insert(pictures).values(picture))
    original = await office.sending(replace(office.notice(), media=had))
    await office.all_arrived(original)
    draft = happened(await office.desk.compose_correction(original.bulletin.code, office.origin()))
    words = reworded(VIETNAMESE, "Đúng là 8 giờ.")
    edited = await office.desk.edit(draft.id, LAN, lambda bulletin: replace(words(bulletin), media=has))
    waiting = happened(await office.desk.submit(draft.id, LAN, happened(edited).approval_hash))
    office.begun(await office.approve(waiting, MINH))

    letter = await letter_of(office, waiting)
    assert letter.post.media == posted
    assert [change.content.media for change in letter.changes] == [had]
