"""What is there before anybody is spoken to: handed to the parts of the house that are opened after the pumps run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.bell import Bell
from bot.branch import Branch
from bot.configuration import Secrets
from bot.settings import Settings
from bot.storehouse import Storehouse
from bot.surroundings import Surroundings
from bulletins.rendering import Imprint


@dataclass(frozen=True, slots=True)
class Premises:
    """Owned, and closed, by ``bot/app.py``."""

    settings: Settings
    secrets: Secrets
    house: Storehouse
    branches: Mapping[str, Branch]
    given: Surroundings
    imprint: Imprint
    bell: Bell
