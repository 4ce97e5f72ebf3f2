"""What an operator can get wrong is said in one line, with exit code 2 and no traceback."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.demo.conftest import Loa, Ran

KEY = "0123456789abcdef" * 4
TOKEN = "123456789:AAcanaryCANARYcanaryCANARYcanary01"
SETTINGS = "telegram:\n  - name: loa\n    base_url: http://127.0.0.1:9\n    moderators_chat: -100123\n"


def mistake_of(ran: Ran) -> str:
    """The one line; nothing else was shown, least of all a secret."""
    assert ran.exit_code == 2, ran.mistakes
    assert ran.output == ""
    assert ran.mistakes.count("\n") == 1, ran.mistakes
    assert "canary" not in ran.mistakes
    return ran.mistakes


async def test_a_port_in_use_ends_the_demonstration(loa: Loa) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = mistake_of(await loa("demo", "--port", port))

    assert said == f"Port {port} is in use: stop what listens there, or choose another with --port.\n"


@pytest.mark.parametrize(
    ("settings", "environ", "options", "said"),
    [
        (SETTINGS, {"LOA_SECRET_KEY": KEY}, (), "The environment variable LOA_TELEGRAM_TOKEN is missing"),
        (SETTINGS + " - [", {}, (), "is not valid YAML"),
        (SETTINGS + "colour: green\n", {}, (), "colour"),
        (SETTINGS, {}, ("--only", "nonsense"), "--only knows updates, deliveries and web, but not nonsense."),
        (
            SETTINGS + "data_folder: {file}/data\n",
            {"LOA_SECRET_KEY": KEY, "LOA_TELEGRAM_TOKEN": TOKEN},
            (),
            "cannot be used as a folder",
        ),
    ],
    ids=["no token", "no YAML", "unknown key", "unknown part", "no folder"],
)
async def test_what_is_wrong_with_the_settings_is_said(
    loa: Loa, tmp_path: Path, settings: str, environ: dict[str, str], options: tuple[str, ...], said: str
) -> None:
    file = tmp_path / "a file"
    file.touch()
    config = tmp_path / "config.yaml"
    config.write_text(settings.format(file=file), encoding="utf-8")

    assert said in mistake_of(await loa("run", "--config", str(config), *options, **environ))
