"""The command line as the operator's IT person meets it."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot import __version__
from bot.cli import app, main
from bot.mistakes import OperatorMistake

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def loa(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs the command in this process and answers with its exit code."""
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.delenv("LOA_LANGUAGE", raising=False)

    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["loa", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        return int(left.value.code or 0)

    return run


@pytest.fixture
def failing(request: pytest.FixtureRequest) -> Iterator[BaseException]:
    """A command that fails like this stands in the command line for the length of one test."""
    error: BaseException = request.param

    @app.command("fail", hidden=True)
    def fail() -> None:
        raise error

    yield error
    app.registered_commands.pop()


def test_help_says_what_there_is(loa: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert loa("--help") == 0
    said = capsys.readouterr().out
    assert "Usage: loa" in said
    assert "doctor" in said


def test_what_the_service_writes_is_for_its_user_alone(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("telegram: []\n", encoding="utf-8")
    shown = subprocess.run(
        [sys.executable, "-c", _SHOW_UMASK, str(config)],
        check=False,
        env={**os.environ, "LOA_SECRET_KEY": "ab" * 32},
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
    )
    assert shown.stdout == "0o77\n", shown.stderr


_SHOW_UMASK = """
import os, sys
from pathlib import Path
from bot import serving
serving.run = lambda work: print(oct(os.umask(0)))
os.umask(0o022)
serving.serve(Path(sys.argv[1]), os.environ, None)
"""


def test_it_knows_its_version(loa: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert loa("--version") == 0
    assert capsys.readouterr().out == f"Loa {__version__}\n"


def test_a_mistyped_command_gets_a_hint(loa: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert loa("docter") == 2
    assert "Did you mean 'doctor'?" in capsys.readouterr().err


@pytest.mark.parametrize("failing", [OperatorMistake("Do this first.")], indirect=True)
def test_an_operator_mistake_is_one_line_and_exit_code_2(
    loa: Callable[..., int], capsys: pytest.CaptureFixture[str], failing: BaseException
) -> None:
    assert loa("fail") == 2
    assert capsys.readouterr() == ("", "Do this first.\n")


@pytest.mark.parametrize("failing", [OSError(errno.EADDRINUSE, "in use")], indirect=True)
def test_a_mistake_speaks_the_language_of_the_terminal(
    loa: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    failing: BaseException,
) -> None:
    monkeypatch.setenv("LC_ALL", "vi_VN.UTF-8")

    assert loa("fail") == 2
    assert capsys.readouterr().err.startswith("Một chương trình khác đang dùng cổng đó")


@pytest.mark.parametrize("failing", [KeyboardInterrupt()], indirect=True)
def test_ctrl_c_leaves_quietly(
    loa: Callable[..., int], capsys: pytest.CaptureFixture[str], failing: BaseException
) -> None:
    assert loa("fail") == 130
    assert capsys.readouterr() == ("", "")


def test_a_bug_is_logged_without_the_secrets_it_carries_and_exits_1() -> None:
    program = (
        "import bot.cli\n"
        "@bot.cli.app.command()\n"
        "def fail(): raise ValueError('123456789:' + ('AAcan' + 'ary') * 4)\n"
        "bot.cli.main()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, "fail"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ran.returncode == 1
    assert "ValueError: [hidden]" in ran.stderr
    assert "canary" not in ran.stderr


def test_ctrl_c_while_waiting_ends_the_real_process_quietly() -> None:
    program = (
        "import asyncio, bot.cli\n"
        "@bot.cli.app.command()\n"
        "def wait(): asyncio.run(say_and_wait())\n"
        "async def say_and_wait():\n"
        "    print('waiting', flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "bot.cli.main()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, "wait"],
        cwd=ROOT,
        env=os.environ | {"LC_ALL": "C"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)

    assert process.returncode == 130
    assert said == ""
