"""Who plays in the story, and what they say: the people, the channels, the bulletin, the suspicious message.

All of it is made up. The texts are the story's, in the language it is told in; the product's own words come from
the product.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.world import Bot, Chat, ChatKind, User, World

BOT_TOKEN = "7000001:simulated-token-that-opens-nothing"
BOT_USERNAME = "LoaDemoBot"
BOT_NAME = "Loa"

_PEOPLE = {
    "lan": ("Lan", "Lan"),
    "minh": ("Minh", "Minh"),
    "hanh": ("Hạnh", "Hanh"),
    "sau": ("Bác Sáu", "Uncle Sau"),
}
_ADMINS = ("Hoa", "Tùng", "Thảo", "Dũng", "Mai", "Khánh", "Loan", "Phúc")
_TITLES = {
    "vi": (
        "Tổ dân phố 5 Hoa Ban", "Chung cư Hướng Dương", "Tin xã Suối Ngàn",
        "Phụ huynh lớp 4A", "Tiểu thương Đồi Chè", "Tin phố Bến Lau",
        "Nông dân xã Vân Sơn", "Dưỡng sinh Ban Mai", "Phường Lộc Vừng",
        "Thanh niên Ngọc Lũng", "Xe khách liên huyện", "Chợ quê online",
    ),
    "en": (
        "Hoa Ban neighbours", "Sunflower flats", "Suoi Ngan news",
        "Parents of class 4A", "Tea Hill traders", "Ben Lau news",
        "Van Son farmers", "Morning exercise", "Loc Vung ward",
        "Ngoc Lung youth", "District coaches", "Country market",
    ),
}  # fmt: skip
_KINDS = (ChatKind.GROUP, ChatKind.SUPERGROUP, ChatKind.BROADCAST)
_MEMBER_COUNTS = (86, 412, 1_930, 47, 263, 3_240, 158, 64, 2_105, 131, 75, 980)


@dataclass(frozen=True, slots=True)
class Script:
    """What people write in the story."""

    bulletin: str
    headline: str
    instruction_label: str
    """With which the moderator is asked to begin what people should do."""
    source: str
    """Of the bulletin, and of the verdict."""
    altered_fact: tuple[str, str]
    """What a forger changes in the copy, and into what."""
    forger: str
    correction: str
    suspicious: str
    stranger: str
    """From whom the suspicious message came."""
    verdict: str

    @property
    def correction_headline(self) -> str:
        """Its first line."""
        return self.correction.partition("\n")[0]


SCRIPTS = {
    "vi": Script(
        bulletin=(
            "Công an không gọi điện yêu cầu cài ứng dụng định danh\n"
            "Nhiều người dân nhận được cuộc gọi tự xưng công an, yêu cầu bấm vào đường dẫn để cập nhật định danh "
            "điện tử. Đây là thủ đoạn chiếm quyền điều khiển điện thoại. Việc cập nhật chỉ làm tại trụ sở công an "
            "xã, từ 8:00 đến 17:00 thứ Bảy, và không thu tiền.\n\n"
            "Cần làm: Không bấm đường dẫn lạ, không đọc mã OTP cho bất kỳ ai."
        ),
        headline="Công an không gọi điện yêu cầu cài ứng dụng định danh",
        instruction_label="Cần làm:",
        source="https://tinthat.example/7",
        altered_fact=("không thu tiền", "thu phí 500.000 đồng"),
        forger="Tin nóng",
        correction=(
            "Đính chính giờ làm việc\n"
            "Trụ sở công an xã hỗ trợ cập nhật định danh cả thứ Bảy và Chủ nhật, từ 8:00 đến 17:00, không thu tiền. "
            "Bản tin trước chỉ ghi thứ Bảy."
        ),
        suspicious=(
            "KHẨN: Tài khoản định danh của quý khách sẽ bị KHOÁ trước 17h hôm nay. Cập nhật ngay tại "
            "hxxps://dinhdanh-capnhat[.]top/xacthuc và nhập mã OTP. Chuyển tiếp cho người thân để không bị khoá!"
        ),
        stranger="Người lạ",
        verdict=(
            "Đây là tin lừa đảo: cơ quan công an không khoá tài khoản định danh qua tin nhắn và không bao giờ hỏi mã "
            "OTP. Trang web trong tin không phải của cơ quan nhà nước."
        ),
    ),
    "en": Script(
        bulletin=(
            "The police do not ask for an identity app by telephone\n"
            "Many people were called by somebody who claims to be the police and wants them to open a link to update "
            "their digital identity. It is a trick to take over the telephone. Updates are made only at the commune "
            "police office, Saturday from 8:00 to 17:00, free of charge.\n\n"
            "What to do: Open no strange link, and tell your one-time code to nobody."
        ),
        headline="The police do not ask for an identity app by telephone",
        instruction_label="What to do:",
        source="https://tinthat.example/7",
        altered_fact=("free of charge", "for a fee of 500,000 dong"),
        forger="Hot news",
        correction=(
            "Correction of the opening hours\n"
            "The commune police office helps with identity updates on Saturday and Sunday, from 8:00 to 17:00, free of "
            "charge. The earlier bulletin named Saturday only."
        ),
        suspicious=(
            "URGENT: your identity account will be LOCKED at 17:00 today. Update now at "
            "hxxps://dinhdanh-capnhat[.]top/xacthuc and enter your code. Forward this to your family!"
        ),
        stranger="A stranger",
        verdict=(
            "This is a scam: the police lock no identity account by message, and never ask for a one-time code. The "
            "site in the message does not belong to any office."
        ),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """One channel of the network, and the person who administers it."""

    admin: User
    chat_id: int

    def chat(self, world: World) -> Chat:
        """The chat as it is now."""
        return world.chats[self.chat_id]


@dataclass(frozen=True, slots=True)
class Players:
    """Everybody in the story."""

    bot: Bot
    lan: User
    """Moderator: writes the bulletin."""
    minh: User
    """Moderator: approves it, and answers the report."""
    hanh: User
    """Approver: the second one, when it takes two."""
    sau: User
    """A citizen, in the first channel."""
    parts: tuple[Part, ...]
    moderators: int
    """The moderators' group."""
    canary: int
    """The operator's own channel."""

    @property
    def admin(self) -> User:
        """The admin whose phone is watched."""
        return self.parts[0].admin


def assemble(world: World, channels: int, language: str, token: str = BOT_TOKEN) -> Players:
    """Bring everybody together in a new world; ``token`` is the bot's, which opens this world only."""
    bot = world.add_bot(token, BOT_USERNAME, BOT_NAME)
    place = 0 if language == "vi" else 1
    lan, minh, hanh, sau = (
        world.add_user(names[place], username=key, language_code=language) for key, names in _PEOPLE.items()
    )
    moderators = _office(world, bot, (hanh, lan, minh), "Điều phối viên", "Moderators", language)
    canary = _office(world, bot, (hanh,), "Kênh thử", "Canary", language)
    for person in (lan, minh, hanh):
        world.start(person, bot)
    parts = tuple(_part(world, number, sau, language) for number in range(channels))
    return Players(bot, lan, minh, hanh, sau, parts, moderators, canary)


def recall(world: World) -> Players:
    """The same people in a world that was there before."""
    bot = next(bot for bot in world.bots.values() if bot.username == BOT_USERNAME)
    lan, minh, hanh, sau = (world.named(key) for key in _PEOPLE)
    if not all(isinstance(person, User) for person in (lan, minh, hanh, sau)):
        raise LookupError("this world was not made for the story")
    chats = list(world.chats)
    users = list(world.users.values())
    parts = tuple(Part(users[4 + number], chat_id) for number, chat_id in enumerate(chats[2:]))
    return Players(bot, lan, minh, hanh, sau, parts, chats[0], chats[1])  # type: ignore[arg-type]


def _office(
    world: World, bot: Bot, people: tuple[User, ...], vietnamese: str, english: str, language: str
) -> int:
    title = vietnamese if language == "vi" else english
    chat = world.add_chat(ChatKind.SUPERGROUP, title, people[0], members=people[1:])
    world.promote(chat, bot, by=people[0])
    return chat.id


def _part(world: World, number: int, citizen: User, language: str) -> Part:
    titles = _TITLES[language]
    title, round_number = titles[number % len(titles)], number // len(titles)
    admin = world.add_user(_ADMINS[number % len(_ADMINS)], language_code=language)
    chat = world.add_chat(
        _KINDS[number % len(_KINDS)],
        title if not round_number else f"{title} ({round_number + 1})",
        admin,
        members=(citizen,) if number == 0 else (),
        member_count=_MEMBER_COUNTS[number % len(_MEMBER_COUNTS)],
    )
    return Part(admin, chat.id)
