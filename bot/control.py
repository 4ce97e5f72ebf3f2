"""The control plane: procrastinate's queue, in a schema of its own inside the same PostgreSQL.

It carries a job for each post that somebody should hold, a few dozen in all, and never a message. Nothing in
it is worth keeping: what is to be done stands in the ledger. So it is made anew when procrastinate changed.

    call ──> waiting ──fetched──> held, by one process ──> finished and deleted
                ^  one at most a post       │
                └──── its process died ─────┘
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from importlib.metadata import version
from typing import Any, Final, NewType

from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.connector import Notify
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import DeleteJobCondition, Job, Status
from procrastinate.manager import JobManager
from procrastinate.worker import Worker
from psycopg import AsyncConnection, sql
from psycopg import Error as PostgresError
from sqlalchemy import URL

from storage.engine import POSTGRES_CONNECTION

JobId = NewType("JobId", int)
WorkerId = NewType("WorkerId", int)
PostName = NewType("PostName", str)
"""What exactly one process does at a time, like ``token:loa``; the kind stands before the colon."""

ControlUnavailable: Final = ConnectorException
"""The queue cannot be reached, or refused; what was asked can be asked again."""

_SCHEMA: Final = "control"
_HOLD: Final = "hold"
_NUDGES: Final = "loa_nudge"
_SCHEMA_LOCK: Final = 0x4C6F6103  # any number, the same in every process: "Loa" and a 3
_CONNECTIONS_AT_MOST: Final = 4
_FETCHED_AGAIN_SECONDS: Final = 1.0
_SECONDS_A_HELD_POST: Final = (
    0.0005  # a process that takes a hundred posts alone needs two seconds and a half for it
)

Hold = Callable[[JobId, PostName], Awaitable[None]]


class Holder:
    """One who fetches jobs and holds their posts. ``run`` it; cancelled, it gives them up."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    @property
    def id(self) -> WorkerId | None:
        """Under which id it is known; None before it is, and once it has taken leave."""
        return None if self._worker.worker_id is None else WorkerId(self._worker.worker_id)

    async def run(self) -> None:
        """Hold posts until cancelled; returns by itself only when the queue was lost."""
        run: Callable[[], Awaitable[None]] = self._worker.run
        await run()


class _Connector(PsycopgConnector):
    """procrastinate's own, but for listening.

    That one waits with ``asyncio.wait_for``, which in Python 3.11 loses a cancellation when something is heard in
    the same moment; the task would then listen for ever, and stopping Loa would never end.
    """

    def __init__(self, address: str, connection: dict[str, Any]) -> None:
        super().__init__(conninfo=address, kwargs=connection, min_size=1, max_size=_CONNECTIONS_AT_MOST)
        self._address = address
        self._connection = connection

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        """Hear until cancelled. Raises ControlUnavailable when the connection breaks."""
        try:
            connecting = AsyncConnection.connect(self._address, autocommit=True, **self._connection)
            async with await connecting as connection:
                for channel in channels:
                    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                async for heard in connection.notifies():
                    await on_notification(channel=heard.channel, payload=heard.payload)
        except PostgresError as error:
            raise ControlUnavailable from error


class _EvenJobs(JobManager):
    """procrastinate's own, but who holds much already takes its time, and leaves to others what they come for.

    Without that the first process to hear of a hundred calls takes nearly all of them.
    """

    held = 0
    """How many posts this process holds."""

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        """The next job, or None when there is none."""
        await asyncio.sleep(self.held * _SECONDS_A_HELD_POST)
        return await super().fetch_job(queues, worker_id)


class Control:
    """One process's access to the queue. ``open`` it first, ``close`` it at the end."""

    def __init__(self, address: URL) -> None:
        """``address`` is the database's, in SQLAlchemy's form."""
        self._address = address.set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection: dict[str, Any] = {**POSTGRES_CONNECTION, "options": f"-c search_path={_SCHEMA}"}
        self._connector = _Connector(self._address, self._connection)
        self._app = App(connector=self._connector)
        self._jobs = self._app.job_manager = _EvenJobs(self._connector)

    async def open(self) -> None:
        """Make the queue where it is missing or of another version, and connect."""
        async with await AsyncConnection.connect(self._address, **self._connection) as connection:
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", [_SCHEMA_LOCK])
            await _make(connection)
        await self._app.open_async()

    async def close(self) -> None:
        """Let go of every connection."""
        await self._app.close_async()

    async def call(self, posts: Iterable[PostName]) -> None:
        """Have these held by somebody: once more when they are held already, but never twice more."""
        for post in posts:
            job = self._app.configure_task(_HOLD, queue=_kind(post), lock=post, queueing_lock=post)
            with contextlib.suppress(AlreadyEnqueued):
                await job.defer_async(post=post)

    async def nudge(self) -> None:
        """Tell every process that something in the ledger has changed."""
        await self._connector.execute_query_async("SELECT pg_notify(%(channel)s, '')", channel=_NUDGES)

    async def listen(self, nudged: Callable[[], None]) -> None:
        """Hear nudges until cancelled."""

        async def hear(*, channel: str, payload: str) -> None:
            nudged()

        await self._connector.listen_notify(on_notification=hear, channels=[_NUDGES])

    def holder(
        self,
        hold: Hold,
        kinds: Sequence[str],
        posts_at_once: int,
        *,
        stalled_seconds: float,
        beat_seconds: float,
    ) -> Holder:
        """One who calls ``hold`` for each job of these kinds that it gets."""

        async def run(context: JobContext, post: str) -> None:
            self._jobs.held += 1
            try:
                await hold(JobId(context.job.id or 0), PostName(post))
            finally:
                self._jobs.held -= 1

        self._app.tasks.pop(_HOLD, None)
        self._app.task(name=_HOLD, pass_context=True)(run)
        return Holder(
            Worker(
                self._app,
                queues=kinds,
                name="loa",
                concurrency=posts_at_once,
                fetch_job_polling_interval=_FETCHED_AGAIN_SECONDS,
                shutdown_graceful_timeout=0,  # a post is held until it is given up: waiting would never end
                delete_jobs=DeleteJobCondition.ALWAYS,
                install_signal_handlers=False,
                update_heartbeat_interval=beat_seconds,
                stalled_worker_timeout=stalled_seconds,
            )
        )

    async def beat(self, worker: WorkerId) -> None:
        """Show that this worker lives."""
        await self._jobs.update_heartbeat(worker)

    async def held_by(self, worker: WorkerId) -> dict[JobId, PostName]:
        """What this worker holds, by the books."""
        held = await self._jobs.list_jobs_async(status=Status.DOING.value, worker_id=worker)
        return dict(map(_named, held))

    async def taken(self) -> frozenset[PostName]:
        """The posts that are held, or that somebody was called to."""
        jobs = await self._jobs.list_jobs_async()
        return frozenset(post for _, post in map(_named, jobs))

    async def stalled(self, seconds: float) -> dict[JobId, PostName]:
        """The jobs of workers that have not been heard of for so long."""
        found = await self._jobs.get_stalled_jobs(seconds_since_heartbeat=seconds)
        return dict(map(_named, found))

    async def vacate(self, job: JobId, post: PostName) -> None:
        """Nobody holds this any more: let somebody else.

        The job is deleted and a new one made. Were it retried, its first worker, should it come back to life,
        would finish the very job that another holds by then, and a third could begin.
        """
        await self._jobs.finish_job_by_id_async(job, Status.FAILED, delete_job=True)
        await self.call([post])


async def _make(connection: AsyncConnection) -> None:
    """procrastinate says nothing about its version in the database, so the schema's comment does."""
    wanted = f"procrastinate {version('procrastinate')}"
    found = await (
        await connection.execute(
            "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s", [_SCHEMA]
        )
    ).fetchone()
    if found == (wanted,):
        return
    schema = sql.Identifier(_SCHEMA)
    await connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(schema))
    await connection.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
    await connection.execute(sql.SQL("COMMENT ON SCHEMA {} IS {}").format(schema, sql.Literal(wanted)))
    await connection.execute(App(connector=PsycopgConnector()).schema_manager.get_schema().encode())


def _kind(post: PostName) -> str:
    return post.partition(":")[0]


def _named(job: Job) -> tuple[JobId, PostName]:
    return JobId(job.id or 0), PostName(job.lock or "")
