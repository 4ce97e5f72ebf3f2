"""Alerts as real agencies sent them, read where they lie: beside the project, if they are there at all."""

from __future__ import annotations

from pathlib import Path

import pytest

ALERTS = Path(__file__).resolve().parents[2] / "shared" / "data" / "cap"
RIGHT = (
    "43b080713727.cap",
    "KAR0-0306112239-SW.cap",
    "australia.cap",
    "canada.cap",
    "canada_signed.cap",
    "earthquake-iso8859-1.cap",
    "earthquake.cap",
    "earthquake_signed.cap",
    "thunderstorm.cap",
    "wcatwc-warning.cap",
    "weather.cap",
)
needs_alerts = pytest.mark.skipif(
    not ALERTS.is_dir(), reason="the agencies' alerts are not here: ../shared/data/cap is absent"
)
