"""When so many channels say the same, something else is wrong: the rules by themselves."""

from __future__ import annotations

import pytest

from broadcasts.breaker import Departures, is_known, may_be_about_content, should_halt
from members.channel import ChannelId


def gone(departures: Departures, channels: range) -> list[bool]:
    return [departures.left(ChannelId(number)) for number in channels]


def test_nobody_has_refused_it_yet() -> None:
    assert not should_halt(False, 0)


@pytest.mark.parametrize(
    ("reason", "about_content", "known"),
    [
        ("text_too_long", True, True),
        ("unknown_400:bad request: odd", True, False),
        ("unknown_403:forbidden: odd", False, False),
    ],
)
def test_an_unknown_forbidden_is_about_the_chat(reason: str, about_content: bool, known: bool) -> None:
    assert (may_be_about_content(reason), is_known(reason)) == (about_content, known)


def test_the_first_five_are_believed_and_none_after_them_until_somebody_takes_a_message() -> None:
    departures = Departures()
    assert gone(departures, range(7)) == [True] * 5 + [False] * 2

    departures.end()
    assert gone(departures, range(10, 16)) == [True] * 5 + [False]


def test_one_channel_that_says_it_again_counts_once() -> None:
    departures = Departures()
    assert gone(departures, range(1)) * 9 == [True] * 9
    assert [departures.left(ChannelId(0)) for _ in range(30)] == [True] * 30
    assert not departures.should_halt()


def test_twenty_in_a_row_halt_and_after_that_twenty_more_still_in_doubt() -> None:
    departures = Departures()
    gone(departures, range(19))
    assert not departures.should_halt()
    gone(departures, range(19, 20))
    assert departures.should_halt()

    assert gone(departures, range(20, 39)) == [False] * 19
    assert not departures.should_halt()
    assert not departures.left(ChannelId(39))
    assert departures.should_halt()
