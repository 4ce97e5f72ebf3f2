"""`loa story --cap`: alerts as real agencies sent them are told; five wrong ones are refused in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.demonstration import tell_story
from bot.mistakes import OperatorMistake
from bot.storytelling import tell
from simulator.scenes.plot import CapFile
from tests.alerts import ALERTS, RIGHT, needs_alerts

WRONG = {
    "invalid.cap": "<scope>",
    "canada_errors.cap": "Update",
    "noaa_errors.cap": "<urgency>",
    "no_optional_fields.cap": "<info>",
    "xee.cap": "DOCTYPE",
}


@needs_alerts
@pytest.mark.parametrize("name", RIGHT)
async def test_a_real_alert_is_approved_delivered_and_corrected(name: str) -> None:
    cap = CapFile(name, (ALERTS / name).read_bytes())
    tally = await tell_story(1, language="vi", cap_file=cap, say=lambda _key, _said: None)

    assert [outcome for _, outcome in tally.steps] == ["ok"] * 12
    assert (tally.delivered, tally.corrected, tally.answers) == (1, 1, 1)


@needs_alerts
@pytest.mark.parametrize(("name", "said"), WRONG.items())
@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_wrong_alert_is_refused_in_one_sentence(
    name: str, said: str, language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code = tell(5, as_json=True, cap=ALERTS / name, language=language)

    shown = capsys.readouterr()
    assert exit_code == 1
    assert shown.out == ""
    assert said in shown.err
    assert shown.err.count("\n") == 1


def test_a_file_that_is_not_there_is_the_operators_mistake(tmp_path: Path) -> None:
    with pytest.raises(OperatorMistake, match="no file"):
        tell(5, as_json=True, cap=tmp_path / "none.cap", language="vi")
