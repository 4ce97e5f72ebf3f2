"""The worker: reads requests from its standard input, answers on its standard output, ends when nobody asks any more.

It is given no environment and no secret, and holds no file but its two pipes. What it may use of the machine is
limited; what takes longer than it may ends it, also when nobody is left to wait.
"""

from __future__ import annotations

import contextlib
import encodings.punycode  # noqa: F401 (looked up by name when a text asks for it)
import os
import resource
import signal
import sys
from typing import BinaryIO
from zoneinfo import ZoneInfo

from bot.worker.frames import MOST_REQUEST_BYTES, read_frame, write_frame
from bot.worker.work import Work
from bulletins.rendering import Imprint

_MOST_MEMORY_BYTES = 512 * 1024 * 1024
_MOST_PROCESSOR_SECONDS = 5.0


def main(bot_username: str, zone: str) -> None:
    """Answer until the pipe is closed."""
    requests, replies = _pipes()
    work = Work(Imprint(bot_username, ZoneInfo(zone)))
    _limit()
    write_frame(replies, b"")  # ready
    with contextlib.suppress(BrokenPipeError):
        while (request := read_frame(requests, MOST_REQUEST_BYTES)) is not None:
            write_frame(replies, _reply(work, request))


def _reply(work: Work, request: bytes) -> bytes:
    """An empty reply for what could not be done. Nothing of the request is told to anybody else."""
    signal.setitimer(signal.ITIMER_PROF, _MOST_PROCESSOR_SECONDS)
    try:
        return work.answer(request)
    except Exception:  # noqa: BLE001 (whatever it is, it was caused by what a stranger made)
        return b""
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """The two ends, out of reach of whatever prints."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)
    return sys.stdin.buffer, replies


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY_BYTES, _MOST_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever is at the keyboard means the whole of Loa
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # it ends the process, in the middle of a pattern too


if __name__ == "__main__":
    main(*sys.argv[1:3])
