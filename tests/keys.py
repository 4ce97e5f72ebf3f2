"""An operator's secret for tests, and the names that are made with it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from storage.naming import Names

SECRET = bytes(range(32))
NAMES = Names(SECRET)


def one_after_another() -> Callable[[int], int]:
    """In place of random numbers: 1, 2, 3, where a test has to name a case before there is one."""
    numbers = count()
    return lambda _below: next(numbers)
