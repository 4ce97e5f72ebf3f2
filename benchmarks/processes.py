"""Real ``loa run`` processes against the loopback server."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_KEY = bytes(range(32)).hex()
_ROOT = Path(__file__).resolve().parent.parent
_STOP_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Installation:
    """What its ``config.yaml`` says: where its database and its platform are, and its bots.

    Each process reaches the platform under a path of its own name, so it can be seen who sent.
    """

    folder: Path
    database_url: str
    platform_url: str
    bots: Sequence[str]
    more: Mapping[str, Any]


@contextlib.asynccontextmanager
async def loa_running(
    installation: Installation,
    name: str,
    only: str | None = "deliveries",
    program: Sequence[str] = ("-m", "bot.cli"),
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that does this part, or with None everything, killed at the end if it still runs."""
    config, log = installation.folder / f"{name}.yaml", installation.folder / f"{name}.log"
    config.write_text(yaml.safe_dump(_document(installation, name)))
    environ = {**os.environ, "LOA_SECRET_KEY": _KEY, "LOA_DATABASE__URL": installation.database_url}
    environ |= {_variable(bot): token_of(number) for number, bot in enumerate(installation.bots)}
    part = [] if only is None else ["--only", only]
    command = [sys.executable, *program, "run", "--config", str(config), *part]
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=_ROOT, env=environ, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def token_of(number: int) -> str:
    """The token of a bot that exists nowhere."""
    return f"{5_000_000 + number}:benchmark-token-that-opens-nothing"


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _variable(bot: str) -> str:
    return f"TOKEN_{bot.upper()}"


def _document(installation: Installation, name: str) -> dict[str, Any]:
    bots = [
        {
            "name": bot,
            "token_env": _variable(bot),
            "base_url": f"{installation.platform_url}/{name}",
            "moderators_chat": "-1001",
        }
        for bot in installation.bots
    ]
    return {
        "data_folder": str(installation.folder / name),
        "telegram": bots,
        "web": {"port": free_port()},
        **installation.more,
    }
