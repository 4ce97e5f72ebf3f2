"""How far a soak has come: a line now and then, seen because ``make soak`` captures nothing."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

_LINES = 20


def report(what: str, of: int) -> Callable[[int], None]:
    """Call it with how many are done; it says so twenty times in all."""
    began = monotonic()

    def tell(done: int) -> None:
        if done % max(1, of // _LINES) == 0:
            print(f"{done} of {of} {what}, {monotonic() - began:.0f} s", flush=True)

    return tell
