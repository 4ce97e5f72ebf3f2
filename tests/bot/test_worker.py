"""Worker processes: late, killed, talking nonsense or hungry, they cost whoever asked an answer, and nobody else."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.worker.examiner import InlineExaminer, WorkerExaminer
from bot.worker.lanes import Lane, Limits, worker_command
from bulletins.bulletin import VIETNAMESE
from bulletins.cap import CapDraft, CapRefusal
from bulletins.code import make
from bulletins.links import MarkedLink
from bulletins.rendering import Imprint, render
from reports.checks.comparison import Published
from reports.checks.genuine import Examination, GenuineCheck
from reports.content import Content
from reports.findings import Likeness, NotExamined
from tests.bulletins.bulletin_samples import FLOOD, NOW
from tests.bulletins.cap_samples import alert

IMPRINT = Imprint("LoaTestBot", ZoneInfo("Asia/Ho_Chi_Minh"))
ROOT = Path(__file__).resolve().parents[2]
CONTENT = Content(
    "Xem ngay http://bit.ly/a và 0912345678", (MarkedLink("vcb.com.vn", "http://x.top"),), False, False, False
)

# Says what it is told, but for a few words.
PARROT = """
import os, sys, time
def read():
    head = sys.stdin.buffer.read(4)
    return sys.stdin.buffer.read(int.from_bytes(head, "big")) if len(head) == 4 else sys.exit()
def write(content):
    os.write(1, len(content).to_bytes(4, "big") + content)
write(b"")
while True:
    said = read()
    if said == b"sleep":
        time.sleep(600)
    if said == b"noise":
        os.write(1, b"\\xff" * 64)
    if said == b"half":
        os.write(1, b"\\0\\0\\0\\x09half"), sys.exit()
    if said == b"die":
        sys.exit()
    if said.startswith(b"wait "):
        open(said[5:]).read()
    write(b"" if said == b"fail" else said)
"""


def as_text(reply: bytes) -> str:
    if reply == b"nonsense":
        raise ValueError("no value of its type")
    return reply.decode()


def parrot(limits: Limits | None = None) -> Lane:
    return Lane("parrot", (sys.executable, "-c", PARROT), limits)


@asynccontextmanager
async def at_work(*lanes: Lane) -> AsyncIterator[None]:
    """As the supervisor owns them."""
    tasks = [asyncio.create_task(lane.run()) for lane in lanes]
    await asyncio.sleep(0)
    yield
    for task in tasks:
        task.cancel()
        await asyncio.wait([task])


def pid_of(lane: Lane) -> int:
    assert lane._process is not None
    return lane._process.pid


@pytest.mark.parametrize("fatal", [b"noise", b"half", b"die", b"nonsense"])
async def test_after_one_that_dies_or_talks_nonsense_another_answers(fatal: bytes) -> None:
    lane = parrot()
    async with at_work(lane):
        assert await lane.ask(b"first", as_text) == "first"
        before = pid_of(lane)
        broken = await lane.ask(fatal, as_text)
        assert broken is NotExamined.LATE
        assert await lane.ask(b"second", as_text) == "second"
        assert pid_of(lane) != before


async def test_what_a_worker_could_not_do_is_said_and_it_goes_on() -> None:
    lane = parrot()
    async with at_work(lane):
        assert await lane.ask(b"fail", as_text) is NotExamined.LATE
        before = pid_of(lane)
        assert await lane.ask(b"next", as_text) == "next"
        assert pid_of(lane) == before


async def test_a_worker_killed_in_the_middle_costs_one_answer(tmp_path: Path) -> None:
    lane, fifo = parrot(), tmp_path / "fifo"
    os.mkfifo(fifo)
    async with at_work(lane):
        asked = asyncio.create_task(lane.ask(b"wait " + bytes(fifo), as_text))
        waiting = asyncio.create_task(lane.ask(b"next", as_text))
        reading = await asyncio.to_thread(fifo.open, "w")  # it has begun
        os.kill(pid_of(lane), signal.SIGKILL)
        assert await asked is NotExamined.LATE
        assert await waiting == "next"
        reading.close()


async def test_one_that_takes_too_long_is_ended() -> None:
    lane = parrot(Limits(deadline_seconds=0.2))
    async with at_work(lane):
        asked = asyncio.create_task(lane.ask(b"sleep", as_text))
        assert await asked is NotExamined.LATE
        assert lane._process is None


async def test_the_loop_goes_on_turning_while_a_worker_chews(tmp_path: Path) -> None:
    lane, fifo = parrot(), tmp_path / "fifo"
    os.mkfifo(fifo)
    async with at_work(lane):
        asked = asyncio.create_task(lane.ask(b"wait " + bytes(fifo), as_text))
        reading = await asyncio.to_thread(fifo.open, "w")  # it is chewing from now on
        for _ in range(1_000):
            await asyncio.sleep(0)
        assert not asked.done()
        reading.close()
        assert await asked == f"wait {fifo}"


async def test_of_many_at_once_each_gets_its_own_and_what_is_too_much_is_told() -> None:
    lane = parrot(Limits(most_waiting=40))
    async with at_work(lane):
        asked = [asyncio.create_task(lane.ask(b"%d" % number, as_text)) for number in range(60)]
        answers = await asyncio.gather(*asked)
    assert answers[:40] == [str(number) for number in range(40)]
    assert set(answers[40:]) == {NotExamined.BUSY}


async def test_who_gives_up_waiting_gets_nobody_elses_answer_mixed_up(tmp_path: Path) -> None:
    lane, fifo = parrot(), tmp_path / "fifo"
    os.mkfifo(fifo)
    async with at_work(lane):
        first = asyncio.create_task(lane.ask(b"wait " + bytes(fifo), as_text))
        second = asyncio.create_task(lane.ask(b"second", as_text))
        third = asyncio.create_task(lane.ask(b"third", as_text))
        reading = await asyncio.to_thread(fifo.open, "w")
        first.cancel()
        second.cancel()
        await asyncio.wait([first, second])
        reading.close()
        assert await third == "third"


async def test_when_loa_stops_nobody_waits_and_no_process_is_left() -> None:
    lane = parrot()
    async with at_work(lane):
        await lane.ask(b"first", as_text)
        left = os.pidfd_open(pid_of(lane))
        asked = [asyncio.create_task(lane.ask(word, as_text)) for word in (b"sleep", b"next")]
        await asyncio.sleep(0)
    assert await asyncio.gather(*asked) == [NotExamined.BUSY, NotExamined.BUSY]
    assert await lane.ask(b"late", as_text) is NotExamined.BUSY
    assert select.select([left], [], [], 0)[0]  # a process that has ended can be read
    os.close(left)


async def test_a_worker_that_nobody_needs_is_let_go() -> None:
    lane = parrot(Limits(idle_seconds=0.01))
    async with at_work(lane):
        await lane.ask(b"first", as_text)
        async with asyncio.timeout(30):
            while lane._process is not None:  # noqa: ASYNC110 (nobody tells of it)
                await asyncio.sleep(0.01)
        assert await lane.ask(b"second", as_text) == "second"


PARENT = """
import asyncio, sys
from tests.bot.test_worker import PARROT
from bot.worker.lanes import Lane
async def main():
    lane = Lane("orphan", sys.argv[1:])
    running = asyncio.create_task(lane.run())
    await asyncio.sleep(0)
    asked = asyncio.create_task(lane.ask(b"mask " + b'"a"', bytes.decode))
    await asked
    print(lane._process.pid, flush=True)
    await running
asyncio.run(main())
"""


async def test_when_loa_is_killed_its_worker_ends_by_itself() -> None:
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT, *worker_command(IMPRINT)), stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert parent.stdout is not None
    worker = os.pidfd_open(int(await parent.stdout.readline()))
    parent.kill()
    await parent.wait()
    assert (await asyncio.to_thread(select.select, [worker], [], [], 60))[0]
    os.close(worker)


# The real worker, but for what it does when it is asked.
HUNGRY = """
import sys
import bot.worker.__main__ as worker
def eat(work, request):
    if request == b"memory":
        return b"%d" % len(bytearray(2**30))
    if request == b"depth":
        return eat(work, request)
    while request == b"time":
        pass
    return request
worker.Work.answer = eat
worker._MOST_PROCESSOR_SECONDS = 0.2
worker.main(*sys.argv[1:])
"""


@pytest.mark.parametrize("bomb", [b"memory", b"depth", b"time"])
async def test_what_eats_memory_or_time_is_ended_by_its_limits(bomb: bytes) -> None:
    lane = Lane(
        "hungry", (sys.executable, "-P", "-c", HUNGRY, "LoaTestBot", "UTC"), Limits(deadline_seconds=600.0)
    )
    async with asyncio.timeout(120), at_work(lane):  # its own limits end it, not ours
        assert await lane.ask(bomb, as_text) is NotExamined.LATE
        assert await lane.ask(b"next", as_text) == "next"


async def test_a_worker_has_no_secret_and_no_file_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOA_SECRET_KEY", "a-secret-that-opens-nothing")
    lane = Lane("staff", worker_command(IMPRINT))
    async with at_work(lane):
        await lane.ask(b'mask "a"', as_text)
        place = Path(f"/proc/{pid_of(lane)}")
        assert b"LOA_" not in (place / "environ").read_bytes()
        opened = {os.readlink(file) for file in (place / "fd").iterdir()}
        assert all(one == os.devnull or one.startswith(("pipe:", "socket:")) for one in opened)


class Shelf:
    """Two published bulletins, one of them recent."""

    def __init__(self) -> None:
        self.held = [Published(replace(FLOOD, code=make(number), sent=NOW)) for number in (7, 8)]

    async def published(self, code: str) -> Published | None:
        return next((one for one in self.held if one.bulletin.code == code), None)

    async def newest(self) -> list[Published]:
        return self.held[:1]


async def test_workers_find_what_is_found_inline() -> None:
    shelf, inline = Shelf(), InlineExaminer(IMPRINT)
    command = worker_command(IMPRINT)
    workers = WorkerExaminer(Lane("strangers", command), Lane("staff", command))
    copy = render(shelf.held[1].bulletin, VIETNAMESE, imprint=IMPRINT).plain
    flood = FLOOD.texts[VIETNAMESE]
    own_words = f"{flood.headline}\n{flood.body}\n{flood.instruction} http://a.top"
    async with at_work(*workers.lanes):
        for text in (copy, copy + " Gọi 0999 999 999", own_words, "Họp tổ dân phố lúc 19 giờ", "LOA-9999-9"):
            there, here = (GenuineCheck(shelf, by, lambda: NOW) for by in (workers, inline))
            assert await there.examine(text, ("http://b.top",)) == await here.examine(text, ("http://b.top",))
        assert await workers.look_at(CONTENT) == await inline.look_at(CONTENT)
        assert await workers.mask(CONTENT.text) == await inline.mask(CONTENT.text)
        drafts = [await by.read_cap(alert().encode(), NOW) for by in (workers, inline)]
        assert isinstance(drafts[0], CapDraft)
        assert drafts[0] == drafts[1]
        refusals = [await by.read_cap(b"<a>", NOW) for by in (workers, inline)]
        assert isinstance(refusals[0], CapRefusal)
        assert refusals[0] == refusals[1]


async def test_a_new_worker_is_told_the_recent_bulletins_again() -> None:
    lane = Lane("strangers", worker_command(IMPRINT))
    check = GenuineCheck(Shelf(), WorkerExaminer(lane, lane), lambda: NOW)
    flood = FLOOD.texts[VIETNAMESE]
    async with at_work(lane):
        for _ in range(2):
            found = await check.examine(f"{flood.headline}\n{flood.body}\n{flood.instruction}")
            assert isinstance(found, Examination)
            assert found.finding is not None
            assert found.finding.likeness is Likeness.ALTERED
            os.kill(pid_of(lane), signal.SIGKILL)
            assert await lane.ask(b"mask 1", as_text) is NotExamined.LATE
