"""The one table of a bulletin's states: closed, reachable, and consulted by what writes."""

import pytest

from broadcasts.broadcast import BROADCAST_TRANSITIONS, BroadcastState
from broadcasts.consent import check_path


def test_every_state_is_in_the_table_and_can_be_reached() -> None:
    reached, waiting = set[BroadcastState](), [BroadcastState.DRAFT]
    while waiting:
        state = waiting.pop()
        if state not in reached:
            reached.add(state)
            waiting += BROADCAST_TRANSITIONS[state]
    assert reached == set(BROADCAST_TRANSITIONS) == set(BroadcastState)


@pytest.mark.parametrize("before", BroadcastState)
@pytest.mark.parametrize("after", BroadcastState)
def test_a_step_that_is_not_in_the_table_is_a_mistake(before: BroadcastState, after: BroadcastState) -> None:
    if after in BROADCAST_TRANSITIONS[before]:
        check_path(before, (after,))
    else:
        with pytest.raises(ValueError, match="cannot go from"):
            check_path(before, (after,))


def test_whatever_is_not_over_can_be_stopped() -> None:
    over = {BroadcastState.DONE, BroadcastState.STOPPED, BroadcastState.FINISHED}
    for state in set(BroadcastState) - over:
        assert BroadcastState.STOPPED in BROADCAST_TRANSITIONS[state]
