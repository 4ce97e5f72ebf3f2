r"""Finding known secrets in a text in whatever spelling a library wrote them.

They may be in capitals, percent-encoded, escaped for JSON, HTML or Python, in base64 or hex, wrapped after so many
columns, or in pieces, as a list is shown. Text and secrets are brought into one plain form before they are compared:

    'ab%2Dc\u0064'  ─>  plain "ab-cd", and for each of its letters where it stood

The search is linear in the text, however many secrets there are.
"""

from __future__ import annotations

import html
import re
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

_SHORTEST: Final = 6
_SHORTEST_IN_PIECES: Final = 16
"""A shorter one in pieces would be found in everyday words."""
_HEX: Final = re.compile(r"(?:[0-9a-fA-F]{2}){16,}")
_SEPARATORS: Final = frozenset(" \t\r\n\v\f\\'\"+,=")
_WRITTEN_OTHERWISE: Final = re.compile(
    r"(?P<percent>(?:%(?:25){0,3}[0-9a-f]{2}){1,64})"
    r"|\\{1,4}(?:u(?P<unicode>[0-9a-f]{4})|x(?P<byte>[0-9a-f]{2})|[nrtvf])"
    r"|(?P<entity>&(?:\#\d{1,7}|\#x[0-9a-f]{1,6}|amp|lt|gt|quot|apos);)"
    r"|[\s\\'\"+,=]",
    re.IGNORECASE,
)
_PERCENT: Final = re.compile(r"%(?:25){0,3}([0-9a-f]{2})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class KnownSecrets:
    """``KnownSecrets.of(texts).hidden_in(line, "[hidden]")``."""

    _by_beginning: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    """Plain forms by their first letters, the longest first."""

    @classmethod
    def of(cls, secrets: Iterable[str]) -> KnownSecrets:
        """Those of the secrets that are long enough not to be everyday words: 6 letters."""
        plain = {_Plain.of(form).text for secret in secrets for form in _forms(secret)}
        found: dict[str, list[str]] = defaultdict(list)
        for form in sorted(plain, key=lambda form: (-len(form), form)):
            if len(form) >= _SHORTEST:
                found[form[:_SHORTEST]].append(form)
        return cls({beginning: tuple(forms) for beginning, forms in found.items()})

    def hidden_in(self, text: str, replacement: str) -> str:
        """``text`` with every known secret replaced."""
        if not self._by_beginning:
            return text
        kept, position = list[str](), 0
        for begin, end in self._spans(_Plain.of(text)):
            if begin >= position:
                kept += [text[position:begin], replacement]
            position = max(position, end)
        return "".join([*kept, text[position:]])

    def _spans(self, plain: _Plain) -> Iterator[tuple[int, int]]:
        place, last = 0, len(plain.text) - _SHORTEST
        while place <= last:
            forms = self._by_beginning.get(plain.text[place : place + _SHORTEST], ())
            found = next((form for form in forms if plain.holds(form, place)), None)
            if found is None:
                place += 1
                continue
            yield plain.starts[place], plain.ends[place + len(found) - 1]
            place += len(found)


@dataclass(frozen=True, slots=True)
class _Plain:
    """A text without separators and escapes, in small letters; where each letter begins and ends in the original."""

    text: str
    starts: list[int]
    ends: list[int]

    @classmethod
    def of(cls, text: str) -> _Plain:
        letters, starts, ends, position = list[str](), list[int](), list[int](), 0
        for token in _WRITTEN_OTHERWISE.finditer(text):
            begin, end = token.span()
            letters.append(text[position:begin])
            starts += range(position, begin)
            ends += range(position + 1, begin + 1)
            meant = "".join(letter for letter in _meant(token) if letter not in _SEPARATORS)
            letters.append(meant)
            starts += [begin] * len(meant)
            ends += [end] * len(meant)
            position = end
        letters.append(text[position:])
        starts += range(position, len(text))
        ends += range(position + 1, len(text) + 1)
        return cls(_in_small_letters("".join(letters)), starts, ends)

    def holds(self, form: str, place: int) -> bool:
        """Whether a form stands there; a short one only in one piece."""
        if not self.text.startswith(form, place):
            return False
        within = range(place, place + len(form) - 1)
        return len(form) >= _SHORTEST_IN_PIECES or all(self.starts[at + 1] <= self.ends[at] for at in within)


def _in_small_letters(text: str) -> str:
    """Letter by letter: a few capitals, as İ, would become two letters."""
    small = text.lower()
    if len(small) == len(text):
        return small
    return "".join(letter if len(letter.lower()) > 1 else letter.lower() for letter in text)


def _meant(token: re.Match[str]) -> str:
    if token["percent"]:
        encoded = bytes(int(number, 16) for number in _PERCENT.findall(token["percent"]))
        try:
            return encoded.decode("utf-8")
        except UnicodeDecodeError:
            return encoded.decode("latin-1")
    if token["entity"]:
        return html.unescape(token["entity"])
    number = token["unicode"] or token["byte"]
    return chr(int(number, 16)) if number else ""


def _forms(secret: str) -> set[str]:
    """A secret, for a token also what follows its colon, as text, hex and base64; a key in hex also as bytes."""
    wholes = [part for part in (secret, secret.partition(":")[2]) if len(part) >= _SHORTEST]
    raw = {part.encode("utf-8", "surrogatepass") for part in wholes}
    forms = {
        form for part in wholes for form in (part, quote(part, safe="", errors="replace"), repr(part)[1:-1])
    }
    # The latter as its bytes are shown, an escape each.
    forms |= {part.hex() for part in raw} | {part.decode("latin-1") for part in raw}
    if _HEX.fullmatch(secret):
        key = bytes.fromhex(secret)
        raw.add(key)
        forms.add(repr(key)[2:-1])
    return forms | {form for part in raw for form in _in_base64(part)}


def _in_base64(part: bytes) -> set[str]:
    """What of it stands in base64 wherever it begins in the bytes around it (RFC 4648, both alphabets)."""
    found = set()
    for before in range(3):
        encoded = b64encode(bytes(before) + part).decode("ascii").rstrip("=")
        first = (before * 8 + 5) // 6
        whole = encoded[first : (before + len(part)) * 8 // 6]
        found |= {whole, whole.replace("+", "-").replace("/", "_")}
    return found
