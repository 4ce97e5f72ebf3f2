"""The queue of updates that waits at the platform for one bot.

Owns order, ids, confirmation by offset, the 24-hour memory and the choice of kinds. It does not know who
takes the updates: a poller or a webhook registers a listener and is called when something is put in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

UPDATE_MEMORY = timedelta(hours=24)
ASKED_FOR_ONLY = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
"""Kinds a bot gets only when it names them in `allowed_updates`."""


@dataclass(frozen=True, slots=True)
class Update:
    """One update as the bot will read it."""

    id: int
    kind: str
    body: dict[str, Any]
    at: datetime

    def as_json(self) -> dict[str, Any]:
        return {"update_id": self.id, self.kind: self.body}


class UpdateQueue:
    """Updates in order, until they are confirmed, grow older than 24 hours, or exceed the bound."""

    def __init__(self, *, first_id: int, now: Callable[[], datetime], bound: int = 200_000) -> None:
        self._updates: deque[Update] = deque(maxlen=bound)
        self._next_id = first_id
        self._now = now
        self.allowed: frozenset[str] = frozenset()
        """Kinds asked for; empty means all but those of `ASKED_FOR_ONLY`."""
        self.listeners: list[Callable[[], None]] = []

    def __len__(self) -> int:
        self._forget_old()
        return len(self._updates)

    def wants(self, kind: str) -> bool:
        return kind in self.allowed if self.allowed else kind not in ASKED_FOR_ONLY

    def ask_for(self, kinds: Iterable[str]) -> None:
        """Change the choice of kinds; updates already waiting stay."""
        self.allowed = frozenset(kinds)

    def put(self, kind: str, body: dict[str, Any]) -> None:
        """Queue an update and tell whoever waits. The caller has asked `wants` before building it."""
        self._updates.append(Update(self._next_id, kind, body, self._now()))
        self._next_id += 1
        for listener in tuple(self.listeners):
            listener()

    def take(self, offset: int = 0, limit: int = 100) -> list[Update]:
        """Updates from `offset` on; those before it are confirmed and forgotten.

        A negative offset keeps only the last `-offset` updates.
        """
        self._forget_old()
        if offset < 0:
            self._keep_last(-offset)
        else:
            self._confirm_before(offset)
        return [self._updates[index] for index in range(min(limit, len(self._updates)))]

    def first(self) -> Update | None:
        self._forget_old()
        return self._updates[0] if self._updates else None

    def confirm(self, update_id: int) -> None:
        self._confirm_before(update_id + 1)

    def drop_all(self) -> None:
        self._updates.clear()

    def _keep_last(self, count: int) -> None:
        while len(self._updates) > count:
            self._updates.popleft()

    def _confirm_before(self, offset: int) -> None:
        while self._updates and self._updates[0].id < offset:
            self._updates.popleft()

    def _forget_old(self) -> None:
        oldest = self._now() - UPDATE_MEMORY
        while self._updates and self._updates[0].at < oldest:
            self._updates.popleft()
