"""The Bot API's MarkdownV2, without custom emoji and block quotes that expand.

Rules: https://core.telegram.org/bots/api#markdownv2-style
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.wire import utf16
from simulator.wire.entities import Entity, in_order
from simulator.wire.html import EntityError
from simulator.wire.links import checked_link, mentioned_user
from simulator.world_model import RichText

_RESERVED = frozenset("_*[]()~`>#+-=|{}.!")
_MARKS = {"*": "bold", "_": "italic", "__": "underline", "~": "strikethrough", "||": "spoiler"}
_NAMES = {
    "bold": "Bold",
    "italic": "Italic",
    "underline": "Underline",
    "strikethrough": "Strikethrough",
    "spoiler": "Spoiler",
    "code": "Code",
    "pre": "Pre",
    "text_link": "TextUrl",
}


@dataclass(slots=True)
class _Open:
    kind: str
    mark: str
    offset: int
    position: int


def parse_markdown(text: str) -> RichText:
    """The plain text and its entities; raises `EntityError` in Telegram's words."""
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._pieces: list[str] = []
        self._units = 0
        self._open: list[_Open] = []
        self._entities: list[Entity] = []
        self._quote: int | None = None

    def read(self) -> RichText:
        while self._at < len(self._text):
            self._step(self._text[self._at])
        self._end_quote()
        if self._open:
            name, where = _NAMES[self._open[-1].kind], self._bytes(self._open[-1].position)
            raise EntityError(f"Can't find end of {name} entity at byte offset {where}")
        return RichText("".join(self._pieces), in_order(self._entities))

    def _step(self, char: str) -> None:
        if char == "\\" and self._at + 1 < len(self._text) and " " < self._text[self._at + 1] < "\x7f":
            self._put(self._text[self._at + 1])
            self._at += 2
        elif self._opens_quote(char):
            self._quote = self._units if self._quote is None else self._quote
            self._at += 1
        elif char == "`":
            self._code()
        elif char in "*_~|":
            self._mark(char)
        elif char in "[]":
            self._link(char)
        elif char in _RESERVED:
            raise EntityError(f"Character '{char}' is reserved and must be escaped with the preceding '\\'")
        else:
            self._plain(char)

    def _plain(self, char: str) -> None:
        self._put(char)
        self._at += 1
        if char == "\n" and not self._text.startswith(">", self._at):
            self._end_quote()

    def _opens_quote(self, char: str) -> bool:
        return char == ">" and (self._at == 0 or self._text[self._at - 1] == "\n")

    def _end_quote(self) -> None:
        if self._quote is not None:
            self._add("blockquote", self._quote)
            self._quote = None

    def _code(self) -> None:
        mark, kind = ("```", "pre") if self._text.startswith("```", self._at) else ("`", "code")
        begin, end = self._at, self._text.find(mark, self._at + len(mark))
        if end < 0:
            raise EntityError(f"Can't find end of {_NAMES[kind]} entity at byte offset {self._bytes(begin)}")
        inside = self._text[begin + len(mark) : end].replace("\\`", "`").replace("\\\\", "\\")
        language, has_language, rest = inside.partition("\n")
        if kind == "pre" and has_language and language.strip() == language and " " not in language:
            inside = rest
        else:
            language = ""
        start = self._units
        self._put(inside)
        if self._units > start:
            size = self._units - start
            self._entities.append(Entity(kind, start, size, language=language if kind == "pre" else ""))
        self._at = end + len(mark)

    def _mark(self, char: str) -> None:
        mark = char * 2 if self._text.startswith(char * 2, self._at) and char in "_|" else char
        if mark not in _MARKS:
            raise EntityError(f"Character '{char}' is reserved and must be escaped with the preceding '\\'")
        if self._open and self._open[-1].mark == mark:
            self._close()
        else:
            self._open.append(_Open(_MARKS[mark], mark, self._units, self._at))
        self._at += len(mark)

    def _close(self) -> _Open:
        opened = self._open.pop()
        if opened.kind != "text_link":
            self._add(opened.kind, opened.offset)
        return opened

    def _link(self, char: str) -> None:
        if char == "[":
            self._open.append(_Open("text_link", "[", self._units, self._at))
            self._at += 1
            return
        if not self._open or self._open[-1].mark != "[":
            raise EntityError("Character ']' is reserved and must be escaped with the preceding '\\'")
        opened = self._close()
        self._at += 1
        link = self._link_target()
        user_id, target = mentioned_user(link), checked_link(link)
        size = self._units - opened.offset
        if size and user_id is not None:
            self._entities.append(Entity("text_mention", opened.offset, size, user_id=user_id))
        elif size and target is not None:
            self._entities.append(Entity("text_link", opened.offset, size, url=target))

    def _link_target(self) -> str:
        if not self._text.startswith("(", self._at):
            return ""
        end = self._at + 1
        while end < len(self._text) and self._text[end] != ")":
            end += 2 if self._text[end] == "\\" else 1
        if end >= len(self._text):
            raise EntityError(f"Can't find end of a URL at byte offset {self._bytes(self._at)}")
        inside = self._text[self._at + 1 : end].replace("\\)", ")").replace("\\\\", "\\")
        self._at = end + 1
        return inside

    def _add(self, kind: str, offset: int) -> None:
        if self._units > offset:
            self._entities.append(Entity(kind, offset, self._units - offset))

    def _put(self, text: str) -> None:
        self._pieces.append(text)
        self._units += utf16.length(text)

    def _bytes(self, position: int) -> int:
        return len(self._text[:position].encode())
