"""Running tests against a changed tree: a copy of it, one process for each change, a limit on its time.

The copy is made once. Libraries are imported once, in the process that forks; what is ours is imported by each child
anew, from the copy.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_ROOMS = frozenset(
    (
        "bot",
        "simulator",
        "handlers",
        "web",
        "platforms",
        "storage",
        "broadcasts",
        "reports",
        "members",
        "bulletins",
    )
)
_LEFT_BEHIND = shutil.ignore_patterns(
    ".git",
    ".venv",
    "__pycache__",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".hypothesis",
    ".import_linter_cache",
)
_LIBRARIES = (
    "aiogram", "aiosqlite", "alembic.command", "apscheduler.schedulers.asyncio", "babel.messages.pofile",
    "cryptography", "hypothesis.strategies", "lxml.etree", "pydantic_settings", "sqlalchemy.ext.asyncio", "structlog",
    "uvloop",
)  # fmt: skip
_USUAL_ARGUMENTS = (
    "-x", "-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", "not postgresql",
    "-W", "ignore:Module already imported",
)  # fmt: skip
_GREEN, _RED = 0, 1


class Outcome(StrEnum):
    """What tests say about a change."""

    FOUND = "found"
    """A test failed, or what was changed could not even be imported."""
    TOO_LONG = "too long"
    """They did not end: that is found, too."""
    SURVIVED = "survived"
    NOTHING_RAN = "nothing ran"
    """No test was chosen: the table is wrong."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it, after how long, and what the tests printed."""

    outcome: Outcome
    seconds: float
    output: str

    @property
    def is_found(self) -> bool:
        return self.outcome in (Outcome.FOUND, Outcome.TOO_LONG)


@dataclass(frozen=True, slots=True)
class Workshop:
    """A copy of the tree in which one file at a time is changed. Used by one process."""

    folder: Path

    @classmethod
    def made_in(cls, parent: Path, tree: Path = ROOT) -> Workshop:
        """Copies ``tree``; imports what all tests need."""
        folder = parent / "tree"
        shutil.copytree(tree, folder, ignore=_LEFT_BEHIND, symlinks=True)
        for name in _LIBRARIES:
            importlib.import_module(name)
        return cls(folder)

    def read(self, path: str) -> str:
        return (self.folder / path).read_text("utf-8")

    def try_with(self, path: str, source: str, tests: Sequence[str], limit_seconds: float) -> Tried:
        """The tests' answer to ``path`` holding ``source``; afterwards it is as it was."""
        with self._holding(path, source):
            return self._run(tests, limit_seconds)

    def try_unchanged(self, tests: Sequence[str], limit_seconds: float) -> Tried:
        """The same without a change: it must survive, or the tests say nothing."""
        return self._run(tests, limit_seconds)

    @contextlib.contextmanager
    def _holding(self, path: str, source: str) -> Iterator[None]:
        file = self.folder / path
        before = file.read_text("utf-8")
        try:
            self._write(file, source)
            yield
        finally:
            self._write(file, before)

    @staticmethod
    def _write(file: Path, source: str) -> None:
        """What was compiled of the former text goes: its time of change may be the same to the second."""
        file.write_text(source, encoding="utf-8")
        for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*"):
            compiled.unlink(missing_ok=True)

    def _run(self, tests: Sequence[str], limit_seconds: float) -> Tried:
        log = self.folder.parent / "output.txt"
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            _be_the_tests(self.folder, log, tests)
        code = _awaited(child, began + limit_seconds)
        outcome = {
            None: Outcome.TOO_LONG,
            _GREEN: Outcome.SURVIVED,
            _RED: Outcome.FOUND,
            5: Outcome.NOTHING_RAN,
        }
        # 2 to 4: collection failed, for what was changed cannot be imported; or it killed the process.
        said = log.read_text("utf-8", "replace")[-2_000:]
        return Tried(outcome.get(code, Outcome.FOUND), time.monotonic() - began, said)


def _awaited(child: int, until: float) -> int | None:
    """The exit code; None for one that had to be ended, together with what it had started."""
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            _end_group(child)
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    _end_group(child)
    os.waitpid(child, 0)
    return None


def _end_group(child: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)


def _be_the_tests(folder: Path, log: Path, tests: Sequence[str]) -> None:
    """Never returns: this process becomes a run of the tests in ``folder``."""
    code = 3
    try:
        os.setsid()
        target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(target, stream)
        sys.stdout = sys.stderr = os.fdopen(target, "w", encoding="utf-8")
        os.chdir(folder)
        here = {str(ROOT), "", str(ROOT / "tests")}
        sys.path[:] = [str(folder), *(path for path in sys.path if path not in here)]
        for name in list(sys.modules):
            if name.partition(".")[0] in _ROOMS | {"tests"}:
                del sys.modules[name]
        import pytest

        code = int(pytest.main([*_USUAL_ARGUMENTS, *tests]))
    except BaseException:  # noqa: BLE001 (the end of a process of its own)
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)
