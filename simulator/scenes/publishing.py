"""A bulletin is written, approved by somebody else, delivered, checked by a citizen, and corrected in every copy."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from simulator.cast import Part
from simulator.scenes.plot import CapFile, Plot
from simulator.stage import NothingCame
from simulator.world import Origin, OriginKind, ShownMessage, User

_STRAGGLERS = "📋 What did not arrive"
_AGAIN = "🔁 Send the unsure ones again, marked so"


class Publishing:
    """The scenes of the bulletin."""

    def __init__(self, plot: Plot) -> None:
        self._plot = plot

    # --- writing -------------------------------------------------------------------------------------

    async def compose(self) -> str:
        """Lan writes a bulletin, or sends a CAP file; looks at the preview; asks for approval."""
        stage, lan = self._plot.stage, self._plot.players.lan
        if not self._waits_for_approval():
            before = stage.newest_id(lan.id)
            if self._plot.cap_file is None:
                await self._write_bulletin(before)
            else:
                await self._send_cap(self._plot.cap_file, before)
            await self._plot.beat()
            await stage.press(lan, lan.id, "👁 Preview and send", after=before)
            await stage.button(lan.id, "📨 Ask for approval", after=before)
            await self._plot.beat()
            await stage.press(lan, lan.id, "📨 Ask for approval", after=before)
            await stage.text(lan.id, stage.speak("Sent for approval."), after=before)
        return self._plot.told("Lan đã xem trước và gửi duyệt", "Lan saw the preview, asked for approval")

    def _waits_for_approval(self) -> bool:
        approver, headline = self._plot.players.minh, self._plot.headline
        return self._plot.stage.shown_button(approver.id, "✅ Approve", under=headline) is not None

    async def _write_bulletin(self, before: int) -> None:
        stage, lan, script = self._plot.stage, self._plot.players.lan, self._plot.script
        stage.write(lan, "/broadcast")
        await stage.press(lan, lan.id, "🟥 Real bulletin", after=before)
        await stage.text(lan.id, script.instruction_label, after=before)
        await self._plot.beat()
        asked = stage.write(lan, script.bulletin)
        await stage.text(lan.id, "https://", after=asked)
        await self._plot.beat()
        asked = stage.write(lan, script.source)
        await stage.button(lan.id, "👁 Preview and send", after=asked)

    async def _send_cap(self, cap: CapFile, before: int) -> None:
        stage, lan = self._plot.stage, self._plot.players.lan
        stage.world.send_document(lan, stage.bot, cap.content, cap.name)
        message, _ = await stage.button(lan.id, "👁 Preview and send", after=before)
        if stage.speak("missing") in message.text:
            await stage.press(lan, lan.id, "🔗 Source", after=before)
            await stage.text(lan.id, "https://", after=message.message_id)
            typed = stage.write(lan, self._plot.script.source)
            await stage.button(lan.id, "👁 Preview and send", after=typed)
        await stage.press(lan, lan.id, "⏳ Valid until", after=before)
        await stage.press(lan, lan.id, "24 hours", after=before)
        await stage.button(lan.id, "👁 Preview and send", after=before)

    # --- approving -----------------------------------------------------------------------------------

    async def approve(self) -> str:
        """Somebody who did not write it approves; the gravest need two."""
        for approver in (self._plot.players.minh, self._plot.players.hanh):
            if await self._approve_as(approver, self._plot.headline):
                return self._plot.told(
                    "Không ai tự duyệt bản tin của mình", "Nobody approves their own bulletin"
                )
        raise NothingCame("the bulletin still waits for approval")

    async def _approve_as(self, approver: User, headline: str) -> bool:
        """Whether that was the last approval needed: then the author's phone says that it goes out."""
        stage, author = self._plot.stage, self._plot.players.lan
        words = self._approved_words(approver, headline)
        if not self._has_approved(approver, headline):
            await stage.button(approver.id, "✅ Approve", under=headline)
            await self._plot.beat()
            await stage.press(approver, approver.id, "✅ Approve", under=headline)
        said = await stage.text(author.id, words)
        return stage.speak("It is going out now.") in said.text

    def _has_approved(self, approver: User, headline: str) -> bool:
        """Their own phone says so first: a crash may come before the author's does."""
        words = self._approved_words(approver, headline)
        return any(self._plot.stage.shows(one.id, words) for one in (approver, self._plot.players.lan))

    def _approved_words(self, approver: User, headline: str) -> str:
        said = self._plot.stage.speak("{name} approved: {headline}")
        return said.format(name=approver.name, headline=headline).strip()

    # --- delivering ----------------------------------------------------------------------------------

    async def deliver(self) -> str:
        """The bulletin is in every channel."""
        tally = self._plot.tally
        for part in self._plot.players.parts:
            await self._landed(part, self._plot.copy, self._plot.headline)
            await self._plot.seen_copy(part)
            tally.delivered += 1
        return self._plot.told(
            f"{self._plot.code}: {tally.delivered}/{tally.channels} kênh đã có",
            f"{self._plot.code}: {tally.delivered} of {tally.channels} channels have it",
        )

    async def _landed(self, part: Part, look: Callable[[Part], object | None], headline: str) -> None:
        """It shows in the channel; or nobody knows whether it does, because a crash came between. Then Lan looks."""
        stage, lan = self._plot.stage, self._plot.players.lan

        def seen_or_doubtful() -> object | None:
            return look(part) or stage.shown_button(lan.id, _STRAGGLERS, under=headline)

        await stage.until(part.chat_id, seen_or_doubtful, "the bulletin", also=lan.id)
        if look(part) is None:
            before = stage.newest_id(lan.id)
            await stage.press(lan, lan.id, _STRAGGLERS, under=headline)
            await stage.until(
                lan.id, lambda: stage.newest_id(lan.id) > before or None, "the list of channels"
            )
            if stage.shown_button(lan.id, _AGAIN, after=before) is not None:
                await stage.press(lan, lan.id, _AGAIN, after=before)
            await stage.until(part.chat_id, partial(look, part), "the bulletin")

    def channels_without_copy(self) -> tuple[int, ...]:
        """Chats of the network that do not show the bulletin yet."""
        return tuple(part.chat_id for part in self._plot.players.parts if self._plot.copy(part) is None)

    # --- checking ------------------------------------------------------------------------------------

    async def verify(self) -> str:
        """Bác Sáu asks whether it is genuine: by its code, with a forwarded copy, and with a forged one."""
        stage, sau, first = self._plot.stage, self._plot.players.sau, self._plot.players.parts[0]
        copy = await self._plot.seen_copy(first)
        if stage.bot.id not in sau.started:
            stage.world.start(sau, stage.bot)
            await stage.button(sau.id, "🔎 Check a message")
            await self._plot.beat()
        asked = stage.write(sau, f"/verify {self._plot.code}")
        await stage.text(sau.id, self._plot.code, after=asked)
        await self._plot.beat()
        place = stage.world.private_chat(sau, stage.bot)
        asked = stage.world.forward(sau, first.chat(stage.world), copy.message_id, place).id
        await stage.text(sau.id, "✅", after=asked)
        await self._plot.beat()
        if self._plot.cap_file is None:
            await self._forge(sau, copy)
        return self._plot.told("Nhận ra cả bản thật lẫn bản bị sửa", "True copy and forgery told apart")

    async def _forge(self, sau: User, copy: ShownMessage) -> None:
        stage = self._plot.stage
        forged = copy.text.replace(*self._plot.script.altered_fact)
        origin = Origin(OriginKind.HIDDEN_USER, stage.world.now(), name=self._plot.script.forger)
        asked = stage.world.forward_foreign(sau, stage.bot, forged, origin).id
        await stage.text(sau.id, "⚠️", after=asked)

    # --- correcting ----------------------------------------------------------------------------------

    async def withdraw(self) -> str:
        """Lan sees that something is wrong, and alone stops it everywhere at once, in words that stand ready."""
        stage, lan, tally = self._plot.stage, self._plot.players.lan, self._plot.tally
        await self._plot.seen_copy(self._plot.players.parts[0])
        if not self._is_told_to(lan, "It is going to every channel that has the earlier bulletin."):
            asked = stage.write(lan, f"/thuhoi {self._plot.code}")
            await stage.button(lan.id, "⛔ Withdraw now (correction follows)", after=asked)
            await self._plot.beat()
            await stage.press(lan, lan.id, "⛔ Withdraw now (correction follows)", after=asked)
            await stage.button(lan.id, "✅ Yes, send it everywhere now", after=asked)
            await self._plot.beat()
            await stage.press(lan, lan.id, "✅ Yes, send it everywhere now", after=asked)
        for part in self._plot.players.parts:
            await self._landed(part, self._withdrawn, stage.speak("⛔ WITHDRAWAL, real"))
            tally.withdrawn += 1
        return self._plot.told(
            f"Một mình Lan tạm thu hồi {tally.withdrawn}/{tally.channels} bản, bằng lời có sẵn",
            f"Lan alone withdrew {tally.withdrawn} of {tally.channels} copies for now, in fixed words",
        )

    async def correct(self) -> str:
        """Lan writes what is right, Minh sees what it changes and approves; every copy changes, and says so."""
        stage, tally = self._plot.stage, self._plot.tally
        headline = self._plot.script.correction_headline
        minh = self._plot.players.minh
        is_asked = stage.shown_button(minh.id, "✅ Approve", under=headline) is not None
        if not is_asked and not self._has_approved(minh, headline):
            await self._write_correction()
        for approver in (self._plot.players.minh, self._plot.players.hanh):
            if await self._approve_as(approver, headline):
                break
        for part in self._plot.players.parts:
            await self._landed(part, self._corrected, self._plot.script.correction_headline)
            tally.corrected += 1
        return self._plot.told(
            f"Đã sửa {tally.corrected}/{tally.channels} bản, có lời nhắc bên dưới",
            f"{tally.corrected} of {tally.channels} copies, each with a notice below",
        )

    async def _write_correction(self) -> None:
        stage, lan = self._plot.stage, self._plot.players.lan
        headline = self._plot.script.correction_headline
        await self._plot.seen_copy(self._plot.players.parts[0])  # after a crash the code is read there again
        before = stage.write(lan, f"/dinhchinh {self._plot.code}")
        asked_for = "Please write what is right. One paragraph is enough; the heading stands ready."
        await stage.text(lan.id, stage.speak(asked_for), after=before)
        await self._plot.beat()
        asked = stage.write(lan, self._plot.script.correction)
        await stage.button(lan.id, "👁 Preview and send", after=asked)
        await self._plot.beat()
        await stage.press(lan, lan.id, "👁 Preview and send", after=asked)
        await stage.button(lan.id, "📨 Ask for approval", after=asked)
        await self._plot.beat()
        await stage.press(lan, lan.id, "📨 Ask for approval", after=asked)
        await stage.button(self._plot.players.minh.id, "✅ Approve", under=headline)

    def _is_told_to(self, person: User, words: str) -> bool:
        """It was said to them before the scene was interrupted."""
        return self._plot.stage.shows(person.id, self._plot.stage.speak(words))

    def _withdrawn(self, part: Part) -> bool | None:
        """The copy says that it does not count for now; or, once it is corrected, what is right."""
        shown = (one.text for one in self._plot.stage.last(part.chat_id) if self._plot.code in one.text)
        return any("⛔" in text for text in shown) or self._corrected(part)

    def _corrected(self, part: Part) -> bool | None:
        """The copy was edited, and a reply under it says so.

        Where a crash left in doubt which message the copy is, the notice stands for itself.
        """
        shown = self._plot.stage.last(part.chat_id)
        edited = {message.message_id for message in shown if message.edited}
        notices = (one for one in shown if self._plot.code in one.text and "✏️" in one.text)
        is_told = (one.message_id not in edited and one.reply_to in {None, *edited} for one in notices)
        return any(is_told) or None
