"""The port the web server listens on: opened before there is a server, so that a port in use ends the start."""

from __future__ import annotations

import socket


def open_door(host: str, port: int) -> socket.socket:
    """Listen on ``host:port``; whoever opens it closes it. Raises OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)
