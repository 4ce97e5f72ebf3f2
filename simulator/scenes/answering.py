"""A citizen reports something suspicious, a moderator gives the verdict, and the answer comes back."""

from __future__ import annotations

from simulator.scenes.plot import Plot, receipt_in
from simulator.stage import NothingCame
from simulator.world import Origin, OriginKind

_VERDICT_CHARACTERS = 60


class Answering:
    """The scenes of the report."""

    def __init__(self, plot: Plot) -> None:
        self._plot = plot
        self._receipt = ""

    async def report(self) -> str:
        """Bác Sáu forwards something suspicious, is told what is known at once, and asks the moderators."""
        stage, sau, script = self._plot.stage, self._plot.players.sau, self._plot.script
        if not stage.shows(sau.id, script.suspicious) or stage.shown_button(sau.id, _MAY_PUBLISH) is None:
            origin = Origin(OriginKind.HIDDEN_USER, stage.world.now(), name=script.stranger)
            asked = stage.world.forward_foreign(sau, stage.bot, script.suspicious, origin).id
            await stage.button(sau.id, "🙋 No, ask the moderators", after=asked)
            await self._plot.beat()
            await stage.press(sau, sau.id, "🙋 No, ask the moderators", after=asked)
            await stage.button(sau.id, "Send it, and tell me the answer", after=asked)
            await self._plot.beat()
            await stage.press(sau, sau.id, "Send it, and tell me the answer", after=asked)
            await stage.press(sau, sau.id, "Scam, or phishing", after=asked)
        message, _ = await stage.button(sau.id, _MAY_PUBLISH)
        self._receipt = receipt_in(message.text)
        self._plot.tally.reports += 1
        return self._plot.told(f"Biên nhận {self._receipt}", f"Receipt {self._receipt}")

    async def verdict(self) -> str:
        """Minh takes the case and writes the verdict, with its source; it says scam, so Lan must agree."""
        stage, players, group = self._plot.stage, self._plot.players, self._plot.players.moderators
        if not self._is_answered():
            if stage.shown_button(group, "✅ I agree") is None:
                await self._propose()
            await stage.button(group, "✅ I agree")
            await self._plot.beat()
            await stage.press(players.lan, group, "✅ I agree")
            await stage.text(group, stage.speak("This case is answered."))
        return self._plot.told(
            "Minh đã kết luận, có dẫn nguồn; Lan đồng ý", "Minh decided, and named the source; Lan agreed"
        )

    async def _propose(self) -> None:
        """Take the case, write, look at what citizens would read, and send it to a second person."""
        stage, minh, group = self._plot.stage, self._plot.players.minh, self._plot.players.moderators
        if stage.shown_button(group, "📨 Send it to a second person") is None:
            if stage.shown_button(group, "it is a scam") is None:
                await stage.press(minh, group, "✋ I take this one")
                await stage.button(group, "it is a scam")
                await self._plot.beat()
            before = stage.newest_id(group)
            await stage.press(minh, group, "it is a scam")
            prompt = await stage.text(group, "https://", after=before)
            await self._plot.beat()
            words = f"{self._plot.script.verdict} {self._plot.script.source}"
            stage.world.say(minh, group, words, reply_to=prompt.message_id)
            await stage.button(group, "📨 Send it to a second person")
            await self._plot.beat()
        await stage.press(minh, group, "📨 Send it to a second person")

    def _is_answered(self) -> bool:
        stage, group = self._plot.stage, self._plot.players.moderators
        labels = ("✋ I take this one", "it is a scam", "📨 Send it to a second person", "✅ I agree")
        is_open = any(stage.shown_button(group, label) for label in labels)
        return not is_open and stage.shows(group, stage.speak("This case is answered."))

    async def answer(self) -> str:
        """The citizen is told, on the same phone, which report it answers."""
        words = self._plot.script.verdict[:_VERDICT_CHARACTERS]
        told = await self._plot.stage.text(self._plot.players.sau.id, words)
        if self._receipt not in told.text:
            raise NothingCame(f"the answer does not name the receipt {self._receipt}")
        self._plot.tally.answers += 1
        return self._plot.told("Bác có câu trả lời, kèm nguồn", "He has the answer, with its source")

    async def subscribe(self) -> str:
        """Bác Sáu wants bulletins in the private chat, too: one press."""
        stage, sau = self._plot.stage, self._plot.players.sau
        asked = stage.world.start(sau, stage.bot).id
        message, _ = await stage.button(sau.id, "🔔 Get bulletins here", after=asked)
        await self._plot.beat()
        await stage.press(sau, sau.id, "🔔 Get bulletins here", after=asked)
        await stage.until(sau.id, lambda: stage.newest_id(sau.id) > message.message_id or None, "the welcome")
        return self._plot.told("Bác nhận bản tin trong tin nhắn riêng", "He gets bulletins in private, too")


_MAY_PUBLISH = "The answer may be published"
