"""The table of a delivery's transitions, as conditions of statements: no statement takes a step it lacks."""

from __future__ import annotations

from sqlalchemy import ColumnElement, literal_column, or_

from broadcasts.delivery import DeliveryState, leaving, states_before
from storage.tables import deliveries


def is_in(state: DeliveryState) -> ColumnElement[bool]:
    """Written out, not bound: SQLite uses a partial index only where it sees the same words."""
    return deliveries.c.state == literal_column(f"'{state.value}'")


def may_leave(before: DeliveryState, *afters: DeliveryState) -> ColumnElement[bool]:
    """Which deliveries are changed from ``before`` to one of ``afters``. Raises ForbiddenStep."""
    return is_in(leaving(before, *afters))


def may_become(after: DeliveryState) -> ColumnElement[bool]:
    """Which deliveries may be changed to this, wherever they stand."""
    return or_(*(is_in(before) for before in states_before(after)))


def may_become_in_words(after: DeliveryState) -> str:
    """The same for statements written by hand."""
    names = ", ".join(f"'{before.value}'" for before in states_before(after))
    return f"state IN ({names})"


def may_leave_in_words(before: DeliveryState, *afters: DeliveryState) -> str:
    """As ``may_leave``, for statements written by hand. Raises ForbiddenStep."""
    return f"state = '{leaving(before, *afters).value}'"
