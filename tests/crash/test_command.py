"""``loa crash-test``: its last line says which seeds were run; it ends with 0 when every promise was held, else 1."""

import pytest
from typer.testing import CliRunner

from bot import crashing
from bot.cli import app
from bot.crashing import crash
from tests.crash.planted import BUGS


def test_the_last_line_is_the_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    assert crash(2, 7) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "Seeds 7 to 8: every promise held."


def test_a_broken_promise_is_the_exit_code_and_the_last_line_says_how_to_see_it_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    planted, _ = BUGS[0]
    assert crash(8, 1, planted) == 1
    assert (
        "promises were broken. To see it again: loa crash-test --seeds 1 --seed"
        in (capsys.readouterr().out.splitlines()[-1])
    )


@pytest.mark.parametrize("code", [0, 1])
def test_the_command_ends_with_that_code(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(crashing, "crash", lambda seeds, seed: asked.append((seeds, seed)) or code)
    assert CliRunner().invoke(app, ["crash-test", "--seeds", "3", "--seed", "7"]).exit_code == code
    assert asked == [(3, 7)]
