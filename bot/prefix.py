"""Up to where a platform may forget its updates: never past one that is neither handled nor kept.

Telegram hands out the hundred oldest from an offset on, and forgets all before that offset
(core.telegram.org/bots/api#getupdates). So the offset is the lowest id that is still open, else the next one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable


class Prefix:
    """What of the batches so far is settled.

    After a week of silence Telegram may go on with any id, a lower one too. So once an empty answer has shown that all
    is confirmed, no offset is named until something comes.
    """

    def __init__(self) -> None:
        self._open: set[int] = set()
        self._settled: set[int] = set()
        self._next: int | None = None

    @property
    def offset(self) -> int | None:
        """What to ask with; None for whatever there is."""
        return min(self._open) if self._open else self._next

    @property
    def open(self) -> Collection[int]:
        """What is neither handled nor kept, of all that came."""
        return self._open

    def offer(self, batch: Collection[int]) -> list[int]:
        """A batch came; which of it are new."""
        if not batch:
            self._next = None if not self._open else self._next
            return []
        new = [one for one in dict.fromkeys(batch) if one not in self._open and one not in self._settled]
        self._open.update(new)
        self._settled.intersection_update(batch)  # the platform will not hand out the others again
        self._next = max(batch) + 1
        return new

    def settle(self, ids: Iterable[int]) -> None:
        """These are handled, or kept."""
        for one in ids:
            if one in self._open:
                self._open.remove(one)
                self._settled.add(one)
