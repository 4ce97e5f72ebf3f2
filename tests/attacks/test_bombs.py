"""Row "picture, archive or XML bombs": sizes are looked at before anything is fetched, and nothing is unpacked."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.methods import GetFile, TelegramMethod
from aiogram.types import Chat, File, Message, PhotoSize

from bulletins.cap import CapProblem, CapRefusal, read_cap
from bulletins.cap_xml import MOST_BYTES
from handlers.pictures import picture_of
from tests.handlers.house import TEXTS

MORNING = datetime(2026, 11, 2, 1, tzinfo=UTC)
MEGABYTE = 1024 * 1024
LINK = "photos/1.jpg"
ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("bot", "handlers", "web", "platforms", "storage", "broadcasts", "reports", "members", "bulletins")


class Server(BaseSession):
    """A Bot API that says one size and sends another, and counts what it was asked for."""

    def __init__(self, said_bytes: int | None, sent_bytes: int) -> None:
        super().__init__()
        self.said_bytes, self.sent_bytes = said_bytes, sent_bytes
        self.fetched_bytes = 0
        self.asked: list[str] = []

    async def close(self) -> None:
        """Nothing is open."""

    async def make_request(self, bot: Bot, method: TelegramMethod[Any], **_: Any) -> Any:
        self.asked.append(type(method).__name__)
        assert isinstance(method, GetFile)
        return File(file_id="f", file_unique_id="u", file_size=self.said_bytes, file_path=LINK)

    async def stream_content(self, *_: Any, **__: Any) -> AsyncIterator[bytes]:
        while self.fetched_bytes < self.sent_bytes:
            self.fetched_bytes += 65_536
            yield b"x" * 65_536


class Shelf:
    """Keeps nothing: no bomb may get here."""

    kept: list[int]

    def __init__(self) -> None:
        self.kept = []
        self.pictures = self

    def now(self) -> datetime:
        return MORNING

    async def keep(self, content: bytes, at: datetime) -> str:
        self.kept.append(len(content))
        return "ab" * 32

    async def remember_handle(self, bot: str, sha256: str, handle: str) -> None:
        """Not asked for."""


def a_photo(size_bytes: int | None, width: int = 1_280, height: int = 720) -> Message:
    photo = PhotoSize(file_id="f", file_unique_id="u", width=width, height=height, file_size=size_bytes)
    return Message(message_id=1, date=MORNING, chat=Chat(id=1, type="private"), photo=[photo])


async def sent(server: Server, message: Message) -> tuple[Any, Shelf]:
    bot, shelf = Bot("123456:not-a-real-token-but-long-enough", session=server), Shelf()
    with TEXTS.context(), TEXTS.use_locale("vi"):
        return await picture_of(message, bot, "loa", shelf), shelf  # type: ignore[arg-type]


@pytest.mark.parametrize("size_bytes", [10 * MEGABYTE + 1, 2_000 * MEGABYTE])
async def test_picture_bomb_that_says_its_size_is_not_even_asked_for(size_bytes: int) -> None:
    server = Server(size_bytes, size_bytes)

    said, shelf = await sent(server, a_photo(size_bytes))

    assert "lớn quá 10 MB" in said
    assert (server.asked, server.fetched_bytes, shelf.kept) == ([], 0, [])


async def test_picture_bomb_whose_size_the_platform_tells_later_is_not_fetched() -> None:
    server = Server(11 * MEGABYTE, 11 * MEGABYTE)

    said, shelf = await sent(server, a_photo(None))

    assert "lớn quá 10 MB" in said
    assert (server.fetched_bytes, shelf.kept) == (0, [])


@pytest.mark.parametrize("said_bytes", [None, 1_000])
async def test_picture_bomb_that_is_larger_than_it_says_is_fetched_no_further_than_the_cap(
    said_bytes: int | None,
) -> None:
    server = Server(said_bytes, 400 * MEGABYTE)

    said, shelf = await sent(server, a_photo(said_bytes))

    assert "lớn quá 10 MB" in said
    assert server.fetched_bytes <= 10 * MEGABYTE + 65_536
    assert shelf.kept == []


async def test_picture_of_too_many_pixels_is_not_fetched_however_few_bytes_it_has() -> None:
    server = Server(20_000, 20_000)

    said, shelf = await sent(server, a_photo(20_000, 30_000, 30_000))

    assert "quá nhiều điểm ảnh" in said
    assert (server.asked, shelf.kept) == ([], [])


async def test_a_picture_within_the_caps_is_kept() -> None:
    server = Server(200_000, 200_000)

    media, shelf = await sent(server, a_photo(200_000, 2_560, 2_560))

    assert media.sha256 == "ab" * 32
    assert shelf.kept == [server.fetched_bytes]


def test_xml_bomb_is_refused_before_it_is_parsed() -> None:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE alert [<!ENTITY a0 "ha">{entities}]><alert>&a11;</alert>'.encode()

    assert isinstance(read_cap(bomb, MORNING), CapRefusal)
    assert read_cap(b" " * (MOST_BYTES + 1), MORNING) == CapRefusal(CapProblem.TOO_BIG)


def test_archive_bomb_is_never_opened() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("alert.xml", b"\0" * (4 * MEGABYTE))

    assert isinstance(read_cap(packed.getvalue(), MORNING), CapRefusal)


def test_no_room_of_the_product_unpacks_archives() -> None:
    unpacking = re.compile(r"^\s*(?:import|from) (?:zipfile|tarfile|gzip|zlib|bz2|lzma)\b", re.MULTILINE)
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]

    assert len(files) > 200
    assert not [path for path in files if unpacking.search(path.read_text("utf-8"))]
