"""A small story told against a bare world, without the product: what the page's tests look at.

Every act stands in plain code; `pace` seconds pass between acts, none in most tests.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

from simulator.phones import Cast, ChannelMark, Step, Words
from simulator.wire import utf16
from simulator.wire.automatic import with_found
from simulator.wire.entities import Entity
from simulator.world import Bot, Chat, ChatKind, EventKind, Message, RichText, World

SHIELD = ("Khu phố", "Tổ dân phố", "Chung cư", "Hội phụ nữ", "Thôn", "Trường", "Chợ", "Xóm", "Làng nghề")
NAMES = ("Bình Minh", "Hoa Sen", "Phước Lộc", "Tân An", "Vĩnh Hải", "Đồng Tâm", "Thanh Xuân", "Sông Hậu")

_MARKS = re.compile(r"\*\*(.+?)\*\*|~~(.+?)~~|`(.+?)`", re.DOTALL)


def rich(marked: str) -> RichText:
    """**bold**, ~~struck~~ and `code`, and what the platform finds by itself."""
    text, entities, at = "", [], 0
    for match in _MARKS.finditer(marked):
        text += marked[at : match.start()]
        kind, words = next(
            (kind, words)
            for kind, words in zip(("bold", "strikethrough", "code"), match.groups(), strict=True)
            if words
        )
        entities.append(Entity(kind, utf16.length(text), utf16.length(words)))
        text += words
        at = match.end()
    text += marked[at:]
    return RichText(text, with_found(text, entities))


BULLETIN = """🟠 **CẢNH BÁO** · An ninh

**Giả danh cán bộ VNeID gọi điện yêu cầu cài ứng dụng**

Từ sáng nay nhiều người dân nhận cuộc gọi tự xưng công an phường, yêu cầu cài ứng dụng qua đường dẫn lạ để \
“cập nhật căn cước”. Đây là lừa đảo.

👉 **Cần làm:** Không bấm liên kết, không cài ứng dụng. Gọi công an phường theo số {number}.

🏛 Cơ quan phát hành: Liên minh Niềm tin số tỉnh
⏳ Có hiệu lực đến 17:00 ngày 28/11/2026
🔎 Kiểm tra: gửi mã `LOA-7J7H-1` cho @LoaBot"""

CORRECTED = """✏️ **ĐÃ ĐÍNH CHÍNH** · LOA-7J7H-1

**Số điện thoại trực ban đã thay đổi**

👉 **Cần làm:** Gọi công an phường theo số 0210 555 0199.

Nội dung trước đây, không còn đúng:
~~Gọi công an phường theo số 0210 555 0100.~~

🔎 Kiểm tra: gửi mã `LOA-7J7H-1` cho @LoaBot"""


@dataclass
class Stage:
    """The world of the canned story, with everybody who acts in it."""

    world: World
    bot: Bot
    hoa: int
    lan: int
    minh: int
    sau: int
    hoas_group: Chat
    channels: list[Chat]


def set_stage(channels: int = 24, *, now: Callable[[], datetime] | None = None) -> Stage:
    """Two moderators, an admin, a citizen, and so many channels that the bot already serves."""
    world = World(now=now or (lambda: datetime.now(UTC)), random=Random(7))
    bot = world.add_bot("7001:canned", "LoaBot", "Loa")
    lan, minh, hoa, sau = (world.add_user(name) for name in ("Lan", "Minh", "Hoa", "Bác Sáu"))
    others = [world.add_user(f"Quản trị {number}") for number in range(3)]
    mine = world.add_chat(
        ChatKind.SUPERGROUP, "Tổ dân phố 12 – Gia Cẩm", hoa, members=[sau], member_count=486
    )
    world.add_chat(ChatKind.SUPERGROUP, "Cư dân chung cư Sông Lô", hoa, member_count=212)
    world.say(sau, mine, "Bà con ơi, sáng nay có nhà nào mất nước không?")
    world.say(hoa, mine, "Nhà máy nước báo 15 giờ có lại bác ạ.")
    places = [mine]
    for number in range(channels - 1):
        kind = ChatKind.BROADCAST if number % 5 == 4 else ChatKind.SUPERGROUP
        title = f"{SHIELD[number % 9]} {NAMES[number % 8]} {number + 1}"
        place = world.add_chat(kind, title, others[number % 3], member_count=60 + number * 37 % 900)
        world.promote(place, bot)
        places.append(place)
    return Stage(world, bot, hoa.id, lan.id, minh.id, sau.id, mine, places)


class CannedDirector:
    """Tells a fixed story; see `simulator.phones.Director`."""

    def __init__(self, stage: Stage, *, pace: float = 0.0) -> None:
        self.stage, self.pace = stage, pace
        self.cast = Cast(stage.bot.id, stage.hoa, (stage.lan, stage.minh), stage.sau)
        self.channels = [place.id for place in stage.channels]
        self.marks: dict[int, ChannelMark] = {}
        self.stumbles_at: int | None = None
        """The step that does not succeed: the telling ends before it."""
        self.position, self.playing = -1, False
        self.begun, self.may_go_on = asyncio.Event(), asyncio.Event()
        self.may_go_on.set()
        self._is_paused = self._is_fast = False
        self._copies: dict[int, Message] = {}
        self._tellers: list[Callable[[], AsyncIterator[None]]] = [
            self._joins,
            self._composes,
            self._approves,
            self._asks,
            self._corrects,
        ]
        self.steps = _steps(stage)

    async def play(self) -> None:
        self._is_paused = False
        while not self._is_paused and self.position + 1 < len(self.steps):
            await self.step()
        self._is_fast = False

    async def step(self) -> None:
        if self.position + 1 >= len(self.steps) or self.position + 1 == self.stumbles_at:
            self._is_paused = True
            return
        self.playing, self.position = True, self.position + 1
        self.begun.set()
        try:
            async for _ in self._tellers[self.position]():
                await asyncio.sleep(0.01 if self._is_fast else self.pace)
                await self.may_go_on.wait()
        finally:
            self.playing = False

    def pause(self) -> None:
        self._is_paused = True

    def fast_forward(self) -> None:
        self._is_fast = True

    # --- the steps -----------------------------------------------------------------------------------

    async def _joins(self) -> AsyncIterator[None]:
        stage, world = self.stage, self.stage.world
        world.start(stage.hoa, stage.bot)
        yield
        link = "https://t.me/LoaBot?startgroup=join&admin=post_messages+edit_messages+pin_messages"
        self.bot_says(
            stage.hoa,
            "Chào chị Hoa 👋\n\nLoa chuyển bản tin **chính thức, đã xác minh** vào nhóm của chị. "
            "Loa chỉ lên tiếng khi có bản tin, không đọc tin nhắn của ai, và chị rời đi bất cứ lúc nào.",
            [
                [{"text": "➕ Thêm Loa vào nhóm", "url": link}],
                [{"text": "Loa là ai?", "callback_data": "who"}],
            ],
        )
        yield
        world.open_link(stage.hoa, link, stage.hoas_group)
        yield
        pledge = self.bot_says(
            stage.hoa,
            "**Cam kết của quản trị nhóm** (bản 3)\n\n1. Chuyển bản tin nguyên văn.\n"
            "2. Không thu tiền, không quảng cáo kèm.\n3. Báo lại khi thấy tin sai.",
            [[{"text": "✅ Tôi đồng ý và tham gia", "callback_data": "agree"}]],
        )
        yield
        query = world.press(stage.hoa, stage.bot, pledge.id, "agree")
        yield
        self.answer(query, "Cảm ơn chị Hoa!")
        self.edit(pledge, "**Cam kết của quản trị nhóm** (bản 3)\n\n✅ Chị đã đồng ý lúc 09:02.")
        self.bot_says(stage.hoa, "🎉 Nhóm **Tổ dân phố 12 – Gia Cẩm** đã vào mạng lưới. Mã kiểm tra: `M-204`")
        yield

    async def _composes(self) -> AsyncIterator[None]:
        stage, world = self.stage, self.stage.world
        world.say(stage.lan, stage.bot, "/broadcast")
        yield
        self.bot_says(
            stage.lan, "Bản tin mới. Chị chọn loại:", keyboard=[["Cảnh báo", "Thông báo"], ["Diễn tập"]]
        )
        yield
        world.say(stage.lan, stage.bot, "Cảnh báo")
        yield
        self.bot_says(stage.lan, "Đây là bản xem trước, đúng từng chữ như người dân sẽ thấy:", keyboard=[])
        buttons = [
            [{"text": "📨 Gửi đi phê duyệt", "callback_data": "submit"}],
            [{"text": "✏️ Sửa", "callback_data": "edit"}, {"text": "🗑 Bỏ", "callback_data": "drop"}],
        ]
        preview = self.bot_says(stage.lan, BULLETIN.format(number="0210 555 0100"), buttons)
        yield
        query = world.press(stage.lan, stage.bot, preview.id, "submit")
        yield
        self.answer(query, "Đã gửi tới người phê duyệt")
        yield

    async def _approves(self) -> AsyncIterator[None]:
        stage, world = self.stage, self.stage.world
        request = self.bot_says(
            stage.minh,
            BULLETIN.format(number="0210 555 0100") + "\n\n**Lan** xin phê duyệt. Gửi tới "
            f"{len(stage.channels)} kênh, ngay bây giờ.",
            [
                [
                    {"text": "✅ Phê duyệt", "callback_data": "yes"},
                    {"text": "✋ Từ chối", "callback_data": "no"},
                ]
            ],
        )
        yield
        query = world.press(stage.minh, stage.bot, request.id, "yes")
        self.answer(query, "Đã phê duyệt. Bắt đầu gửi.")
        progress = self.bot_says(stage.lan, "📣 Đang gửi…")
        self.marks = dict.fromkeys(self.channels, ChannelMark.QUEUED)
        yield
        async for done in self._deliver():
            self.edit(progress, f"📣 Đã tới **{done}** / {len(self.channels)} kênh")
            yield
        yield

    async def _deliver(self) -> AsyncIterator[int]:
        order = self.channels[:]
        Random(3).shuffle(order)
        batch = max(1, len(order) // 20)
        for at in range(0, len(order), batch):
            for chat_id in order[at : at + batch]:
                self.marks.pop(chat_id)
                if chat_id == order[-1]:
                    self.marks[chat_id] = ChannelMark.REFUSED
                else:
                    self._copies[chat_id] = self.bot_says(chat_id, BULLETIN.format(number="0210 555 0100"))
            yield at + batch

    async def _asks(self) -> AsyncIterator[None]:
        stage, world = self.stage, self.stage.world
        world.start(stage.sau, stage.bot)
        yield
        world.say(
            stage.sau,
            stage.bot,
            "Cháu ơi, người ta nhắn bác: “Tài khoản VNeID sẽ bị khoá, cập nhật tại vneid-capnhat.top”. "
            "Có thật không?",
        )
        yield
        self.bot_says(
            stage.sau,
            "🔴 **Đừng bấm liên kết này, bác ạ.**\n\nvneid-capnhat.top giả trang của VNeID (trang thật là "
            "vneid.gov.vn). Bản tin `LOA-7J7H-1` sáng nay nói đúng về chiêu này.",
            [
                [
                    {"text": "Cảm ơn Loa", "callback_data": "ty"},
                    {"text": "Báo cho điều phối viên", "callback_data": "r"},
                ]
            ],
        )
        yield

    async def _corrects(self) -> AsyncIterator[None]:
        stage, world = self.stage, self.stage.world
        world.say(stage.minh, stage.bot, "/correct LOA-7J7H-1")
        yield
        done = self.bot_says(stage.minh, "✏️ Đang đính chính mọi bản đã gửi…")
        yield
        for number, copy in enumerate(self._copies.values(), 1):
            self.edit(copy, CORRECTED)
            if number % max(1, len(self._copies) // 20) == 0:
                self.edit(done, f"✏️ Đã đính chính **{number}** / {len(self._copies)} bản")
                yield
        group = self.stage.hoas_group
        if group.id in self._copies:
            reply = "✏️ Bản tin LOA-7J7H-1 đã được đính chính. Số đúng: **0210 555 0199**"
            self.bot_says(group.id, reply, reply_to=self._copies[group.id].id)
        yield

    # --- what the bot does ---------------------------------------------------------------------------

    def bot_says(
        self,
        chat_id: int,
        marked: str,
        buttons: list[list[dict[str, Any]]] | None = None,
        *,
        keyboard: list[list[str]] | None = None,
        reply_to: int | None = None,
    ) -> Message:
        world, bot = self.stage.world, self.stage.bot
        place = world.chat(chat_id, bot=bot)
        words = rich(marked)
        draft = world.draft(
            place, author_id=bot.id, text=words.text, entities=words.entities, reply_to=reply_to
        )
        draft.from_id, draft.inline_keyboard = bot.id, buttons
        if place.kind is ChatKind.BROADCAST:
            draft.from_id, draft.sender_chat_id = None, place.id
        if keyboard is not None:
            rows = [[{"text": label} for label in row] for row in keyboard]
            draft.reply_markup = {"keyboard": rows} if rows else {"remove_keyboard": True}
        return world.post(place, draft)

    def edit(self, message: Message, marked: str) -> None:
        words = rich(marked)
        message.text, message.entities, message.inline_keyboard = words.text, words.entities, None
        message.edited_at = self.stage.world.now()
        place = self.stage.world.chat(message.chat_id, bot=self.stage.bot)
        self.stage.world.redeliver_edited(place, message, self.stage.bot.id)

    def answer(self, query_id: str, words: str) -> None:
        world = self.stage.world
        query = world.callbacks[query_id]
        query.is_answered, query.answer = True, words
        world.tell(EventKind.ANSWER, world.chat(query.chat_id, bot=self.stage.bot), query.message_id)


def _steps(stage: Stage) -> list[Step]:
    def step(key: str, vi: str, en: str, caption: tuple[str, str], *actors: int) -> Step:
        return Step(key, Words(vi, en), Words(*caption), actors)

    return [
        step(
            "joins",
            "Chị Hoa tham gia",
            "Hoa joins",
            (
                "Chị Hoa quản trị một nhóm khu phố. Chị thêm Loa, đọc cam kết và đồng ý — hết hai phút.",
                "Hoa runs a neighbourhood group. She adds Loa, reads the pledge, agrees: two minutes.",
            ),
            stage.hoa,
        ),
        step(
            "composes",
            "Lan soạn bản tin",
            "Lan writes a bulletin",
            (
                "Có chiêu lừa mới. Lan soạn cảnh báo và xem trước đúng từng chữ người dân sẽ thấy.",
                "A new scam is about. Lan writes a warning and sees exactly what people will see.",
            ),
            stage.lan,
        ),
        step(
            "approves",
            "Minh phê duyệt, Loa gửi đi",
            "Minh approves, and out it goes",
            (
                "Phải có người thứ hai đồng ý. Minh phê duyệt; từng kênh sáng lên khi bản tin tới nơi.",
                "It takes a second person. Minh approves, and each channel lights up as its copy arrives.",
            ),
            stage.minh,
            stage.hoa,
        ),
        step(
            "asks",
            "Bác Sáu hỏi thật hay giả",
            "Bác Sáu asks: is this real?",
            (
                "Bác Sáu nhận tin nhắn lạ, hỏi Loa và được trả lời trong một giây.",
                "Bác Sáu got a strange message. He asks Loa, and has his answer within a second.",
            ),
            stage.sau,
        ),
        step(
            "corrects",
            "Đính chính mọi nơi",
            "Corrected everywhere",
            (
                "Số điện thoại trong bản tin sai. Một người là đủ để sửa: mọi bản đã gửi đổi màu.",
                "A telephone number was wrong. One person is enough to correct it: every copy changes.",
            ),
            stage.minh,
            stage.hoa,
        ),
    ]
