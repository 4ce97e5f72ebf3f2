"""What moderators see of a reported text: no telephone, ID-card or account numbers, no link that opens."""

from __future__ import annotations

import re

from bulletins.characters import without_odd_characters
from bulletins.links import address_spans, defanged

_FEWEST_DIGITS = 8
_ENDS_SHOWN = 2

# A run of digits as people write long numbers: in groups, with blanks, dots, hyphens or brackets between.
_NUMBER = re.compile(r"(?<![\w])\+?\d(?:[\s.\-()]{0,2}\d){7,24}(?!\d)")
_DAY = re.compile(r"(?:19|20)\d\d[.\-]\d\d?[.\-]\d\d?|\d\d?[.\-]\d\d?[.\-](?:19|20)\d\d")
_AMOUNT = re.compile(r"[1-9]\d{0,2}(?:[.,]\d{3})+")
_SERVICE_LINE = re.compile(r"1[89]00(?:[\s.\-]?\d){4,6}")
_CURRENCY = re.compile(r"\s?(?:đ|₫|vn[dđ]|đồng|dong|usd|\$|k\b)", re.IGNORECASE)


def masked(text: str) -> str:
    """The text for moderators' eyes: long numbers shortened to their ends, addresses readable but dead."""
    visible = without_odd_characters(text)
    shown, position = [], 0
    for start, end in address_spans(visible):
        shown += [mask_numbers(visible[position:start]), _masked_address(visible[start:end])]
        position = end
    return "".join([*shown, mask_numbers(visible[position:])])


def mask_numbers(text: str) -> str:
    """The text with every number of 8 digits and more masked, but for dates and amounts of money."""
    return _NUMBER.sub(lambda match: _masked_number(match, text), text)


def _masked_address(written: str) -> str:
    host, slash, rest = written.partition("/") if "//" not in written else _after_host(written)
    return defanged(host) + slash + defanged(re.sub(r"\d{6,}", "••••", rest))


def _after_host(written: str) -> tuple[str, str, str]:
    scheme, slashes, place = written.partition("//")
    host, slash, rest = place.partition("/")
    return scheme + slashes + host, slash, rest


def _masked_number(match: re.Match[str], text: str) -> str:
    number = match.group()
    if _is_nobodys(number) or _is_amount(number, text[match.end() : match.end() + 6]):
        return number
    digits = [place for place, letter in enumerate(number) if letter.isdigit()]
    hidden = set(digits[_ENDS_SHOWN:-_ENDS_SHOWN])
    return "".join("•" if place in hidden else letter for place, letter in enumerate(number))


def _is_nobodys(number: str) -> bool:
    """A date, or the 1900 or 1800 line of a firm."""
    return bool(_DAY.fullmatch(number) or _SERVICE_LINE.fullmatch(number))


def _is_amount(number: str, after: str) -> bool:
    """Grouped by thousands; nine digits and more also need a currency, for ID cards are written so too."""
    if not _AMOUNT.fullmatch(number):
        return False
    return sum(map(str.isdigit, number)) <= _FEWEST_DIGITS or _CURRENCY.match(after) is not None
