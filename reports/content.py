"""What a citizen handed in: messages taken together as one content, and the hash that knows it again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bulletins.characters import without_odd_characters
from bulletins.links import (
    LinkFinding,
    MarkedLink,
    check_links,
    find_addresses,
    parse_address,
    without_addresses,
)
from bulletins.wording import bare_words, tidied
from reports.findings import NotExamined

MOST_CHARACTERS = 8_000
MOST_PIECES = 10
MOST_MARKED_LINKS = 40


@dataclass(frozen=True, slots=True)
class Piece:
    """One message as it came in. Who wrote it first is not in here."""

    origin_key: str
    """The same when the same message is handled again."""
    text: str
    links: tuple[MarkedLink, ...] = ()
    is_forwarded: bool = False
    from_our_channel: bool = False
    has_picture: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """What is checked and, when the citizen agrees, what a case is about."""

    text: str
    links: tuple[MarkedLink, ...]
    from_our_channel: bool
    has_picture: bool
    was_cut: bool

    @property
    def hidden_links(self) -> tuple[str, ...]:
        """The addresses that open from words which do not show them."""
        return tuple(link.address for link in self.links if link.label != link.address)

    @property
    def sha256(self) -> str:
        """The same for every copy that has the same words and opens the same addresses.

        Case, accents and punctuation do not count. Digits do: another account number is another content.
        """
        marked = (parse_address(link.address) for link in self.links)
        addresses = {address.canonical for address in (*find_addresses(self.text), *marked) if address}
        words = bare_words(without_odd_characters(without_addresses(self.text)))
        folded = "\n".join([words, *sorted(addresses)])
        return hashlib.sha256(folded.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a content alone tells."""

    links: tuple[LinkFinding, ...]
    sha256: str
    """By which it is known again."""

    def __post_init__(self) -> None:
        """It has come through a pipe. Raises ValueError."""
        if len(bytes.fromhex(self.sha256)) != hashlib.sha256().digest_size:
            raise ValueError("a SHA-256 has 32 bytes")


class Looking(Protocol):
    """Looks at what strangers wrote, where it holds nobody up."""

    async def look_at(self, content: Content) -> Look | NotExamined:
        """The same as `look_at`, or that it could not be done."""

    async def mask(self, text: str) -> str | NotExamined:
        """The same as `reports.masking.masked`, or that it could not be done."""


def look_at(content: Content) -> Look:
    """Everything that a content tells by itself."""
    return Look(check_links(content.text, content.links), content.sha256)


def sha256_unseen(content: Content) -> str:
    """By which a content that nobody could look at is known again: only where every letter is the same."""
    written = "\n".join(["not examined", content.text, *(link.address for link in content.links)])
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()


def taken_together(pieces: Sequence[Piece]) -> Content:
    """Several messages as one content. Beside a forward, the citizen's own words are only a question.

    They are left out: they are not what the case is about, and they may say who is asking.
    """
    forwarded = [piece for piece in pieces if piece.is_forwarded]
    kept = (forwarded or list(pieces))[:MOST_PIECES]
    whole = tidied("\n\n".join(piece.text for piece in kept if piece.text))
    links = dict.fromkeys(link for piece in kept for link in piece.links)
    return Content(
        text=whole[:MOST_CHARACTERS],
        links=tuple(links)[:MOST_MARKED_LINKS],
        from_our_channel=bool(forwarded) and all(piece.from_our_channel for piece in forwarded),
        has_picture=any(piece.has_picture for piece in kept),
        was_cut=len(whole) > MOST_CHARACTERS or len(forwarded or pieces) > MOST_PIECES,
    )
