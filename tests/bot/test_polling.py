"""Polling: what is confirmed was handled or kept; nothing is lost, whatever comes, fails, or dies in the middle."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest
from aiogram.types import Update
from hypothesis import given
from hypothesis import strategies as st

from bot.polling import Poller
from bot.prefix import Prefix
from tests.bot.updates import LAN, Desk, Kept, Telegram, poller, pressed, written


@pytest.fixture
def kept() -> Kept:
    return Kept()


@asynccontextmanager
async def running(one: Poller) -> AsyncIterator[None]:
    """Until the block ends; then the process is gone, whatever was under way."""
    task = asyncio.create_task(one.run())
    try:
        async with asyncio.timeout(20):
            yield
    finally:
        task.cancel()
        await asyncio.wait([task])


# --- the prefix by itself -------------------------------------------------------------------------------------------

STEPS = st.lists(st.tuples(st.sampled_from(["ask", "settle"]), st.integers(0, 1_000)), max_size=80)


@given(steps=STEPS, gaps=st.lists(st.integers(1, 9), min_size=1, max_size=40), restarts_at=st.integers(0, 40))
def test_what_is_confirmed_never_passes_what_is_open_and_in_the_end_all_is(
    steps: Sequence[tuple[str, int]], gaps: Sequence[int], restarts_at: int
) -> None:
    """Ids with gaps, the same batch handed out again, settled in any order; the platform keeps what is unconfirmed."""
    ids, number = [], 10_000
    for gap in gaps:
        number += gap
        ids.append(number)
    prefix, waiting, settled = Prefix(), list(ids), set[int]()

    def ask() -> None:
        offset = prefix.offset
        if offset is not None:
            assert {one for one in waiting if one < offset} <= settled
            waiting[:] = [one for one in waiting if one >= offset]
        prefix.offer(waiting[:10])

    for what, number in steps:
        if what == "ask":
            ask()
        elif prefix.open:
            one = sorted(prefix.open)[number % len(prefix.open)]
            settled.add(one)
            prefix.settle([one])
    for _ in range(len(ids) + 2):
        ask()
        settled.update(prefix.open)
        prefix.settle(list(prefix.open))

    assert settled == set(ids)
    assert prefix.offset is None
    assert prefix.offer([restarts_at]) == [restarts_at]  # after a silence any id may come
    assert prefix.offset == restarts_at


def test_one_that_is_handed_out_again_is_not_new() -> None:
    prefix = Prefix()
    assert prefix.offer([3, 5, 5, 9]) == [3, 5, 9]
    prefix.settle([5])
    assert prefix.offer([3, 5, 9, 11]) == [11]
    assert prefix.offset == 3
    prefix.settle([3, 9, 11, 11, 77])
    assert prefix.offset == 12


# --- the poller -----------------------------------------------------------------------------------------------------


async def test_all_of_a_batch_is_confirmed_once_it_is_handled(kept: Kept) -> None:
    telegram, desk = Telegram(*(written(number, 1_000 + number) for number in range(1, 251))), Desk()
    async with running(poller(telegram, kept, desk)):
        await telegram.empty.wait()

    assert sorted(desk.handled) == list(range(1, 251))
    assert telegram.confirmed == list(range(1, 251))
    assert kept.backlog == {}


async def test_one_that_takes_long_holds_up_nobody_and_is_on_the_disk_before_it_is_confirmed(
    kept: Kept,
) -> None:
    may_end = asyncio.Event()
    on_disk: list[bool] = []

    async def handle(update: Update) -> None:
        if update.update_id == 1:
            await may_end.wait()

    class Watched(Telegram):
        async def make_request(self, bot: Any, method: Any, timeout: int | None = None) -> Any:  # noqa: ASYNC109
            if method.offset is not None and method.offset > 1 and not may_end.is_set():
                on_disk.append(1 in kept.backlog)
            return await super().make_request(bot, method, timeout)

    telegram, desk = Watched(written(1, 1001)), Desk(handle)
    async with running(poller(telegram, kept, desk)):
        await telegram.empty.wait()
        telegram.push(*(written(number, 1_000 + number) for number in range(2, 300)), pressed(300, LAN))
        await asyncio.sleep(0)
        await telegram.empty.wait()
        assert sorted(desk.handled) == list(range(2, 301))
        assert on_disk
        assert all(on_disk)
        may_end.set()
        while len(desk.handled) < 300:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        while kept.backlog:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    assert len(kept.ids) == 300


async def test_what_was_kept_is_handled_by_the_next_process(kept: Kept) -> None:
    telegram = Telegram(written(1, 1001, "hãy kiểm tra giúp"), written(2, 1002))

    async def never(update: Update) -> None:
        if update.update_id == 1:
            await asyncio.Event().wait()

    async with running(poller(telegram, kept, Desk(never))):
        await telegram.empty.wait()
    assert telegram.confirmed == [1, 2]
    assert list(kept.backlog) == [1]

    words: list[str | None] = []

    async def handle(update: Update) -> None:
        assert update.message is not None
        words.append(update.message.text)

    after = Telegram()
    async with running(poller(after, kept, Desk(handle))):
        await after.empty.wait()
        while kept.backlog:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert words == ["hãy kiểm tra giúp"]


async def test_while_the_disk_fails_nothing_is_confirmed_and_afterwards_everything_is_handled_once(
    kept: Kept,
) -> None:
    telegram, desk = Telegram(*(written(number, 1_000 + number) for number in range(1, 6))), Desk()
    async with running(poller(telegram, kept, desk)):
        kept.is_broken = True
        while kept.trips < 8:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        assert telegram.confirmed == []
        assert desk.handled == []
        kept.is_broken = False
        await telegram.empty.wait()
        while len(kept.ids) < 5:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    assert sorted(desk.handled) == [1, 2, 3, 4, 5]
    assert telegram.confirmed == [1, 2, 3, 4, 5]


async def test_after_a_week_of_silence_lower_ids_are_heard(kept: Kept) -> None:
    telegram, desk = Telegram(written(900_000)), Desk()
    telegram.wait_seconds = 0.01
    async with running(poller(telegram, kept, desk)):
        await telegram.empty.wait()
        while telegram.asked[-1] is not None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        telegram.push(written(7), written(8))
        while len(desk.handled) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    assert desk.handled == [900_000, 7, 8]


async def test_a_full_queue_pauses_the_asking_and_loses_nothing(kept: Kept) -> None:
    may_end = asyncio.Event()

    async def handle(_: Update) -> None:
        await may_end.wait()

    people = range(1, 401)
    telegram, desk = Telegram(*(written(number, 1_000 + number) for number in people)), Desk(handle)
    async with running(poller(telegram, kept, desk, waiting_at_most=150)):
        while len(telegram.asked) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await asyncio.sleep(1.0)
        assert len(telegram.asked) == 2  # two hundred are there, so nobody asks for more
        may_end.set()
        await telegram.empty.wait()

    assert len(desk.handled) + len(desk.told) >= 150
    assert telegram.confirmed == list(people)


async def test_what_is_over_a_quota_is_done_with_without_any_trip_to_the_database(kept: Kept) -> None:
    telegram, desk = Telegram(), Desk()
    telegram.push(*(pressed(number) for number in range(1, 2_001)), pressed(2_001, LAN))
    async with running(poller(telegram, kept, desk)):
        await telegram.empty.wait()

    assert 2_001 in desk.handled
    assert len(desk.handled) <= 40 + 1  # what one person may press in a minute, and the staff's
    assert len(desk.told) == 1
    assert kept.trips <= len(desk.handled) * 2 + 10  # and a batch is written down at once
    assert len(kept.ids) == len(desk.handled)


async def test_talk_in_groups_is_dropped_before_the_database_hears_of_it(kept: Kept) -> None:
    telegram, desk = Telegram(*(written(number, -100, person=number) for number in range(1, 500))), Desk()
    async with running(poller(telegram, kept, desk)):
        await telegram.empty.wait()

    assert telegram.confirmed == list(range(1, 500))
    assert kept.trips == 0
    assert desk.handled == []


# --- anything at all ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
async def test_whenever_the_process_dies_everything_is_handled_and_hardly_anything_twice(
    kept: Kept, seed: int
) -> None:
    """Handlers end in any order; the process dies at any point, also between handling and remembering."""
    random = Random(seed)
    ids, number = [], random.randrange(10**6)
    for _ in range(150):
        number += random.choice([1, 1, 1, 7])
        ids.append(number)
    telegram = Telegram(*(written(one, 1_000 + random.randrange(40)) for one in ids))
    given, effects = {one["update_id"]: one for one in telegram.updates}, list[int]()

    async def handle(update: Update) -> None:
        await asyncio.sleep(random.choice([0, 0, 0.005, 0.02, 0.7]))
        effects.append(update.update_id)

    remembered = kept.ids
    for _ in range(6):
        telegram.updates += [one for one in random.sample(list(given.values()), 3) if one in telegram.updates]
        telegram.updates.sort(key=lambda one: int(one["update_id"]))
        async with running(poller(telegram, kept, Desk(handle))):
            await asyncio.sleep(random.uniform(0.01, 0.8))
        confirmed = set(telegram.confirmed) - set(telegram.confirmed) & {
            one["update_id"] for one in telegram.updates
        }
        assert confirmed <= {one for _, one in remembered} | set(kept.backlog) | crowded(given, ids)
    desk = Desk(handle)
    async with running(poller(telegram, kept, desk)):
        await telegram.empty.wait()
        while kept.backlog:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    assert {one for _, one in remembered} == set(effects)
    assert set(ids) - set(effects) <= crowded(given, ids)
    once_more = len(effects) - len(set(effects))
    assert once_more <= 6 * 16  # what was under way, or not yet remembered, at each of six ends


def crowded(given: dict[int, dict[str, Any]], ids: Sequence[int]) -> set[int]:
    """Those of whom more than twelve wrote in one chat may have been too much."""
    chats: dict[int, list[int]] = {}
    for one in ids:
        chats.setdefault(given[one]["message"]["chat"]["id"], []).append(one)
    return {one for written_there in chats.values() for one in written_there[12:]}


# --- what Telegram answers ------------------------------------------------------------------------------------------

GOOD = written(8)


@pytest.mark.parametrize(
    ("batch", "handled", "confirmed"),
    [
        ([{"update_id": 7, "message": "nonsense"}, GOOD], [8], 9),
        ([GOOD, {"update_id": 9, "message": []}], [8], 10),
        ([GOOD, {"update_id": "ten"}, ["odd"], None], [8], 9),
    ],
)
async def test_what_can_be_read_of_a_batch_is_handled_and_the_rest_passed_over(
    kept: Kept, batch: list[object], handled: list[int], confirmed: int
) -> None:
    telegram, desk = Telegram(), Desk()
    telegram.says = batch
    async with running(poller(telegram, kept, desk)):
        while len(telegram.asked) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert desk.handled == handled
    assert telegram.asked[1] == confirmed


@pytest.mark.parametrize("result", ["nonsense", 7, {"update_id": 7}, [None], [{"update_id": "seven"}]])
async def test_a_batch_without_anything_that_can_be_read_is_asked_for_again_after_a_while(
    kept: Kept, result: object
) -> None:
    telegram = Telegram()
    telegram.says = result
    async with running(poller(telegram, kept, Desk())):
        await asyncio.sleep(0.2)
    assert telegram.asked == [None]


async def test_an_update_that_is_kept_is_the_one_that_was_given(kept: Kept) -> None:
    whole = written(5)
    whole["message"] |= {
        "link_preview_options": {"is_disabled": True},
        "entities": [{"type": "text_link", "offset": 0, "length": 3, "url": "https://example.org/"}],
        "forward_origin": {"type": "hidden_user", "sender_user_name": "Ai đó", "date": 5},
        "reply_markup": {"inline_keyboard": [[{"text": "x", "callback_data": "y"}]]},
    }

    async def never(_: Update) -> None:
        await asyncio.Event().wait()

    telegram = Telegram(whole)
    async with running(poller(telegram, kept, Desk(never))):
        await telegram.empty.wait()
    assert json.loads(kept.backlog[5]) == whole
