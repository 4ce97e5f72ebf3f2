"""The power is cut while sends are written down: with the product's own settings nothing acknowledged is lost."""

import os
from pathlib import Path

import pytest
import structlog

from tests.crash.power_cut import Loss, cut_once, full_database
from tests.crash.reporting import report

CUTS = int(os.environ.get("LOA_POWER_CUTS", "200"))
CUTS_IN_A_SOAK = 2_000
CUTS_THAT_SHOW_A_LOSS = 30


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return full_database(tmp_path_factory.mktemp("before"))


def test_a_power_cut_loses_nothing_that_was_acknowledged(before: bytes, tmp_path: Path) -> None:
    _expect_no_loss(range(CUTS), before, tmp_path)


@pytest.mark.soak
def test_nor_do_two_thousand(before: bytes, tmp_path: Path) -> None:
    _expect_no_loss(range(CUTS, CUTS + CUTS_IN_A_SOAK), before, tmp_path)


def test_with_weaker_settings_it_does_so_the_test_above_can_fail(before: bytes, tmp_path: Path) -> None:
    losses = _cut(range(CUTS_THAT_SHOW_A_LOSS), before, tmp_path, synchronous="NORMAL")
    assert sum(bool(loss.rows) for loss in losses) > CUTS_THAT_SHOW_A_LOSS / 3


def _cut(seeds: range, before: bytes, folder: Path, **engine_options: str) -> list[Loss]:
    tell, losses = report("power cuts", len(seeds)), list[Loss]()
    with structlog.testing.capture_logs():
        for seed in seeds:
            losses.append(cut_once(seed, before, folder, **engine_options))
            tell(len(losses))
    return losses


def _expect_no_loss(seeds: range, before: bytes, folder: Path) -> None:
    losses = _cut(seeds, before, folder)
    lost = {
        seed: loss for seed, loss in zip(seeds, losses, strict=True) if loss.rows or loss.integrity != "ok"
    }
    assert lost == {}, f"failing seeds: {list(lost)}"
    assert sum(loss.acknowledged for loss in losses) > len(losses)
