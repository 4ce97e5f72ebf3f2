"""The Bot API's HTML parse mode: a small language of its own, with byte offsets in its error messages.

Tags and rules: https://core.telegram.org/bots/api#html-style
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from simulator.wire import utf16
from simulator.wire.entities import Entity, in_order
from simulator.wire.links import checked_link, mentioned_user
from simulator.world_model import RichText


class EntityError(Exception):
    """The text cannot be parsed; the message is what follows “can't parse entities: ”."""


_KINDS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "span": "spoiler",
    "tg-spoiler": "spoiler",
}
_TAGS = frozenset(_KINDS) | {"a", "code", "pre", "blockquote", "tg-emoji"}
_NAMED = {b"lt": "<", b"gt": ">", b"amp": "&", b"quot": '"'}
_SPACE = frozenset(b" \t\r\n\v\0")
_END = 0
_LT, _GT, _SLASH, _AMP, _EQUALS = b"<>/&="
_TOKEN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")


@dataclass(slots=True)
class _Open:
    """A start tag that waits for its end."""

    tag: str
    argument: str
    offset: int
    position: int
    """Where its text begins among the pieces read so far."""


def parse_html(text: str) -> RichText:
    """The plain text and its entities; raises `EntityError` in Telegram's words."""
    if "<" not in text and "&" not in text:
        return RichText(text)
    return _Reader(text).read()


class _Reader:
    """Reads the text once; `_at` is a byte offset, as the error messages want it."""

    def __init__(self, text: str) -> None:
        # The closing zero byte spares every look-ahead a check for the end.
        self._data = text.encode() + b"\0"
        self._at = 0
        self._size = len(self._data) - 1
        self._pieces: list[str] = []
        self._units = 0
        self._open: list[_Open] = []
        self._entities: list[Entity] = []

    def read(self) -> RichText:
        while self._at < self._size:
            self._read_plain()
            if self._at >= self._size:
                break
            if self._data[self._at] == _AMP:
                self._put(self._reference() or self._literal_ampersand())
            elif self._data[self._at + 1] == _SLASH:
                self._end_tag()
            else:
                self._start_tag()
        if self._open:
            raise EntityError(f'Can\'t find end tag corresponding to start tag "{self._open[-1].tag}"')
        kept = [replace(one, language="") if one.kind == "code" else one for one in self._entities]
        return RichText("".join(self._pieces), in_order(kept))

    # --- text ----------------------------------------------------------------------------------------

    def _read_plain(self) -> None:
        marks = (self._data.find(b"<", self._at), self._data.find(b"&", self._at))
        end = min((mark for mark in marks if mark >= 0), default=self._size)
        if end > self._at:
            self._put(self._data[self._at : end].decode())
            self._at = end

    def _put(self, text: str) -> None:
        self._pieces.append(text)
        self._units += utf16.length(text)

    def _literal_ampersand(self) -> str:
        self._at += 1
        return "&"

    def _reference(self) -> str:
        """The character meant by the reference at `_at`, which is then behind; empty when it is none."""
        end = self._at + 1
        if self._data[end] == ord("#"):
            return self._numeric_reference()
        while chr(self._data[end]).isascii() and chr(self._data[end]).isalpha():
            end += 1
        meant = _NAMED.get(self._data[self._at + 1 : end], "")
        if meant:
            self._at = end + (self._data[end] == ord(";"))
        return meant

    def _numeric_reference(self) -> str:
        is_hexadecimal = self._data[self._at + 2] == ord("x")
        start = end = self._at + (3 if is_hexadecimal else 2)
        digits = b"0123456789abcdefABCDEF" if is_hexadecimal else b"0123456789"
        while self._data[end] in digits:
            end += 1
        code = int(self._data[start:end] or b"0", 16 if is_hexadecimal else 10)
        if code == 0 or code >= 0x10FFFF or end - self._at >= 10:
            return ""
        if 0xD800 <= code <= 0xDFFF:
            raise EntityError("Text contains invalid Unicode characters after decoding HTML entities")
        self._at = end + (self._data[end] == ord(";"))
        return chr(code)

    # --- tags ----------------------------------------------------------------------------------------

    def _start_tag(self) -> None:
        begin = self._at
        self._at += 1
        name = self._until_space_or(_GT).lower()
        if self._data[self._at] == _END:
            raise EntityError(f"Unclosed start tag at byte offset {begin}")
        if name not in _TAGS:
            raise EntityError(f'Unsupported start tag "{name}" at byte offset {begin}')
        argument = ""
        while self._data[self._at] != _GT:
            self._skip_space()
            if self._data[self._at] == _GT:
                break
            argument = self._attribute(name, begin) or argument
        self._at += 1
        if name == "span" and argument != "spoiler":
            raise EntityError(f'Tag "span" must have class "tg-spoiler" at byte offset {begin}')
        self._open.append(_Open(name, argument, self._units, len(self._pieces)))

    def _attribute(self, tag: str, begin: int) -> str:
        """Read one attribute; returns what it adds to the tag, empty for one that means nothing."""
        name = self._until_space_or(_EQUALS, _GT)
        if not name:
            raise EntityError(f'Empty attribute name in the tag "{tag}" at byte offset {begin}')
        self._skip_space()
        if self._data[self._at] != _EQUALS:
            return self._bare_attribute(tag, name, begin)
        self._at += 1
        self._skip_space()
        if self._data[self._at] == _END:
            raise EntityError(f'Unclosed start tag "{tag}" at byte offset {begin}')
        value = self._quoted() if self._data[self._at] in b"'\"" else self._token()
        if self._data[self._at] == _END:
            raise EntityError(f"Unclosed start tag at byte offset {begin}")
        return _argument(tag, name, value)

    def _bare_attribute(self, tag: str, name: str, begin: int) -> str:
        if self._data[self._at] == _END:
            raise EntityError(f'Unclosed start tag "{tag}" at byte offset {begin}')
        if tag == "blockquote" and name == "expandable":
            return "expandable"
        raise EntityError(
            f'Expected equal sign in declaration of an attribute of the tag "{tag}" at byte offset {begin}'
        )

    def _quoted(self) -> str:
        quote = self._data[self._at]
        self._at += 1
        pieces: list[str] = []
        while self._data[self._at] not in (quote, _END):
            meant = self._reference() if self._data[self._at] == _AMP else ""
            if meant:
                pieces.append(meant)
                continue
            start = self._at
            self._at += 1
            while self._data[self._at] not in (quote, _END, _AMP):
                self._at += 1
            pieces.append(self._data[start : self._at].decode())
        if self._data[self._at] == quote:
            self._at += 1
        return "".join(pieces)

    def _token(self) -> str:
        start = self._at
        while self._data[self._at] in _TOKEN:
            self._at += 1
        if self._data[self._at] not in _SPACE and self._data[self._at] != _GT:
            raise EntityError(f"Unexpected end of name token at byte offset {start}")
        return self._data[start : self._at].decode().lower()

    def _end_tag(self) -> None:
        begin = self._at
        if not self._open:
            raise EntityError(f"Unexpected end tag at byte offset {begin}")
        self._at += 2
        name = self._until_space_or(_GT).lower()
        self._skip_space()
        if self._data[self._at] != _GT:
            raise EntityError(f"Unclosed end tag at byte offset {begin}")
        self._at += 1
        opened = self._open.pop()
        if name and name != opened.tag:
            raise EntityError(
                f'Unmatched end tag at byte offset {begin}, expected "</{opened.tag}>", found "</{name}>"'
            )
        if self._units > opened.offset:
            self._close(opened)

    # --- entities ------------------------------------------------------------------------------------

    def _close(self, opened: _Open) -> None:
        size = self._units - opened.offset
        match opened.tag:
            case "a":
                self._close_link(opened, size)
            case "pre" | "code":
                self._close_code(opened, size)
            case "tg-emoji":
                if not opened.argument.isdigit() or int(opened.argument) == 0:
                    raise EntityError("Invalid custom emoji identifier specified")
                self._add("custom_emoji", opened.offset, size, emoji_id=opened.argument)
            case "blockquote":
                kind = "expandable_blockquote" if opened.argument else "blockquote"
                self._add(kind, opened.offset, size)
            case _:
                self._add(_KINDS[opened.tag], opened.offset, size)

    def _close_link(self, opened: _Open, size: int) -> None:
        link = opened.argument or "".join(self._pieces[opened.position :])
        user_id = mentioned_user(link)
        if user_id is not None:
            self._add("text_mention", opened.offset, size, user_id=user_id)
            return
        target = checked_link(link)
        if target is not None:
            self._add("text_link", opened.offset, size, url=target)

    def _close_code(self, opened: _Open, size: int) -> None:
        """`<pre><code class="language-x">` is one entity with a language, in either nesting."""
        last = self._entities[-1] if self._entities else None
        other = "code" if opened.tag == "pre" else "pre"
        is_around = last is not None and (last.kind, last.offset, last.length) == (other, opened.offset, size)
        language = opened.argument or (last.language if last is not None and is_around else "")
        if is_around and language:
            self._entities.pop()
            self._add("pre", opened.offset, size, language=language)
        else:
            # A lone code keeps its language until its end only, for a `pre` around it.
            self._add(opened.tag, opened.offset, size, language=opened.argument)

    def _add(self, kind: str, offset: int, size: int, **details: Any) -> None:
        self._entities.append(Entity(kind, offset, size, **details))

    # --- bytes ---------------------------------------------------------------------------------------

    def _until_space_or(self, *ends: int) -> str:
        start = self._at
        while self._data[self._at] not in _SPACE and self._data[self._at] not in ends:
            self._at += 1
        return self._data[start : self._at].decode(errors="replace")

    def _skip_space(self) -> None:
        while self._data[self._at] in _SPACE and self._data[self._at] != _END:
            self._at += 1


def _argument(tag: str, name: str, value: str) -> str:
    match tag, name:
        case ("a", "href") | ("tg-emoji", "emoji-id"):
            return value
        case ("code", "class") if value.startswith("language-"):
            return value.removeprefix("language-")
        case ("span", "class") if value.startswith("tg-"):
            return value.removeprefix("tg-")
        case ("blockquote", "expandable"):
            return "expandable"
    return ""
