"""Each row of the table of threats has its tests, and a mitigation that `make mutate` takes away before them."""

from __future__ import annotations

import ast
from functools import lru_cache
from pathlib import Path

import pytest

from tests.attacks.threats import THREATS, Threat
from tests.mutation.planted import BY_ROW

ROOT = Path(__file__).resolve().parents[2]
ROWS = (
    "forged webhook", "tampered or foreign button press", "stolen deep link", "anonymous admin, posting as a channel",
    "forged forward", "demoted moderator; preview differs from what is sent", "HTML or entity injection",
    "bidi, zero-width, look-alike characters", "SSRF through a reported link",
    "token or secret in a log, exception or page", "picture, archive or XML bombs", "SQL injection", "flood of reports",
    "stolen disk or backup", "altered history",
)  # fmt: skip


@lru_cache
def names_in(path: str) -> frozenset[str]:
    """The names of the tests of a file; none of a file that is not there."""
    file = ROOT / path
    tree = ast.parse(file.read_text("utf-8") if file.is_file() else "")
    return frozenset(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def test_no_row_was_lost() -> None:
    assert tuple(THREATS) == ROWS


@pytest.mark.parametrize("row", ROWS)
def test_each_row_has_tests_that_there_are_or_says_why_there_is_nothing_to_attack(row: str) -> None:
    threat: Threat = THREATS[row]

    assert bool(threat.tests) != bool(threat.not_built_yet)
    for test in threat.tests:
        path, _, name = test.partition("::")
        assert name in names_in(path), test


@pytest.mark.parametrize("row", ROWS)
def test_each_row_has_a_mitigation_that_is_taken_away_before_its_tests(row: str) -> None:
    if THREATS[row].not_built_yet:
        assert row not in BY_ROW
        return
    files = {test.partition("::")[0] for test in THREATS[row].tests}
    assert [removal.name for removal in BY_ROW[row] if files & set(removal.tests)]
