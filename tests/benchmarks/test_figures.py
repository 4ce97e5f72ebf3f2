"""Each benchmark, in a tiny run: it measures what it says, and its target can be missed."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import aiohttp
import pytest

from benchmarks import (
    answers,
    cluster,
    durable_sends,
    overtaking,
    pace_kept,
    peers,
    planning,
    processor_time,
    restart,
    strangers,
)
from benchmarks.loopback import Conduct, Limit, Seen, open_loopback
from benchmarks.measuring import Measured, percentile
from benchmarks.network import emergency, in_sqlite, open_network, routine, start_bulletin
from benchmarks.station import open_station


@pytest.fixture(autouse=True)
def any_core() -> Iterator[None]:
    """A benchmark stays on one core; the tests after it need not."""
    cores = os.sched_getaffinity(0)
    yield
    os.sched_setaffinity(0, cores)


@pytest.mark.parametrize(
    ("send", "sends"),
    [
        (peers.send_with_aiogram, 30),
        (peers.send_with_python_telegram_bot, 30),
        (peers.send_with_aiohttp, 30),
        (durable_sends.send_with_loa, 30),
    ],
)
async def test_each_sender_sends_as_many_messages_as_it_is_credited_with(
    send: peers.Peer, sends: int
) -> None:
    async with open_loopback(Conduct(keeps=True)) as loopback:
        measured = await send(loopback.url, sends)
        seen = await loopback.seen()

    assert measured.count == seen.accepted == sends
    assert len({chat for _, _, chat, _ in seen.messages}) == sends


async def test_the_mailer_of_aiogram_broadcaster_keeps_its_record_and_sends_to_everybody() -> None:
    if find_spec("aiogram_broadcaster") is None:  # a peer is no dependency of the tests: then it must say so
        with pytest.raises(ModuleNotFoundError, match="aiogram_broadcaster"):
            await peers.send_with_aiogram_broadcaster("http://127.0.0.1:9", 1)
        return
    async with open_loopback() as loopback:
        measured = await peers.send_with_aiogram_broadcaster(loopback.url, 10)
        assert (await loopback.seen()).accepted == measured.count == 10


def test_a_rate_below_any_of_the_peers_targets_is_no_success() -> None:
    def runs(loa_seconds: float) -> dict[str, list[Measured]]:
        slow = {name: [Measured(100, 10.0, 1.0)] for name in durable_sends.TARGETS}
        return {**slow, durable_sends.LOA: [Measured(100, loa_seconds, 0.1)]}

    assert durable_sends.judge(runs(10 / 25), 100).met
    assert not durable_sends.judge(runs(10 / 24), 100).met


async def test_the_processor_time_is_ours_and_stands_beside_the_bare_requests() -> None:
    finding = await processor_time.compare(sends=40, rounds=1)

    assert finding.figure > 0
    assert set(finding.peers) == set(finding.ratio) == {"aiohttp", "aiogram"}


def test_the_server_admits_no_more_than_its_limit_in_any_second_however_it_is_asked() -> None:
    limit = Limit(10)
    begin = time.monotonic()
    times = [begin + number * 0.025 for number in range(200)]
    admitted = [at for at in times if limit.admits(at)]

    assert all(sum(at <= other < at + 1.0 for other in admitted) <= 10 for at in admitted)
    assert len(admitted) >= 40


async def test_the_server_says_no_to_what_comes_too_fast() -> None:
    async with open_loopback(Conduct(limit_per_second=5)) as loopback, aiohttp.ClientSession() as session:

        async def post(chat: int) -> int:
            async with session.post(f"{loopback.url}/bot1:x/sendMessage", json={"chat_id": chat}) as answer:
                return answer.status

        statuses = await asyncio.gather(*(post(chat) for chat in range(8)))
        seen = await loopback.seen()

    assert sorted(statuses) == [200] * 5 + [429] * 3
    assert (seen.accepted, seen.refused) == (5, 3)


def test_pace_is_counted_from_a_second_after_the_first_message_and_a_flood_wait_is_a_miss() -> None:
    seen = Seen(messages=[(100.0 + number / 25, "bot1:x", "1", False) for number in range(100)])

    assert pace_kept._per_second(seen, 2.0) == 25.0
    assert pace_kept.judge([pace_kept.Kept(25, 25.0, 0)], 60).met
    assert not pace_kept.judge([pace_kept.Kept(25, 25.0, 1)], 60).met
    assert not pace_kept.judge([pace_kept.Kept(25, 24.7, 0)], 60).met


async def test_a_pace_is_really_sent_at_and_the_server_really_counts() -> None:
    kept = await pace_kept.keep(25, 30, seconds=2.0)

    assert kept.per_second > 0
    assert kept.flood_waits == 0


async def test_an_emergency_for_one_area_leaves_while_routine_rows_are_open() -> None:
    finding = await overtaking.compare(channels=300, times=1)

    assert finding.figure > 0
    assert "everybody_leaving_ms" in finding.more


async def test_a_small_area_is_small(tmp_path: Path) -> None:
    engine = await open_network(in_sqlite(tmp_path), 300)
    async with engine.begin() as connection:
        assert (await start_bulletin(connection, routine()))[1] == 300
        assert (await start_bulletin(connection, emergency("LOA-EM01-H", ("khu1",))))[1] == 5
    await engine.dispose()


async def test_answers_are_timed_while_the_fan_out_goes_on() -> None:
    finding = await answers.compare(channels=200, answers=4)

    assert finding.more["rows_open"] == 200


async def test_planning_counts_rows_and_draining_watches_a_process_of_its_own(tmp_path: Path) -> None:
    database = in_sqlite(tmp_path)
    engine = await open_network(database, 500)
    measured = await planning.time_planning(engine, 500, rounds=2)
    async with open_station(engine, "http://127.0.0.1:1") as station:
        assert await station.count("queued") == 500  # the first round's rows are gone
    await engine.dispose()
    drained = await planning.drain_elsewhere(database, 2.0)

    assert [one.count for one in measured] == [500, 500]
    assert drained.sent == 500
    assert 10 < drained.peak_mebibytes < 1_000


def test_memory_that_keeps_growing_is_not_flat() -> None:
    flat = planning.Drained(1, 100.0, [80.0, 90.0, 100.0, 100.0, 100.0, 101.0])
    growing = planning.Drained(1, 120.0, [80.0, 90.0, 100.0, 105.0, 110.0, 120.0])

    quick, slow = Measured(1, 1.0, 1.0), Measured(1, 2.5, 1.0)

    assert planning.judge([quick], flat, 1).met
    assert not planning.judge([quick], growing, 1).met
    assert not planning.judge([slow], flat, 1).met
    assert not planning.judge([quick], flat, 2).met, "one was not drained"


def test_the_time_of_a_restart_is_the_median_of_the_whole_process() -> None:
    starts = [restart.Start(seconds, 1.0) for seconds in (0.8, 0.9, 3.0)]

    assert (restart.judge(starts, starts[:1], 1).figure, restart.judge(starts, starts[:1], 1).met) == (
        0.9,
        True,
    )
    assert not restart.judge(starts[1:], starts[:1], 1).met


def test_a_token_that_nobody_took_over_is_seen() -> None:
    seen = Seen(
        messages=[
            (1.0, "dies/bot1", "1", False),
            (1.0, "dies/bot2", "2", False),
            (9.0, "stays/bot1", "3", False),
        ]
    )
    gaps = cluster._gaps(seen, killed=2.0)

    assert sorted(gaps, key=str) == [7.0, None]
    plan = cluster.Plan(tokens=2, seconds=10)
    assert not cluster.judge(plan, cluster.Survived(50.0, 2, gaps, 0, 0)).met
    assert cluster.judge(plan, cluster.Survived(50.0, 2, [7.0, 8.0], 1, 0)).met
    assert not cluster.judge(plan, cluster.Survived(50.0, 2, [7.0, 8.0], 1, 1)).met


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], 50) == 2.0
    assert percentile([float(one) for one in range(1, 201)], 99) == 198.0
    assert percentile([5.0], 99) == 5.0


def test_who_lacks_a_peer_is_told_what_adds_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers.importlib, "util", SimpleNamespace(find_spec=lambda name: None))
    with pytest.raises(SystemExit) as left:
        peers.demand(peers.AIOGRAM_BROADCASTER)

    assert left.value.code == 3
    assert "make bench-install" in capsys.readouterr().err


# --- strangers ------------------------------------------------------------------------------------------------------


def seen_of(
    bulletins: int, answers: int, press_seconds: float = 0.1, after_stop: float = 0.1
) -> strangers.Seen:
    return strangers.Seen(
        seconds=10.0,
        cpu_seconds=1.0,
        bulletins=bulletins,
        answers=answers,
        acts={"press": 100},
        press_seconds=[press_seconds] * 50,
        stop_seconds=0.1,
        after_stop_seconds=after_stop,
    )


@pytest.mark.parametrize(
    ("busy", "figure", "is_met"),
    [
        (seen_of(bulletins=100, answers=150), 100.0, True),
        (seen_of(bulletins=80, answers=150), 80.0, False),
        (seen_of(bulletins=50, answers=200), 60.0, False),  # answers took more than decision 8 lets them
        (seen_of(bulletins=100, answers=150, press_seconds=2.1), 100.0, False),
        (seen_of(bulletins=100, answers=150, after_stop=2.1), 100.0, False),
    ],
)
def test_strangers_may_take_what_answers_may_and_no_more(
    busy: strangers.Seen, figure: float, is_met: bool
) -> None:
    finding = strangers.judge(seen_of(bulletins=250, answers=0), busy, 200)

    assert (finding.figure, finding.met) == (figure, is_met)
    assert finding.peers == {"without them": 100.0}


async def test_a_few_strangers_are_measured_against_the_whole_of_loa() -> None:
    seen = await strangers.watch(300, strangers=3, seconds=1.0)

    assert seen.bulletins > 0
    assert seen.press_seconds
    assert sum(seen.acts.values()) > 0
