"""The book in the database, on SQLite and on PostgreSQL: nothing is lost, and no two may win."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from broadcasts.book import AudienceSize, Consent, Consented, NewDraft
from broadcasts.drafting import Weight
from bulletins.bulletin import (
    ENGLISH,
    VIETNAMESE,
    Audience,
    Bulletin,
    Media,
    MsgType,
    Provenance,
    Status,
    Text,
)
from bulletins.canonical import approval_hash
from bulletins.code import make
from storage.bulletin_records import bulletin_of, record_of
from storage.bulletins import BulletinBook
from storage.committer import Committer, T, Work
from storage.published import PublishedBulletins
from storage.tables import approvals, channels
from tests.broadcasts.office import LAN, MINH, PHUC, Office, group_row, open_office
from tests.bulletins.bulletin_samples import FLOOD, NASTY, NOW


@pytest.fixture(params=["sqlite", "postgresql"])
async def office(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Office]:
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("prepared_postgres_url")
    async with open_office(tmp_path, url=url) as office:
        yield office


@given(headline=NASTY, body=NASTY, source=NASTY)
def test_a_record_reads_back_exactly(headline: str, body: str, source: str) -> None:
    whole = replace(
        FLOOD,
        texts={VIETNAMESE: Text(headline, body), ENGLISH: Text(body, headline, source)},
        source_url=source,
        media=Media("a" * 64, "a.jpg", caption=body),
        audience=Audience(("flood",), ("xa-1", "xa-2"), ("group",)),
        references=("LOA-0000-0",),
        sent=NOW,
        not_before=NOW + timedelta(microseconds=5),
        provenance=Provenance(
            identifier=headline,
            sender="a@b",
            sent=NOW,
            msg_type=MsgType.UPDATE,
            references=("x,y,z",),
            effective=None,
            expires=NOW,
            sha256="b" * 64,
            signed=True,
        ),
    )
    assert bulletin_of(record_of(whole)) == whole


@given(moment=st.datetimes(timezones=st.just(UTC)))
def test_times_read_back_exactly(moment: datetime) -> None:
    assert bulletin_of(record_of(replace(FLOOD, expires=moment))).expires == moment


async def test_one_origin_gives_one_draft_and_one_code_one_bulletin(office: Office) -> None:
    first = await office.book.add(_draft(office, FLOOD, "update:1"))
    again = await office.book.add(_draft(office, replace(FLOOD, code=make(5)), "update:1"))
    assert first is not None
    assert again == first
    assert await office.book.add(_draft(office, FLOOD, "update:2")) is None
    assert await office.book.codes_in_use() == 1


async def test_ten_writers_of_one_origin_make_one_draft(office: Office) -> None:
    drafts = await asyncio.gather(
        *(office.book.add(_draft(office, replace(FLOOD, code=make(n)), "update:1")) for n in range(10))
    )
    assert len({draft.id for draft in drafts if draft}) == 1


async def test_it_is_found_by_id_and_by_code(office: Office) -> None:
    draft = await office.draft()
    assert await office.book.find(draft.id) == draft
    assert await office.book.find(draft.bulletin.code) == draft
    assert await office.book.find(make(1_000_000)) is None


async def test_the_last_approval_and_the_deliveries_are_one_transaction(office: Office) -> None:
    waiting = await office.in_review()
    await office.write(text("DROP TABLE deliveries"))
    with pytest.raises(Exception, match="deliveries"):
        await office.desk.approve(waiting.id, MINH, waiting.approval_hash)
    async with office.engine.connect() as connection:
        assert (await connection.execute(select(approvals))).all() == []
    assert (await office.state(waiting)).value == "in_review"


async def test_two_approvers_in_two_processes_are_both_counted(
    tmp_path: Path, prepared_postgres_url: str
) -> None:
    async with open_office(tmp_path, url=prepared_postgres_url) as office, second_committer(office) as other:
        await both_approve(office, other)


async def both_approve(office: Office, other: Slow) -> None:
    """Phúc approves elsewhere and, before that is committed, Minh approves here."""
    waiting = await office.in_review(weight=Weight.LIFE_THREATENING)
    elsewhere = BulletinBook(office.engine, other, lambda: office.rules)
    phuc = asyncio.create_task(
        elsewhere.consent(Consent(waiting.id, PHUC, waiting.approval_hash, office.time))
    )
    await other.work_is_done.wait()
    results = await asyncio.gather(
        office.book.consent(Consent(waiting.id, MINH, waiting.approval_hash, office.time)), phuc
    )
    assert all(isinstance(result, Consented) for result in results)
    assert (await office.state(waiting)).value == "sending"
    assert await office.planned(waiting) == 2


async def test_the_hash_in_the_row_is_of_what_is_sent(office: Office) -> None:
    sending = await office.sending()
    assert sending.approval_hash == approval_hash(sending.bulletin).hex()
    assert sending.approved_by == (MINH,)


async def test_the_audience_is_counted_as_it_will_be_planned(office: Office) -> None:
    await office.write(channels.insert().values(group_row(7, 1_000, topics=("flood",))))
    await office.write(channels.insert().values(group_row(8, 5_000, state="paused")))
    await office.write(channels.insert().values(group_row(9, 7_000, canary=True)))
    for topics in ((), ("flood",), ("scam",)):
        bulletin = replace(office.notice(), audience=Audience(topics=topics))
        size = await office.book.audience_size(bulletin)
        sending = await office.sending(bulletin)
        assert size.channels == await office.planned(sending) - 1  # the canary comes on top
    assert await office.book.audience_size(office.notice()) == AudienceSize(3, 1_370)
    assert await office.book.audience_size(office.notice(Status.TEST)) == AudienceSize(1, 7_000)


async def test_timers_are_rebuilt_earliest_first(office: Office) -> None:
    expected = []
    for hours in (5, 2, 9):
        at = office.time + timedelta(hours=hours)
        waiting = await office.in_review(replace(office.notice(), not_before=at))
        assert isinstance(await office.desk.approve(waiting.id, MINH, waiting.approval_hash), Consented)
        expected.append((waiting.id, at))
    assert await office.desk.schedule_to_rebuild() == sorted(expected, key=lambda one: one[1])


async def test_drafts_are_never_found_as_published(office: Office) -> None:
    published = PublishedBulletins(office.engine)
    waiting = await office.in_review()
    assert await published.published(waiting.bulletin.code) is None
    assert await published.newest() == []
    await office.desk.approve(waiting.id, MINH, waiting.approval_hash)
    found = await published.published(waiting.bulletin.code)
    assert found is not None
    assert found.bulletin.code == waiting.bulletin.code
    assert [one.bulletin.code for one in await published.newest()] == [waiting.bulletin.code]


class Slow(Committer):
    """Keeps each transaction open for a while after its work is done."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self.work_is_done = asyncio.Event()

    async def write(self, work: Work[T]) -> T:
        async def slowly(connection: AsyncConnection) -> T:
            result = await work(connection)
            self.work_is_done.set()
            await asyncio.sleep(0.3)
            return result

        return await super().write(slowly)


@asynccontextmanager
async def second_committer(office: Office) -> AsyncIterator[Slow]:
    """The writer of another process on the same database."""
    committer = Slow(office.engine)
    serving = asyncio.create_task(committer.run())
    yield committer
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


def _draft(office: Office, bulletin: Bulletin, key: str) -> NewDraft:
    return NewDraft(bulletin=bulletin, author=LAN, author_chat="1001", origin_key=key, at=office.time)
