"""The tools that other tests stand on."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.postgres import start_cluster

ROOT = Path(__file__).resolve().parent.parent


def test_the_server_for_measuring_is_durable() -> None:
    with start_cluster() as cluster:
        if isinstance(cluster, str):
            pytest.skip(cluster)
        with psycopg.connect(cluster.url.replace("+psycopg", "")) as connection:
            assert connection.execute("SHOW fsync").fetchone() == ("on",)


def test_a_fresh_database_is_empty(fresh_postgres_url: str) -> None:
    with psycopg.connect(fresh_postgres_url.replace("+psycopg", "")) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
        assert tables == (0,)


_SKIPPING_TESTS = """
import pytest

def test_that_skips():
    pytest.skip("no such tool")

@pytest.mark.skip(reason="marked so")
def test_that_is_marked(): ...

@pytest.mark.xfail(reason="known", strict=True)
def test_that_is_known_to_fail():
    assert False
"""


@pytest.mark.parametrize(
    ("require_all", "expected"), [("0", "2 skipped, 1 xfailed"), ("1", "1 failed, 1 xfailed, 1 error")]
)
def test_a_skip_is_a_failure_with_its_reason_where_nothing_may_be_skipped(
    tmp_path: Path, require_all: str, expected: str
) -> None:
    file = tmp_path / "test_skipping.py"
    file.write_text(_SKIPPING_TESTS)
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "--rootdir", str(tmp_path), str(file)]
    environ = os.environ | {"LOA_REQUIRE_ALL": require_all}
    ran = subprocess.run(
        command, check=False, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120
    )

    assert expected in ran.stdout
    assert ("no such tool" in ran.stdout) == (require_all == "1")
