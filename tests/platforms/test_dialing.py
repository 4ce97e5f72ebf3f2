"""The way to a server: its certificate, a proxy with a password before it, and what cannot be reached."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from platforms.connection import Answer, NotBegun
from platforms.connections import Connections
from platforms.dialing import Dialer, address_in
from tests.platforms.test_connections import OK, Server, request_from, saying, serving


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of a server at 127.0.0.1 and localhost, signed by itself; key and certificate in one file."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    written = tmp_path / "certificate.pem"
    written.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return written


def secured(certificate: Path) -> contextlib.AbstractAsyncContextManager[Server]:
    """A server that answers over TLS, two requests a connection."""
    return serving(saying(OK, OK), server_side(certificate))


def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


async def asked(url: str, proxy: str | None = None, times: int = 1) -> list[Answer]:
    address = address_in(url)
    request = address.request_head("/bot1:A/getMe", "application/json") + b"2\r\n\r\n{}"
    async with Connections(Dialer(address, proxy), 4, 5.0) as connections:
        return [await connections.exchange(request) for _ in range(times)]


async def test_a_server_whose_certificate_nobody_vouches_for_is_not_spoken_to(certificate: Path) -> None:
    async with secured(certificate) as server:
        with pytest.raises(NotBegun) as raised:
            await asked(server.url)
    assert raised.value.reason == "SSLCertVerificationError"


async def test_a_certificate_of_another_name_is_refused(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with secured(certificate) as server, http_proxy(server) as (proxy, _):
        with pytest.raises(NotBegun) as raised:
            await asked("https://telegram.example", f"http://lan:hoa%20sen@{proxy}")
    assert raised.value.reason == "SSLCertVerificationError"


def test_over_tls_a_connection_is_kept_too(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    async def play() -> None:
        async with secured(certificate) as server:
            assert await asked(server.url, times=2) == [Answer(200, b"ok")] * 2
            assert server.connections == 1

    for run in (asyncio.run, uvloop.run):
        run(play())


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_over_tls_too_a_connection_whose_request_was_answered_half_written_is_not_used_again(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, run: Callable[[Coroutine[Any, Any, None]], None]
) -> None:
    """A TLS transport says that it holds nothing while the one beneath it holds megabytes."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    async def serve(_: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
        await asyncio.Event().wait()

    async def play() -> None:
        async with serving(serve, server_side(certificate)) as server:
            address, picture = address_in(server.url), bytes(12_000_000)
            connection = await Dialer(address)()
            head = address.request_head("/bot1:A/sendPhoto", "image/png")
            assert await connection.ask(b"%b%d\r\n\r\n%b" % (head, len(picture), picture)) == Answer(413, b"")
            assert not connection.is_free
            connection.close()
            await asyncio.sleep(0.01)

    run(play())


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_a_server_that_hung_up_without_a_farewell_is_given_no_further_request(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, run: Callable[[Coroutine[Any, Any, None]], None]
) -> None:
    """Until it is closed, a TLS transport would swallow what is written: Unsure, though nothing left."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    async def serve(_: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_from(reader)
        writer.write(OK)
        await asyncio.sleep(0.02)
        with socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno())) as beneath:
            beneath.shutdown(socket.SHUT_WR)
        await asyncio.sleep(1.0)

    async def play() -> None:
        async with serving(serve, server_side(certificate)) as server:
            address = address_in(server.url)
            connection = await Dialer(address)()
            ended = asyncio.Event()
            monkeypatch.setattr(connection, "eof_received", _then(connection.eof_received, ended.set))
            monkeypatch.setattr(connection, "connection_lost", _then(connection.connection_lost, ended.set))
            await connection.ask(address.request_head("/bot1:A/getMe", "application/json") + b"2\r\n\r\n{}")
            await ended.wait()
            assert not connection.is_free
            connection.close()
            await asyncio.sleep(0.01)

    run(play())


def _then(first: Callable[..., None], second: Callable[[], None]) -> Callable[..., None]:
    def both(*said: Any) -> None:
        first(*said)
        second()

    return both


@contextlib.asynccontextmanager
async def http_proxy(server: Server) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A proxy that leads to one server whoever names the right password: its address, and what it was asked."""
    heads: list[bytes] = []
    right = base64.b64encode(b"lan:hoa sen")
    port = int(server.url.rpartition(":")[2])

    async def serve(_: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        if right not in heads[-1]:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            return
        there, back = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(_carry(reader, back), _carry(there, writer))
        finally:
            back.close()
            await asyncio.wait([asyncio.ensure_future(back.wait_closed())])

    async with serving(serve) as proxy:
        yield proxy.url.removeprefix("http://"), heads


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(4096):
            writer.write(piece)
        writer.close()


async def test_through_an_http_proxy_with_a_password_the_proxy_sees_no_token(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with secured(certificate) as server, http_proxy(server) as (proxy, heads):
        with pytest.raises(NotBegun):
            await asked(server.url, f"http://{proxy}")
        answers = await asked(server.url, f"http://lan:hoa%20sen@{proxy}")
    assert answers == [Answer(200, b"ok")]
    assert heads[-1].startswith(b"CONNECT 127.0.0.1:")
    assert b"bot1:A" not in b"".join(heads)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1:8081", "https://", "http://127.0.0.1:port"])
def test_what_is_no_web_address_is_no_address(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        address_in(url)


def test_a_request_names_its_server_as_it_should() -> None:
    def host(url: str) -> bytes:
        return address_in(url).request_head("/x", "text/plain").split(b"\r\n")[1]

    assert host("https://api.telegram.org") == b"Host: api.telegram.org"
    assert host("http://[::1]:8081/base/") == b"Host: [::1]:8081"
    assert host("https://tin-mưa.example") == b"Host: " + "tin-mưa.example".encode("idna")
    head = address_in("http://[::1]:8081/base/").request_head("/bot1:A/getMe\r\nX: y", "text/plain")
    assert head.startswith(b"POST /base/bot1:A/getMe%0D%0AX:%20y HTTP/1.1\r\n"), (
        "no line comes in from outside"
    )


async def test_a_name_is_looked_up_once_until_its_address_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, looked_up = asyncio.get_running_loop(), list[str]()
    look_up = loop.getaddrinfo

    async def counted(host: str, port: int, **how: Any) -> Any:
        looked_up.append(host)
        return await look_up("127.0.0.1", port, **how)

    monkeypatch.setattr(loop, "getaddrinfo", counted)
    async with serving(saying(OK, OK)) as server:
        dialer = Dialer(address_in(server.url.replace("127.0.0.1", "telegram.example")))
        for connection in [await dialer() for _ in range(3)]:
            connection.close()
        assert looked_up == ["telegram.example"]
    for _ in range(2):
        with pytest.raises(NotBegun):
            await dialer()
    assert len(looked_up) == 2, "it may have moved"
