"""How requests and replies pass through a pipe: four bytes that say how long one is, and the bytes."""

from __future__ import annotations

from typing import BinaryIO

MOST_REQUEST_BYTES = 8 * 1024 * 1024
MOST_REPLY_BYTES = 2 * 1024 * 1024
HEAD_BYTES = 4


class BrokenFrame(Exception):
    """What came through the pipe is no frame, or a larger one than is taken."""


def framed(content: bytes) -> bytes:
    """As it passes through a pipe."""
    return len(content).to_bytes(HEAD_BYTES, "big") + content


def write_frame(pipe: BinaryIO, content: bytes) -> None:
    """Write one, at once."""
    pipe.write(framed(content))
    pipe.flush()


def read_frame(pipe: BinaryIO, most_bytes: int) -> bytes | None:
    """The next one; None when there will be none. Raises BrokenFrame."""
    head = pipe.read(HEAD_BYTES)
    if len(head) < HEAD_BYTES:
        return None
    content = pipe.read(length_of(head, most_bytes))
    return content if len(content) == int.from_bytes(head, "big") else None


def length_of(head: bytes, most_bytes: int) -> int:
    """How many bytes follow. Raises BrokenFrame."""
    length = int.from_bytes(head, "big")
    if length > most_bytes:
        raise BrokenFrame(f"{length} bytes are more than {most_bytes}")
    return length
