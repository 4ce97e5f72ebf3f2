"""The supervisor restarts what may be restarted, ends what may not, and lets nobody go unheard."""

import asyncio

import pytest

from bot.supervisor import OnCrash, Supervisor, TaskEnded


async def test_a_crashed_task_is_started_again() -> None:
    runs: list[int] = []
    twice = asyncio.Event()

    async def stumbles_once() -> None:
        runs.append(1)
        if len(runs) == 1:
            raise RuntimeError("stumbled")
        twice.set()
        await asyncio.Event().wait()

    supervisor = Supervisor()
    supervisor.own("stumbles", stumbles_once)
    supervisor.start()
    await twice.wait()
    await supervisor.stop()


async def test_a_task_that_loa_cannot_do_without_ends_the_process() -> None:
    async def breaks() -> None:
        raise OSError("disk gone")

    supervisor = Supervisor()
    supervisor.own("committer", breaks, OnCrash.END)
    supervisor.start()
    with pytest.raises(TaskEnded, match="committer") as ended:
        await supervisor.wait()
    assert isinstance(ended.value.__cause__, OSError)
    await supervisor.stop()


async def test_what_was_started_first_is_stopped_last() -> None:
    stopped: list[str] = []

    def sleeper(name: str) -> None:
        async def run() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                stopped.append(name)

        supervisor.own(name, run)

    supervisor = Supervisor()
    sleeper("committer")
    sleeper("pump")
    supervisor.start()
    await asyncio.sleep(0)
    sleeper("late comer")
    await asyncio.sleep(0)
    await supervisor.stop()
    assert stopped == ["late comer", "pump", "committer"]
