"""An office that is watched: whatever begins, or reaches a channel, is judged by whose consent it has.

The judge keeps its own list of consents, and asks none of the product's rules.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
)
from sqlalchemy import ColumnElement, select, update

from broadcasts.book import Consented
from broadcasts.broadcast import Broadcast
from broadcasts.letters import Letter, Letters, Means
from broadcasts.lifecycle import Desk
from broadcasts.ports import Pick
from bulletins.bulletin import (
    VIETNAMESE,
    Bulletin,
    BulletinId,
    Code,
    Severity,
    Status,
)
from bulletins.canonical import approval_hash
from bulletins.code import find_codes
from bulletins.fixed_words import Notice, fixed_text
from bulletins.rendering import Imprint
from members.channel import PersonId
from storage.aftermath import SqlAftermath
from storage.ledger import SqlLedger
from storage.tables import bulletins, deliveries
from tests.broadcasts.office import CALENDAR, LAN, MINH, PHUC, ZONE, Office, open_office

ATTACKER, HONEST = MINH, (LAN, PHUC)
SCAM = "LỪA ĐẢO"
"""In everything that the attacker words."""
PICTURE = "a" * 64
NEEDED = {Severity.EXTREME: 2, Severity.SEVERE: 2}
"""By severity, when it is live; one for all others. Written down once more, to judge by."""
GRACE = timedelta(minutes=15)
FIXED = {fixed_text(notice, status, VIETNAMESE) for notice in Notice for status in Status}


class WatchedOffice(RuleBasedStateMachine):
    """Without rules of its own but delivering; ``yes`` is whose consents were taken."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.open = AsyncExitStack()
        self.folder = tempfile.TemporaryDirectory()
        self.office: Office = self.runner.run(
            self.open.enter_async_context(open_office(Path(self.folder.name)))
        )
        self.yes: dict[tuple[BulletinId, str], set[PersonId]] = {}
        """Whose consent, to which bytes of which bulletin, was taken."""
        self.asked: set[tuple[BulletinId, PersonId]] = set()
        """Who asked that it go out at another time than its own."""
        self.judged: set[BulletinId] = set()
        self.sent: list[str] = []
        self._begin_again()

    def teardown(self) -> None:
        try:
            self.deliver()
        finally:
            self.runner.run(self.open.aclose())
            self.runner.close()
            self.folder.cleanup()

    def _begin_again(self) -> None:
        """What a process has in its memory is gone."""
        office = self.office
        self.desk = Desk(
            office.book,
            now=lambda: office.time,
            draw=Random(len(self.sent) + office.composed),
            wake=lambda: None,
            set_timer=lambda _, at: None,
            next_moment=CALENDAR,
        )
        self.aftermath = SqlAftermath(office.engine, office.committer)
        self.ledger = SqlLedger(office.engine, office.committer)
        self.letters = Letters(office.book, Imprint("loa_bot", ZONE), Means())

    def _do(self, act: Awaitable[Any]) -> Any:
        async def done() -> Any:
            return await act

        return self.runner.run(done())

    def _ids(self, *conditions: ColumnElement[bool]) -> list[BulletinId]:
        """The newest first."""
        wanted = select(bulletins.c.id).where(*conditions).order_by(bulletins.c.id.desc())

        async def ids() -> list[BulletinId]:
            async with self.office.engine.connect() as connection:
                return list(await connection.scalars(wanted))

        return list(self.runner.run(ids()))

    def _one(self, number: int) -> Broadcast:
        found = self._ids()
        return self._found(found[number % len(found)])

    def _found(self, bulletin_id: BulletinId) -> Broadcast:
        found: Broadcast | None = self._do(self.desk.find(bulletin_id))
        assert found is not None
        return found

    def _approve(
        self, bulletin_id: BulletinId, who: PersonId, seen_hash: str, asked_by: PersonId | None = None
    ) -> None:
        given = self._do(self.desk.approve(bulletin_id, who, seen_hash, asked_by))
        if isinstance(given, Consented) and who != asked_by:
            self.yes.setdefault((bulletin_id, seen_hash), set()).add(who)

    @invariant()
    def nothing_begins_that_others_have_not_approved(self) -> None:
        for bulletin_id in self._ids(bulletins.c.started_at.is_not(None)):
            if bulletin_id not in self.judged:
                self.judged.add(bulletin_id)
                self._do(self._judge(self._found(bulletin_id)))

    async def _judge(self, one: Broadcast) -> None:
        bulletin, first = one.bulletin, await self._first(one)
        if is_fixed(one, first):
            return
        given = {who for hash_, who in await self._consents(one) if hash_ == own_hash(one)}
        concerned = [bulletin, *([first.bulletin] if first else [])]
        needed = max(
            NEEDED.get(each.severity, 1) if each.status is Status.ACTUAL else 1 for each in concerned
        )
        assert len(given - {one.author}) >= needed, f"{bulletin} began with the consent of {given}"
        if bulletin.not_before is not None:
            assert bulletin.not_before <= self.office.time <= bulletin.not_before + GRACE, one

    async def _consents(self, one: Broadcast) -> list[tuple[str, PersonId]]:
        """Consents to it; of an occurrence in its time, those to its series, whose words it has."""
        own = [(hash_, who) for (key, hash_), whose in self.yes.items() if key == one.id for who in whose]
        if one.series is None or one.bulletin.not_before is None:
            return own
        series = await self.desk.find(one.series)
        assert series is not None
        assert one.bulletin.texts == series.bulletin.texts
        return [(own_hash(one), who) for who in self.yes.get((series.id, own_hash(series)), set())]

    async def _first(self, one: Broadcast) -> Broadcast | None:
        return None if one.corrects is None else await self.desk.find(one.corrects)

    @rule()
    def deliver(self) -> None:
        """What the pumps would send now, byte for byte."""
        self._do(self._deliver())

    async def _deliver(self) -> None:
        now = self.office.time
        for open_one in await self.ledger.open_bulletins("loa", now):
            for due in await self.ledger.pick(Pick("loa", open_one, now, 10)):
                letter = await self.letters.letter(due, open_one)
                await self._look_at(letter, open_one.id)
                row = update(deliveries).where(deliveries.c.id == due.id)
                await self.office.write(row.values(state="sent", message_id=str(due.id)))

    async def _look_at(self, letter: Letter, bulletin_id: BulletinId) -> None:
        """The attacker's own words are never there unless somebody else has approved them."""
        one = await self.desk.find(bulletin_id)
        assert one is not None
        contents = [letter.post, *(change.content for change in letter.changes)]
        said = "\n".join(content.rendered.plain for content in contents)
        self.sent.append(said)
        assert one.bulletin.code in find_codes(said)
        if SCAM in said or "scam.example" in said:
            wording = [each for each in (one, await self._first(one)) if each and is_theirs(each.bulletin)]
            assert wording, said
            for each in wording:
                whose = {who for hash_, who in await self._consents(each) if hash_ == own_hash(each)}
                assert whose - {ATTACKER}, said
        pictures = [content.media for content in (letter.post,) if content.media is not None]
        assert not pictures or not one.is_by_one, said


def is_fixed(one: Broadcast, first: Broadcast | None) -> bool:
    """Judged by what a reader sees, not by the product's rule: its words, its office, no link, no picture."""
    if first is None:
        return False
    bulletin: Bulletin = one.bulletin
    is_plain = bulletin.issuer == first.bulletin.issuer and not bulletin.source_url and bulletin.media is None
    is_as_grave = (bulletin.severity, bulletin.audience) == (first.bulletin.severity, first.bulletin.audience)
    refers_to_codes = all(find_codes(code) == [Code(code)] for code in bulletin.references)
    return (
        is_plain
        and is_as_grave
        and refers_to_codes
        and all(text in FIXED for text in bulletin.texts.values())
    )


def own_hash(one: Broadcast) -> str:
    """Of its bytes, audience and time as they are now."""
    return approval_hash(one.bulletin).hex()


def is_theirs(bulletin: Bulletin) -> bool:
    """Whether the attacker has put something into it."""
    return SCAM in repr(bulletin) or "scam.example" in repr(bulletin)
