"""Which channels have chosen one of some topics or areas; who chose nothing means all.

One area has few channels of all. So not each channel is asked but each choice that was made: a few thousand in a
country, found in the index one after the other. The same index then says who made those that fit.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    Text,
    and_,
    func,
    literal_column,
    or_,
    select,
    true,
    type_coerce,
)

from storage.tables import SHORT_CHOICE_CHARACTERS, channels

_NOTHING_CHOSEN = "|"

_areas = type_coerce(channels.c.areas, Text)
# Written out, not bound: so it is seen to be what the indexes say.
_is_short = func.length(_areas) <= literal_column(str(SHORT_CHOICE_CHARACTERS))
_is_long = func.length(_areas) > literal_column(str(SHORT_CHOICE_CHARACTERS))


def shares(column: ColumnElement[Any], wanted: tuple[str, ...]) -> ColumnElement[bool]:
    """Whether ``column`` holds one of ``wanted``; who chose nothing, like an empty wish, means all."""
    if not wanted:
        return true()
    chosen = type_coerce(column, Text)
    return or_(
        chosen == _NOTHING_CHOSEN, *(chosen.contains(f"|{choice}|", autoescape=True) for choice in wanted)
    )


def lies_in(wanted: tuple[str, ...], dialect: str) -> ColumnElement[bool]:
    """The same of areas, by their index. PostgreSQL's has no room for long choices: of those each is asked."""
    if not wanted:
        return true()
    if dialect != "postgresql":
        return _areas.in_(_fitting(_CHOICES, wanted))
    fitting = func.array(_fitting(_SHORT_CHOICES, wanted).scalar_subquery())
    return or_(and_(_is_short, _areas == func.any(fitting)), and_(_is_long, shares(channels.c.areas, wanted)))


def _fitting(choices: CTE, wanted: tuple[str, ...]) -> Select[tuple[str]]:
    return select(choices.c.areas).where(shares(choices.c.areas, wanted))


def _choices_made(name: str, which: ColumnElement[bool]) -> CTE:
    """Each once: the first, and again and again the first after the last one found.

    Nested: before an INSERT, SQLite's driver would count no rows.
    """
    first = select(func.min(_areas).label("areas")).where(which)
    made = first.cte(name, recursive=True, nesting=True)
    following = select(func.min(_areas)).where(which, _areas > made.c.areas).correlate(made).scalar_subquery()
    return made.union_all(select(following).where(made.c.areas.is_not(None)))


_CHOICES = _choices_made("choices", true())
_SHORT_CHOICES = _choices_made("short_choices", _is_short)
