"""The systemd units that docs/operations.md tells operators to write: valid, and closed as far as Loa lets them be."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

OPERATIONS = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
MOST_EXPOSED = 20
"""Tenths: `systemd-analyze security` goes from 0 (closed) to 100."""
NEEDED = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "CapabilityBoundingSet": "",
    "StateDirectory": "loa",
    "UMask": "0077",
    "LimitCORE": "0",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "SystemCallArchitectures": "native",
    "LockPersonality": "yes",
    "RestrictNamespaces": "yes",
}
UNITS = dict(
    re.findall(r"```ini\n# /etc/systemd/system/(\S+)\n(.*?)```", OPERATIONS.read_text("utf-8"), re.DOTALL)
)


def settings_of(unit: str) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in unit.splitlines():
        if line and not line.startswith(("[", "#")):
            name, equals, value = line.partition("=")
            assert equals, line
            found.setdefault(name, []).append(value)
    return found


def written(folder: Path, name: str) -> Path:
    """The unit as a file; its program is one that this machine has, or `verify` finds nothing else."""
    path = folder / name
    path.write_text(re.sub(r"(?m)^(ExecStart=)\S+", r"\1/bin/true", UNITS[name]), encoding="utf-8")
    return path


def test_the_documentation_holds_both_units() -> None:
    assert set(UNITS) == {"loa.service", "loa@.service"}


@pytest.mark.parametrize("name", sorted(UNITS))
def test_a_unit_gives_the_service_no_more_than_it_needs(name: str) -> None:
    unit = settings_of(UNITS[name])

    assert {key: unit.get(key, ["(missing)"])[-1] for key in NEEDED} == NEEDED
    assert unit["SystemCallFilter"] == ["@system-service", "~@privileged"]
    assert unit["MemoryMax"]
    assert not {"ReadWritePaths", "Environment", "PermissionsStartOnly"} & set(unit)
    assert re.findall(r"(?m)^\[(\w+)\]$", UNITS[name]) == ["Unit", "Service", "Install"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not on this machine")
@pytest.mark.parametrize("name", sorted(UNITS))
def test_systemd_itself_finds_nothing_wrong_and_little_exposed(name: str, tmp_path: Path) -> None:
    path = written(tmp_path, name)
    verified = path.with_name(name.replace("@.", "@updates."))
    if verified != path:
        shutil.copy(path, verified)

    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(verified)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    assert str(tmp_path) not in found.stderr, found.stderr
    graded = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", f"--threshold={MOST_EXPOSED}", str(verified)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert graded.returncode == 0, graded.stdout[-600:] + graded.stderr
