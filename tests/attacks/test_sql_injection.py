"""Row "SQL injection": words are bound, never part of a statement."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.tables import cases, channels, members
from tests.handlers.house import House
from tests.handlers.reporting_house import furnish

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("bot", "handlers", "web", "platforms", "storage", "broadcasts", "reports", "members", "bulletins")
HOSTILE = (
    "'; DROP TABLE members; --",
    '"; DELETE FROM cases; --',
    "%s %(a)s :name ?1 \\' {0}",
    "\x1a' OR '1'='1",
)


@pytest.mark.parametrize("words", HOSTILE)
async def test_sql_injection_in_names_commands_and_reports_is_kept_as_words(house: House, words: str) -> None:
    corner = await furnish(house)
    sau = house.world.add_user(words)
    await house.start(sau)
    group = house.world.add_chat("supergroup", words, sau)
    await house.open_link(sau, "➕ Thêm vào nhóm", group)
    before = len(await house.rows(members))
    for command in ("/verify", "/start", "/phananh", "/help"):
        await house.say(sau, f"{command} {words}")
    await corner.report(sau, f"Tin lạ {words} gửi tới mọi người")

    assert len(await house.rows(members)) == before >= 1
    assert words in [row.title for row in await house.rows(channels)]
    assert len(await house.rows(cases)) == 1
    assert words.replace("\x1a", "") in corner.card.replace("[.]", ".")


def test_the_linter_finds_no_statement_that_is_put_together_but_the_ones_looked_at() -> None:
    """Each exception stands with its reason, and holds no word but constants of our own (the next test)."""
    found = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--select", "S608", *ROOMS],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stdout
    excused = {
        path.relative_to(ROOT).as_posix() for path in _files() if "noqa: S608" in path.read_text("utf-8")
    }
    assert excused == {"storage/bulk.py", "storage/postgres_looks.py", "storage/schema.py"}


def test_a_statement_in_words_is_put_together_of_constants_alone() -> None:
    foreign = [
        f"{path.name}:{part.lineno}" for path in _files() for part in _parts(path) if not _is_constant(part)
    ]
    assert foreign == []


def _files() -> Iterator[Path]:
    for room in ROOMS:
        yield from (path for path in (ROOT / room).rglob("*.py") if "migrations" not in path.parts)


def _parts(path: Path) -> Iterator[ast.FormattedValue]:
    """What is filled into f-strings that read as SQL."""
    statement = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\b")
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.JoinedStr) and statement.search(ast.unparse(node)):
            yield from (part for part in node.values if isinstance(part, ast.FormattedValue))


def _is_constant(part: ast.FormattedValue) -> bool:
    """Constants of the module, by their names."""
    names = {node.id for node in ast.walk(part.value) if isinstance(node, ast.Name)}
    return bool(names) and all(name.lstrip("_").isupper() or name in _OUR_OWN for name in names)


_OUR_OWN = frozenset(
    {"_in_words", "original", "of_original", "no_original", "canary", "is_correction", "is_gated"}
)
