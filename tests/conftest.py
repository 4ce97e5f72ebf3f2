"""What every test may ask for: PostgreSQL, a Chromium. With LOA_REQUIRE_ALL=1, nothing is skipped."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import settings
from sqlalchemy import create_engine

from storage.tables import metadata
from tests.postgres import Cluster, fresh_database, start_cluster

if TYPE_CHECKING:
    from playwright.async_api import Browser

# How long one example takes says more about the machine than about the code.
settings.register_profile("loa", deadline=None)
settings.load_profile("loa")

_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """Errors in the logs as plain tracebacks: structlog's own default draws every local variable, slowly."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ]
    )


@pytest.fixture(autouse=True)
def logs_as_before(plain_logs: None) -> Iterator[None]:
    """A test that sets up the logs, as every command does, sets them up for itself alone."""
    root, hook = logging.getLogger(), sys.excepthook
    handlers, level, configuration = root.handlers[:], root.level, structlog.get_config()
    yield
    root.handlers[:], sys.excepthook = handlers, hook
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.configure(**configuration)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of the tests' own, as an SQLAlchemy address; skipped where none is installed."""
    with start_cluster(
        durable=False
    ) as cluster:  # nothing here cuts the power; it makes databases twice as fast
        if not isinstance(cluster, Cluster):
            pytest.skip(cluster)
        yield cluster.url


@pytest.fixture
def fresh_postgres_url(postgres_url: str) -> Iterator[str]:
    """An empty database on that server, gone after the test."""
    with fresh_database(postgres_url) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> Iterator[str]:
    """The name of a database with all tables and nothing in them: copied, it is there in a moment."""
    with fresh_database(postgres_url) as url:
        engine = create_engine(url)
        metadata.create_all(engine)
        engine.dispose()
        yield url.rpartition("/")[2]


@pytest.fixture
def prepared_postgres_url(postgres_url: str, postgres_template: str) -> Iterator[str]:
    """A database with all tables on that server, gone after the test."""
    with fresh_database(postgres_url, postgres_template) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new database of each kind that Loa runs on."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("prepared_postgres_url"))
    return f"sqlite+aiosqlite:///{tmp_path / 'loa.sqlite3'}"


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """The system's Chromium, for Playwright's ``executable_path``; skipped where there is none."""
    found = next(filter(None, map(shutil.which, _CHROMIUMS)), None)
    if found is None:
        pytest.skip("no Chromium here (Debian: apt install chromium)")
    return Path(found)


@pytest.fixture
async def browser(chromium_path: Path) -> AsyncIterator[Browser]:
    """A browser without a window, gone after the test."""
    from tests.browser import open_browser  # few tests need one

    async with open_browser(chromium_path) as opened:
        yield opened


def _must_not_skip(report: pytest.TestReport | pytest.CollectReport) -> bool:
    expected_to_fail = hasattr(report, "wasxfail")
    return report.skipped and not expected_to_fail and os.environ.get("LOA_REQUIRE_ALL") == "1"


def _fail(report: pytest.TestReport | pytest.CollectReport) -> None:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    report.outcome = "failed"
    report.longrepr = f"{report.nodeid} may not be skipped (LOA_REQUIRE_ALL=1). {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if _must_not_skip(report):
        _fail(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if _must_not_skip(report):
        _fail(report)
    return report
