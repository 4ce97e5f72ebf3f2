"""The event loop that the commands run on, and how often Python looks for garbage meanwhile.

What is loaded stays for good, several hundred thousand objects: walking through them again and again for cycles
cost a tenth of the time it takes to load them, and a fifth of all processor time when a thousand admins enrolled at
once.
"""

from __future__ import annotations

import gc
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")

_NEW_OBJECTS_BETWEEN_LOOKS = 20_000


@contextmanager
def loading() -> Iterator[None]:
    """What is imported within it is not garbage, now or later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def run(work: Coroutine[Any, Any, T]) -> T:
    """The result of ``work``, on a new loop."""
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS_BETWEEN_LOOKS, 20, 20)
    return uvloop.run(work)
