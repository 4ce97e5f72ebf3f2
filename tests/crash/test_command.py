"""``loa crash-test`` says on its last line which seeds were run, and ends with 0 when every promise was held."""

import pytest

from bot.crashing import crash


def test_the_last_line_is_the_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    assert crash(2, 7) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "Seeds 7 to 8: every promise held."
