"""The rules that keep the code as it was drawn: direction of imports, sizes, names, pinned versions."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS = PROJECT["tool"]["importlinter"]
ROOMS: list[str] = CONTRACTS["root_packages"]
UNSHIPPED = {"tests", "benchmarks", "docs", "locales", "requirements"}
FORBIDDEN_NAMES = {"utils", "helpers", "common", "services", "managers", "telegram", "platform"}
LONGEST_FILE, LONGEST_FUNCTION = 400, 70
LOCKS = ("run", "test", "bench")


def project_files() -> list[Path]:
    """Every file that is, or is about to be, under version control; all but caches where there is no git."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
        found = [ROOT / name for name in listed if name]
    except (OSError, subprocess.CalledProcessError):
        found = [path for path in ROOT.rglob("*") if not re.search(r"/\.\w|/__pycache__/", str(path))]
    return sorted(path for path in found if path.is_file())


FILES = project_files()
# A migration is a record of what was done to tables once: written by Alembic, checked against the tables by a test.
RECORDS = ROOT / "storage" / "migrations" / "versions"
PYTHON = [path for path in FILES if path.suffix == ".py" and RECORDS not in path.parents]
SHIPPED = [path for path in PYTHON if path.relative_to(ROOT).parts[0] in ROOMS]


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """import-linter over the contracts and packages in ``folder``."""
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True, timeout=300)


def test_imports_point_one_way() -> None:
    ran = lint_imports(ROOT)

    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("room", "line", "broken"),
    [
        ("members", "import storage", "Upper rows import lower rows"),
        ("storage", "import handlers", "Upper rows import lower rows"),
        ("handlers", "import simulator", "Upper rows import lower rows"),
        ("broadcasts", "import sqlalchemy", "The two lower rows know no framework"),
        ("platforms", "import telegram", "The product never imports python-telegram-bot"),
    ],
)
def test_an_import_in_the_wrong_direction_is_found(tmp_path: Path, room: str, line: str, broken: str) -> None:
    for name in ROOMS:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("")
    (tmp_path / room / "__init__.py").write_text(line)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)

    ran = lint_imports(tmp_path)

    assert ran.returncode != 0
    assert re.search(rf"{broken}.* BROKEN", ran.stdout), ran.stdout + ran.stderr


def test_every_folder_of_code_has_its_row() -> None:
    rows = {room.strip() for layer in CONTRACTS["contracts"][0]["layers"] for room in layer.split("|")}
    folders = {path.relative_to(ROOT).parts[0] for path in PYTHON if len(path.relative_to(ROOT).parts) > 1}

    assert folders - UNSHIPPED == rows == set(ROOMS)
    assert set(PROJECT["tool"]["mypy"]["packages"]) == rows


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_a_file_can_be_read_at_once() -> None:
    lengths = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in PYTHON}

    assert not {name: length for name, length in lengths.items() if length > LONGEST_FILE}


def test_a_function_can_be_read_at_once() -> None:
    lengths = {f"{shown(path)}: {node.name}": lines(node) for path in PYTHON for node in functions(path)}

    assert not {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION}


def test_most_functions_are_short() -> None:
    lengths = sorted(lines(node) for path in SHIPPED for node in functions(path))

    assert median(lengths) <= 10
    assert lengths[int(len(lengths) * 0.95)] < 35


def test_folders_and_modules_are_named_after_what_they_hold() -> None:
    named = {part.removesuffix(".py"): path for path in PYTHON for part in path.relative_to(ROOT).parts[:-1]}
    top = {path.stem: path for path in PYTHON if path.parent == ROOT}

    assert not FORBIDDEN_NAMES & {*named, *top}


def test_patching_is_a_last_resort() -> None:
    tests = [path.read_text(encoding="utf-8") for path in PYTHON if path.name.startswith("test_")]
    count = sum(len(re.findall(r"^\s*(?:async )?def test_", text, re.MULTILINE)) for text in tests)
    patches = sum(len(re.findall(r"monkeypatch\.setattr\(|\bpatch(?:\.object)?\(", text)) for text in tests)

    assert patches <= max(1, count * 3 // 100), f"{patches} patches in {count} tests"


def of_this_machine() -> Iterator[str]:
    """What would betray where this was written: folders, and the places that packages came from."""
    yield str(ROOT)
    yield str(ROOT.parent / "shared")
    for name, value in os.environ.items():
        if re.match(r"(PIP|UV)_.*(INDEX|FIND)", name):
            yield from re.findall(r"(?<=://)[^/@\s]+|/\w+/[\w./-]+", value)


def test_no_file_names_this_machine_or_a_registry() -> None:
    registries = ("index-url", "--find-" + "links", "python" + "hosted.org", "pypi.org/" + "simple")
    places = {place for place in of_this_machine() if len(place) > 8}
    for path in FILES:
        content = path.read_bytes().decode("utf-8", errors="ignore")
        named = [place for place in (*registries, *places) if place in content]
        assert not named or path == Path(__file__), f"{shown(path)} names {named}"


def requirements(*groups: str) -> list[Requirement]:
    project = PROJECT["project"]
    asked = [project["dependencies"], *(project["optional-dependencies"][group] for group in groups)]
    return [Requirement(line) for group in asked for line in group]


def pins(lock: str) -> dict[str, Version]:
    """What a lock installs; each line must be a version with at least one hash."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    entries = re.findall(
        r"^([A-Za-z0-9._-]+)==([^\s;\\]+)[^\\\n]*\\\n((?:    --hash=\S+(?: \\)?\n)+)", text, re.M
    )
    assert len(entries) == len(re.findall(r"^[A-Za-z0-9]", text, re.MULTILINE)), (
        f"{lock}.txt has a line without hash"
    )
    return {canonicalize_name(name): Version(version) for name, version, _ in entries}


@pytest.mark.parametrize(("lock", "groups"), [("run", ()), ("test", ("test",)), ("bench", ("bench",))])
def test_each_lock_has_what_pyproject_asks_for(lock: str, groups: tuple[str, ...]) -> None:
    pinned = pins(lock)
    for wanted in requirements(*groups):
        name = canonicalize_name(wanted.name)
        assert name in pinned, f"{name} is not in {lock}.txt: run make lock"
        assert wanted.specifier.contains(pinned[name]), f"{name} {pinned[name]}: run make lock"


@pytest.mark.parametrize("lock", LOCKS)
def test_nothing_is_pinned_that_nobody_asks_for(lock: str) -> None:
    """uv writes beside each version who asked for it; a dependency taken out must leave its lock too."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    asked = {canonicalize_name(wanted.name) for wanted in requirements(*({"test", "bench"} & {lock}))}
    for name, reasons in re.findall(r"^([A-Za-z0-9._-]+)==(.+?)(?=^\S|\Z)", text, re.M | re.S):
        if "loa (pyproject.toml)" in reasons:
            assert canonicalize_name(name) in asked, f"{name}: run make lock"


def test_all_locks_agree_and_name_no_place_to_fetch_from() -> None:
    run, test, bench = map(pins, LOCKS)

    assert run.items() <= test.items()
    assert run.items() <= bench.items()
    assert all(bench[name] == test[name] for name in bench.keys() & test.keys())
    for lock in LOCKS:
        assert "://" not in (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
