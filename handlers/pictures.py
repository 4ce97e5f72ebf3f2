"""Files that the staff sends: a picture, a CAP alert. The size is looked at before anything is fetched."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from aiogram import Bot
from aiogram.types import Document, Message, PhotoSize
from aiogram.utils.i18n import gettext as _

from bulletins.bulletin import Language, Media
from bulletins.cap import CapDraft, CapProblem, CapRefusal
from bulletins.cap_xml import MOST_BYTES
from handlers.bulletin_desk import BulletinDesk
from handlers.telling import spoken
from reports.findings import NotExamined

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_LARGEST_PICTURE_BYTES = 10 * 1024 * 1024
# Four times what Telegram makes of the largest photo (2,560 squared): whoever opens more runs out of memory.
_MOST_PIXELS = 26_214_400


async def picture_of(message: Message, bot: Bot, bot_name: str, desk: BulletinDesk) -> Media | str:
    """The photo of ``message``, kept for all posts to come; or the sentence that says why not."""
    if not message.photo:
        return _("Please send the picture as a photo, not as a file; or “-” for none.")
    largest = message.photo[-1]
    if largest.width * largest.height > _MOST_PIXELS:
        return _("That picture has too many pixels. Please send a smaller one.")
    content = await _fetched(bot, largest, _LARGEST_PICTURE_BYTES)
    if content is None:
        return _("That picture is larger than 10 MB. Please send a smaller one.")
    sha256 = await desk.pictures.keep(content, desk.now())
    await desk.pictures.remember_handle(bot_name, sha256, largest.file_id)
    return Media(sha256=sha256, file_name=f"{sha256[:12]}.jpg")


async def read_cap_file(message: Message, bot: Bot, desk: BulletinDesk) -> CapDraft | str:
    """The draft in the file of ``message``, or the one sentence that says why there is none."""
    document = message.document
    if document is None:
        return _("Please send the CAP file (.xml) together with the command.")
    content = await _fetched(bot, document, MOST_BYTES)
    if content is None:
        return CapRefusal(CapProblem.TOO_BIG).sentence(Language(spoken()))
    read = await desk.alerts.read_cap(content, desk.now())
    if isinstance(read, NotExamined):
        return _unread(read)
    return read.sentence(Language(spoken())) if isinstance(read, CapRefusal) else read


def _unread(why: NotExamined) -> str:
    if why is NotExamined.BUSY:
        return _("Too many files are being read right now. Please send this one again in a minute.")
    return _(
        "This file could not be read in time, so it was not used. Please check it, or write the bulletin."
    )


async def _fetched(bot: Bot, file: PhotoSize | Document, most_bytes: int) -> bytes | None:
    """What is in the file; None when it is larger, or nobody says before how large it is."""
    if (file.file_size or 0) > most_bytes:
        return None
    found = await bot.get_file(file.file_id)
    size_bytes = found.file_size or file.file_size
    if size_bytes is None or size_bytes > most_bytes or found.file_path is None:
        return None
    content = _Bounded(most_bytes)
    try:
        await bot.download_file(found.file_path, content)
    except _TooLargeError:
        return None
    return content.getvalue()


class _TooLargeError(Exception):
    """More came than was said before."""


class _Bounded(BytesIO):
    """Takes so many bytes and no more, whatever size was announced."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__()
        self._room = most_bytes

    def write(self, data: ReadableBuffer, /) -> int:
        written = super().write(data)
        self._room -= written
        if self._room < 0:
            raise _TooLargeError
        return written
