"""The cluster: several processes share one PostgreSQL, and each post is held by exactly one of them.

A post is a bot token to send for, or the household: polling, timers, notices. Which posts need somebody is
read from the ledger; who holds which is the control plane's to say.

    wake ──> nudge: whoever holds a post looks at once
        └──> call: a job for each post that is needed ──> one process holds it until nobody needs it

A process proves by its heartbeat that it lives. When it cannot for two thirds of ``stalled_seconds`` it stops
sending by itself; when the others have heard nothing for all of them, they take over what it held.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from bot.control import Control, ControlUnavailable, Holder, JobId, PostName, WorkerId
from bot.supervisor import Supervisor
from broadcasts.ports import LedgerUnavailable

log = structlog.get_logger(__name__)

_BEATS_A_STALL = 6
_LOOKS_A_STALL = 6
_TRUSTED_PART = 2 / 3
_HANDED_OVER_SECONDS = 2.0


class WorkerEnded(Exception):
    """The worker gave up by itself, for it lost the database; the supervisor starts it anew."""


class Work(Protocol):
    """What holding a post comes to."""

    async def run(self) -> None:
        """Do it until cancelled."""

    def wake(self) -> None:
        """Something has changed in the database: look at once."""


@dataclass(frozen=True, slots=True)
class Staffing:
    """What one process may hold: posts of these kinds, by work that ``man`` puts together."""

    kinds: Sequence[str]
    posts_at_once: int
    man: Callable[[PostName], Work]


@dataclass(slots=True)
class _Tenure:
    """A post being held by this process."""

    post: PostName
    work: Work
    is_idle: bool = False
    task: asyncio.Task[None] | None = field(default=None, init=False)

    async def last(self) -> None:
        """Until it is given up, or we are cancelled. The work has come to its end when this returns."""
        async with asyncio.TaskGroup() as group:
            self.task = group.create_task(self.work.run())

    def give_up(self) -> None:
        if self.task is not None:
            self.task.cancel()


class Cluster:
    """One process's part in the cluster."""

    def __init__(
        self,
        control: Control,
        needed: Callable[[], Awaitable[Collection[PostName]]],
        stalled_seconds: float,
    ) -> None:
        """``needed`` reads which posts somebody should hold."""
        self._control = control
        self._needed = needed
        self._stalled_seconds = stalled_seconds
        self._beat_seconds = stalled_seconds / _BEATS_A_STALL
        self._woken = asyncio.Event()
        self._tenures: dict[JobId, _Tenure] = {}
        self._holder: Holder | None = None
        self._former: WorkerId | None = None
        self._orphans: frozenset[JobId] = frozenset()
        self._proven_at = 0.0

    def wake(self) -> None:
        """Something was approved, stopped, paused or resumed: whoever sends must know."""
        self._woken.set()

    def own(self, supervisor: Supervisor, staffing: Staffing | None) -> None:
        """Have all of it run; without ``staffing`` this process only calls for others."""
        supervisor.own("cluster calls", self._call_forever)
        if staffing is None:
            return
        supervisor.own("cluster listener", lambda: self._control.listen(self._wake_own))
        supervisor.own("cluster proof", self._prove_forever)
        supervisor.own("cluster watch", self._watch_forever)
        supervisor.own("cluster round", self._look_forever)
        supervisor.own("cluster worker", lambda: self._serve(staffing))  # the first that is stopped

    def may_send(self) -> bool:
        """Whether nobody can have taken over from us: it was proven a short while ago."""
        return self._now() - self._proven_at <= self._stalled_seconds * _TRUSTED_PART

    # --- calling --------------------------------------------------------------------------------------

    async def _call_forever(self) -> None:
        """A job behind one that is being held, too: it may be given up in this very moment."""
        while True:
            self._woken.clear()
            await self._control.nudge()
            await self._control.call(await self._needed())
            await self._woken.wait()

    def _wake_own(self) -> None:
        for tenure in self._tenures.values():
            tenure.work.wake()

    async def _look_forever(self) -> None:
        """Now and then: free what the dead hold, give up what nobody needs, call for what nobody holds."""
        while True:
            try:
                await self._look()
            except (ControlUnavailable, LedgerUnavailable) as error:
                log.warning("the database does not answer", error=str(error.__cause__ or error))
            await asyncio.sleep(self._stalled_seconds / _LOOKS_A_STALL)

    async def _look(self) -> None:
        for job, post in (await self._control.stalled(self._stalled_seconds)).items():
            log.warning("a process died or froze: its post is free again", post=post)
            await self._vacate(job, post)
        needed = frozenset(await self._needed())
        self._give_up_idle(needed)
        await self._control.call(sorted(needed - await self._control.taken()))

    def _give_up_idle(self, needed: frozenset[PostName]) -> None:
        """What was not needed at two looks in a row."""
        for tenure in self._tenures.values():
            was_idle, tenure.is_idle = tenure.is_idle, tenure.post not in needed
            if was_idle and tenure.is_idle:
                tenure.give_up()

    async def _vacate(self, job: JobId, post: PostName) -> None:
        try:
            await self._control.vacate(job, post)
        except ControlUnavailable:  # another process was quicker
            log.info("the post was freed already", post=post)

    # --- holding --------------------------------------------------------------------------------------

    async def _serve(self, staffing: Staffing) -> None:
        await self._leave_former()
        self._proven_at = self._now()

        async def hold(job: JobId, post: PostName) -> None:
            await self._hold(job, post, staffing.man(post))

        self._holder = self._control.holder(
            hold,
            staffing.kinds,
            staffing.posts_at_once,
            stalled_seconds=self._stalled_seconds,
            beat_seconds=self._beat_seconds,
        )
        try:
            await self._holder.run()
        finally:
            self._former = self._holder.id
        raise WorkerEnded("the control plane was lost")

    async def _leave_former(self) -> None:
        """What an earlier worker of this process could not give back, for the database was away."""
        if self._former is not None:
            for job, post in (await self._control.held_by(self._former)).items():
                await self._vacate(job, post)
            self._former = None

    async def _hold(self, job: JobId, post: PostName, work: Work) -> None:
        tenure = self._tenures[job] = _Tenure(post, work)
        log.info("holding a post", post=post)
        try:
            await tenure.last()
        except asyncio.CancelledError:
            await self._hand_over(post)
            raise
        finally:
            del self._tenures[job]
            log.info("gave up a post", post=post)

    async def _hand_over(self, post: PostName) -> None:
        """This process ends: another need not wait until somebody looks."""
        try:
            async with asyncio.timeout(_HANDED_OVER_SECONDS):
                await self._control.call([post])
        except (ControlUnavailable, TimeoutError) as error:
            log.info("a post was left without a call", post=post, error=str(error))

    # --- proving --------------------------------------------------------------------------------------

    async def _watch_forever(self) -> None:
        """Apart from the proofs: while the database is away, one of them may take very long."""
        while True:
            await asyncio.sleep(self._beat_seconds)
            if self._tenures and not self.may_send():
                log.warning("this process may have been taken for dead: it gives up its posts")
                self._give_up_all()

    async def _prove_forever(self) -> None:
        while True:
            await asyncio.sleep(self._beat_seconds)
            try:
                await self._prove()
            except ControlUnavailable as error:
                log.warning("this process cannot prove that it lives", error=str(error.__cause__ or error))

    async def _prove(self) -> None:
        """Once we may have been taken for dead, what we held is lost, though nobody may have noticed yet."""
        worker = None if self._holder is None else self._holder.id
        if worker is None:
            return
        asked_at = self._now()
        await self._control.beat(worker)
        held = await self._control.held_by(worker)
        if not self.may_send():
            self._give_up_all()
        self._proven_at = asked_at
        for job, tenure in self._tenures.items():
            if job not in held:
                log.warning("somebody else holds what was ours", post=tenure.post)
                tenure.give_up()
        await self._vacate_orphans(held)

    async def _vacate_orphans(self, held: dict[JobId, PostName]) -> None:
        """A post that we hold by the books alone: its end could not be written when it ended."""
        without_work = frozenset(held) - frozenset(self._tenures)
        for job in without_work & self._orphans:
            await self._vacate(job, held[job])
        self._orphans = without_work

    def _give_up_all(self) -> None:
        for tenure in self._tenures.values():
            tenure.give_up()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
