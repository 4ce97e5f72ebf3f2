"""The control plane on a real PostgreSQL: one holder a post, whatever dies, freezes or comes late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import psycopg
import pytest
from sqlalchemy import make_url

from bot.control import Control, ControlUnavailable, Holder, JobId, PostName, WorkerId

POST = PostName("token:loa")
PATIENCE_SECONDS = 30.0


@pytest.fixture
async def control(fresh_postgres_url: str) -> AsyncIterator[Control]:
    async with opened(fresh_postgres_url) as control:
        yield control


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Control]:
    control = Control(make_url(url))
    await control.open()
    yield control
    await control.close()


class Worker:
    """A process that holds what it gets until it is told to let go."""

    def __init__(self, control: Control, posts_at_once: int) -> None:
        self.held: list[PostName] = []
        self.let_go = asyncio.Event()
        self.holder: Holder = control.holder(
            self._hold, ["token"], posts_at_once, stalled_seconds=60, beat_seconds=20
        )

    async def _hold(self, _job: JobId, post: PostName) -> None:
        self.held.append(post)
        try:
            await self.let_go.wait()
        finally:
            self.held.remove(post)

    @property
    def id(self) -> WorkerId:
        assert self.holder.id is not None
        return self.holder.id


@asynccontextmanager
async def working(control: Control, posts_at_once: int = 5) -> AsyncIterator[Worker]:
    worker = Worker(control, posts_at_once)
    running = asyncio.create_task(worker.holder.run())
    await until(lambda: worker.holder.id is not None)
    yield worker
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110 (it happens in a database)
            await asyncio.sleep(0.01)


async def eventually(ask: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await ask():  # noqa: ASYNC110 (it happens in a database)
            await asyncio.sleep(0.01)


async def test_processes_that_start_together_make_one_queue(fresh_postgres_url: str) -> None:
    together = [Control(make_url(fresh_postgres_url)) for _ in range(3)]
    await asyncio.gather(*(control.open() for control in together))
    await together[0].call([POST])
    assert await together[1].taken() == {POST}
    await asyncio.gather(*(control.close() for control in together))


async def test_a_queue_of_another_version_is_made_anew(fresh_postgres_url: str) -> None:
    async with opened(fresh_postgres_url) as control:
        await control.call([POST])
    async with opened(fresh_postgres_url) as control:
        assert await control.taken() == {POST}, "the same version keeps it"
    address = fresh_postgres_url.replace("+psycopg", "")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("COMMENT ON SCHEMA control IS 'procrastinate 0.0.1'")
    async with opened(fresh_postgres_url) as control:
        assert await control.taken() == frozenset()


async def test_calls_for_a_post_that_is_held_come_to_one_more_holding(control: Control) -> None:
    async with working(control) as worker:
        await control.call([POST])
        await until(lambda: worker.held == [POST])
        for _ in range(5):
            await control.call([POST])
        assert len(await control.held_by(worker.id)) == 1
        worker.let_go.set()

        async def all_over() -> bool:
            return not await control.taken()

        await eventually(all_over)


async def test_two_processes_never_hold_one_post(fresh_postgres_url: str) -> None:
    posts = [PostName(f"token:loa{number}") for number in range(4)]
    async with (
        opened(fresh_postgres_url) as here,
        opened(fresh_postgres_url) as there,
        working(here) as one,
        working(there) as other,
    ):
        for _ in range(3):
            await asyncio.gather(here.call(posts), there.call(posts))
            await until(lambda: len(one.held) + len(other.held) == len(posts))
            assert sorted(one.held + other.held) == posts


async def test_who_holds_much_leaves_what_comes_to_who_holds_little(fresh_postgres_url: str) -> None:
    posts = [PostName(f"token:loa{number}") for number in range(60)]
    async with opened(fresh_postgres_url) as here, working(here, 60) as one:
        await here.call(posts[:40])
        await until(lambda: len(one.held) == 40)
        async with opened(fresh_postgres_url) as there, working(there, 60) as other:
            await here.call(posts[40:])
            await until(lambda: len(one.held) + len(other.held) == 60)
            assert len(other.held) > 10


async def test_what_a_silent_process_holds_goes_to_another_though_a_call_for_it_waits(
    fresh_postgres_url: str,
) -> None:
    async with (
        opened(fresh_postgres_url) as here,
        opened(fresh_postgres_url) as there,
        working(here, posts_at_once=1) as silent,
    ):
        await here.call([POST])
        await until(lambda: silent.held == [POST])
        await here.call([POST])  # waits behind the first
        async with working(there) as other:
            job = next(iter(await here.held_by(silent.id)))
            assert job in await there.stalled(-1), "it counts as silent when nothing is forgiven"
            await there.vacate(job, POST)
            await until(lambda: other.held == [POST])


async def test_one_who_comes_back_late_does_not_end_what_another_holds_by_then(
    fresh_postgres_url: str,
) -> None:
    async with (
        opened(fresh_postgres_url) as here,
        opened(fresh_postgres_url) as there,
        working(here, posts_at_once=1) as late,
    ):
        await here.call([POST])
        await until(lambda: late.held == [POST])
        async with working(there) as other:
            await there.vacate(next(iter(await here.held_by(late.id))), POST)
            await until(lambda: other.held == [POST])
            late.let_go.set()
            await until(lambda: not late.held)
            await asyncio.sleep(0.2)
            assert list((await here.held_by(other.id)).values()) == [POST]


async def test_a_post_is_freed_by_one_process_only(control: Control) -> None:
    async with working(control) as worker:
        await control.call([POST])
        await until(lambda: worker.held == [POST])
        job = next(iter(await control.held_by(worker.id)))
        await control.vacate(job, POST)
        with pytest.raises(ControlUnavailable):
            await control.vacate(job, POST)


async def test_a_nudge_is_heard_by_every_process(fresh_postgres_url: str) -> None:
    async with opened(fresh_postgres_url) as here, opened(fresh_postgres_url) as there:
        heard: list[str] = []
        ears = [
            asyncio.create_task(here.listen(lambda: heard.append("here"))),
            asyncio.create_task(there.listen(lambda: heard.append("there"))),
        ]

        async def both_heard() -> bool:
            await here.nudge()
            return set(heard) == {"here", "there"}

        await eventually(both_heard)
        for ear in ears:
            ear.cancel()
        await asyncio.gather(*ears, return_exceptions=True)
