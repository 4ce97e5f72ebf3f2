"""The admin of groups, who pauses a channel and lets it go on; and what must hold of a paused one after a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from members.channel import ChannelId, PersonId
from members.control import Control
from members.ports import Look, Standing
from members.upkeep import Answer, Change, Upkeep
from simulator.crash.case import Case, Invariant, Violation
from simulator.crash.evidence import EDITS, POSTS, Evidence, Request, Rested
from simulator.crash.series import Pause
from simulator.crash.virtual_time import VirtualClock
from storage.roster import Roster

HOA = PersonId("telegram:2001")

_LEAVES_WITHIN_SECONDS = 2.0
"""What was under way when a channel was paused may still leave so much later, as with a stopped bulletin."""
_ROUNDED_SECONDS = 0.002
"""The database keeps milliseconds; in one and the same moment, nobody knows what came first."""
_SAYS_SOMETHING = POSTS | EDITS


class Hoa:
    """She pauses her groups, by their settings in the bot. She outlives the processes."""

    def __init__(
        self, clock: VirtualClock, evidence: Evidence, under_way: Callable[[int], frozenset[str]]
    ) -> None:
        """``under_way``: codes of what is being sent to a channel, as it is on disk."""
        self._clock = clock
        self._evidence = evidence
        self._under_way = under_way

    async def decide(self, pause: Pause, roster: Roster) -> None:
        """A press of the button, which has no effect when it is so already."""
        asked, channel = self._clock.seconds, ChannelId(pause.channel + 1)
        upkeep = Upkeep(roster, Control(roster, _SheAdministers()))
        if not pause.resumes:
            self._evidence.rests_asked.append((channel, asked))
        answer = await (upkeep.resume if pause.resumes else upkeep.pause)(channel, HOA)
        if self._evidence.is_alive and _is_so(answer):
            rested = Rested(channel, not pause.resumes, asked, self._clock.seconds, self._under_way(channel))
            self._evidence.rests.append(rested)


class _SheAdministers:
    """All that pausing and resuming ask of the platform; she stays an admin of her groups."""

    async def standing(self, bot: str, external_id: str, person: PersonId) -> Standing:
        return Standing.ADMIN

    async def look(self, bot: str, external_id: str, person: PersonId | None) -> Look | None:
        return None


def _is_so(answer: Answer) -> bool:
    return answer.change in (Change.DONE, Change.NOTHING)


def rests(case: Case) -> Iterator[Violation]:
    """Neither a copy nor a change of one leaves for it, but for what was being sent when it was paused."""
    told = case.evidence.rests
    for place, paused in enumerate(told):
        if not paused.is_paused:
            continue
        later = (
            one.asked for one in told[place + 1 :] if one.channel == paused.channel and not one.is_paused
        )
        ends = next(later, float("inf"))
        chats = case.evidence.channels[paused.channel].chats
        for request in case.evidence.requests:
            is_its_own = request.chat in chats and request.method in _SAYS_SOMETHING
            if is_its_own and _may_not_leave(request, paused, ends):
                said = f"channel {paused.channel} was paused at {paused.confirmed:.2f}"
                left = f"request {request.number} for {request.code} left at {request.departed:.2f}"
                yield Violation(Invariant.RESTS, f"{said}, {left}")


def _may_not_leave(request: Request, paused: Rested, ends: float) -> bool:
    within = _LEAVES_WITHIN_SECONDS if request.code in paused.under_way else 0.0
    return paused.confirmed + within < request.departed < ends


def may_have_rested(case: Case, channel: int, at: float) -> bool:
    """Whether it may have been paused at that moment, so that a bulletin that began then was not for it."""
    asked = [since for one, since in case.evidence.rests_asked if one == channel]
    goes_on = (one for one in case.evidence.rests if one.channel == channel and not one.is_paused)
    before = at - _ROUNDED_SECONDS
    resumed = max((one.confirmed for one in goes_on if one.confirmed < before), default=float("-inf"))
    planned_by = at + case.evidence.settles_within_seconds
    return any(resumed < since <= planned_by for since in asked)
