"""What all benchmarks share: the clock and the processor's, a core of one's own, and the one line they print."""

from __future__ import annotations

import gc
import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import NoReturn

CANNOT_BE_MEASURED_HERE = 3
"""The exit code of a benchmark that lacks what it needs."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run."""

    count: int
    seconds: float
    cpu_seconds: float

    @property
    def per_second(self) -> float:
        """How many in a second of the clock on the wall."""
        return self.count / self.seconds

    @property
    def cpu_microseconds(self) -> float:
        """Processor time of each, all threads together."""
        return self.cpu_seconds / self.count * 1e6


@dataclass(frozen=True, slots=True)
class Finding:
    """What a benchmark found. ``ratio`` is to each peer, taken in the same run; ``more`` explains the figure."""

    id: str
    figure: float
    unit: str
    target: str
    met: bool
    peers: Mapping[str, float] = field(default_factory=dict)
    ratio: Mapping[str, float] = field(default_factory=dict)
    more: Mapping[str, object] = field(default_factory=dict)


def tell(finding: Finding) -> None:
    """Print the one line."""
    print(json.dumps(asdict(finding), ensure_ascii=False), flush=True)


def give_up(reason: str) -> NoReturn:
    """Something that is needed is not installed here; say so, and what to do."""
    print(reason, file=sys.stderr)
    sys.exit(CANNOT_BE_MEASURED_HERE)


async def measure(count: int, work: Callable[[], Awaitable[None]]) -> Measured:
    """Wall and processor time of ``work``. What was imported and wired is not searched for garbage again."""
    gc.collect()
    gc.freeze()
    started, used = time.perf_counter(), cpu_seconds()
    await work()
    return Measured(count, time.perf_counter() - started, cpu_seconds() - used)


def cpu_seconds() -> float:
    """Processor time of this process until now, all threads together."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-len(ordered) * percent // 100).__int__() - 1))]


def client_core() -> int | None:
    """The core for what is measured; None where the system cannot say."""
    return _cores()[0] if _cores() else None


def server_core() -> int | None:
    """Another core than the client's; None where there is only one."""
    return _cores()[-1] if len(_cores()) > 1 else None


def pin(core: int | None) -> None:
    """Stay on that core from now on, with all threads begun later."""
    if core is not None:
        os.sched_setaffinity(0, {core})


def _cores() -> list[int]:
    if not hasattr(os, "sched_getaffinity"):
        return []
    return sorted(os.sched_getaffinity(os.getppid()) | os.sched_getaffinity(0))
