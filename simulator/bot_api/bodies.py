"""Reading parameters from the body of a request: JSON, form-encoded, or multipart with files."""

from __future__ import annotations

import json
from email.message import Message as Headers
from typing import Any
from urllib.parse import parse_qsl

from simulator.bot_api.refusals import bad_request
from simulator.bot_api.request import Upload


def read_parameters(content_type: str, body: bytes) -> dict[str, Any]:
    """The parameters in a body of any of the accepted kinds; files become `Upload` values."""
    kind = content_type.partition(";")[0].strip().lower()
    if not body:
        return {}
    if kind == "application/json":
        return _from_json(body)
    if kind == "multipart/form-data":
        return _from_multipart(content_type, body)
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    return {}


def _from_json(body: bytes) -> dict[str, Any]:
    try:
        read = json.loads(body)
    except ValueError:
        raise bad_request("can't parse JSON object") from None
    if not isinstance(read, dict):
        raise bad_request("expected an Object")
    return read


def _from_multipart(content_type: str, body: bytes) -> dict[str, Any]:
    boundary = _header(content_type).get_param("boundary")
    if not isinstance(boundary, str):
        raise bad_request("boundary not found in the content type")
    parameters: dict[str, Any] = {}
    for part in body.split(b"--" + boundary.encode())[1:]:
        if part.startswith(b"--"):
            break
        head, separator, data = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if separator:
            _add_part(parameters, head.decode("utf-8", "replace"), data.removesuffix(b"\r\n"))
    return parameters


def _add_part(parameters: dict[str, Any], head: str, data: bytes) -> None:
    lines = [line.partition(":") for line in head.split("\r\n")]
    headers = {name.strip().lower(): value.strip() for name, _, value in lines}
    disposition = _disposition(headers.get("content-disposition", ""))
    name, file_name = disposition.get("name"), disposition.get("filename")
    if not name:
        return
    if file_name is None:
        parameters[name] = data.decode("utf-8", "replace")
    else:
        parameters[name] = Upload(data, file_name, headers.get("content-type", ""))


def _disposition(value: str) -> dict[str, str]:
    """The fields of a Content-Disposition; names in UTF-8 as the clients write them."""
    found: dict[str, str] = {}
    for piece in value.split(";")[1:]:
        name, _, content = piece.strip().partition("=")
        found[name.lower()] = content.strip().strip('"')
    if "filename*" in found:
        found["filename"] = found.pop("filename*").rpartition("'")[2]
    return found


def _header(content_type: str) -> Headers:
    header = Headers()
    header["Content-Type"] = content_type
    return header
