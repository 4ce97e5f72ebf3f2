"""An attacker who has the whole database and no key, and joins everything with everything.

Nothing here knows what a table is for. Rows in which an account's number stands name that person; all other rows are
tried for what they have in common with them, or with each other: equal values, values a constant apart, the same order.
What a guess is worth is found by shuffling the truth: a feature tells something when it fits the truth better than it
fits any of the shuffled ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

_SHUFFLES = 2_000
_APART_AT_MOST = 1_000
"""Milliseconds: as near as two moments of one act are."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Loot:
    """Every row of every table, in the order in which it lies there, and the files as they are."""

    tables: Mapping[str, Sequence[Row]]
    files: Mapping[str, bytes] = field(repr=False)


async def steal(engine: AsyncEngine) -> Loot:
    """All there is, the database's own columns included."""
    is_sqlite = engine.dialect.name == "sqlite"
    async with engine.connect() as connection:
        if is_sqlite:
            names = "SELECT name FROM sqlite_master WHERE type = 'table'"
        else:
            names = "SELECT tablename FROM pg_tables WHERE schemaname IN ('public', 'keys')"
        tables: dict[str, list[Row]] = {}
        for name in (await connection.execute(text(names))).scalars().all():
            place = f"keys.{name}" if name == "case_keys" else f'"{name}"'
            tables[name] = await _rows(connection, place, is_sqlite)
        folder = None if is_sqlite else await connection.scalar(text("SHOW data_directory"))
        if not is_sqlite:
            await connection.execute(text("CHECKPOINT"))
    if folder is None:
        return Loot(tables, _read(Path(str(engine.url.database)).parent.glob("*.sqlite3*")))
    return Loot(tables, _read_all(Path(folder, "base", str(await _oid(engine)))))


def _read_all(folder: Path) -> dict[str, bytes]:
    return _read(folder.iterdir())


def _read(files: Iterable[Path]) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in files if path.is_file()}


async def _oid(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        oid = text("SELECT oid::bigint FROM pg_database WHERE datname = current_database()")
        return int((await connection.execute(oid)).scalar_one())


async def _rows(connection: Any, place: str, is_sqlite: bool) -> list[Row]:
    own = "" if is_sqlite else ", xmin::text::bigint AS own_xmin"
    if is_sqlite:
        made = text("SELECT sql FROM sqlite_master WHERE name = :name")
        schema = await connection.scalar(made, {"name": place.strip('"')})
        own = "" if schema is None or "WITHOUT ROWID" in schema else ", rowid AS own_rowid"
    ordered = " ORDER BY ctid" if not is_sqlite else ""
    found = await connection.execute(text(f"SELECT *{own} FROM {place}{ordered}"))
    return [{**row._mapping, "own_place": place} for place, row in enumerate(found)]


def naming(loot: Loot, number: int) -> list[str]:
    """Where this account is named."""
    named = [
        f"{table}.{column}"
        for table, rows in loot.tables.items()
        for row in rows
        for column, value in row.items()
        if str(number) in str(value)
    ]
    return named + [name for name, content in loot.files.items() if str(number).encode() in content]


# --- two reports of one person ------------------------------------------------------------------------------


def linking(rows: Sequence[Row], whose: Sequence[int], chance: Random) -> list[str]:
    """The columns by which two of these rows are known to be of the same person."""
    told = []
    for column in rows[0]:
        values = [_comparable(row[column]) for row in rows]
        if _tells(lambda people, values=values: _equal_and_same(values, people), whose, chance):
            told.append(f"{column}: equal")
        order = _order(values)
        if order is not None and _tells(
            lambda people, order=order: _neighbours(order, people), whose, chance
        ):
            told.append(f"{column}: side by side")
    return told


def _equal_and_same(values: Sequence[Any], people: Sequence[int]) -> int:
    """How many pairs have the same value and the same person; values that all have tell nothing."""
    together: dict[Any, list[int]] = defaultdict(list)
    for value, person in zip(values, people, strict=True):
        if value is not None:
            together[value].append(person)
    return sum(group.count(person) - 1 for group in together.values() for person in group)


def _neighbours(order: Sequence[int], people: Sequence[int]) -> int:
    return sum(people[one] == people[other] for one, other in pairwise(order))


# --- a report and the person who made it --------------------------------------------------------------------


def pairing(
    named: Sequence[Row], persons: Sequence[int], rows: Sequence[Row], whose: Sequence[int], chance: Random
) -> list[str]:
    """The pairs of columns by which rows are known to be of whom other rows name. Only the named are guessed."""
    kept = [place for place, person in enumerate(whose) if person in persons]
    rows, whose = [rows[place] for place in kept], [whose[place] for place in kept]
    told = []
    for theirs in named[0]:
        for column in rows[0]:
            for way, guess in _GUESSES.items():
                guessed = guess([row[theirs] for row in named], persons, [row[column] for row in rows])
                if guessed and _tells(
                    lambda people, guessed=guessed: sum(map(_fits, guessed, people)), whose, chance
                ):
                    told.append(f"{theirs} and {column}: {way}")
    return told


def _fits(guessed: frozenset[int], person: int) -> float:
    return 1 / len(guessed) if person in guessed else 0


_Guess = list[frozenset[int]]


def _by_equality(theirs: Sequence[Any], persons: Sequence[int], values: Sequence[Any]) -> _Guess:
    known: dict[str, set[int]] = defaultdict(set)
    for value, person in zip(theirs, persons, strict=True):
        known[str(_comparable(value))].add(person)
    return [frozenset(known[str(_comparable(value))]) for value in values]


def _by_a_constant(theirs: Sequence[Any], persons: Sequence[int], values: Sequence[Any]) -> _Guess:
    """The constant for which the most rows find exactly one person."""
    if not all(_is_number(value) for value in (*theirs, *values)):
        return []
    tried = {round((value - other) / 1_000) * 1_000 for value in values for other in theirs}
    best: _Guess = []
    for apart in sorted(tried)[:5_000]:
        guess = [
            frozenset(
                person
                for other, person in zip(theirs, persons, strict=True)
                if abs(value - other - apart) <= _APART_AT_MOST
            )
            for value in values
        ]
        if sum(len(one) == 1 for one in guess) > sum(len(one) == 1 for one in best):
            best = guess
    return best


def _by_order(theirs: Sequence[Any], persons: Sequence[int], values: Sequence[Any]) -> _Guess:
    """Who comes at the same place, when both are put in their order."""
    one, other = _order(list(map(_comparable, theirs))), _order(list(map(_comparable, values)))
    if one is None or other is None:
        return []
    guess: _Guess = [frozenset()] * len(values)
    for rank, place in enumerate(other):
        guess[place] = frozenset({persons[one[rank * len(one) // len(other)]]})
    return guess


def _by_the_last_before(theirs: Sequence[Any], persons: Sequence[int], values: Sequence[Any]) -> _Guess:
    """Who did something last before: moments, or numbers of transactions, of both kinds."""
    if not all(_is_number(value) for value in (*theirs, *values)):
        return []
    before = [[pair for pair in zip(theirs, persons, strict=True) if pair[0] <= value] for value in values]
    return [frozenset({max(pairs)[1]}) if pairs else frozenset() for pairs in before]


_GUESSES: Mapping[str, Callable[[Sequence[Any], Sequence[int], Sequence[Any]], _Guess]] = {
    "equal": _by_equality,
    "a constant apart": _by_a_constant,
    "in the same order": _by_order,
    "the last before": _by_the_last_before,
}


# --- what a guess is worth ----------------------------------------------------------------------------------


def _tells(score: Callable[[Sequence[int]], float], whose: Sequence[int], chance: Random) -> bool:
    """Whether it fits the truth better than it fits any shuffled truth."""
    real, shuffled = score(whose), list(whose)
    for _ in range(_SHUFFLES):
        chance.shuffle(shuffled)
        if score(shuffled) >= real:
            return False
    return True


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _comparable(value: Any) -> Any:
    """Sealed bytes tell their length, if anything."""
    if isinstance(value, bytes | memoryview):
        return len(value)
    return value if isinstance(value, int | str) or value is None else str(value)


def _order(values: Sequence[Any]) -> list[int] | None:
    """The places in the order of their values; None where many are equal, for that is no order."""
    if None in values or len(set(values)) < 0.8 * len(values) or len({type(value) for value in values}) > 1:
        return None
    return sorted(range(len(values)), key=lambda place: values[place])
