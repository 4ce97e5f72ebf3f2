"""The whole main job, played by people who only press, write and read.

Admins enrol their channels and pledge; a bulletin is written, approved by somebody else, and lands everywhere; copies
are checked; it is corrected in every copy; a citizen reports something suspicious and gets the answer.
Each step waits for what its people would see, so a step that ends has worked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Any

from simulator.cast import SCRIPTS, Part, Players, Script
from simulator.stage import NothingCame, Stage
from simulator.world import ActError, ChatKind, Origin, OriginKind, SenderKind, ShownMessage, User

_TOGETHER_AT_MOST = 40
_APPROVALS_AT_MOST = 5

Say = Callable[[str], None]
"""Takes one line of the transcript."""


@dataclass(slots=True)
class Tally:
    """What came of the story. ``steps`` are (name, outcome), in order."""

    channels: int = 0
    pledges: int = 0
    delivered: int = 0
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
            "corrected": self.corrected,
            "reports": self.reports,
            "answers": self.answers,
            "seconds": round(self.seconds, 2),
            "steps": [{"name": name, "outcome": outcome} for name, outcome in self.steps],
        }


@dataclass(frozen=True, slots=True)
class CapFile:
    """A CAP alert that the moderator has as a file."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Scene:
    """One step: what it is called, and how it is played."""

    key: str
    play: Callable[[], Awaitable[None]]


class Story:
    """The story on one stage. Scenes are played in order, each at most once to the end."""

    def __init__(
        self, stage: Stage, players: Players, *, language: str, cap_file: CapFile | None = None, say: Say
    ) -> None:
        self.players = players
        self.tally = Tally(channels=len(players.parts))
        self._stage = stage
        self._script: Script = SCRIPTS[language]
        self._cap_file = cap_file
        self._say = say
        self._beat: Callable[[], Awaitable[None]] = _no_beat
        self._code = ""
        self._receipt = ""

    @property
    def scenes(self) -> tuple[Scene, ...]:
        """All of them, in order."""
        return (
            Scene("enrol", self.enrol),
            Scene("pledge", self.pledge),
            Scene("compose", self.compose),
            Scene("approve", self.approve),
            Scene("deliver", self.deliver),
            Scene("verify", self.verify),
            Scene("correct", self.correct),
            Scene("report", self.report),
            Scene("verdict", self.verdict),
            Scene("answer", self.answer),
            Scene("subscribe", self.subscribe),
        )

    def paced(self, beat: Callable[[], Awaitable[None]]) -> None:
        """Wait ``beat`` between acts, so that somebody can follow."""
        self._beat = beat

    async def tell(self) -> Tally:
        """Play everything; a scene that fails ends the story, for the next ones rest on it."""
        started = monotonic()
        for scene in self.scenes:
            outcome = await self.play(scene)
            if outcome != "ok":
                break
        self.tally.seconds = monotonic() - started
        return self.tally

    async def play(self, scene: Scene) -> str:
        """Play one scene; "ok", or what went wrong."""
        try:
            await scene.play()
            outcome = "ok"
        except (NothingCame, ActError, KeyError) as error:
            outcome = f"failed: {error}"
            self._say(outcome)
        self.tally.steps.append((scene.key, outcome))
        return outcome

    # --- the members ---------------------------------------------------------------------------------

    async def enrol(self) -> None:
        """Each admin brings the bot into their group or channel, and is shown the pledge in private."""
        await self._each_part(self._bring_in)
        self._say(f"{len(self.players.parts)} × bot added, pledge shown in private")

    async def _bring_in(self, part: Part) -> None:
        stage, admin = self._stage, part.admin
        if self._is_member(part) or stage.world.chats[part.chat_id].member(self.players.bot.id).is_present:
            return
        stage.world.start(admin, stage.bot)
        await self._beat()
        is_broadcast = part.chat(stage.world).kind is ChatKind.BROADCAST
        url = await stage.link(admin, "📢 Add to a channel" if is_broadcast else "➕ Add to a group")
        stage.world.open_link(admin, url, part.chat(stage.world))
        await stage.button(admin.id, "I have read it")

    async def pledge(self) -> None:
        """Each admin reads, and then pledges: two presses, the second one deliberate."""
        await self._each_part(self._pledge)
        self.tally.pledges = sum(map(self._is_member, self.players.parts))
        self._say(f"{self.tally.pledges} × pledge confirmed, bot introduced itself in the channel")

    async def _pledge(self, part: Part) -> None:
        stage, admin = self._stage, part.admin
        if self._is_member(part):
            return
        if not self._shows(admin.id, stage.speak("🤝 I pledge this")):
            await stage.press(admin, admin.id, "I have read it")
            await self._beat()
        await stage.press(admin, admin.id, "🤝 I pledge this")
        await stage.until(part.chat_id, lambda: self._is_member(part) or None, "the bot's first word")

    def _is_member(self, part: Part) -> bool:
        """The bot has introduced itself there, which it does when the pledge is confirmed."""
        shown = self._stage.world.shows(part.chat_id)
        bot = self.players.bot
        return any(
            message.sender_kind in (SenderKind.BOT, SenderKind.CHAT) and f"@{bot.username}" in message.text
            for message in shown
        )

    # --- the bulletin --------------------------------------------------------------------------------

    async def compose(self) -> None:
        """Lan writes a bulletin, or sends a CAP file; looks at the preview; asks for approval."""
        stage, lan = self._stage, self.players.lan
        before = stage.newest_id(lan.id)
        if self._cap_file is None:
            await self._write_bulletin(before)
        else:
            await self._send_cap(self._cap_file, before)
        await self._beat()
        await stage.press(lan, lan.id, "👁 Preview and send", after=before)
        await stage.press(lan, lan.id, "📨 Ask for approval", after=before)
        await stage.text(lan.id, stage.speak("Sent for approval."), after=before)
        self._say("Lan: bulletin written, previewed, sent for approval")

    async def _write_bulletin(self, before: int) -> None:
        stage, lan = self._stage, self.players.lan
        stage.write(lan, "/broadcast")
        await stage.press(lan, lan.id, "🟥 Real bulletin", after=before)
        await stage.text(lan.id, "Cần làm:", after=before)
        await self._beat()
        asked = stage.write(lan, self._script.bulletin)
        await stage.text(lan.id, "https://", after=asked)
        asked = stage.write(lan, self._script.source)
        await stage.button(lan.id, "👁 Preview and send", after=asked)

    async def _send_cap(self, cap: CapFile, before: int) -> None:
        stage, lan = self._stage, self.players.lan
        stage.world.send_document(lan, stage.bot, cap.content, cap.name)
        message, _ = await stage.button(lan.id, "👁 Preview and send", after=before)
        if stage.speak("missing") in message.text:
            await stage.press(lan, lan.id, "🔗 Source", after=before)
            await stage.text(lan.id, "https://", after=message.message_id)
            typed = stage.write(lan, self._script.source)
            await stage.button(lan.id, "👁 Preview and send", after=typed)
        await stage.press(lan, lan.id, "⏳ Valid until", after=before)
        await stage.press(lan, lan.id, "24 hours", after=before)
        await stage.button(lan.id, "👁 Preview and send", after=before)

    async def approve(self) -> None:
        """Somebody who did not write it approves; the gravest need two."""
        for approver in (self.players.minh, self.players.hanh):
            if await self._approve_as(approver):
                self._say("approved by enough people who did not write it")
                return
        raise NothingCame("the bulletin still waits for approval")

    async def _approve_as(self, approver: User) -> bool:
        """Whether that was the last approval needed: then the author's phone shows the progress."""
        stage, author = self._stage, self.players.lan
        await stage.button(approver.id, "✅ Approve")
        await self._beat()
        before = stage.newest_id(author.id)
        await stage.press(approver, approver.id, "✅ Approve")
        words = stage.speak("{name} approved: {headline}").format(name=approver.name, headline="").strip()
        said = await stage.text(author.id, words, after=before)
        return stage.speak("It is going out now.") in said.text

    def _newer(self, chat_id: int, before: int) -> ShownMessage | None:
        return next((one for one in self._stage.last(chat_id)[::-1] if one.message_id > before), None)

    async def deliver(self) -> None:
        """The bulletin is in every channel."""
        shown = await self._stage.until(
            self.players.parts[0].chat_id, partial(self._copy, self.players.parts[0]), "the bulletin"
        )
        self._code = _code_in(shown.text)
        for part in self.players.parts:
            await self._stage.until(part.chat_id, partial(self._copy, part), "the bulletin")
            self.tally.delivered += 1
        self._say(f"{self._code}: {self.tally.delivered} of {self.tally.channels} channels have it")

    def _copy(self, part: Part) -> ShownMessage | None:
        """The bulletin's copy in a channel: the newest message of the bot's with a code."""
        for message in self._stage.last(part.chat_id):
            code = _code_in(message.text)
            if code and (not self._code or self._code == code) and message.reply_to is None:
                return message
        return None

    def channels_without_copy(self) -> tuple[int, ...]:
        """Chats of the network that do not show a bulletin yet."""
        return tuple(part.chat_id for part in self.players.parts if self._copy(part) is None)

    async def verify(self) -> None:
        """Bác Sáu asks whether it is genuine: by its code, with a forwarded copy, and with a forged one."""
        stage, sau, first = self._stage, self.players.sau, self.players.parts[0]
        if not self._has_talked(sau):
            stage.world.start(sau, stage.bot)
            await stage.button(sau.id, "🔎 Check a message")
        asked = stage.write(sau, f"/verify {self._code}")
        await stage.text(sau.id, self._code, after=asked)
        await self._beat()
        copy = await stage.until(first.chat_id, partial(self._copy, first), "the bulletin")
        place = stage.world.private_chat(sau, stage.bot)
        asked = stage.world.forward(sau, first.chat(stage.world), copy.message_id, place).id
        await stage.text(sau.id, "✅", after=asked)
        await self._beat()
        if self._cap_file is None:
            await self._forge(sau, copy)
        self._say("Bác Sáu: the code is known, the copy is genuine, the forgery is told from it")

    async def _forge(self, sau: User, copy: ShownMessage) -> None:
        stage = self._stage
        forged = copy.text.replace(*self._script.altered_fact)
        origin = Origin(OriginKind.HIDDEN_USER, stage.world.now(), name="Tin nóng")
        asked = stage.world.forward_foreign(sau, stage.bot, forged, origin).id
        await stage.text(sau.id, "⚠️", after=asked)

    def _has_talked(self, person: User) -> bool:
        return self.players.bot.id in person.started

    async def correct(self) -> None:
        """Lan puts the bulletin right; every copy changes, and says so."""
        stage, lan = self._stage, self.players.lan
        asked = stage.write(lan, f"/dinhchinh {self._code}")
        await stage.until(lan.id, partial(self._newer, lan.id, asked), "the question what is right")
        await self._beat()
        asked = stage.write(lan, self._script.correction)
        await stage.press(lan, lan.id, "👁 Preview and send", after=asked)
        await stage.press(lan, lan.id, "✅ Yes, put it right everywhere now", after=asked)
        for part in self.players.parts:
            await stage.until(part.chat_id, partial(self._corrected, part), "the correction")
            self.tally.corrected += 1
        self._say(f"corrected: {self.tally.corrected} of {self.tally.delivered} copies")

    def _corrected(self, part: Part) -> ShownMessage | None:
        """The copy was edited, and a reply under it says so."""
        shown = self._stage.last(part.chat_id)
        replies = {message.reply_to for message in shown if message.reply_to is not None}
        return next((one for one in shown if one.edited and one.message_id in replies), None)

    # --- the report ----------------------------------------------------------------------------------

    async def report(self) -> None:
        """Bác Sáu forwards something suspicious, is told what is known at once, and asks the moderators."""
        stage, sau = self._stage, self.players.sau
        origin = Origin(OriginKind.HIDDEN_USER, stage.world.now(), name="Người lạ")
        asked = stage.world.forward_foreign(sau, stage.bot, self._script.suspicious, origin).id
        await stage.press(sau, sau.id, "🙋 No, ask the moderators", after=asked)
        await self._beat()
        await stage.press(sau, sau.id, "Send it, and tell me the answer", after=asked)
        await stage.press(sau, sau.id, "Scam, or phishing", after=asked)
        message, _ = await stage.button(sau.id, "The answer may be published", after=asked)
        self._receipt = _receipt_in(message.text)
        self.tally.reports += 1
        self._say(f"Bác Sáu: reported, receipt {self._receipt}")

    async def verdict(self) -> None:
        """Minh takes the case and gives the verdict, with its source."""
        stage, minh, group = self._stage, self.players.minh, self.players.moderators
        await stage.press(minh, group, "✋ I take this one")
        await self._beat()
        before = stage.newest_id(group)
        await stage.press(minh, group, "it is a scam")
        prompt = await stage.text(group, "https://", after=before)
        words = f"{self._script.verdict} {self._script.verdict_source}"
        stage.world.say(minh, group, words, reply_to=prompt.message_id)
        await stage.text(group, stage.speak("This case is answered."))
        self._say("Minh: verdict given, with a source")

    async def answer(self) -> None:
        """The citizen is told, on the same phone, which report it answers."""
        told = await self._stage.text(self.players.sau.id, self._script.verdict[:60])
        if self._receipt not in told.text:
            raise NothingCame(f"the answer does not name the receipt {self._receipt}")
        self.tally.answers += 1
        self._say("Bác Sáu: told the answer")

    async def subscribe(self) -> None:
        """Bác Sáu wants bulletins in the private chat, too: one press."""
        stage, sau = self._stage, self.players.sau
        asked = stage.world.start(sau, stage.bot).id
        await stage.press(sau, sau.id, "🔔 Get bulletins here", after=asked)
        greeting = stage.newest_id(sau.id)
        await stage.until(sau.id, partial(self._newer, sau.id, greeting), "the welcome")
        self._say("Bác Sáu: subscribed")

    async def _each_part(self, act: Callable[[Part], Awaitable[None]]) -> None:
        """All admins, some at a time, as they would be on one evening."""
        room = asyncio.Semaphore(_TOGETHER_AT_MOST)

        async def in_turn(part: Part) -> None:
            async with room:
                await act(part)

        results = await asyncio.gather(*map(in_turn, self.players.parts), return_exceptions=True)
        _raise_first(results)

    def _shows(self, chat_id: int, label: str) -> bool:
        shown = self._stage.last(chat_id)
        return any(label in button.label for message in shown for row in message.buttons for button in row)


async def _no_beat() -> None:
    return


def _raise_first(results: Sequence[object]) -> None:
    for result in results:
        if isinstance(result, BaseException):
            raise result


def _code_in(text: str) -> str:
    """The code of a bulletin as it stands in a message, or nothing."""
    return next((word.strip(".,") for word in text.split() if word.startswith("LOA-")), "")


def _receipt_in(text: str) -> str:
    return next((word.strip(".,") for word in text.split() if word.startswith("PA-")), "")
