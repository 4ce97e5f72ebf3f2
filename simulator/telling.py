"""The director of the phones page: tells the story step by step, slowly enough to follow, and can be interrupted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from simulator.captions import CAPTIONS
from simulator.phones.director import Cast, ChannelMark, Step
from simulator.scenes.plot import Scene
from simulator.story import Story
from simulator.world import EventKind, World, WorldEvent

READING_SECONDS = 2.5
"""Before a scene begins to play: long enough to read its caption."""
BEAT_SECONDS = 1.6
"""Between two acts: long enough to read a short message."""
_TOGETHER = 4


class StoryDirector:
    """Tells a story to whoever watches the phones."""

    def __init__(self, world: World, story: Story, *, at: int = -1, keep: Callable[[int], None]) -> None:
        """``at`` is the last scene told before; ``keep`` remembers the position over a restart."""
        self._world = world
        self._story = story
        self._scenes: Sequence[Scene] = story.scenes
        self._position = at
        self._keep = keep
        self._marks: dict[int, ChannelMark] = {}
        self._telling = asyncio.Lock()
        self._wants_to_play = False
        self._hurry = asyncio.Event()
        story.paced(self._beat, _TOGETHER)
        world.subscribe(self._changed)

    @property
    def cast(self) -> Cast:
        """Whose phones are on the wall."""
        players = self._story.players
        return Cast(players.bot.id, players.admin.id, (players.lan.id, players.minh.id), players.sau.id)

    @property
    def channels(self) -> Sequence[int]:
        """The chats that are tiles."""
        return [part.chat_id for part in self._story.players.parts]

    @property
    def marks(self) -> Mapping[int, ChannelMark]:
        """Channels to which a copy is on its way."""
        return self._marks

    @property
    def steps(self) -> Sequence[Step]:
        """What there is to tell."""
        return [
            Step(scene.key, caption.title, caption.text, self._actors(scene.key))
            for scene, caption in ((scene, CAPTIONS[scene.key]) for scene in self._scenes)
        ]

    @property
    def position(self) -> int:
        """The step that is being told, or was told last."""
        return self._position

    @property
    def playing(self) -> bool:
        """Whether something is being told at this moment."""
        return self._telling.locked()

    async def play(self) -> None:
        """Tell on to the end, until paused."""
        if self._telling.locked():
            self._wants_to_play = True
            return
        async with self._telling:
            self._wants_to_play = True
            while self._wants_to_play and self._position + 1 < len(self._scenes):
                if not await self._tell_next(READING_SECONDS):
                    break
            self._wants_to_play = False
            self._hurry.clear()

    def pause(self) -> None:
        """Stop after this step."""
        self._wants_to_play = False

    async def step(self) -> None:
        """Tell one step."""
        if self._telling.locked() or self._position + 1 >= len(self._scenes):
            return
        async with self._telling:
            await self._tell_next(0)
            self._hurry.clear()

    def fast_forward(self) -> None:
        """No more waiting for readers."""
        self._hurry.set()

    async def _tell_next(self, reading_seconds: float) -> bool:
        scene = self._scenes[self._position + 1]
        self._position += 1
        await self._wait(reading_seconds)
        outcome = await self._story.play(scene)
        waiting = self._story.channels_without_copy() if scene.key == "approve" else ()
        self._marks = dict.fromkeys(waiting, ChannelMark.QUEUED)
        if outcome == "ok":
            self._keep(self._position)
        else:
            self._position -= 1
        return outcome == "ok"

    def _actors(self, key: str) -> tuple[int, ...]:
        players = self._story.players
        acting = {
            "enrol": players.admin,
            "pledge": players.admin,
            "compose": players.lan,
            "approve": players.minh,
            "withdraw": players.lan,
            "correct": players.lan,
            "verdict": players.minh,
        }
        return () if key == "deliver" else (acting.get(key, players.sau).id,)

    def _changed(self, event: WorldEvent) -> None:
        if event.kind in (EventKind.MESSAGE, EventKind.EDIT):
            self._marks.pop(event.chat_id, None)

    async def _beat(self) -> None:
        await self._wait(BEAT_SECONDS)

    async def _wait(self, seconds: float) -> None:
        """For whoever reads, unless they are in a hurry."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
