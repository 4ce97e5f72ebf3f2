"""Nothing that reads what others wrote costs more than in proportion to its length: no pattern, and no parser.

Every pattern of the product is found, in its modules as they are imported and in its code as it is written, so that a
new one cannot escape. Parsers stand in a table; a function of the pure rooms that takes text must stand there, or
among those for which it is said why not.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import unicodedata
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from difflib import SequenceMatcher
from functools import cache, partial
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot import logs
from bot.worker.work import MASK, Work
from broadcasts import drafting, repetition, schedule
from bulletins import cap_text, characters, code, cron, links, look_alikes, problems, wording
from bulletins.bulletin import VIETNAMESE, Bulletin, Media, Text
from bulletins.cap import read_cap
from bulletins.rendering import Imprint, fitted, render
from handlers import preferences
from members.channel import PersonId
from members.pledge import parse_certificate
from members.staff import plain_name
from reports import content, masking, receipts, verdicts
from reports.checks import alignment, comparison, facts
from tests.attacks.slow_texts import GENERAL, Recipe, Run, is_steep, recipes_for
from tests.bulletins.bulletin_samples import FLOOD, NOW
from tests.bulletins.cap_samples import alert, info

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("bot", "handlers", "web", "platforms", "storage", "broadcasts", "reports", "members", "bulletins")
FUNCTIONS = ("compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer")
ANCHORED = " (from the beginning)"
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
IMPRINT = Imprint("loa_bot", ZONE)

# Patterns that are put together while Loa runs, each with what it is put together from.
MADE_WHILE_RUNNING: dict[str, Callable[[], list[re.Pattern[str]]]] = {
    "broadcasts/repetition.py:_weekly": lambda: [
        re.compile(rf"\b(?:{names})\b") for names, _day in repetition._DAY_NAMES
    ],
}


# --- patterns -----------------------------------------------------------------------------------------------


def files() -> Iterator[Path]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def module_of(path: Path) -> ModuleType:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return importlib.import_module(name.removesuffix(".__init__"))


def patterns_in(value: object, depth: int = 3) -> Iterator[re.Pattern[Any]]:
    """Those in a value, and in what it holds."""
    if isinstance(value, re.Pattern):
        yield value
    elif depth and isinstance(value, dict):
        yield from (found for inner in value.values() for found in patterns_in(inner, depth - 1))
    elif depth and isinstance(value, list | tuple | set | frozenset):
        yield from (found for inner in value for found in patterns_in(inner, depth - 1))


def calls_in(tree: ast.AST, inside: str = "") -> Iterator[tuple[str, ast.Call]]:
    """Calls of re's functions that name a pattern, with the function they stand in; "" at the top of a module."""
    for node in ast.iter_child_nodes(tree):
        name = node.name if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else ""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            called, of = node.func.attr, node.func.value
            is_re = isinstance(of, ast.Name) and of.id == "re" and called in FUNCTIONS
            if (is_re or called == "regexp") and node.args:
                yield inside, node
        yield from calls_in(node, inside or name)


def literal(call: ast.Call, module: ModuleType) -> re.Pattern[Any] | None:
    """The pattern of a call that says it itself, or names a text of its module."""
    said = call.args[0]
    source = getattr(module, said.id, None) if isinstance(said, ast.Name) else None
    if isinstance(said, ast.Constant):
        source = said.value
    flags = [word for word in call.keywords if word.arg == "flags"]
    value = eval(ast.unparse(flags[0].value), {"re": re}) if flags else 0
    return re.compile(source, value) if isinstance(source, str | bytes) else None


@cache
def all_patterns() -> dict[str, re.Pattern[Any]]:
    """Every pattern of the product, by where it was found. Fails when one cannot be seen."""
    found: dict[str, re.Pattern[Any]] = {}
    for path in files():
        shown, source = str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
        tree = ast.parse(source)
        assert not [
            node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "re"
        ], shown
        module, calls = module_of(path), list(calls_in(tree))
        for name, value in vars(module).items():
            for number, pattern in enumerate(patterns_in(value)):
                used = set(re.findall(rf"\b{name}\.(\w+)\(", source))
                is_whole = bool(used) and used <= {"match", "fullmatch"}
                found[f"{shown}:{name}:{number}{ANCHORED if is_whole else ''}"] = pattern
        for inside, call in calls:
            pattern, place = literal(call, module), f"{shown}:{inside}"
            if not inside and is_held(tree, call, module):
                continue  # it is among what its module holds
            if pattern is not None:
                found[f"{place}:{call.lineno}{ANCHORED if is_anchored(call) else ''}"] = pattern
            else:
                assert place in MADE_WHILE_RUNNING, (
                    f"{place}:{call.lineno} makes a pattern that nobody measures"
                )
    for place, make in MADE_WHILE_RUNNING.items():
        found.update((f"{place}:{number}", pattern) for number, pattern in enumerate(make()))
    return found


def is_anchored(call: ast.Call) -> bool:
    """Whether a pattern is only looked for at the beginning of a text."""
    called = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    return called in ("match", "fullmatch") or (called == "regexp" and not call.keywords)


def is_held(tree: ast.Module, call: ast.Call, module: ModuleType) -> bool:
    """Whether a pattern made at the top of a module is in what is assigned there."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and call in ast.walk(node):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
            return any(True for name in names for _ in patterns_in(getattr(module, name, None)))
    return False


def search_all(pattern: re.Pattern[Any], is_anchored: bool, text: str) -> None:
    """As patterns are used: as a whole, and from every place."""
    searched: Any = text if isinstance(pattern.pattern, str) else text.encode("utf-8")
    pattern.match(searched)
    pattern.fullmatch(searched)
    if not is_anchored:
        deque(pattern.finditer(searched), maxlen=0)


def steep_recipes(pattern: re.Pattern[Any], *, is_anchored: bool = False) -> list[Recipe]:
    run = partial(search_all, pattern, is_anchored)
    recipes = dict.fromkeys([*recipes_for(pattern), *GENERAL])
    return list(islice((recipe for recipe in recipes if is_steep(run, recipe)), 3))


@pytest.mark.parametrize("room", ROOMS)
def test_no_pattern_costs_more_than_the_length_of_a_text(room: str) -> None:
    measured = {pattern: place for place, pattern in all_patterns().items() if place.startswith(f"{room}/")}
    measured |= {pattern: place for pattern, place in measured.items() if not place.endswith(ANCHORED)}
    steep = {
        place: steep_recipes(pattern, is_anchored=place.endswith(ANCHORED))
        for pattern, place in measured.items()
    }
    assert not {place: recipes for place, recipes in steep.items() if recipes}


def test_the_patterns_of_the_product_are_found() -> None:
    found = all_patterns()
    for place in (
        "reports/checks/facts.py:_PATTERN:0",
        "bulletins/code.py:_AFTER_PREFIX:4",
        "bot/logs.py:_PATTERNS:4",
    ):
        assert place in found
    assert any(place.startswith("handlers/reporting.py:router:") for place in found)
    assert len(found) > 80


# What was found in the product once, or could come in any day.
SLOW = {
    "addresses without bounds": r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    "hosts without bounds": r"(?<![\w@])(?:[\w-]+(?:\.|\s?\[\.\]\s?))+[a-zđ]{2,24}(?!\w)|\w+",
    "spaces between spaces": r"\s*(\d{1,2})\s*(?:-|đến|\s)\s*(\d{1,2})\s*",
    "up to an end that does not come": r"(DETAIL:\s+)(?:Key|Failing row)\b[^\n]*?\.(?=\n|$)",
    "blanks at the end": r"[ \t]+$",
    "a repetition repeated": r"(?:a+)+b",
    "two of a kind": r"\d*[\d.]*x",
}


@pytest.mark.parametrize("source", SLOW.values(), ids=SLOW.keys())
def test_a_slow_pattern_is_found(source: str) -> None:
    assert steep_recipes(re.compile(source))


# --- parsers ------------------------------------------------------------------------------------------------


COPY = render(FLOOD, VIETNAMESE, imprint=IMPRINT).plain
WORK = Work(IMPRINT)
COMPARER = comparison.Comparer(IMPRINT)
MARKED = tuple(links.MarkedLink("vcb.com.vn", f"http://a{number}.vn") for number in range(40))
FIVE = tuple(comparison.Published(replace(FLOOD, code=code.make(number), sent=NOW)) for number in range(5))
RECENT = comparison.Published(
    replace(FLOOD, texts={VIETNAMESE: Text(*["nước lũ đang lên nhanh bà con chú ý"] * 3)})
)


def with_text(text: str) -> Bulletin:
    return replace(
        FLOOD, texts={VIETNAMESE: Text(text, text, text)}, media=Media("ab" * 32, "a.jpg", caption=text)
    )


def compare(text: str, *named: comparison.Published, hidden: tuple[str, ...] = ()) -> None:
    recent = None if named else (RECENT,)
    COMPARER.compare(comparison.Question(text=text, links=hidden, named=named, recent=recent))


def of_content(text: str) -> content.Content:
    return content.Content(text, MARKED, False, False, False)


def pieces(text: str) -> list[content.Piece]:
    return [content.Piece(str(number), text[:4_096]) for number in range(3)]


def cap_of(text: str) -> bytes:
    words = re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd]", "", text).replace("]]>", "")
    data = f"<![CDATA[{words}]]>"
    said = dict.fromkeys(("headline", "description", "instruction", "senderName", "contact", "web"), data)
    return alert(info(**said).replace("Xã Đường Lâm", data)).encode()


def cap_full_of(text: str) -> bytes:
    """A file with something small again and again, in each place where it may stand."""
    times = max(1, len(text) // 50)
    area = "<area><areaDesc>Xã Đường Lâm</areaDesc></area>"
    return alert(
        *[info().replace(area, area * times + "<a/>" * times)] * 3, references="a,b,c " * times
    ).encode()


# By the function that is measured; beside each, how it is fed. One function may be fed in several ways.
PARSERS: dict[str, tuple[Run, ...]] = {
    "bulletins.cap.read_cap": (
        lambda text: read_cap(cap_of(text), NOW),
        lambda text: read_cap(cap_full_of(text), NOW),
    ),
    "bulletins.cap_text.readable": (cap_text.readable,),
    "bulletins.cap_xml.opened": (lambda text: read_cap(text.encode("utf-8", "replace"), NOW),),
    "bulletins.code.parse": (code.parse,),
    "bulletins.code.find_codes": (code.find_codes,),
    "bulletins.cron.read_cron": (cron.read_cron,),
    "bulletins.problems.is_source": (problems.is_source,),
    "bulletins.problems.problems": (lambda text: problems.problems(with_text(text), NOW),),
    "bulletins.rendering.render": (lambda text: render(with_text(text), VIETNAMESE, imprint=IMPRINT),),
    "bulletins.rendering.fitted": (lambda text: fitted(Text(text, text, text), 2_700),),
    **{
        f"bulletins.wording.{function.__name__}": (function,)
        for function in (
            wording.tidied,
            wording.one_line,
            wording.utf16_length,
            wording.folded,
            wording.without_layout,
            wording.bare_words,
        )
    },
    **{
        f"{function.__module__}.{function.__name__}": (function,)
        for function in (
            characters.odd_characters,
            characters.without_odd_characters,
            links.judged_addresses,
            look_alikes.mixed_words,
        )
    },
    "bulletins.wording.normal": tuple(
        partial(wording.normal, form)
        for form in ("NFC", "NFKC", "NFKD")  # type: ignore[arg-type]
    ),
    "bulletins.wording.shortened": (lambda text: wording.shortened(text, len(text) // 2),),
    "bulletins.wording.same_words": (lambda text: wording.same_words(COPY, text),),
    "reports.checks.alignment.opcodes": (
        lambda text: list(alignment.opcodes(text.split(" "), text[::-1].split(" "))),
        lambda text: list(alignment.opcodes(list(text), list(text[len(text) // 3 :]))),
        lambda text: list(alignment.opcodes(list(text), list(text[::-1]))),
    ),
    "reports.checks.comparison.is_only_a_code": (comparison.is_only_a_code,),
    "reports.checks.comparison.Comparer": (
        compare,
        lambda text: compare(text, *FIVE),
        lambda text: compare(COPY, *FIVE, hidden=(text,)),
    ),
    "reports.checks.facts.read": (facts.read,),
    "reports.checks.facts.facts": (facts.facts,),
    "reports.checks.facts.difference": (
        lambda text: facts.difference(facts.read(COPY), facts.read(text)),
        lambda text: facts.difference(facts.read(text), facts.read(text[::-1])),
    ),
    "bulletins.characters.odd_spots": (lambda text: characters.odd_spots(text, 3),),
    "bulletins.links.check_links": (
        links.check_links,
        lambda text: links.check_links("", [links.MarkedLink(text, f"http://{text}.vn")]),
    ),
    "bulletins.links.find_addresses": (links.find_addresses,),
    "bulletins.links.address_spans": (links.address_spans,),
    "bulletins.links.without_addresses": (links.without_addresses,),
    "bulletins.links.parse_address": (links.parse_address,),
    "bulletins.links.defanged": (links.defanged,),
    "reports.content.look_at": (lambda text: content.look_at(of_content(text)),),
    "reports.content.sha256_unseen": (lambda text: content.sha256_unseen(of_content(text)),),
    "reports.content.taken_together": (lambda text: content.taken_together(pieces(text)),),
    "reports.masking.masked": (masking.masked,),
    "reports.masking.mask_numbers": (masking.mask_numbers,),
    "reports.receipts.parse": (receipts.parse,),
    "reports.verdicts.taken_apart": (verdicts.taken_apart,),
    "broadcasts.drafting.text_from": (drafting.text_from,),
    "broadcasts.drafting.reworded": (lambda text: drafting.reworded(VIETNAMESE, text)(FLOOD),),
    "broadcasts.drafting.typed_form": (lambda text: drafting.typed_form(Text(text, text, text)),),
    "broadcasts.repetition.plain_rule": (repetition.plain_rule,),
    "broadcasts.repetition.read_rule": (repetition.read_rule,),
    "broadcasts.repetition.says_again": (repetition.says_again,),
    "broadcasts.repetition.looks_like_cron": (repetition.looks_like_cron,),
    "broadcasts.repetition.read_rule_at": (
        lambda text: repetition.read_rule_at(repetition.Rhythm.MONTHLY, text),
    ),
    "broadcasts.repetition.read_end": (lambda text: repetition.read_end(text, NOW, ZONE),),
    "broadcasts.schedule.read_moment": (lambda text: schedule.read_moment(text, NOW, ZONE),),
    "members.pledge.parse_certificate": (parse_certificate,),
    "members.staff.plain_name": (lambda text: plain_name(text, PersonId("telegram:1001")),),
    "handlers.preferences.read_hours": (preferences.read_hours,),
    "bot.logs.Redactor": (logs.redactor(["123456:abcdefghij", "aaaaaaaa"]).hide,),
    "bot.worker.work.Work": (lambda text: WORK.answer(MASK.asked(text)),),
}
NOT_MEASURED = {
    "broadcasts.drafting.worded": "it puts a text in its place, and reads nothing of it",
    "bulletins.cap_xml.as_time": "its pattern is measured, and the rest of it is refused first",
    "bulletins.links.registrable_domain": "a host comes from parse_address, which takes labels of 63 characters",
    "bulletins.links.shown_domain": "the same",
    "bulletins.links.as_it_opens": "the same",
    "bulletins.look_alikes.looks_like_another": "the same",
    "bulletins.look_alikes.mixes_scripts": "the same",
}
TAKES_TEXT = frozenset(
    {"text", "typed", "written", "data", "line", "words", "url", "host", "content", "pieces"}
)


def parsers_of_the_pure_rooms() -> Iterator[str]:
    for path in files():
        if path.relative_to(ROOT).parts[0] not in ("bulletins", "reports", "broadcasts", "members"):
            continue
        module = module_of(path)
        for name, function in inspect.getmembers(module, inspect.isfunction):
            is_own = function.__module__ == module.__name__ and not name.startswith("_")
            if is_own and not TAKES_TEXT.isdisjoint(inspect.signature(function).parameters):
                yield f"{module.__name__}.{name}"


def test_no_parser_of_the_pure_rooms_goes_unmeasured() -> None:
    assert set(parsers_of_the_pure_rooms()) <= PARSERS.keys() | NOT_MEASURED.keys()


@pytest.mark.parametrize("name", PARSERS)
def test_no_parser_costs_more_than_the_length_of_a_text(name: str) -> None:
    steep = (recipe for run in PARSERS[name] for recipe in GENERAL if is_steep(run, recipe))
    assert next(steep, None) is None


@pytest.mark.parametrize(
    "slow",
    [
        lambda text: unicodedata.normalize("NFKD", text),
        lambda text: [letter for letter in text if letter not in list(text)[:-1]],
        lambda text: SequenceMatcher(
            None, text.split(" "), text.split(" ")[::-1], autojunk=False
        ).get_opcodes(),
    ],
    ids=["marks put in order", "searched for each letter", "compared each with each"],
)
def test_a_slow_parser_is_found(slow: Run) -> None:
    assert any(is_steep(slow, recipe) for recipe in GENERAL)
