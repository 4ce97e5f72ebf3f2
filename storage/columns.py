"""What all tables belong to, and what columns hold: instants, choices, ids, the same on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, MetaData, Text, TypeDecorator, text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# The word, which both databases know: `false()` is written into a migration as SQLite's 0.
NO = text("false")

_HOUR_MILLISECONDS = 3_600_000
_DAY_MILLISECONDS = 24 * _HOUR_MILLISECONDS

# SQLite gives row ids only to INTEGER; PostgreSQL should not run out of them.
Id = BigInteger().with_variant(Integer(), "sqlite")


def milliseconds(instant: datetime) -> int:
    """Milliseconds since 1970 UTC of an aware ``instant``; ValueError for a naive one."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return round(instant.timestamp() * 1000)


def instant(stored: int) -> datetime:
    """The aware UTC datetime of ``stored`` milliseconds since 1970."""
    return datetime.fromtimestamp(stored / 1000, UTC)


class Instant(TypeDecorator[datetime]):
    """An aware datetime, stored as integer milliseconds UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To milliseconds."""
        return None if value is None else milliseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """From milliseconds."""
        return None if value is None else instant(value)


class Day(Instant):
    """The day of an instant, as the midnight at its beginning, UTC: when exactly it was is not kept."""

    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To the milliseconds of that midnight."""
        return None if value is None else milliseconds(value) // _DAY_MILLISECONDS * _DAY_MILLISECONDS


class Hour(Instant):
    """The hour in which an instant lies, as its beginning."""

    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To the milliseconds of that beginning."""
        return None if value is None else milliseconds(value) // _HOUR_MILLISECONDS * _HOUR_MILLISECONDS


class Choices(TypeDecorator[tuple[str, ...]]):
    """What a member chose, in one text: ``|flood|health|``, and ``|`` for nothing chosen.

    Both databases can then look for one choice with LIKE, so that an audience is found in a single statement.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Iterable[str] | None, dialect: Dialect) -> str:
        """To text. ValueError for a choice that holds the separator."""
        chosen = tuple(value or ())
        if any("|" in choice or not choice for choice in chosen):
            raise ValueError("a choice is neither empty nor holds |")
        return "|" + "".join(f"{choice}|" for choice in chosen)

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[str, ...]:
        """From text."""
        return tuple(choice for choice in str(value or "").split("|") if choice)
