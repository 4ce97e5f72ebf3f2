"""An operator's secret for tests, and the names that are made with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from itertools import count

from storage.naming import Names

SECRET = bytes(range(32))
NAMES = Names(SECRET)


def one_after_another(first: int = 0) -> Callable[[int], int]:
    """In place of random numbers below something: 0, 1, 2, so that a test can name a case before there is one."""
    numbers: defaultdict[int, count[int]] = defaultdict(lambda: count(first))
    return lambda below: next(numbers[below])
