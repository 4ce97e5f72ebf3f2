"""A PostgreSQL server of the tests' own: made, started and stopped here; for measuring, durable as a real one.

It listens on a free port of the loopback. PostgreSQL refuses to run as root; there it runs as ``postgres``.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

_START_SECONDS = 30
_STOP_SECONDS = 30
_ATTEMPTS = 3  # somebody else may take the port between finding and using it


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server."""

    url: str
    pid: int


@contextmanager
def start_cluster(*, durable: bool = True) -> Iterator[Cluster | str]:
    """A running server, or the reason why there is none. Only a power cut shows whether it is ``durable``."""
    programs, account = find_programs(), _account()
    if programs is None:
        yield "PostgreSQL is not installed (Debian: apt install postgresql)"
        return
    if account is None:
        yield "PostgreSQL does not run as root, and there is no account named postgres"
        return
    folder = Path(tempfile.mkdtemp(prefix="loa-postgres-"))
    shutil.chown(folder, account)
    password = secrets.token_hex(12)
    try:
        _make(programs, folder, account, password)
        port, server = _start(programs, folder, account, password, durable)
        try:
            yield Cluster(f"postgresql+psycopg://loa:{password}@127.0.0.1:{port}/postgres", server.pid)
        finally:
            _stop(server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def fresh_database(server_url: str, template: str = "template1") -> Iterator[str]:
    """A copy of ``template``, which is empty unless one is named; dropped at the end, whoever is connected."""
    name = f"test_{secrets.token_hex(6)}"
    server = server_url.replace("+psycopg", "")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        try:
            yield server_url.rpartition("/")[0] + f"/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def find_programs() -> Path | None:
    """The folder with initdb and postgres: of the newest version Debian has here, else from the path."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    newest = sorted(versions, key=lambda path: float(path.parent.parent.name))
    found = newest[-1] if newest else shutil.which("postgres")
    return Path(found).parent if found else None


def _account() -> str | None:
    """Who runs the server: we ourselves, unless we are root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        return None


def _popen(command: Sequence[str], folder: Path, account: str) -> subprocess.Popen[bytes]:
    """``command`` as ``account``, its output in ``folder/log``, deaf to the terminal's Ctrl-C."""
    user = account if os.geteuid() == 0 else None
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            user=user,
            group=pwd.getpwnam(account).pw_gid if user else None,
            extra_groups=[] if user else None,
            start_new_session=True,
        )


def _make(programs: Path, folder: Path, account: str, password: str) -> None:
    secret = folder / "password"
    secret.write_text(password)
    shutil.chown(secret, account)
    command = [str(programs / "initdb"), "--pgdata", str(folder / "data"), "--username", "loa"]
    command += [
        "--encoding",
        "UTF8",
        "--locale",
        "C.UTF-8",
        "--auth",
        "scram-sha-256",
        "--pwfile",
        str(secret),
    ]
    if _popen(command, folder, account).wait(timeout=_START_SECONDS):
        raise RuntimeError(f"initdb failed: {(folder / 'log').read_text()}")


def _start(
    programs: Path, folder: Path, account: str, password: str, durable: bool
) -> tuple[int, subprocess.Popen[bytes]]:
    for _ in range(_ATTEMPTS):
        port = _free_port()
        options = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": "",
            "fsync": "on" if durable else "off",
            "full_page_writes": "on" if durable else "off",
        }
        command = [str(programs / "postgres"), "-D", str(folder / "data")]
        command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        server = _popen(command, folder, account)
        if _answers(server, f"postgresql://loa:{password}@127.0.0.1:{port}/postgres"):
            return port, server
        _stop(server)
    raise RuntimeError(f"PostgreSQL did not start: {(folder / 'log').read_text()}")


def _answers(server: subprocess.Popen[bytes], url: str) -> bool:
    deadline = time.monotonic() + _START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return True
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _stop(server: subprocess.Popen[bytes]) -> None:
    """Fast shutdown: sessions are cut off, what they committed is kept."""
    if server.poll() is None:
        server.send_signal(signal.SIGINT)
    try:
        server.wait(timeout=_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
