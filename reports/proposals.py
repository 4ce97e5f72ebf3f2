"""Which verdicts take a second person, and what that person agrees to. Pure rules.

One person's words may help a few people early, and reach many only when a second person stands by them. A verdict
takes two when it says *scam*, when it says *false* about what was reported for a severe reason, and when anything
in it leads beyond published bulletins and protected domains. Read strictly: what is not plainly protected leads
beyond, for a needless second look costs less than a link that was waved through.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from bulletins.code import MOST_CODES_FOUND, find_codes
from bulletins.links import address_spans
from reports.cases import CaseId, Need, Reason, VerdictKind

MOST_TOLD_ALONE = 10
"""So many people in all may be told what takes a second person before that person agrees."""

_BEYOND_SHOWN = 5

_PLAIN = re.compile(
    r"(?:https?://)?(?P<host>[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8})(?P<rest>(?:[/?#][!-~]*)?)",
    re.IGNORECASE | re.ASCII,
)
# Where a protected site would pass the reader on, or only seems to be the site: "?to=evil.top", "//", "@".
_PASSES_ON = re.compile(r"//|%2f|[@\\]|=[^&=]*\.[a-z]{2}", re.IGNORECASE)
# What chat programs make a link of beside the addresses that the reader of links knows: any scheme, a name after
# an @, a name that ends in letters after a dot (however new that ending is), four numbers with dots. Vietnamese
# titles and "TP.HCM" end in no top-level domain.
_STRAY = re.compile(
    r"[^\s]{0,40}://[^\s]{0,40}"
    r"|@\w{1,40}"
    r"|[\w-]{0,40}[^\W_]\.(?!(?:hcm|ts|ths)(?![^\W_]))[a-z]{2,40}(?![^\W_])"
    r"|[\w-]{0,40}[^\W_]\.[^\W\d_a-z\u00c0-\u024f\u1e00-\u1eff][^\W\d_]{1,40}"
    r"|(?<!\d)\d{1,3}(?:\.\d{1,3}){3}(?!\d)",
    re.IGNORECASE,
)

Judge = Callable[[Collection[Reason]], tuple[Need, ...]]
"""Why certain words need a second person, given the reasons for which the case was reported."""


@dataclass(frozen=True, slots=True)
class SecondRules:
    """What this network holds for severe, and whose links it trusts; from ``config.yaml``."""

    severe_reasons: frozenset[Reason]
    protected_domains: tuple[str, ...]
    """Registrable or higher, in lower case: ``gov.vn`` stands for everything below it."""

    def is_severe(self, reason: Reason) -> bool:
        """Whether *false* about what was reported for this reason takes a second person."""
        return reason in self.severe_reasons


def needs_second(
    kind: VerdictKind, reasons: Collection[Reason], beyond: Sequence[str], rules: SecondRules
) -> tuple[Need, ...]:
    """Why this verdict takes a second person; empty when one is enough.

    ``reasons`` are those for which the case was reported, ``beyond`` what ``leads_beyond`` found in its words.
    """
    holds = {
        Need.SCAM: kind is VerdictKind.SCAM,
        Need.SEVERE: kind is VerdictKind.FALSE and any(map(rules.is_severe, reasons)),
        Need.LINKS: bool(beyond),
    }
    return tuple(need for need, is_so in holds.items() if is_so)


def leads_beyond(
    explanation: str, sources: Iterable[str], published: Collection[str], rules: SecondRules
) -> tuple[str, ...]:
    """What in a verdict leads beyond the ``published`` codes and the protected domains, as written; at most 5."""
    text = "\n".join([explanation, *sources])
    found, kept, position = list[str](), list[str](), 0
    for start, end in address_spans(text):
        written = text[start:end]
        kept.append(text[position:start])
        position = end
        if not _is_protected(written, rules.protected_domains):
            found.append(written)
    rest = " ".join([*kept, text[position:]])
    found += [stray.group() for stray in _STRAY.finditer(rest)]
    codes = find_codes(text)
    found += [code for code in codes if code not in published]
    if not found and len(codes) == MOST_CODES_FOUND:
        found.append(codes[-1])  # more than can be looked up
    return tuple(dict.fromkeys(found))[:_BEYOND_SHOWN]


def words_sha256(case: CaseId, kind: VerdictKind, explanation: str, sources: Iterable[str]) -> str:
    """The name of exactly these words about this case; what a second person agrees to."""
    words = json.dumps([case, kind.value, explanation, list(sources)], ensure_ascii=False)
    return hashlib.sha256(words.encode()).hexdigest()


def _is_protected(written: str, domains: Iterable[str]) -> bool:
    plain = _PLAIN.fullmatch(written)
    if plain is None or _PASSES_ON.search(plain["rest"]):
        return False
    host = plain["host"].lower()
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)
