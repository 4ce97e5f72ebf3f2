"""Counting and cutting text in UTF-16 code units, the Bot API's measure of length."""

from __future__ import annotations


def length(text: str) -> int:
    """How many UTF-16 units a text takes; characters beyond the BMP take two."""
    if text.isascii():
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, offset: int, size: int) -> str:
    """The part of a text at a UTF-16 offset; halves of a surrogate pair are left out."""
    if text.isascii():
        return text[offset : offset + size]
    units = text.encode("utf-16-le", "surrogatepass")[2 * offset : 2 * (offset + size)]
    return units.decode("utf-16-le", "ignore")
