"""The long run: mutants of ledger, pacing, approval and redaction, nine of ten noticed."""

from __future__ import annotations

import os
from random import Random

import pytest

from tests.mutation.general import sample
from tests.mutation.mutating import LEAST_SHARE, all_mutants, tell_report, try_mutants

COUNT = 300
PROCESSES = 2


@pytest.mark.soak
def test_of_300_mutants_nine_of_ten_are_noticed() -> None:
    seed = int(os.environ.get("LOA_MUTANTS_SEED", "1"))

    report = try_mutants(sample(all_mutants(), COUNT, Random(seed)), PROCESSES)

    tell_report(report, 0)
    assert report.tried == COUNT
    assert report.share >= LEAST_SHARE, report.survivors
