"""What all scenes of one story share: the stage, the people and their words, and what has come of it so far."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from simulator.cast import SCRIPTS, Part, Players, Script
from simulator.stage import Stage
from simulator.world import ShownMessage

_TOGETHER = 40


@dataclass(frozen=True, slots=True)
class CapFile:
    """A CAP alert that the moderator has as a file."""

    name: str
    content: bytes


@dataclass(slots=True)
class Tally:
    """What came of the story. ``steps`` are (name, outcome), in order."""

    channels: int = 0
    pledges: int = 0
    delivered: int = 0
    withdrawn: int = 0
    corrected: int = 0
    reports: int = 0
    answers: int = 0
    seconds: float = 0.0
    steps: list[tuple[str, str]] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether any step did."""
        return any(outcome != "ok" for _, outcome in self.steps)

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "channels": self.channels,
            "pledges": self.pledges,
            "delivered": self.delivered,
            "withdrawn": self.withdrawn,
            "corrected": self.corrected,
            "reports": self.reports,
            "answers": self.answers,
            "seconds": round(self.seconds, 2),
            "steps": [{"name": name, "outcome": outcome} for name, outcome in self.steps],
        }


@dataclass(frozen=True, slots=True)
class Scene:
    """One step: what it is called, and how it is played; playing it gives one line that says what came of it.

    A scene that was interrupted can be played again: what its people did already, they do not do twice.
    """

    key: str
    play: Callable[[], Awaitable[str]]


async def _no_beat() -> None:
    return


@dataclass(slots=True)
class Plot:
    """Where the story stands."""

    stage: Stage
    players: Players
    language: str
    cap_file: CapFile | None = None
    beat: Callable[[], Awaitable[None]] = _no_beat
    """Between two acts of a scene: a watcher wants to read what shows."""
    together: int = _TOGETHER
    """How many admins do something at the same time."""
    code: str = ""
    """The bulletin's; not known before a copy is seen."""
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self.tally.channels = len(self.players.parts)

    @property
    def script(self) -> Script:
        """What people write, in the language of the story."""
        return SCRIPTS[self.language]

    @property
    def headline(self) -> str:
        """By which the story's bulletin is known before its code is; a CAP file has its own, unknown to us."""
        return self.script.headline if self.cap_file is None else ""

    def told(self, vietnamese: str, english: str) -> str:
        """One line of the transcript."""
        return vietnamese if self.language == "vi" else english

    def copy(self, part: Part) -> ShownMessage | None:
        """The bulletin's copy in a channel."""
        for message in self.stage.last(part.chat_id):
            code = _word_in(message.text, "LOA-")
            is_ours = code == self.code if self.code else self.headline in message.text
            if code and is_ours and message.reply_to is None:
                return message
        return None

    async def seen_copy(self, part: Part) -> ShownMessage:
        """The copy in a channel, when it has come. From now on the bulletin's code is known."""
        copy = await self.stage.until(part.chat_id, lambda: self.copy(part), "the bulletin")
        self.code = self.code or _word_in(copy.text, "LOA-")
        return copy


def receipt_in(text: str) -> str:
    """The code of a report as it stands in a message, or nothing."""
    return _word_in(text, "PA-")


def _word_in(text: str, beginning: str) -> str:
    return next((word.strip(".,") for word in text.split() if word.startswith(beginning)), "")
