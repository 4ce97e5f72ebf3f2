"""The whole main job, played by people who only press, write and read.

Admins enrol their channels and pledge; a bulletin is written, approved by somebody else, and lands everywhere; copies
are checked; one person withdraws it at once and two correct it, in every copy; a citizen reports something suspicious
and gets the answer.
Each step waits for what its people would see, so a step that ends has worked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import monotonic

from simulator.cast import Players
from simulator.scenes.answering import Answering
from simulator.scenes.joining import Joining
from simulator.scenes.plot import Plot, Scene, Tally
from simulator.scenes.publishing import Publishing
from simulator.stage import NothingCame
from simulator.world import ActError

Say = Callable[[str, str], None]
"""Takes the key of a scene that was played, and what came of it."""


class Story:
    """The story on one stage. Scenes are played in order, each at most once to the end."""

    def __init__(self, plot: Plot, say: Say) -> None:
        self._plot = plot
        self._say = say
        joining, publishing, answering = Joining(plot), Publishing(plot), Answering(plot)
        self.channels_without_copy = publishing.channels_without_copy
        self.scenes = (
            Scene("enrol", joining.enrol),
            Scene("pledge", joining.pledge),
            Scene("compose", publishing.compose),
            Scene("approve", publishing.approve),
            Scene("deliver", publishing.deliver),
            Scene("verify", publishing.verify),
            Scene("withdraw", publishing.withdraw),
            Scene("correct", publishing.correct),
            Scene("report", answering.report),
            Scene("verdict", answering.verdict),
            Scene("answer", answering.answer),
            Scene("subscribe", answering.subscribe),
        )

    @property
    def players(self) -> Players:
        """Everybody in it."""
        return self._plot.players

    def paced(self, beat: Callable[[], Awaitable[None]], together: int) -> None:
        """Wait ``beat`` between acts, and let only so many admins act at once, so that somebody can follow."""
        self._plot.beat, self._plot.together = beat, together

    async def tell(self) -> Tally:
        """Play everything; a scene that fails ends the story, for the next ones rest on it."""
        started = monotonic()
        for scene in self.scenes:
            if await self.play(scene) != "ok":
                break
        self._plot.tally.seconds = monotonic() - started
        return self._plot.tally

    async def play(self, scene: Scene) -> str:
        """Play one scene; "ok", or what went wrong."""
        try:
            said, outcome = await scene.play(), "ok"
        except (NothingCame, ActError, KeyError) as error:
            said = outcome = f"failed: {error}"
        self._plot.tally.steps.append((scene.key, outcome))
        self._say(scene.key, said)
        return outcome
