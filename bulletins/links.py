"""Addresses in a message: finding them however they are written, and what each one says about itself.

Nothing is fetched. Hosts are read as browsers read them (WHATWG URL Standard, "host parsing"): backslashes
count as slashes, what stands before an @ is not the host, and 0x7f.1 is an IP address.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

from bulletins.look_alikes import PASS_FOR_PUNCTUATION, looks_like_another, mixes_scripts
from bulletins.wording import normal

MOST_ADDRESSES = 10
_MOST_ADDRESS_CHARACTERS = 2_000
_MOST_LABEL_CHARACTERS = 63  # RFC 1035, section 2.3.4
_USUAL_PORTS = frozenset({"", "80", "443"})

SHORTENERS = frozenset(
    [
        "bit.ly",
        "bom.so",
        "by.com.vn",
        "cutt.ly",
        "goo.gl",
        "is.gd",
        "lnkd.in",
        "ow.ly",
        "rb.gy",
        "rebrand.ly",
        "s.id",
        "short.gy",
        "shorturl.at",
        "t.co",
        "t.ly",
        "tiny.cc",
        "tinyurl.com",
        "urlz.fr",
        "v.gd",
    ]
)
_TOP_LEVEL = (
    "vn|com|net|org|info|biz|edu|gov|io|co|me|cc|tv|ai|app|dev|top|xyz|vip|site|online|shop|store|club|live|link|"
    "click|website|space|fun|icu|cyou|life|world|today|work|pro|asia|mobi|name|press|tech|cloud|host|page|pw|tk|"
    "ml|ga|cf|gq|ws|cn|ru|us|uk|eu|de|fr|jp|kr|sg|hk|tw|th|la|kh|in|id|my|ph|ly|gl|gd|gy|at|sbs|bet|win|loan|date"
)
# Where anybody may register one level further down. The first set goes before a country's two letters.
_OFFICIAL_SECOND_LEVEL = frozenset(
    [
        "ac",
        "biz",
        "co",
        "com",
        "edu",
        "gob",
        "gov",
        "go",
        "health",
        "id",
        "info",
        "int",
        "name",
        "ne",
        "net",
        "or",
        "org",
        "pro",
    ]
)
_HOSTED = frozenset(
    [
        "000webhostapp.com",
        "blogspot.com",
        "duckdns.org",
        "firebaseapp.com",
        "github.io",
        "glitch.me",
        "herokuapp.com",
        "netlify.app",
        "ngrok-free.app",
        "ngrok.io",
        "pages.dev",
        "r2.dev",
        "trycloudflare.com",
        "vercel.app",
        "web.app",
        "weebly.com",
        "wixsite.com",
        "workers.dev",
    ]
)

_LETTER = r"[^\W_]"
_LABEL = rf"{_LETTER}(?:[\w-]{{0,61}}{_LETTER})?"
_BRACKETED_DOT = r"\s{0,2}[\[({]\s?(?:[.。．｡]|dot|chấm)\s?[\])}]\s{0,2}"
_DOT = rf"(?:[.。．｡]|{_BRACKETED_DOT})"
_END = r"(?![\w@])"
_REST = r"(?::\d{1,5})?(?:[/?#\\][^\s<>\"“”«»]{0,1500})?"
_SCHEME = r"h(?:tt|xx)ps?\s{0,2}[\[(]?:[\])]?\s{0,2}[/\\]{1,3}"
_ADDRESS = re.compile(
    rf"(?P<whole>(?<!\w){_SCHEME}(?:{_BRACKETED_DOT}|[^\s<>\"“”«»]){{1,1900}})"
    rf"|(?P<bare>(?<![\w@./-]){_LABEL}(?:{_DOT}{_LABEL}){{0,8}}{_DOT}(?:{_TOP_LEVEL}){_END}{_REST})"
    rf"|(?P<ip>(?<![\w@./-])\d{{1,3}}(?:\.\d{{1,3}}){{3}}(?=[:/]\w){_REST})",
    re.IGNORECASE,
)
# "evil . top": the blank before the dot tells it from the end of a sentence.
_SPACED = re.compile(
    rf"(?<![\w@./-])[a-z0-9-]{{2,63}}(?:\s{{1,2}}\.\s{{0,2}}[a-z0-9-]{{2,63}}){{0,3}}"
    rf"\s{{1,2}}\.\s{{0,2}}(?:{_TOP_LEVEL}){_END}{_REST}"
)
_WRITTEN_DOT = re.compile(rf"{_BRACKETED_DOT}|[。．｡]|\s{{1,2}}\.\s{{0,2}}", re.IGNORECASE)
_WRITTEN_SCHEME = re.compile(r"^h(?:tt|xx)p(s?)\s{0,2}[\[(]?:[\])]?\s{0,2}[/\\]{1,3}", re.IGNORECASE)
_AROUND_A_WORD = "()[]{}<>“”«»\"'‘’.,;:!?…。．｡：？–—―-"
_AROUND = ".,;:!?…'’‘)]}>*_~|"


class LinkFact(StrEnum):
    """A plain fact about an address, readable from the address alone."""

    BARE_IP = "bare_ip"
    SHORTENER = "shortener"
    MIXED_SCRIPT = "mixed_script"
    LOOK_ALIKE = "look_alike"
    """Its name passes for another one, letter by letter, or holds a sign that passes for a slash or a dot."""
    DISGUISED = "disguised"
    """The words one taps on show another address than the one that opens."""
    USER_INFO = "user_info"
    """What stands before an @ looks like the address, but what opens stands after it."""
    ODD_PORT = "odd_port"


DECEPTIVE = frozenset({LinkFact.MIXED_SCRIPT, LinkFact.LOOK_ALIKE, LinkFact.USER_INFO, LinkFact.DISGUISED})
"""What misleads whoever reads the address. The other facts are worth knowing, and no more."""


@dataclass(frozen=True, slots=True)
class LinkFinding:
    """One address: where it leads, and what can be said about it."""

    domain: str
    """The registrable domain, or the IP address; in punycode when it passes for another one."""
    facts: tuple[LinkFact, ...]
    """Nothing known when empty, which is not the same as safe."""


@dataclass(frozen=True, slots=True)
class MarkedLink:
    """An address that the platform marked: a link behind words, a button. ``label`` is what people see."""

    label: str
    address: str


@dataclass(frozen=True, slots=True)
class Address:
    """One address, taken apart. ``host`` is in lower case; ``rest`` begins at the path."""

    host: str
    port: str
    rest: str
    has_user_info: bool

    @property
    def canonical(self) -> str:
        """The same for every way of writing this address."""
        port = "" if self.port in _USUAL_PORTS else f":{self.port}"
        return f"{self.host}{port}{self.rest.rstrip('/')}"


@dataclass(frozen=True, slots=True)
class JudgedAddress:
    """An address as it is written, the host that opens, and what can be said about it."""

    written: str
    host: str
    """In ASCII: what is not is in punycode."""
    facts: tuple[LinkFact, ...]

    @property
    def is_deceptive(self) -> bool:
        """Whether it misleads who reads it."""
        return not DECEPTIVE.isdisjoint(self.facts)

    @property
    def opens_as_written(self) -> bool:
        """Whether the name that is looked up can be read in it."""
        return self.host in self.written.lower()


def check_links(text: str, marked: Iterable[MarkedLink] = ()) -> tuple[LinkFinding, ...]:
    """What can be said about the addresses in a text and behind its links: a finding a domain, at most 10."""
    found: dict[str, dict[LinkFact, None]] = {}
    for link in marked:
        address = parse_address(link.address)
        if address is not None:
            facts = [*_facts(address), *([LinkFact.DISGUISED] if _is_disguised(link.label, address) else [])]
            found.setdefault(shown_domain(address.host), {}).update(dict.fromkeys(facts))
    for address in find_addresses(text):
        found.setdefault(shown_domain(address.host), {}).update(dict.fromkeys(_facts(address)))
    return tuple(LinkFinding(domain, tuple(facts)) for domain, facts in found.items())[:MOST_ADDRESSES]


def judged_addresses(text: str) -> tuple[JudgedAddress, ...]:
    """Every address written in a text, each once, as who publishes it must see it before it goes out."""
    found: dict[JudgedAddress, None] = {}
    for start, end in address_spans(text):
        address = parse_address(text[start:end])
        if address is not None:
            around = _word_around(text, start, end)
            facts = dict.fromkeys(_facts(address))
            if _has_false_sign(around):
                facts[LinkFact.LOOK_ALIKE] = None
            found[JudgedAddress(around, as_it_opens(address.host), tuple(facts))] = None
    return tuple(found)


def find_addresses(text: str) -> tuple[Address, ...]:
    """The addresses written in a text, each once, in order; at most 10."""
    found: dict[Address, None] = {}
    for start, end in address_spans(text):
        address = parse_address(text[start:end])
        if address is not None:
            found[address] = None
    return tuple(found)[:MOST_ADDRESSES]


def address_spans(text: str) -> list[tuple[int, int]]:
    """Where addresses are written in a text, in order, without overlaps."""
    matches = [*_ADDRESS.finditer(text), *_SPACED.finditer(text)]
    spans: list[tuple[int, int]] = []
    for match in sorted(matches, key=lambda match: (match.start(), -match.end())):
        start, end = match.start(), match.start() + len(match.group().rstrip(_AROUND))
        if not spans or start >= spans[-1][1]:
            spans.append((start, end))
    return spans


def without_addresses(text: str) -> str:
    """The text with a blank in place of each address."""
    kept, position = [], 0
    for start, end in address_spans(text):
        kept.append(text[position:start])
        position = end
    return " ".join([*kept, text[position:]])


def parse_address(written: str) -> Address | None:
    """An address taken apart, or None when it has no host one could open."""
    plain = "".join(letter for letter in written[:_MOST_ADDRESS_CHARACTERS] if _is_visible(letter))
    plain = _WRITTEN_SCHEME.sub("", plain.strip().rstrip(_AROUND))
    authority, rest = _split(_WRITTEN_DOT.sub(".", plain).replace("\\", "/").lstrip("/"))
    user_info, _, place = authority.rpartition("@")
    host, port = _host_and_port(place)
    if not host or ("." not in host and ":" not in host):
        return None
    if max(map(len, host.split("."))) > _MOST_LABEL_CHARACTERS:
        return None  # nothing opens it; and punycode costs the square of a label's length
    return Address(host, port, rest, bool(user_info))


def registrable_domain(host: str) -> str:
    """The part of a host that somebody registered: ``login.vcb.com.vn`` → ``vcb.com.vn``."""
    if _is_ip(host):
        return host
    labels = host.split(".")
    is_official = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _OFFICIAL_SECOND_LEVEL
    is_hosted = ".".join(labels[-2:]) in _HOSTED
    return ".".join(labels[-3 if is_official or is_hosted else -2 :])


def shown_domain(host: str) -> str:
    """The registrable domain; in punycode (RFC 3492) when it passes for another, so that look-alikes show."""
    domain = registrable_domain(host)
    return as_it_opens(domain) if mixes_scripts(domain) or looks_like_another(domain) else domain


def as_it_opens(host: str) -> str:
    """The name that is looked up when the address is opened: ``tiếng-việt.vn`` → ``xn--…``."""
    return ".".join(map(_punycode, host.split(".")))


def defanged(written: str) -> str:
    """An address that can be read, but not tapped."""
    return _WRITTEN_DOT.sub(".", written).replace("http", "hxxp").replace("HTTP", "hxxp").replace(".", "[.]")


def _facts(address: Address) -> list[LinkFact]:
    domain = registrable_domain(address.host)
    holds = {
        LinkFact.BARE_IP: _is_ip(address.host),
        LinkFact.SHORTENER: domain in SHORTENERS,
        LinkFact.MIXED_SCRIPT: mixes_scripts(domain) or any(map(mixes_scripts, address.host.split("."))),
        LinkFact.LOOK_ALIKE: looks_like_another(address.host) and not _is_ip(address.host),
        LinkFact.USER_INFO: address.has_user_info,
        LinkFact.ODD_PORT: address.port not in _USUAL_PORTS,
    }
    return [fact for fact, is_so in holds.items() if is_so]


def _word_around(text: str, start: int, end: int) -> str:
    """An address with what stands against it: a sign that passes for a slash is not part of an address."""
    while start > 0 and not text[start - 1].isspace():
        start -= 1
    while end < len(text) and not text[end].isspace():
        end += 1
    return text[start:end].strip(_AROUND_A_WORD)[:_MOST_ADDRESS_CHARACTERS]


def _has_false_sign(word: str) -> bool:
    """Whether a sign that passes for a slash, a dot or an @ stands before the path of an address."""
    place, _ = _split(_WRITTEN_SCHEME.sub("", word))
    return not PASS_FOR_PUNCTUATION.isdisjoint(place)


def _is_disguised(label: str, address: Address) -> bool:
    shown = find_addresses(label)
    return bool(shown) and registrable_domain(shown[0].host) != registrable_domain(address.host)


def _split(address: str) -> tuple[str, str]:
    cut = re.search(r"[/?#]", address)
    return (address, "") if cut is None else (address[: cut.start()], address[cut.start() :])


def _host_and_port(place: str) -> tuple[str, str]:
    if place.startswith("["):
        inside, _, port = place[1:].partition("]")
        return (inside if _is_ip(inside) else ""), port.lstrip(":")
    host, _, port = place.partition(":")
    decoded = normal("NFKC", unquote(host)).lower().strip(".")
    host = ".".join(map(_from_punycode, decoded.split(".")))
    return _as_ipv4(host) or host, port.lstrip("0") if port.isdigit() else ""


def _as_ipv4(host: str) -> str | None:
    """The dotted form of an IPv4 address in any of the notations browsers take, else None."""
    parts = host.split(".")
    if len(parts) > 4 or not all(re.fullmatch(r"0x[0-9a-f]{0,8}|\d{1,12}", part) for part in parts):
        return None
    try:
        *bytes_before, last = (_number(part) for part in parts)
        number = last + sum(byte << 8 * (3 - place) for place, byte in enumerate(bytes_before))
        fits = all(byte < 256 for byte in bytes_before) and last < 256 ** (5 - len(parts))
        return str(ipaddress.IPv4Address(number)) if fits else None
    except ValueError:
        return None


def _number(part: str) -> int:
    if part.startswith("0x"):
        return int(part[2:] or "0", 16)
    return int(part, 8) if len(part) > 1 and part.startswith("0") else int(part)


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _punycode(label: str) -> str:
    return label if label.isascii() else f"xn--{label.encode('punycode').decode('ascii')}"


def _from_punycode(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label


def _is_visible(letter: str) -> bool:
    return unicodedata.category(letter) not in ("Cc", "Cf")
