"""``loa bench`` as an operator, and a program, meet it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from bot import benchmarking
from bot.benchmarking import BENCHMARKS, Benchmark
from bot.mistakes import OperatorMistake

FOUND = {
    "id": "T1",
    "figure": 1234.5,
    "unit": "messages/s",
    "target": "≥ 1",
    "met": True,
    "peers": {"aiogram": 617.0},
    "ratio": {"aiogram": 2.0},
    "more": {"rounds": [1, 2]},
}


@pytest.fixture
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A quick benchmark, and one that lacks something; their root is the folder that is returned."""
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "quick.py").write_text(f"print({json.dumps(FOUND)!r})")
    (folder / "lacking.py").write_text("import sys; print('no such peer', file=sys.stderr); sys.exit(3)")
    (folder / "broken.py").write_text("raise RuntimeError('a bug')")
    named = [
        Benchmark(f"T{place}", name, f"benchmarks.{name}", 0.1)
        for place, name in enumerate(("quick", "lacking"), 1)
    ]
    monkeypatch.setattr(benchmarking, "_ROOT", tmp_path)
    monkeypatch.setattr(benchmarking.choose, "__defaults__", (tuple(named),))
    return tmp_path


def test_json_is_one_list_with_the_promised_keys_and_nothing_else(
    quick: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert benchmarking.bench(["t1"], as_json=True) == 0

    (found,) = json.loads(capsys.readouterr().out)
    assert set(found) == {"id", "figure", "unit", "peers", "ratio", "target", "met"}
    assert found == {key: FOUND[key] for key in found}
    assert not (quick / "benchmarks" / "RESULTS.md").exists()


def test_what_cannot_be_measured_here_is_said_and_the_others_are_measured(
    quick: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert benchmarking.bench([], as_json=True) == 3

    written = capsys.readouterr()
    assert [one["id"] for one in json.loads(written.out)] == ["T1"]
    assert "T2: no such peer" in written.err


def test_results_name_the_machine_and_keep_the_figures_that_were_not_taken_this_time(
    quick: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    earlier = {**FOUND, "id": "T0", "met": False, "claim": "earlier", "at": "2026-01-02", "load": "0.1"}
    (quick / "benchmarks" / "results.json").write_text(json.dumps({"T0": earlier}))

    assert benchmarking.bench(["T1"], as_json=False) == 0

    report = (quick / "benchmarks" / "RESULTS.md").read_text()
    assert "cores" in report
    assert f"Python {sys.version_info.major}.{sys.version_info.minor}" in report
    assert (
        "| T0 | earlier | 1,234.5 messages/s | ≥ 1 | **no** | aiogram: 617.0 (ratio 2.0) | 2026-01-02, 0.1 |"
        in report
    )
    assert "| T1 | quick | 1,234.5 messages/s | ≥ 1 | yes |" in report
    assert "1,234.5" in capsys.readouterr().out


def test_a_benchmark_with_a_bug_is_no_figure_and_takes_none_from_the_others(
    quick: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("broken", "quick", "lacking")
    named = [Benchmark(f"T{place}", name, f"benchmarks.{name}", 0.1) for place, name in enumerate(names)]
    monkeypatch.setattr(benchmarking.choose, "__defaults__", (tuple(named),))

    assert benchmarking.bench([], as_json=False) == 1

    said = capsys.readouterr().err
    assert "T0: benchmark T0 failed" in said
    assert "a bug" in said
    assert "T2: no such peer" in said
    assert list(json.loads((quick / "benchmarks" / "results.json").read_text())) == ["T1"]


def test_an_unknown_benchmark_is_the_operators_mistake() -> None:
    with pytest.raises(OperatorMistake, match="F9"):
        benchmarking.choose(["F1", "F9"])


def test_every_benchmark_of_the_list_is_there() -> None:
    root = Path(benchmarking.__file__).parent.parent
    assert [one.id for one in BENCHMARKS] == [*(f"F{number}" for number in range(1, 9)), "R1"]
    for one in BENCHMARKS:
        assert (root / f"{one.module.replace('.', '/')}.py").is_file()
