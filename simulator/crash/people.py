"""Lan, Minh and Phúc at the desk: the bulletins that lie ready, and what each act does with them.

An act stands for an update from the chat platform. It is confirmed when it was handled wholly; until then it comes
again, also to the next process.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from broadcasts.book import Consented, Refusal
from broadcasts.broadcast import Broadcast, BroadcastState
from broadcasts.drafting import Origin, Weight, blank, reworded, weighted, worded
from broadcasts.lifecycle import Desk
from broadcasts.progress import Aftermath, Resolution, Settling
from bulletins.bulletin import (
    ENGLISH,
    VIETNAMESE,
    Bulletin,
    BulletinId,
    Certainty,
    Code,
    Media,
    Severity,
    Status,
    Text,
    Urgency,
)
from bulletins.fixed_words import Notice
from members.channel import PersonId, Platform
from members.roles import Role
from simulator.crash.errands import DATABASE_TROUBLE, REDELIVERY_SECONDS, Errands
from simulator.crash.evidence import Decision, DecisionKind, Evidence
from simulator.crash.scenario import STARTS, Act, ActKind, Draft
from simulator.crash.virtual_time import VirtualClock
from storage.roster import Roster

LAN = PersonId("telegram:1001")
MINH = PersonId("telegram:1002")
PHUC = PersonId("telegram:1003")

STAFF: Mapping[PersonId, tuple[str, tuple[Role, ...]]] = {
    LAN: ("Lan", (Role.MODERATOR,)),
    MINH: ("Minh", (Role.MODERATOR, Role.APPROVER)),
    PHUC: ("Phúc", (Role.APPROVER,)),
}

_VALID_SECONDS = {Draft.SHORT: 25}
_WEIGHTS = {Draft.EMERGENCY: Weight.LIFE_THREATENING, Draft.PICTURED: Weight.URGENT}
_NOTICES = {
    ActKind.WITHDRAW: Notice.WITHDRAWN,
    ActKind.WITHDRAW_CORRECTED: Notice.WITHDRAWN,
    ActKind.CORRECT_AGAIN: Notice.WRONG_TIME,
}
"""What Lan says alone, in fixed words, at once."""
_CORRECTED = frozenset({ActKind.CORRECT, ActKind.CORRECT_AGAIN})
_OF_THE_FIRST_CORRECTION = {
    ActKind.STOP_CORRECTION: ActKind.STOP,
    ActKind.PAUSE_CORRECTION: ActKind.PAUSE,
}
_CHANGED_TO = {
    ActKind.STOP: (BroadcastState.STOPPED, DecisionKind.STOPPED),
    ActKind.PAUSE: (BroadcastState.PAUSED, DecisionKind.PAUSED),
    ActKind.RESUME: (BroadcastState.SENDING, DecisionKind.RESUMED),
}


_RESOLUTIONS = {ActKind.SEND_AGAIN: Resolution.RESEND, ActKind.LEAVE: Resolution.LEAVE}


@dataclass(frozen=True, slots=True)
class Office:
    """What people and the platform's updates set to work."""

    desk: Desk
    aftermath: Aftermath
    roster: Roster


@dataclass(frozen=True, slots=True)
class Ready:
    """A bulletin that waits for approval."""

    id: BulletinId
    code: str
    approval_hash: str


async def write_drafts(desk: Desk, picture: Media) -> dict[Draft, Ready]:
    """Lan composes every bulletin and asks for approval."""
    ready: dict[Draft, Ready] = {}
    for draft in Draft:
        origin = Origin(LAN, "1001", f"draft:{draft}")
        composed = await desk.compose(_bulletin(draft, picture, STARTS), origin)
        asked = await desk.submit(composed.id, LAN, composed.approval_hash)
        if isinstance(asked, Refusal):
            raise TypeError(f"{draft} was refused: {asked}")
        ready[draft] = Ready(asked.id, asked.bulletin.code, asked.approval_hash)
    return ready


def _bulletin(draft: Draft, picture: Media, now: datetime) -> Bulletin:
    words = {
        VIETNAMESE: Text(f"Tin {draft}: mưa lớn", "Từ 7 giờ sáng mai, nước sông có thể lên nhanh."),
        ENGLISH: Text(f"News {draft}: heavy rain", "From 7 tomorrow morning the river may rise fast."),
    }
    bulletin = blank(Status.ACTUAL, "Trung tâm Y tế thành phố", now)
    for language, text in words.items():
        bulletin = worded(language, text)(bulletin)
    bulletin = weighted(_WEIGHTS.get(draft, Weight.ORDINARY))(bulletin)
    if draft is Draft.GRAVE:
        bulletin = replace(
            bulletin, severity=Severity.SEVERE, urgency=Urgency.IMMEDIATE, certainty=Certainty.OBSERVED
        )
    valid_seconds = _VALID_SECONDS.get(draft)
    return replace(
        bulletin,
        source_url="https://tin.example.vn/1",
        media=picture if draft is Draft.PICTURED else None,
        expires=bulletin.expires if valid_seconds is None else now + timedelta(seconds=valid_seconds),
    )


class People:
    """The staff during one run. ``errands`` outlives the processes they talk to."""

    def __init__(self, ready: Mapping[Draft, Ready], clock: VirtualClock, evidence: Evidence) -> None:
        self._ready = ready
        self._clock = clock
        self._evidence = evidence
        self._first_corrections: dict[Draft, BulletinId] = {}
        self.errands = Errands(clock, evidence)
        self.moves: list[tuple[str, str]] = []
        """Groups that became supergroups, old and new id: the bot was told, and has not confirmed it yet."""

    async def play(self, acts: Sequence[tuple[int, Act]], office: Office) -> None:
        """What concerns one bulletin, in order: a person's next update comes when the last one was handled."""
        for number, act in acts:
            await self.errands.carry_out(number, act.at, partial(self._perform, act, office))

    async def follow_moves(self, office: Office) -> None:
        """What the platform tells the bot of groups that have moved; told again until it is handled."""
        while True:
            for old, new in list(self.moves):
                with contextlib.suppress(*DATABASE_TROUBLE):
                    await office.roster.move(Platform.TELEGRAM, old, new)
                    if self._evidence.is_alive:
                        self.moves.remove((old, new))
            await asyncio.sleep(REDELIVERY_SECONDS)

    async def resume(self, bulletin_id: int, office: Office) -> None:
        """Lan lets a bulletin go on that somebody or something has paused."""
        asked = self._clock.seconds
        found = await office.desk.resume(BulletinId(bulletin_id), LAN)
        self.decided(DecisionKind.RESUMED, found, asked)

    async def _perform(self, act: Act, office: Office) -> None:
        ready = self._ready[act.draft]
        if act.kind is ActKind.APPROVE:
            await self._approve(ready, office)
        elif act.kind in _NOTICES or act.kind in _CORRECTED:
            await self._put_right(act, ready, office)
        elif act.kind is ActKind.RETRY or act.kind in _RESOLUTIONS:
            await self._look_after(act, ready, office)
        elif act.kind in _CHANGED_TO:
            await self._change(act.kind, ready.id, office)
        elif act.draft in self._first_corrections:
            await self._think_better_of(act.kind, self._first_corrections[act.draft], office)

    async def _think_better_of(self, kind: ActKind, correction: BulletinId, office: Office) -> None:
        if kind in _OF_THE_FIRST_CORRECTION:
            await self._change(_OF_THE_FIRST_CORRECTION[kind], correction, office)
            return
        await office.aftermath.retry_failed(correction, self._clock.now())
        office.desk.wake_engine()

    async def _change(self, kind: ActKind, bulletin: BulletinId, office: Office) -> None:
        desk, asked = office.desk, self._clock.seconds
        change = {ActKind.STOP: desk.stop, ActKind.PAUSE: desk.pause, ActKind.RESUME: desk.resume}[kind]
        state, decided = _CHANGED_TO[kind]
        found = await change(bulletin, LAN)
        if isinstance(found, Broadcast) and found.state is state:
            self.decided(decided, found, asked)

    async def _look_after(self, act: Act, ready: Ready, office: Office) -> None:
        """What did not arrive, or perhaps did."""
        at = self._clock.now()
        if act.kind is ActKind.RETRY:
            await office.aftermath.retry_failed(ready.id, at)
        else:
            resolution = _RESOLUTIONS[act.kind]
            if resolution is Resolution.RESEND and self._evidence.is_alive:
                self._evidence.sent_again[ready.code] += 1
            await office.aftermath.settle_unsure(Settling(ready.id, resolution, at))
        office.desk.wake_engine()

    async def _approve(self, ready: Ready, office: Office) -> None:
        desk = office.desk
        asked = self._clock.seconds
        for person in (MINH, PHUC):
            given = await desk.approve(ready.id, person, ready.approval_hash)
            if isinstance(given, Consented) and not given.still_needed:
                self.decided(DecisionKind.STARTED, given.broadcast, asked)
                return

    async def _put_right(self, act: Act, ready: Ready, office: Office) -> None:
        desk = office.desk
        asked = self._clock.seconds
        original = await desk.find(ready.id)
        if original is None:
            return
        key = f"act:{act.kind}:{act.draft}"
        if act.kind in _NOTICES:
            origin = Origin(LAN, "1001", f"{key}:notice")
            given = await give_notice(desk, _NOTICES[act.kind], original.bulletin.code, origin)
            self._put_out(act, given, asked)
        if act.kind in _CORRECTED:
            given = await correct(desk, original.bulletin.code, Origin(LAN, "1001", key))
            self._put_out(act, given, asked)
        for older in {ready.id, self._first_corrections.get(act.draft, ready.id)}:
            stopped = await desk.find(older)
            if stopped is not None and stopped.state is BroadcastState.STOPPED:
                self.decided(DecisionKind.STOPPED, stopped, asked)

    def _put_out(self, act: Act, given: Broadcast | None, asked: float) -> None:
        if given is not None:
            self.decided(DecisionKind.STARTED, given, asked)
            self._first_corrections.setdefault(act.draft, given.id)

    def decided(self, kind: DecisionKind, broadcast: Broadcast | Refusal, asked: float) -> None:
        """Somebody is told that it is so."""
        if isinstance(broadcast, Broadcast) and self._evidence.is_alive:
            code = broadcast.bulletin.code
            self._evidence.decisions.append(Decision(kind, code, asked, self._clock.seconds))


async def give_notice(desk: Desk, notice: Notice, code: Code, origin: Origin) -> Broadcast | None:
    """Lan says something in fixed words, alone; what goes out, if it does."""
    draft = await desk.compose_notice(notice, code, origin)
    if isinstance(draft, Refusal):
        return None
    given = await desk.approve(draft.id, LAN, draft.approval_hash)
    return given.broadcast if isinstance(given, Consented) else None


async def correct(desk: Desk, code: Code, origin: Origin) -> Broadcast | None:
    """Lan writes what is right, and others approve it; what goes out, if it does."""
    draft: Broadcast | Refusal = await desk.compose_correction(code, origin)
    if isinstance(draft, Broadcast) and draft.state is BroadcastState.DRAFT:
        for language in tuple(draft.bulletin.texts):
            draft = await desk.edit(draft.id, LAN, reworded(language, "8:00."))
            if isinstance(draft, Refusal):
                return None
        draft = await desk.submit(draft.id, LAN, draft.approval_hash)
    if isinstance(draft, Refusal):
        return None
    for person in (MINH, PHUC):
        given = await desk.approve(draft.id, person, draft.approval_hash)
        if isinstance(given, Consented) and not given.still_needed:
            return given.broadcast
    return None
