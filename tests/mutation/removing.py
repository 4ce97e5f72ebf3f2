"""`make mutate`: each mitigation is taken away in a copy of the tree, and its tests must notice.

python -m tests.mutation.removing            all of tests/mutation/planted.py
python -m tests.mutation.removing token      those whose name or path holds the word
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.mutation.planted import PLANTED, Removal
from tests.mutation.trying import Outcome, Tried, Workshop

LIMIT_SECONDS = 180.0


def applied(removal: Removal, source: str) -> str:
    """The file without the mitigation. Raises ValueError where its text is not found exactly once."""
    if source.count(removal.old) != 1:
        raise ValueError(
            f"{removal.name}: found {source.count(removal.old)} times in {removal.path}: {removal.old!r}"
        )
    return source.replace(removal.old, removal.new)


def try_all(removals: Sequence[Removal], workshop: Workshop) -> list[tuple[Removal, Tried]]:
    """Every removal with what came of it, told as it goes."""
    found = []
    for removal in removals:
        tried = workshop.try_with(
            removal.path, applied(removal, workshop.read(removal.path)), removal.tests, LIMIT_SECONDS
        )
        found.append((removal, tried))
        print(f"{tried.outcome:>12}  {tried.seconds:5.1f} s  {removal.path}: {removal.name}", flush=True)
    return found


def red_without_a_change(removals: Sequence[Removal], workshop: Workshop) -> list[str]:
    """Tests that fail as the tree is: what they say about a removal is worth nothing."""
    tests = sorted({test for removal in removals for test in removal.tests})
    tried = workshop.try_unchanged(tests, LIMIT_SECONDS * 4)
    return [] if tried.outcome is Outcome.SURVIVED else [f"{tried.outcome}:\n{tried.output}"]


def main(words: Sequence[str]) -> int:
    """The exit code: 0 when every removal was noticed."""
    chosen = [one for one in PLANTED if all(word in f"{one.name} {one.path}" for word in words)]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="loa-mutate-") as folder:
        workshop = Workshop.made_in(Path(folder))
        red = red_without_a_change(chosen, workshop)
        if red:
            print("The tests are red before anything is taken away:", *red, sep="\n")
            return 2
        survivors = [(removal, tried) for removal, tried in try_all(chosen, workshop) if not tried.is_found]
    minutes = (time.monotonic() - began) / 60
    print(
        f"\n{len(chosen) - len(survivors)} of {len(chosen)} removals were noticed, in {minutes:.1f} minutes."
    )
    for removal, _ in survivors:
        print(f"  not noticed: {removal.path}: {removal.name}")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
