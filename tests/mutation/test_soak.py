"""The long run: mutants of ledger, pacing, approval and redaction, nine of ten noticed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.mutation.trying import ROOT

COUNT = 300


@pytest.mark.soak
def test_of_300_mutants_nine_of_ten_are_noticed() -> None:
    """In a process of its own, which has imported nothing of ours before it forks. LOA_MUTANTS_SEED draws others."""
    seed = os.environ.get("LOA_MUTANTS_SEED", "1")
    command = [sys.executable, "-m", "tests.mutation.mutating", "--count", str(COUNT), "--seed", seed]

    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0
