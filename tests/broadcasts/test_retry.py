"""What follows from an attempt, and that nothing ever leaves the transition table."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcasts.breaker import should_halt
from broadcasts.corrections import EDITS_TRIED, after_edit
from broadcasts.delivery import (
    DELIVERY_TRANSITIONS,
    FINAL_STATES,
    ByHand,
    DeliveryState,
    FloodWait,
    Gone,
    Moved,
    NoRights,
    NotSent,
    Outcome,
    Rejected,
    Sent,
    Unsure,
)
from broadcasts.progress import Resolution, what_it_became
from broadcasts.retry import REASON_CHARACTERS, Circumstances, RetryRules, backoff_seconds, decide

NOW = datetime(2026, 12, 2, 5, 0, tzinfo=UTC)
RULES = RetryRules()

words = st.text(max_size=300)
outcomes = st.one_of(
    st.builds(Sent, words),
    st.builds(FloodWait, st.floats(0, 1e6)),
    st.builds(Moved, words),
    st.builds(Gone, words),
    st.builds(NoRights, words),
    st.builds(Rejected, words),
    st.builds(NotSent, words),
    st.builds(Unsure, words),
    st.builds(ByHand),
)
circumstances = st.builds(
    Circumstances,
    now=st.just(NOW),
    attempt=st.integers(1, 100),
    life_safety=st.booleans(),
    resent=st.booleans(),
    jitter=st.floats(0, 1),
    line_is_up=st.booleans(),
)


@given(outcomes, circumstances)
def test_every_decision_is_a_step_that_the_table_allows(outcome: Outcome, at: Circumstances) -> None:
    decision = decide(outcome, at, RULES)
    assert decision.state in DELIVERY_TRANSITIONS[DeliveryState.SENDING]
    assert (decision.due_at is not None) == (decision.state is DeliveryState.QUEUED)
    assert decision.due_at is None or decision.due_at >= NOW
    assert len(decision.reason or "") <= REASON_CHARACTERS
    assert 0 <= decision.counted <= at.attempt


@given(outcomes, circumstances)
def test_nothing_that_may_have_arrived_is_repeated_unmarked(outcome: Outcome, at: Circumstances) -> None:
    decision = decide(outcome, at, RULES)
    if isinstance(outcome, Unsure) and decision.state is DeliveryState.QUEUED:
        assert decision.resent
        assert at.life_safety
        assert not at.resent
    if at.resent:
        assert decision.resent, "once marked, always marked"


def test_every_state_can_be_reached_and_final_states_lead_nowhere_by_themselves() -> None:
    reached, new = set[DeliveryState](), {DeliveryState.QUEUED}
    while new:
        reached |= new
        new = {after for before in new for after in DELIVERY_TRANSITIONS[before]} - reached
    assert reached == set(DeliveryState)
    assert all(DELIVERY_TRANSITIONS[state] <= {DeliveryState.QUEUED} for state in FINAL_STATES)


@pytest.mark.parametrize("resolution", Resolution)
def test_a_moderators_word_is_a_step_that_the_table_allows(resolution: Resolution) -> None:
    assert what_it_became(resolution) in DELIVERY_TRANSITIONS[DeliveryState.UNSURE]


def test_waits_double_up_to_a_bound_with_some_chance_in_them() -> None:
    def waits(jitter: float) -> list[float]:
        return [backoff_seconds(made(attempt, jitter=jitter), RULES) for attempt in (1, 2, 3, 30, 99)]

    assert waits(1.0) == [1.0, 2.0, 4.0, 300.0, 300.0]
    assert waits(0.0) == [0.5, 1.0, 2.0, 150.0, 150.0]


def test_failures_are_held_against_a_delivery_only_while_others_get_through() -> None:
    down, up = made(8, line_is_up=False), made(8, line_is_up=True)
    assert decide(NotSent("dns"), down, RULES).state is DeliveryState.QUEUED
    assert decide(NotSent("dns"), down, RULES).counted == 7
    assert decide(NotSent("dns"), up, RULES).reason == "gave_up:not_sent:dns"


def test_a_flood_wait_costs_no_attempt_and_is_waited_for() -> None:
    decision = decide(FloodWait(7_200.0), made(99), RULES)
    assert decision.counted == 98
    assert decision.due_at is not None
    assert decision.due_at >= NOW + timedelta(hours=2)


def test_where_lives_may_depend_on_it_the_second_time_is_at_once_while_the_line_is_up() -> None:
    up, down = (
        decide(Unsure("cut off"), replace(made(1, line_is_up=is_up), life_safety=True), RULES)
        for is_up in (True, False)
    )

    assert (up.state, up.resent, up.due_at) == (DeliveryState.QUEUED, True, NOW)
    assert down.due_at is not None
    assert down.due_at > NOW


def test_a_delivery_by_hand_waits_for_its_member() -> None:
    assert decide(ByHand(), made(1), RULES).state is DeliveryState.UNSURE


@pytest.mark.parametrize(
    ("is_canary", "rejections", "halts"),
    [
        (True, 1, True),
        (False, 1, False),
        (False, 2, False),
        (False, 3, True),
        (False, 4, False),
        (False, 6, True),
    ],
)
def test_the_breaker_halts_at_the_canary_and_at_every_third_channel(
    is_canary: bool, rejections: int, halts: bool
) -> None:
    assert should_halt(is_canary, rejections) is halts


def test_changing_a_copy_is_repeated_until_it_is_certain_and_then_replied_to() -> None:
    assert after_edit(Unsure("timeout"), 1).outcome == NotSent("edit timeout")
    assert after_edit(Unsure("timeout"), EDITS_TRIED).note == "not_edited:timeout"
    assert after_edit(FloodWait(3.0), 99).outcome == FloodWait(3.0)
    assert after_edit(Rejected("copy_gone"), 1).note == "not_edited:copy_gone"
    assert after_edit(Sent("1"), 1).note is None


def made(attempt: int, *, jitter: float = 0.5, line_is_up: bool = True) -> Circumstances:
    """The circumstances of an ordinary delivery."""
    return Circumstances(NOW, attempt, False, False, jitter, line_is_up)
