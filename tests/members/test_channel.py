"""The states of a channel and the roles of the staff: the tables, walked."""

from __future__ import annotations

import pytest

from members.channel import CHANNEL_TRANSITIONS, ChannelState
from members.roles import Role, Who, allows, needs_role


def reachable_from(start: ChannelState) -> set[ChannelState]:
    seen, waiting = {start}, [start]
    while waiting:
        for after in CHANNEL_TRANSITIONS[waiting.pop()] - seen:
            seen.add(after)
            waiting.append(after)
    return seen


def test_every_state_is_reached_from_the_first_and_none_is_a_trap() -> None:
    assert set(CHANNEL_TRANSITIONS) == set(ChannelState)
    for state in ChannelState:
        assert reachable_from(state) == set(ChannelState)


def test_one_can_leave_from_everywhere_and_nobody_becomes_active_without_the_pledge() -> None:
    for state in (ChannelState.PLEDGING, ChannelState.ACTIVE, ChannelState.PAUSED):
        assert ChannelState.LEFT in CHANNEL_TRANSITIONS[state]
    for state in (ChannelState.LEFT, ChannelState.LOST):
        assert CHANNEL_TRANSITIONS[state] == {ChannelState.PLEDGING}


@pytest.mark.parametrize("who", [Who.ANYONE, Who.PERSON])
def test_what_everybody_may_do_needs_no_role(who: Who) -> None:
    assert not needs_role(who)
    assert allows(who, frozenset())


def test_a_role_opens_what_it_is_for_and_nothing_else() -> None:
    moderator, approver = frozenset({Role.MODERATOR}), frozenset({Role.APPROVER})

    assert allows(Who.MODERATOR, moderator)
    assert not allows(Who.MODERATOR, approver)
    assert not allows(Who.APPROVER, moderator)
    assert allows(Who.STAFF, approver)
    assert not allows(Who.STAFF, frozenset())
