"""One dishonest person of the staff, of any role, does whatever the use cases let them do, in any order.

The others work as usual meanwhile: they write, approve, correct, stop; roles are taken and given; timers fire, early,
in time and late; series repeat; processes die and begin again. Whatever then reaches a channel is either fixed words,
or was approved by as many other persons as it takes, for exactly these bytes, this audience and this time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import insert, update

from broadcasts.book import Refusal
from broadcasts.broadcast import Broadcast, BroadcastState
from broadcasts.consent import at_once
from broadcasts.drafting import Edit, anew, once, repeating, reworded
from broadcasts.progress import Resolution, Settling
from bulletins.bulletin import (
    VIETNAMESE,
    Code,
    Media,
    MsgType,
    Recurrence,
    Severity,
    Status,
    Text,
)
from bulletins.fixed_words import Notice, fixed_text
from members.channel import PersonId
from members.roles import Role
from storage.tables import bulletins, deliveries, pictures
from tests.attacks.watched_office import ATTACKER, HONEST, PICTURE, SCAM, WatchedOffice
from tests.broadcasts.office import LAN, PHUC
from tests.bulletins.cap_samples import alert, drafted, info

EDITS: Sequence[Callable[[datetime], Edit]] = (
    lambda now: reworded(VIETNAMESE, f"{SCAM}\nChuyển tiền ngay."),
    lambda now: reworded(VIETNAMESE, f"{SCAM} một đoạn."),
    lambda now: lambda bulletin: replace(bulletin, issuer=SCAM),
    lambda now: lambda bulletin: replace(bulletin, source_url="https://scam.example/lua-dao"),
    lambda now: lambda bulletin: replace(bulletin, severity=Severity.MINOR),
    lambda now: lambda bulletin: replace(bulletin, severity=Severity.EXTREME),
    lambda now: lambda bulletin: replace(bulletin, expires=now + timedelta(days=3)),
    lambda now: lambda bulletin: replace(bulletin, media=Media(PICTURE, "mã QR.png", caption=SCAM)),
    lambda now: lambda bulletin: replace(bulletin, media=None),
    lambda now: lambda bulletin: replace(bulletin, audience=replace(bulletin.audience, topics=("flood",))),
    lambda now: lambda bulletin: replace(bulletin, references=(*bulletin.references, SCAM)),
    lambda now: lambda bulletin: replace(bulletin, msg_type=MsgType.UPDATE),
    lambda now: lambda bulletin: replace(bulletin, msg_type=MsgType.CANCEL),
    lambda now: (
        lambda bulletin: replace(
            bulletin, texts={VIETNAMESE: fixed_text(Notice.WITHDRAWN, bulletin.status, VIETNAMESE)}
        )
    ),
    lambda now: once(now + timedelta(hours=2), now),
    lambda now: once(None, now),
    lambda now: repeating(Recurrence("0 * * * *", now + timedelta(days=2), 6)),
)

BESIDE_THE_WORDS = (*EDITS[2:6], *EDITS[7:11])
"""Edits that leave the words of a notice as they are."""

pick = st.sampled_from([0, 0, 0, 0, 1, 1, 2, 3, 4, 7])
"""Which bulletin, counted from the newest: mostly one of the last."""


class Staff(WatchedOffice):
    """An office in which one person means ill."""

    # --- everybody -------------------------------------------------------------------------------------

    @initialize(roles=st.sampled_from([{Role.MODERATOR}, {Role.APPROVER}, {Role.MODERATOR, Role.APPROVER}]))
    def begin(self, roles: set[Role]) -> None:
        self.roles = roles
        self._do(self.office.give_roles(ATTACKER, *sorted(roles)))
        picture = {"sha256": PICTURE, "content": b"a picture", "kept_at": self.office.time}
        self._do(self.office.write(insert(pictures).values(picture)))
        self.honest_publishes(weight=Severity.MINOR, hours=0)

    @rule(weight=st.sampled_from([Severity.MINOR, Severity.EXTREME]), hours=st.sampled_from([0, 0, 2]))
    def honest_publishes(self, weight: Severity, hours: int) -> None:
        """Lan writes, Phúc approves; with the gravest, the attacker may be the second one."""
        for who in HONEST:
            self._do(self.office.give_roles(who, Role.MODERATOR, Role.APPROVER))
        bulletin = replace(self.office.notice(), severity=weight)
        if hours:
            bulletin = once(self.office.time + timedelta(hours=hours), self.office.time)(bulletin)
        draft = self._do(self.desk.compose(bulletin, self.office.origin(LAN)))
        self._do(self.desk.submit(draft.id, LAN, draft.approval_hash))
        self._approve(draft.id, PHUC, draft.approval_hash)

    @rule(weight=st.booleans())
    def honest_series(self, weight: bool) -> None:
        draft = self._do(self.desk.compose(self.office.daily(cron="0 * * * *"), self.office.origin(LAN)))
        self._do(self.desk.submit(draft.id, LAN, draft.approval_hash))
        if weight:
            self._approve(draft.id, PHUC, draft.approval_hash)

    @rule(number=pick, who=st.sampled_from(HONEST))
    def somebody_approves_what_waits(self, number: int, who: PersonId) -> None:
        one = self._one(number)
        if one.state is BroadcastState.IN_REVIEW:
            self._approve(one.id, who, one.approval_hash)

    @rule(number=pick, who=st.sampled_from(HONEST), arrives=st.sampled_from(["sent", "failed", "unsure"]))
    def something_becomes_of_deliveries(self, number: int, who: PersonId, arrives: str) -> None:
        one = self._one(number)
        self.deliver()
        rows = update(deliveries).where(deliveries.c.bulletin_id == one.id)
        self._do(self.office.write(rows.values(state=arrives, message_id="1")))

    @rule(who=st.sampled_from(HONEST), roles=st.sampled_from([(), (Role.MODERATOR,), (Role.APPROVER,)]))
    def roles_change(self, who: PersonId, roles: tuple[Role, ...]) -> None:
        self._do(self.office.give_roles(who, *roles))

    @rule(minutes=st.sampled_from([1, 10, 60, 120, 300]))
    def time_passes(self, minutes: int) -> None:
        self.office.advance(minutes=minutes)

    @rule()
    def timers_fire(self) -> None:
        for bulletin_id, _at in self._do(self.desk.schedule_to_rebuild()):
            self._do(self.desk.start_due(bulletin_id))

    @rule()
    def the_process_dies_and_begins_again(self) -> None:
        self._begin_again()

    # --- the attacker ----------------------------------------------------------------------------------

    @precondition(lambda self: Role.MODERATOR in self.roles)
    @rule(status=st.sampled_from([Status.ACTUAL, Status.EXERCISE]), from_cap=st.booleans())
    def writes(self, status: Status, from_cap: bool) -> None:
        """A bulletin, or one made of a CAP file, an Update too."""
        origin = self.office.origin(ATTACKER)
        if from_cap:
            file = info(headline=SCAM)
            draft = drafted(alert(file, msgType="Update", references="a@b,1,2026-12-01T00:00:00+07:00"))
            self._do(self.desk.compose_from_cap(draft, origin, expires=self.office.time + timedelta(days=1)))
            return
        words = Text(SCAM, "Chuyển tiền ngay.")
        self._do(self.desk.compose(replace(self.office.notice(status), texts={VIETNAMESE: words}), origin))

    @rule(number=pick)
    def writes_again(self, number: int) -> None:
        one = self._one(number)
        self._do(self.desk.compose(anew(one.bulletin, self.office.time), self.office.origin(ATTACKER)))

    @rule(number=pick)
    def begins_a_correction(self, number: int) -> None:
        one = self._one(number)
        self._do(self.desk.compose_correction(one.bulletin.code, self.office.origin(ATTACKER)))

    @rule(number=pick, notice=st.sampled_from(Notice))
    def chooses_a_notice(self, number: int, notice: Notice) -> None:
        one = self._one(number)
        self._do(self.desk.compose_notice(notice, one.bulletin.code, self.office.origin(ATTACKER)))

    @rule(number=pick, edit=st.sampled_from(EDITS))
    def edits(self, number: int, edit: Callable[[datetime], Edit]) -> None:
        """Whatever a draft has, more than any conversation lets anybody change."""
        one = self._one(number)
        self._do(self.desk.edit(one.id, ATTACKER, edit(self.office.time)))

    @rule(number=pick)
    def submits(self, number: int) -> None:
        one = self._one(number)
        self._do(self.desk.submit(one.id, ATTACKER, one.approval_hash))

    @rule(number=pick)
    def approves(self, number: int) -> None:
        one = self._one(number)
        self._approve(one.id, ATTACKER, one.approval_hash)

    def _published(self, number: int) -> Code:
        """A new one of the others, or one that went out before."""
        if number == 0:
            self.honest_publishes(Severity.MINOR, hours=0)
        found = self._ids(bulletins.c.started_at.is_not(None))
        return self._found(found[number % len(found)]).bulletin.code

    @rule(
        number=pick,
        notice=st.sampled_from(Notice),
        edits=st.lists(st.sampled_from(BESIDE_THE_WORDS), min_size=1, max_size=2),
    )
    def changes_a_notice_and_sends_it(
        self, number: int, notice: Notice, edits: list[Callable[[datetime], Edit]]
    ) -> None:
        code, origin = self._published(number), self.office.origin(ATTACKER)
        draft = self._do(self.desk.compose_notice(notice, code, origin))
        self._change_and_send(draft, edits)

    @rule(number=pick, edits=st.lists(st.sampled_from(EDITS), min_size=1, max_size=2), asks=st.booleans())
    def words_a_correction_and_sends_it(
        self, number: int, edits: list[Callable[[datetime], Edit]], asks: bool
    ) -> None:
        code, origin = self._published(number), self.office.origin(ATTACKER)
        draft = self._do(self.desk.compose_correction(code, origin))
        self._change_and_send(draft, edits, asks=asks)

    def _change_and_send(
        self, draft: Broadcast | Refusal, edits: list[Callable[[datetime], Edit]], *, asks: bool = False
    ) -> None:
        for edit in edits:
            if isinstance(draft, Broadcast):
                draft = self._do(self.desk.edit(draft.id, ATTACKER, edit(self.office.time)))
        if isinstance(draft, Broadcast) and asks:
            self._do(self.desk.submit(draft.id, ATTACKER, draft.approval_hash))
        if isinstance(draft, Broadcast):
            self._approve(draft.id, ATTACKER, draft.approval_hash)

    @rule(hours=st.sampled_from([0, 1, 4]), timer=st.booleans())
    def hurries_what_others_have_scheduled(self, hours: int, timer: bool) -> None:
        """Before its time, or when it was missed."""
        self.honest_publishes(Severity.MINOR, hours=2)
        waiting = self._one(0)
        self.office.advance(hours=hours)
        if timer:
            self._do(self.desk.start_due(waiting.id))
        self.asks_to_send_now(0, ATTACKER)
        self.agrees_to_send_now(0, ATTACKER, ATTACKER)

    @rule(number=pick, who=st.sampled_from([ATTACKER, *HONEST]))
    def asks_to_send_now(self, number: int, who: PersonId) -> None:
        one = self._one(number)
        if self._do(self.desk.send_now(one.id, who)) is Refusal.NOT_ITS_TIME:
            self.asked.add((one.id, who))

    @rule(
        number=pick, who=st.sampled_from([ATTACKER, *HONEST]), asked_by=st.sampled_from([ATTACKER, *HONEST])
    )
    def agrees_to_send_now(self, number: int, who: PersonId, asked_by: PersonId) -> None:
        one = self._one(number)
        if (one.id, asked_by) in self.asked:
            self._approve(one.id, who, at_once(one).approval_hash, asked_by)

    @rule(
        number=pick, act=st.sampled_from(["stop", "pause", "resume", "discard", "retry", "resend", "refuse"])
    )
    def interferes(self, number: int, act: str) -> None:
        one, now = self._one(number), self.office.time
        acts: dict[str, Callable[[], Awaitable[Any]]] = {
            "stop": lambda: self.desk.stop(one.id, ATTACKER),
            "pause": lambda: self.desk.pause(one.id, ATTACKER),
            "resume": lambda: self.desk.resume(one.id, ATTACKER),
            "discard": lambda: self.desk.discard(one.id, ATTACKER),
            "retry": lambda: self.aftermath.retry_failed(one.id, now),
            "resend": lambda: self.aftermath.settle_unsure(Settling(one.id, Resolution.RESEND, now)),
            "refuse": lambda: self.desk.refuse(one.id, ATTACKER, one.approval_hash, SCAM),
        }
        self._do(acts[act]())


def test_no_path_lets_one_persons_new_words_reach_a_channel() -> None:
    run_state_machine_as_test(
        Staff,
        settings=settings(
            max_examples=30,
            stateful_step_count=20,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
