"""The table of planted removals fits the tree, and the tool that tries them tells the truth."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.mutation.general import mutants_of, sample
from tests.mutation.mutating import KNOWN_FILE, TESTS, all_mutants, known_survivors
from tests.mutation.planted import PLANTED, Removal
from tests.mutation.removing import applied
from tests.mutation.trying import ROOT, Outcome, Workshop

SOURCE = '''"""A module."""


def is_full(used: int, most: int) -> bool:
    """At most `most`."""
    return used >= most
'''
TEST_OF_IT = """from thing import is_full


def test_it_is_full_at_the_limit():
    assert {assertion}
"""


@pytest.mark.parametrize("removal", PLANTED, ids=lambda removal: removal.name)
def test_each_removal_still_applies_to_the_tree(removal: Removal) -> None:
    """Its text stands there exactly once; what is left is Python; its tests exist."""
    changed = applied(removal, (ROOT / removal.path).read_text("utf-8"))

    ast.parse(changed)
    assert changed != (ROOT / removal.path).read_text("utf-8")
    assert removal.tests
    assert not [test for test in removal.tests if not (ROOT / test.partition("::")[0]).is_file()]


def test_each_removal_has_a_name_of_its_own() -> None:
    assert len({removal.name for removal in PLANTED}) == len(PLANTED)


@pytest.mark.parametrize("times", [0, 2])
def test_a_removal_whose_text_is_not_there_exactly_once_is_a_mistake(times: int) -> None:
    with pytest.raises(ValueError, match=f"found {times} times"):
        applied(Removal("x", "x.py", "old\n", "new\n", ("t",)), "old\n" * times)


def test_each_module_that_is_mutated_and_each_of_its_tests_exists() -> None:
    for path, tests in TESTS.items():
        assert [name for name in (path, *tests) if not (ROOT / name).is_file()] == []


def test_mutants_are_the_same_in_each_run_and_leave_words_for_people_alone() -> None:
    everything = mutants_of("x.py", SOURCE)

    assert [one.name for one in everything] == [
        "x.py: is_full: GtE becomes Gt (1)",
        "x.py: is_full: returns None (1)",
    ]
    assert "used > most" in everything[0].source
    assert mutants_of("x.py", 'def f(x: int = 1) -> None:\n    """Doc 1."""\n    log.info("said", n=1)\n')[
        0
    ].what == ("1 becomes 2 (1)")
    assert len(mutants_of("x.py", "log.info('said', n=1)\nraise ValueError(1 + 1)\n")) == 1


def test_there_are_far_more_mutants_than_are_sampled_each_named_once_and_each_is_python() -> None:
    everything = all_mutants(("broadcasts/retry.py", "members/buttons.py"))

    assert len({one.name for one in everything}) == len(everything) > 60
    for one in everything:
        ast.parse(one.source)
    assert sum(len(mutants_of(path, (ROOT / path).read_text("utf-8"))) for path in sorted(TESTS)[:6]) > 300


def test_a_sample_is_drawn_by_its_seed() -> None:
    from random import Random

    everything = mutants_of("broadcasts/retry.py", (ROOT / "broadcasts/retry.py").read_text("utf-8"))
    drawn = [[one.name for one in sample(everything, 9, Random(seed))] for seed in (1, 1, 2)]

    assert drawn[0] == drawn[1] != drawn[2]
    assert sample(everything, 10_000, Random(1)) == everything


def test_the_list_of_survivors_names_only_mutants_that_there_are() -> None:
    known = known_survivors(KNOWN_FILE.read_text("utf-8"))

    assert set(known) <= {one.name for one in all_mutants()}
    assert all(known.values())


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """A tree of one module and its test."""
    tree = tmp_path / "source"
    tree.mkdir()
    (tree / "thing.py").write_text(SOURCE)
    (tree / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["."]\n')
    return Workshop.made_in(tmp_path / "copy", tree)


@pytest.mark.parametrize(
    ("assertion", "outcome"),
    [
        ("is_full(3, 3)", Outcome.FOUND),
        ("is_full(4, 3)", Outcome.SURVIVED),
        ("is_full(3, 3) or __import__('time').sleep(60)", Outcome.TOO_LONG),
    ],
)
def test_a_change_is_found_survives_or_takes_too_long(
    workshop: Workshop, assertion: str, outcome: Outcome
) -> None:
    (workshop.folder / "test_thing.py").write_text(TEST_OF_IT.format(assertion=assertion))
    assert workshop.try_unchanged(["test_thing.py"], 60).outcome is Outcome.SURVIVED

    limit = 3.0 if outcome is Outcome.TOO_LONG else 60.0
    tried = workshop.try_with("thing.py", SOURCE.replace(">=", ">"), ["test_thing.py"], limit)

    assert tried.outcome is outcome, tried.output
    assert workshop.read("thing.py") == SOURCE
    assert workshop.try_unchanged(["test_thing.py"], 60).outcome is Outcome.SURVIVED


def test_a_change_that_cannot_be_imported_is_found_and_tests_that_are_none_are_told(
    workshop: Workshop,
) -> None:
    (workshop.folder / "test_thing.py").write_text(TEST_OF_IT.format(assertion="is_full(3, 3)"))
    assert workshop.try_with("thing.py", "import nothing_like_it", ["test_thing.py"], 60).is_found

    (workshop.folder / "test_thing.py").write_text("")
    assert workshop.try_unchanged(["test_thing.py"], 60).outcome is Outcome.NOTHING_RAN
