"""Files in calls: uploaded bytes, file ids to be used again, and fetching a file."""

from __future__ import annotations

from typing import Any

from simulator.bot_api.refusals import bad_request
from simulator.bot_api.request import Request, Upload
from simulator.wire.file_ids import file_id, key_of, unique_id
from simulator.world import FileKind
from simulator.world_model import StoredFile

PHOTO_BYTES = 10 * 1024 * 1024
FETCH_BYTES = 20 * 1024 * 1024
_PICTURE_STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"RIFF", b"BM")
_EXTENSIONS = {FileKind.PHOTO: "jpg", FileKind.VIDEO: "mp4", FileKind.ANIMATION: "mp4", FileKind.VOICE: "oga"}


def file_of(request: Request, kind: FileKind) -> StoredFile:
    """The file a call sends: uploaded now, or known by its id."""
    return _file(request, kind, kind.value)


def album_file(request: Request, item: dict[str, Any]) -> StoredFile:
    """The file of one item of an album, or of `editMessageMedia`."""
    try:
        kind = FileKind(item.get("type", ""))
    except ValueError:
        raise bad_request("media has wrong type") from None
    upload, reference = None, str(item.get("media") or "")
    if reference.startswith("attach://"):
        attached = request.parameters.get(reference.removeprefix("attach://"))
        upload = attached if isinstance(attached, Upload) else None
    return _stored(request, kind, upload, reference)


def _file(request: Request, kind: FileKind, field: str) -> StoredFile:
    if not request.parameters.get(field):
        raise bad_request(f"there is no {kind.value.replace('_', ' ')} in the request")
    reference = request.parameters[field]
    upload = request.upload(field)
    return _stored(request, kind, upload, reference if isinstance(reference, str) else "")


def _stored(request: Request, kind: FileKind, upload: Upload | None, reference: str) -> StoredFile:
    if upload is not None:
        return _keep(request, kind, upload)
    if reference.startswith(("http://", "https://")):
        # The simulator never leaves this machine.
        raise bad_request("failed to get HTTP URL content")
    key = key_of(reference, request.bot)
    stored = request.world.files.get(key or "")
    if stored is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    if stored.kind is not kind:
        raise bad_request(f"can't use file of type {stored.kind.title()} as {kind.title()}")
    return stored


def _keep(request: Request, kind: FileKind, upload: Upload) -> StoredFile:
    if not upload.data:
        raise bad_request("file must be non-empty")
    if kind is FileKind.PHOTO and len(upload.data) > PHOTO_BYTES:
        raise bad_request(
            f"file of size {len(upload.data)} bytes is too big for a photo; "
            f"the maximum size is {PHOTO_BYTES} bytes"
        )
    if kind is FileKind.PHOTO and not upload.data.startswith(_PICTURE_STARTS):
        raise bad_request("IMAGE_PROCESS_FAILED")
    name = "" if kind is FileKind.PHOTO else upload.name
    mime_type = "" if kind is FileKind.PHOTO else upload.mime_type
    return request.world.keep_file(upload.data, kind, name=name, mime_type=mime_type)


def get_file(request: Request) -> dict[str, Any]:
    """`getFile`: where the bytes of a file can be fetched."""
    stored = request.world.files.get(key_of(request.text("file_id"), request.bot) or "")
    if stored is None:
        raise bad_request("wrong file_id or the file is temporarily unavailable")
    if len(stored.data) > FETCH_BYTES:
        raise bad_request("file is too big")
    return {
        "file_id": file_id(stored, request.bot),
        "file_unique_id": unique_id(stored),
        "file_size": len(stored.data),
        "file_path": file_path(stored),
    }


def file_path(stored: StoredFile) -> str:
    extension = _EXTENSIONS.get(stored.kind) or stored.name.rpartition(".")[2] or "bin"
    return f"{stored.kind.value}s/{stored.key}.{extension}"


def key_in_path(path: str) -> str:
    """The key of the file a download path points at."""
    return path.rpartition("/")[2].partition(".")[0]
