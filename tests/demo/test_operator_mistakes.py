"""What an operator can get wrong is said in one line, with exit code 2 and no traceback."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from bot.cli import main
from bot.mistakes import OperatorMistake
from tests.demo.conftest import Loa, demonstrated

KEY = "0123456789abcdef" * 4
TOKEN = "123456789:AAcanaryCANARYcanaryCANARYcanary01"
SETTINGS = "telegram:\n  - name: loa\n    base_url: http://127.0.0.1:9\n    moderators_chat: -100123\n"


async def test_a_port_in_use_ends_the_demonstration(loa: Loa) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = await loa("demo", "--port", port)

    said = f"Port {port} is in use: stop what listens there, or choose another with --port.\n"
    assert (ran.exit_code, ran.output, ran.mistakes) == (2, "", said)


async def test_two_demonstrations_do_not_share_a_folder(tmp_path: Path) -> None:
    async with demonstrated(tmp_path, channels=1):
        with pytest.raises(OperatorMistake, match="Another demonstration is using"):
            async with demonstrated(tmp_path, channels=1):
                raise AssertionError("it must not open")


async def test_a_data_folder_that_cannot_be_one_ends_the_service(loa: Loa, tmp_path: Path) -> None:
    file, config = tmp_path / "a file", tmp_path / "config.yaml"
    file.touch()
    config.write_text(f"{SETTINGS}data_folder: {file}/data\n", encoding="utf-8")
    ran = await loa("run", "--config", str(config), LOA_SECRET_KEY=KEY, LOA_TELEGRAM_TOKEN=TOKEN)

    assert (ran.exit_code, ran.output, ran.mistakes.count("\n")) == (2, "", 1)
    assert "cannot be used as a folder" in ran.mistakes


@pytest.mark.parametrize(
    ("settings", "options", "said"),
    [
        (SETTINGS, (), "The environment variable LOA_TELEGRAM_TOKEN is missing"),
        (SETTINGS + " - [", (), "is not valid YAML"),
        (SETTINGS + "colour: green\n", (), "colour"),
        (SETTINGS, ("--only", "nonsense"), "--only knows updates, deliveries and web, but not nonsense."),
    ],
    ids=["no token", "no YAML", "unknown key", "unknown part"],
)
def test_what_is_wrong_with_the_settings_is_said_before_anything_starts(
    tmp_path: Path,
    settings: str,
    options: tuple[str, ...],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(settings, encoding="utf-8")
    monkeypatch.setenv("LOA_LANGUAGE", "en")
    monkeypatch.setenv("LOA_SECRET_KEY", KEY)
    monkeypatch.delenv("LOA_TELEGRAM_TOKEN", raising=False)
    monkeypatch.setattr(sys, "argv", ["loa", "run", "--config", str(config), *options])
    with pytest.raises(SystemExit) as left:
        main()

    shown = capsys.readouterr()
    assert (left.value.code, shown.out, shown.err.count("\n")) == (2, "", 1)
    assert said in shown.err
