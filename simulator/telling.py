"""The director of the phones page: tells the story step by step, slowly enough to follow, and can be interrupted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from simulator.phones.director import Cast, ChannelMark, Step, Words
from simulator.story import Scene, Story
from simulator.world import EventKind, World, WorldEvent

BEAT_SECONDS = 1.4
"""Between two acts: long enough to read a short message."""

_TITLES: Mapping[str, tuple[Words, Words]] = {
    "enrol": (
        Words("Mời Loa vào nhóm", "Inviting Loa"),
        Words(
            "Chị Hoa và các quản trị viên khác thêm Loa vào nhóm, kênh của mình. Loa kiểm tra ngay xem họ có đúng là "
            "quản trị viên không.",
            "Hoa and other admins add Loa to their groups and channels. Loa checks at once that they really are the "
            "admins.",
        ),
    ),
    "pledge": (
        Words("Đọc và cam kết", "The pledge"),
        Words(
            "Mỗi người đọc bản cam kết trong tin nhắn riêng, rồi tự tay xác nhận. Từ đó nhóm mới thuộc mạng lưới.",
            "Each of them reads the pledge in private and confirms it by a deliberate act. Only then the group belongs.",
        ),
    ),
    "compose": (
        Words("Soạn bản tin", "Writing a bulletin"),
        Words(
            "Lan, điều phối viên, soạn một bản tin, xem trước đúng như mọi người sẽ thấy, rồi gửi duyệt.",
            "Lan, a moderator, writes a bulletin, sees exactly what people will see, and asks for approval.",
        ),
    ),
    "approve": (
        Words("Người thứ hai phê duyệt", "A second person approves"),
        Words(
            "Không ai tự duyệt bản tin của mình. Minh đọc lại và phê duyệt đúng nội dung này, sửa một chữ là phải duyệt "
            "lại.",
            "Nobody approves their own bulletin. Minh reads it and approves exactly these words; a change voids it.",
        ),
    ),
    "deliver": (
        Words("Bản tin đến mọi kênh", "It lands everywhere"),
        Words(
            "Bản tin đến từng nhóm, từng kênh, nhanh hết mức nền tảng cho phép mà không vượt quá.",
            "It reaches each group and channel, as fast as the platform allows and not faster.",
        ),
    ),
    "verify": (
        Words("Tin này có thật không?", "Is it genuine?"),
        Words(
            "Bác Sáu hỏi bằng mã, chuyển tiếp một bản, rồi một bản đã bị sửa. Loa chỉ ra đúng chỗ bị sửa.",
            "Uncle Sáu asks by code, forwards a copy, and then a forged one. Loa names what was changed.",
        ),
    ),
    "correct": (
        Words("Đính chính mọi bản sao", "Corrected everywhere"),
        Words(
            "Bản tin ghi thiếu ngày. Lan đính chính: mọi bản đã gửi đều được sửa và có lời nhắc ngay bên dưới.",
            "The bulletin left out a day. Lan corrects it: every copy changes, with a short notice below.",
        ),
    ),
    "report": (
        Words("Bác Sáu gặp tin đáng ngờ", "Something suspicious"),
        Words(
            "Bác chuyển tiếp cho Loa. Loa nói ngay điều mình biết; bác đồng ý gửi cho điều phối viên và nhận biên nhận.",
            "He forwards it. Loa says at once what it knows; he agrees to ask the moderators, and gets a receipt.",
        ),
    ),
    "verdict": (
        Words("Kết luận có nguồn", "A verdict with a source"),
        Words(
            "Minh nhận vụ việc. Điều phối viên không bao giờ biết ai đã gửi. Kết luận nào cũng phải có nguồn.",
            "Minh takes the case. Moderators never see who reported. No verdict without a source.",
        ),
    ),
    "answer": (
        Words("Bác Sáu nhận câu trả lời", "He gets the answer"),
        Words(
            "Câu trả lời đến đúng cuộc trò chuyện của bác, kèm nguồn để tự kiểm chứng.",
            "The answer comes back to him, with its source, so that he can check for himself.",
        ),
    ),
    "subscribe": (
        Words("Đăng ký nhận bản tin", "Subscribing"),
        Words(
            "Bác Sáu muốn nhận bản tin ngay tại đây: một lần bấm, và một lần bấm để thôi.",
            "He wants bulletins right here: one press, and one press to end it.",
        ),
    ),
}  # fmt: skip


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
        story.paced(self._beat)
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
            Step(scene.key, *_TITLES[scene.key], actors=self._actors(scene.key)) for scene in self._scenes
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
                if not await self._tell_next():
                    break
                await self._beat()
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
            await self._tell_next()

    def fast_forward(self) -> None:
        """No more waiting for readers."""
        self._hurry.set()

    async def _tell_next(self) -> bool:
        scene = self._scenes[self._position + 1]
        self._position += 1
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
            "deliver": players.lan,
            "correct": players.lan,
            "verdict": players.minh,
        }
        return (acting.get(key, players.sau).id,)

    def _changed(self, event: WorldEvent) -> None:
        if event.kind in (EventKind.MESSAGE, EventKind.EDIT):
            self._marks.pop(event.chat_id, None)

    async def _beat(self) -> None:
        try:
            async with asyncio.timeout(BEAT_SECONDS):
                await self._hurry.wait()
        except TimeoutError:
            return
