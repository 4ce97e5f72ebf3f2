"""Lan and Minh at a series: approved once, then skipped, stopped, corrected; and what is held is decided upon."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from sqlalchemy.ext.asyncio import AsyncEngine

from broadcasts.book import Consented, Refusal
from broadcasts.broadcast import Broadcast, BroadcastState
from broadcasts.consent import StartRules, at_once
from broadcasts.drafting import Origin, blank, worded
from broadcasts.lifecycle import Desk
from bulletins.bulletin import VIETNAMESE, BulletinId, Code, Recurrence, Status, Text
from simulator.crash.calendar import CALENDAR
from simulator.crash.evidence import DecisionKind, Evidence, SeriesStopped, Skipped
from simulator.crash.people import LAN, MINH, People, Ready, correct
from simulator.crash.scenario import STARTS
from simulator.crash.series import RULES, SERIES_ENDS_SECONDS, SeriesAct, SeriesActKind
from simulator.crash.virtual_time import VirtualClock
from storage.bulletins import BulletinBook
from storage.committer import Committer

ENDS = STARTS + timedelta(seconds=SERIES_ENDS_SECONDS)


async def write_series(engine: AsyncEngine, committer: Committer) -> tuple[Ready, ...]:
    """Lan composes one series for each rule and asks for approval."""
    rules = StartRules(next_moment=CALENDAR)
    desk = Desk(
        BulletinBook(engine, committer, lambda: rules),
        now=lambda: STARTS,
        draw=Random(8),
        wake=lambda: None,
        set_timer=lambda _, at: None,
        next_moment=CALENDAR,
    )
    ready: list[Ready] = []
    for number, line in enumerate(RULES):
        words = worded(
            VIETNAMESE, Text(f"Nhắc số {number + 1}", "Chiều nay có lịch tiêm phòng tại trạm y tế.")
        )
        series = words(blank(Status.ACTUAL, "Trung tâm Y tế thành phố", STARTS))
        recurrence = Recurrence(line, ENDS, valid_hours=1)
        series = replace(series, source_url="https://tin.example.vn/2", recurrence=recurrence)
        composed = await desk.compose(series, Origin(LAN, "1001", f"series:{number}"))
        asked = await desk.submit(composed.id, LAN, composed.approval_hash)
        if isinstance(asked, Refusal):
            raise TypeError(f"the series was refused: {asked}")
        ready.append(Ready(asked.id, asked.bulletin.code, asked.approval_hash))
    return tuple(ready)


class SeriesKeeper:
    """What people do about one series during one run. It outlives the processes."""

    def __init__(
        self,
        ready: Ready,
        people: People,
        clock: VirtualClock,
        evidence: Evidence,
        codes_made: Callable[[], list[str]],
    ) -> None:
        """``codes_made``: those of the occurrences on disk, the newest last."""
        self._ready = ready
        self._people = people
        self._clock = clock
        self._evidence = evidence
        self._codes_made = codes_made
        self._meant: dict[SeriesAct, datetime] = {}
        self._chosen: dict[SeriesAct, Code] = {}

    async def perform(self, act: SeriesAct, desk: Desk) -> None:
        """One of what a seed says."""
        match act.kind:
            case SeriesActKind.APPROVE:
                await desk.approve(self._ready.id, MINH, self._ready.approval_hash)
            case SeriesActKind.SKIP | SeriesActKind.UNSKIP:
                await self._skip(act, desk)
            case SeriesActKind.STOP:
                await self._stop(desk)
            case SeriesActKind.STOP_OCCURRENCE:
                await self._stop_occurrence(act, desk)
            case SeriesActKind.CORRECT_OCCURRENCE:
                await self._correct_occurrence(act, desk)
            case SeriesActKind.SEND_HELD:
                await self._send_held(desk)

    async def _send_held(self, desk: Desk) -> None:
        for held in await desk.to_come():
            if held.state is BroadcastState.HELD:
                await self.decide(held.id, desk)

    async def decide(self, bulletin_id: BulletinId, desk: Desk) -> None:
        """Lan and Minh send what is held, or Lan stops it when it cannot go any more."""
        held, asked = await desk.find(bulletin_id), self._clock.seconds
        if held is None:
            return
        if self._evidence.is_alive:
            self._evidence.sent_late.add(held.bulletin.code)
        sent = await desk.send_now(bulletin_id, LAN)
        if sent is Refusal.NOT_ITS_TIME:
            given = await desk.approve(bulletin_id, MINH, at_once(held).approval_hash, asked_by=LAN)
            sent = given.broadcast if isinstance(given, Consented) else given
        if isinstance(sent, Broadcast):
            self._people.decided(DecisionKind.STARTED, sent, asked)
        else:
            await desk.stop(bulletin_id, LAN)

    async def _skip(self, act: SeriesAct, desk: Desk) -> None:
        """A button names the moment it was made for, however late or often it is pressed."""
        is_skipped = act.kind is SeriesActKind.SKIP
        moment = self._meant.get(act) or await self._moment_meant(desk, is_skipped)
        if moment is None or not self._evidence.is_alive:
            return
        if act not in self._meant:
            at = (moment - STARTS).total_seconds()
            self._evidence.skips.append(Skipped(at, is_skipped, self._clock.seconds))
            self._meant[act] = moment
        note = self._evidence.skips[list(self._meant).index(act)]
        answer = await (desk.skip if is_skipped else desk.unskip)(self._ready.id, LAN, moment)
        if isinstance(answer, Broadcast) and self._evidence.is_alive:
            note.confirmed = self._clock.seconds

    async def _moment_meant(self, desk: Desk, is_skipped: bool) -> datetime | None:
        if not is_skipped:
            return next(reversed(self._meant.values()), None)
        series = await desk.find(self._ready.id)
        return None if series is None or series.upcoming is None else series.upcoming.at

    async def _stop(self, desk: Desk) -> None:
        asked = self._clock.seconds
        stopped = await desk.stop(self._ready.id, LAN)
        is_stopped = isinstance(stopped, Broadcast) and stopped.state is BroadcastState.STOPPED
        if is_stopped and self._evidence.is_alive:
            told = SeriesStopped(asked, self._clock.seconds, len(self._codes_made()))
            self._evidence.series_stopped.append(told)

    async def _occurrence_meant(self, act: SeriesAct, desk: Desk) -> Broadcast | None:
        """The newest one when the button was made."""
        if act not in self._chosen:
            codes = self._codes_made()
            if not codes:
                return None
            self._chosen[act] = Code(codes[-1])
        return await desk.find(self._chosen[act])

    async def _stop_occurrence(self, act: SeriesAct, desk: Desk) -> None:
        asked, meant = self._clock.seconds, await self._occurrence_meant(act, desk)
        if meant is None:
            return
        stopped = await desk.stop(meant.id, LAN)
        if isinstance(stopped, Broadcast) and stopped.state is BroadcastState.STOPPED:
            self._people.decided(DecisionKind.STOPPED, stopped, asked)

    async def _correct_occurrence(self, act: SeriesAct, desk: Desk) -> None:
        asked, meant = self._clock.seconds, await self._occurrence_meant(act, desk)
        if meant is None:
            return
        origin = Origin(LAN, "1001", f"series:{act.kind}:{meant.bulletin.code}")
        given = await correct(desk, meant.bulletin.code, origin)
        if given is not None:
            self._people.decided(DecisionKind.STARTED, given, asked)
