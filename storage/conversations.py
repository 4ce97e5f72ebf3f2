"""Conversations in the database: aiogram's FSM storage, so that a restart loses no half-finished answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from aiogram.fsm.state import State
from aiogram.fsm.storage.base import BaseStorage, StateType, StorageKey
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.committer import Committer
from storage.lookups import Lookups
from storage.naming import Names
from storage.tables import conversations

_HERE = conversations.c.key == bindparam("here")
_READ = select(conversations.c.state, conversations.c.data).where(_HERE)
_CHANGES = {
    column: update(conversations)
    .where(_HERE)
    .values({column: bindparam("to"), "changed_at": bindparam("at")})
    for column in ("state", "data")
}
_END = delete(conversations).where(_HERE)


class ConversationStorage(BaseStorage):
    """One row a conversation; a conversation without state and data has no row."""

    def __init__(
        self, engine: AsyncEngine, committer: Committer, names: Names, *, now: Callable[[], datetime]
    ) -> None:
        self._lookups = Lookups(engine)
        self._committer = committer
        self._names = names
        self._now = now

    async def set_state(self, key: StorageKey, state: StateType = None) -> None:
        """Keep which step the conversation is at."""
        await self._change(key, "state", state.state if isinstance(state, State) else state)

    async def get_state(self, key: StorageKey) -> str | None:
        """Which step the conversation is at."""
        state, _ = await self._read(key)
        return state

    async def set_data(self, key: StorageKey, data: Mapping[str, Any]) -> None:
        """Keep what was said so far; it must be JSON."""
        await self._change(key, "data", dict(data))

    async def get_data(self, key: StorageKey) -> dict[str, Any]:
        """What was said so far."""
        _, data = await self._read(key)
        return data

    async def close(self) -> None:
        """The engine belongs to whoever opened it."""

    async def forget_idle(self, before: datetime) -> int:
        """Delete the conversations in which nothing happened since; how many."""

        async def work(connection: AsyncConnection) -> int:
            idle = delete(conversations).where(conversations.c.changed_at < before)
            return (await connection.execute(idle)).rowcount

        return await self._committer.write(work)

    async def _read(self, key: StorageKey) -> tuple[str | None, dict[str, Any]]:
        row = await self._lookups.one(_READ, {"here": self._name(key)})
        return (None, {}) if row is None else (row.state, row.data)

    async def _change(self, key: StorageKey, column: str, to: Any) -> None:
        """Nothing is written for a conversation that is not there and has nothing to say."""
        here = {"here": self._name(key)}
        if not to and await self._lookups.one(_READ, here) is None:
            return

        async def work(connection: AsyncConnection) -> None:
            at = self._now()
            changed = await connection.execute(_CHANGES[column], {**here, "to": to, "at": at})
            if to and changed.rowcount == 0:
                talker = talker_name(self._names, str(key.user_id))
                whose = {"key": here["here"], "talker": talker}
                row = {**whose, "state": None, "data": {}, "changed_at": at, column: to}
                await connection.execute(insert(conversations), [row])
            elif not to:
                left = (await connection.execute(_READ, here)).one_or_none()
                if left is not None and left.state is None and not left.data:
                    await connection.execute(_END, here)

        await self._committer.write(work)

    def _name(self, key: StorageKey) -> str:
        """The conversation's name in the table."""
        parts = (key.bot_id, key.destiny, key.business_connection_id or "", key.thread_id or "", key.chat_id)
        return self._names.pseudonym("conversation", ":".join(map(str, (*parts, key.user_id))))


def talker_name(names: Names, account: str) -> str:
    """The name that stands for whoever talks, by which their conversations are forgotten."""
    return names.pseudonym("talker", account)
