"""Watching the scene for one open page: what changed since the last look, gathered into one patch.

However much happens between two looks, a chat or tile that changed is sent once, as it is now.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from types import TracebackType
from typing import Any, Self

from simulator.phones.director import ChannelMark
from simulator.phones.scene import Scene
from simulator.world import EventKind, WorldEvent

ANSWERS_KEPT = 20
QUERIES_SEARCHED = 200

_LISTS_CHANGE_WITH = frozenset({EventKind.CHAT, EventKind.MEMBER})


class Watch:
    """Use as a context manager: begins watching on entry, stops on exit."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._dirty: set[int] = set()
        self._typing: set[int] = set()
        self._answers: deque[dict[str, Any]] = deque(maxlen=ANSWERS_KEPT)
        self._lists_changed = False

    def __enter__(self) -> Self:
        self._stop = self._scene.world.subscribe(self._notice)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def whole(self) -> dict[str, Any]:
        """The full state; later patches are relative to it."""
        state = self._scene.state()
        self._forget()
        self._phones = state["phones"]
        self._shown = {chat["id"] for chat in state["chats"]}
        self._channels: tuple[int, ...] = state["channels"]
        self._tiles = {tile["id"]: tile for tile in state["tiles"]}
        self._marks: dict[int, ChannelMark] = dict(self._scene.director.marks)
        self._story = state["story"]
        return state

    def patch(self) -> dict[str, Any]:
        """What changed since the last look; empty when nothing did."""
        changes = {
            **self._changed_story(),
            **self._changed_lists(),
            **self._changed_chats(),
            **self._changed_tiles(),
        }
        if self._typing:
            changes["typing"] = sorted(self._typing)
        if self._answers:
            changes["answers"] = list(self._answers)
        self._forget()
        return {**changes, "now": self._scene.now()} if changes else {}

    def _forget(self) -> None:
        self._dirty.clear()
        self._typing.clear()
        self._answers.clear()
        self._lists_changed = False

    def _notice(self, event: WorldEvent) -> None:
        if event.kind is EventKind.ACTION:
            self._typing.add(event.chat_id)
            return
        if event.kind is EventKind.ANSWER:
            self._keep_answer(event)
            return
        self._dirty.add(event.chat_id)
        self._lists_changed |= event.kind in _LISTS_CHANGE_WITH

    def _keep_answer(self, event: WorldEvent) -> None:
        queries = self._scene.world.callbacks
        for key in islice(reversed(queries), QUERIES_SEARCHED):
            query = queries[key]
            if query.is_answered and (query.chat_id, query.message_id) == (event.chat_id, event.message_id):
                answer = {"user": query.user_id, "chat": query.chat_id, "message": query.message_id}
                self._answers.append(
                    answer | {"text": query.answer, "alert": query.is_alert, "url": query.url}
                )
                return

    def _changed_story(self) -> dict[str, Any]:
        story = self._scene.story()
        if story == self._story:
            return {}
        self._story = story
        return {"story": story}

    def _changed_lists(self) -> dict[str, Any]:
        has_private_news = any(chat_id > 0 for chat_id in self._dirty)
        if not (self._lists_changed or has_private_news):
            return {}
        phones = self._scene.phones()
        if phones == self._phones:
            return {}
        self._phones = phones
        shown = {chat["id"] for phone in phones for chat in phone["chats"]}
        self._dirty |= shown - self._shown
        self._shown = shown
        return {"phones": phones}

    def _changed_chats(self) -> dict[str, Any]:
        changed = sorted(self._dirty & self._shown)
        return {"chats": [self._scene.chat(chat_id) for chat_id in changed]} if changed else {}

    def _changed_tiles(self) -> dict[str, Any]:
        channels, marks = self._scene.channels(), dict(self._scene.director.marks)
        remarked = {chat_id for chat_id, _ in marks.items() ^ self._marks.items()}
        stale = (self._dirty | remarked | (set(channels) - self._tiles.keys())) & set(channels)
        tiles = [tile for tile in map(self._scene.tile, sorted(stale)) if tile != self._tiles.get(tile["id"])]
        self._tiles.update({tile["id"]: tile for tile in tiles})
        self._marks = marks
        changes: dict[str, Any] = {"tiles": tiles} if tiles else {}
        if channels != self._channels:
            self._channels = channels
            changes["channels"] = channels
        return changes
