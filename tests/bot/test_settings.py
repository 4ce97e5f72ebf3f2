"""config.yaml at the root explains every setting there is, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import pytest
import yaml
from pydantic import BaseModel

from bot.configuration import read_settings
from bot.settings import Settings

CONFIG = Path(__file__).resolve().parents[2] / "config.yaml"
LISTS = ("network", "telegram")  # an example stands there, because an empty list would explain nothing


def keys_of(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Every key an operator can write, dotted; the entries of a list are written as one."""
    for name, field in model.model_fields.items():
        yield f"{prefix}{name}"
        inner = model_in(field.annotation)
        if inner is not None:
            yield from keys_of(inner, f"{prefix}{name}.")


def model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (tuple, Union, UnionType):
        return next(filter(None, map(model_in, get_args(annotation))), None)
    return None


def keys_in(document: object, prefix: str = "") -> Iterator[str]:
    if isinstance(document, dict):
        for key, value in document.items():
            yield f"{prefix}{key}"
            yield from keys_in(value, f"{prefix}{key}.")
    elif isinstance(document, list):
        for entry in document:
            yield from keys_in(entry, prefix)


def test_every_setting_stands_in_config_yaml_and_every_key_there_is_a_setting() -> None:
    document = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))

    assert set(keys_in(document)) == {key for key in keys_of(Settings) if not key.startswith("staff")}


def test_every_key_in_config_yaml_is_explained_beside_or_above_it() -> None:
    lines = CONFIG.read_text(encoding="utf-8").splitlines()
    explained = {"key", "vi", "en"}  # explained once, above the first list of choices
    for number, line in enumerate(lines):
        match = re.match(r"\s*(?:- )?(\w+):\s*(\S.*)?$", line)
        if match is None or match[1] in explained or not match[2]:
            continue
        above = number - 1
        while re.match(r"\s*(?:- )?\w+: \S", lines[above]):  # one comment may explain a few keys in a row
            above -= 1
        assert " # " in line or lines[above].lstrip().startswith("#"), f"line {number + 1}: {line}"


def test_what_stands_in_config_yaml_are_the_defaults() -> None:
    written, defaults = read_settings(CONFIG, {}), Settings()

    for name in Settings.model_fields:
        if name not in LISTS:
            assert getattr(written, name) == getattr(defaults, name), name


def test_config_yaml_gives_nobody_a_role_and_a_list_of_an_earlier_version_is_still_understood(
    tmp_path: Path,
) -> None:
    old = tmp_path / "config.yaml"
    listed = "staff:\n  - person: telegram:1001\n    name: Lan\n    roles: [moderator, approver]\n"
    old.write_text(CONFIG.read_text(encoding="utf-8") + listed, encoding="utf-8")

    assert read_settings(CONFIG, {}).staff == ()
    assert [person.name for person in read_settings(old, {}).staff] == ["Lan"]


def test_the_database_lies_in_the_data_folder_unless_it_is_placed_elsewhere() -> None:
    assert Settings(data_folder=Path("here")).database_url == "sqlite+aiosqlite:///here/loa.sqlite3"
    assert (
        Settings(database={"url": "postgresql+psycopg://db/loa"}).database_url
        == "postgresql+psycopg://db/loa"
    )


@pytest.mark.parametrize("severity", ["minor", "extreme"])
def test_approval_can_be_lowered_to_one_but_never_to_none(severity: str) -> None:
    assert getattr(Settings(approvals={severity: 1}).approvals, severity) == 1
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        Settings(approvals={severity: 0})
