"""The pace of a token, in virtual time: never too fast in any window, never needlessly slow, urgent first."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcasts.pacing import Pacer, PaceRules
from bulletins.bulletin import Lane
from simulator.crash.virtual_time import VirtualClock, VirtualLoop
from tests.broadcasts.station import NOON

T = TypeVar("T")

BULLETINS = [lane for lane in Lane if lane is not Lane.ANSWERS]

_LATENESS_SECONDS = 0.02
_TINY = 1e-6


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody asks for a slot at a time."""

    at: float
    lane: Lane
    chat: str


@dataclass(frozen=True, slots=True)
class Slot:
    """And got it."""

    at: float
    wish: Wish


wishes = st.lists(
    st.builds(
        Wish,
        at=st.floats(0, 90).map(lambda at: round(at, 3)),
        lane=st.sampled_from(Lane),
        chat=st.sampled_from(["-1", "-2", "7", "8", "9"]),
    ),
    max_size=120,
)
rates = st.sampled_from([1.0, 7.5, 25.0, 950.0])


@given(wishes, rates)
def test_no_window_ever_holds_more_than_its_share(wishes: list[Wish], rate: float) -> None:
    slots = granted(wishes, PaceRules(rate))
    assert len(slots) == len(wishes)
    times = [slot.at for slot in slots]
    for window_seconds in (0.1, 1.0, 10.0):
        assert (
            most_in_a_window(times, window_seconds) <= rate * (window_seconds + _LATENESS_SECONDS) + 1 + _TINY
        )


@given(wishes)
def test_no_chat_gets_two_within_a_second_nor_a_group_nineteen_within_a_minute(wishes: list[Wish]) -> None:
    by_chat: defaultdict[str, list[float]] = defaultdict(list)
    for slot in granted(wishes, PaceRules(950.0)):
        by_chat[slot.wish.chat].append(slot.at)
    for chat, times in by_chat.items():
        assert most_in_a_window(times, 1.0 - _TINY) <= 1
        if chat.startswith("-"):
            assert most_in_a_window(times, 60.0 - _TINY) <= 18


@given(st.lists(st.sampled_from(BULLETINS), min_size=1, max_size=60))
def test_the_most_urgent_lane_goes_first_and_within_it_who_came_first(lanes: list[Lane]) -> None:
    wishes = [Wish(number * 1e-4, lane, str(number)) for number, lane in enumerate(lanes)]
    first, *waiting = granted(wishes, PaceRules(25.0))
    assert first.wish == wishes[0], "the slot that was free went to who was there"
    expected = sorted(wishes[1:], key=lambda wish: (wish.lane, int(wish.chat)))
    assert [slot.wish for slot in waiting] == expected


@given(st.lists(st.sampled_from(Lane), min_size=1, max_size=60))
def test_answers_come_first_and_leave_room_for_bulletins(lanes: list[Lane]) -> None:
    wishes = [Wish(number * 1e-4, lane, str(number)) for number, lane in enumerate(lanes)]
    order = [slot.wish for slot in granted(wishes, PaceRules(25.0))]
    for answers in (True, False):
        mine = [wish for wish in order[1:] if (wish.lane is Lane.ANSWERS) is answers]
        assert mine == sorted(mine, key=lambda wish: (wish.lane, int(wish.chat))), "each in its own order"
    for at, wish in enumerate(order[1:], start=1):
        left = order[at + 1 :]
        if wish.lane is Lane.ANSWERS:
            urgent = min((one.lane for one in left if one.lane is not Lane.ANSWERS), default=None)
            at_most = {None: len(order), Lane.ROUTINE: 9}.get(urgent, 2)
            assert sum(one.lane is Lane.ANSWERS for one in order[max(0, at - at_most) : at]) < at_most
        elif any(one.lane is Lane.ANSWERS for one in left):
            before = 9 if wish.lane is Lane.ROUTINE else 2
            last = [one.lane for one in order[max(0, at - before) : at]]
            assert last == [Lane.ANSWERS] * before, "no more room than that"


@pytest.mark.parametrize(
    ("lane", "share"), [(Lane.CORRECTIONS, 1 / 3), (Lane.URGENT, 1 / 3), (Lane.ROUTINE, 0.1)]
)
def test_a_town_that_writes_without_end_stops_no_bulletin(lane: Lane, share: float) -> None:
    sent = 0

    async def chat(pacer: Pacer, citizen: str) -> None:
        while True:
            await pacer.slot(Lane.ANSWERS, citizen)

    async def story() -> None:
        nonlocal sent
        pacer = Pacer(PaceRules(25.0))
        town = [asyncio.ensure_future(chat(pacer, str(number))) for number in range(100)]
        await asyncio.sleep(10.0)
        while now() < 70.0:
            sent += await pacer.slot(lane, f"-{sent}", patience_seconds=1.0)
        for citizen in town:
            citizen.cancel()

    in_virtual_time(story())
    assert sent == pytest.approx(60.0 * 25.0 * share, abs=1.0)


def test_an_answer_waits_for_no_more_than_two_slots_while_emergencies_go_out() -> None:
    emergencies = [Wish(0.0, Lane.URGENT, str(number)) for number in range(1_000)]
    answers = [Wish(5.0 + number * 0.31, Lane.ANSWERS, f"1{number:03}") for number in range(60)]
    slots = granted([*emergencies, *answers], PaceRules(25.0))
    waits = [slot.at - slot.wish.at for slot in slots if slot.wish.lane is Lane.ANSWERS]
    assert len(waits) == len(answers)
    assert max(waits) <= 2 / 25 + _TINY


@pytest.mark.parametrize("rate", [25.0, 950.0])
def test_the_pace_is_kept_to_the_last_percent(rate: float) -> None:
    wishes = [Wish(0.0, Lane.ROUTINE, str(number)) for number in range(2_000)]
    slots = granted(wishes, PaceRules(rate))
    assert 0.99 < (len(slots) - 1) / slots[-1].at / rate < 1.001


def test_a_quiet_while_is_not_saved_up_for_a_burst() -> None:
    wishes = [Wish(60.0, Lane.ROUTINE, str(number)) for number in range(100)]
    times = [slot.at for slot in granted(wishes, PaceRules(950.0))]
    assert times[1] - times[0] >= 1 / 950 - _TINY
    assert most_in_a_window(times, 0.01) <= 21


def test_an_answer_waits_for_one_slot_however_much_is_being_sent() -> None:
    routine = [Wish(0.0, Lane.ROUTINE, str(number)) for number in range(500)]
    answer = Wish(5.0, Lane.ANSWERS, "1001")
    slots = granted([*routine, answer], PaceRules(25.0))
    assert next(slot.at for slot in slots if slot.wish == answer) <= 5.0 + 1 / 25


def test_a_chat_that_must_wait_holds_up_nobody_else() -> None:
    wishes = [
        Wish(0.0, Lane.CORRECTIONS, "7"),
        Wish(0.0, Lane.CORRECTIONS, "7"),
        Wish(0.1, Lane.ROUTINE, "8"),
    ]
    slots = granted(wishes, PaceRules(25.0))
    assert [slot.wish.chat for slot in slots] == ["7", "8", "7"]


def test_a_flood_wait_holds_the_chat_it_names() -> None:
    async def story() -> tuple[float, float]:
        pacer = Pacer(PaceRules(25.0))
        assert pacer.flood("7", 30.0) is False
        await pacer.slot(Lane.ROUTINE, "8")
        others = now()
        await pacer.slot(Lane.ROUTINE, "7")
        return others, now()

    assert in_virtual_time(story()) == (0.0, 30.0)


def test_flood_waits_of_two_chats_within_a_second_hold_the_token_and_slow_it_down() -> None:
    async def story() -> tuple[bool, float, float]:
        pacer = Pacer(PaceRules(25.0))
        pacer.flood("7", 30.0)
        await asyncio.sleep(0.5)
        is_held = pacer.flood("8", 30.0)
        pacer.flood("9", 29.0)  # an answer to what was already under way
        await pacer.slot(Lane.ANSWERS, "10")
        return is_held, now(), pacer.rate_per_second

    is_held, went_on, rate = in_virtual_time(story())
    assert (is_held, went_on) == (True, 30.5)
    assert rate == pytest.approx(25.0 * 0.7)


def test_flood_waits_far_apart_are_two_chats_matters() -> None:
    async def story() -> float:
        pacer = Pacer(PaceRules(25.0))
        pacer.flood("7", 30.0)
        await asyncio.sleep(1.5)
        pacer.flood("8", 30.0)
        return pacer.held_for()

    assert in_virtual_time(story()) == 0.0


def test_each_clean_minute_gives_half_a_message_a_second_back_up_to_the_ceiling() -> None:
    async def story() -> list[float]:
        pacer = Pacer(PaceRules(25.0))
        pacer.slow_to(24.3)
        rates: list[float] = []
        for number in range(3):
            await asyncio.sleep(60.0)
            await pacer.slot(Lane.ROUTINE, str(number))
            rates.append(pacer.rate_per_second)
        return rates

    assert in_virtual_time(story()) == pytest.approx([24.8, 25.0, 25.0])


def test_a_minute_that_is_not_quite_over_gives_nothing_back() -> None:
    async def story() -> list[float]:
        pacer = Pacer(PaceRules(25.0))
        pacer.slow_to(20.0)
        rates: list[float] = []
        for seconds in (59.5, 1.0):
            await asyncio.sleep(seconds)
            await pacer.slot(Lane.ROUTINE, str(seconds))
            rates.append(pacer.rate_per_second)
        return rates

    assert in_virtual_time(story()) == pytest.approx([20.0, 20.5])


def test_minutes_in_which_nothing_is_sent_give_it_back_too() -> None:
    async def story() -> list[float]:
        pacer = Pacer(PaceRules(25.0))
        pacer.slow_to(17.5)
        rates: list[float] = []
        for minutes in (10.5, 0.5, 60.0):
            await asyncio.sleep(60.0 * minutes)
            await pacer.slot(Lane.ROUTINE, str(minutes))
            rates.append(pacer.rate_per_second)
        return rates

    assert in_virtual_time(story()) == pytest.approx([22.5, 23.0, 25.0])


def test_who_has_no_patience_gets_no_slot_and_takes_none_from_others() -> None:
    async def story() -> tuple[bool, bool, float]:
        pacer = Pacer(PaceRules(25.0))
        pacer.hold(10.0)
        impatient = await pacer.slot(Lane.ROUTINE, "7", patience_seconds=1.0)
        patient = await pacer.slot(Lane.ROUTINE, "8")
        return impatient, patient, now()

    assert in_virtual_time(story()) == (False, True, 10.0)


def test_chats_are_forgotten_when_they_no_longer_matter() -> None:
    async def story() -> int:
        pacer = Pacer(PaceRules(1_000.0))
        for number in range(5_000):
            await pacer.slot(Lane.ROUTINE, f"-{number}")
        await asyncio.sleep(120.0)
        for number in range(2_600):
            await pacer.slot(Lane.ROUTINE, f"1{number}")
        chats = pacer._chats
        return len(chats._minute) + len(chats._held)

    assert in_virtual_time(story()) == 0


# --- time without waiting --------------------------------------------------------------------------------


def granted(wishes: Sequence[Wish], rules: PaceRules) -> list[Slot]:
    """The slots that these wishes got, in order. Groups have negative ids."""
    slots: list[Slot] = []

    async def ask(pacer: Pacer, wish: Wish) -> None:
        await asyncio.sleep(wish.at)
        if await pacer.slot(wish.lane, wish.chat):
            slots.append(Slot(now(), wish))

    async def story() -> None:
        pacer = Pacer(rules, lambda chat: chat.startswith("-"))
        for wish in sorted(wishes, key=lambda wish: wish.at):
            asyncio.ensure_future(ask(pacer, wish))  # noqa: RUF006 the loop below ends when all have
        while len(slots) < len(wishes):  # noqa: ASYNC110 the time is virtual
            await asyncio.sleep(1.0)

    in_virtual_time(story())
    return slots


def most_in_a_window(times: Sequence[float], window_seconds: float) -> int:
    most, begins = 0, 0
    for ends, at in enumerate(times):
        while times[begins] <= at - window_seconds:
            begins += 1
        most = max(most, ends - begins + 1)
    return most


def now() -> float:
    return asyncio.get_running_loop().time()


def in_virtual_time(story: Coroutine[Any, Any, T]) -> T:
    """Run ``story``; an hour of it takes no time."""
    loop = VirtualLoop(VirtualClock(NOON), Random(7))
    task = loop.create_task(story)
    task.add_done_callback(lambda _: loop.stop())
    loop.run_forever()
    return task.result()


@pytest.mark.parametrize("answered", [4e8, 86_401.0])
def test_nobody_is_made_to_wait_for_years(answered: float) -> None:
    async def story() -> tuple[float, float]:
        pacer = Pacer(PaceRules(25.0))
        pacer.flood("-1", answered)
        pacer.flood("-2", answered)
        return pacer.held_for(), pacer.free_in("-1")

    assert in_virtual_time(story()) == (86_400.0, 86_400.0)
