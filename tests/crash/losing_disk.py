"""A disk that keeps what was synced, and of the rest only what chance leaves: an SQLite VFS in memory.

Until it is synced, each write waits in line. When the power is cut every waiting write is kept, lost, or torn at a
sector, whatever came after it. What was synced before stays. It is the disk that SQLite's own documentation warns
of (sqlite.org/atomiccommit.html): no write is atomic, and order is promised by syncs alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

import apsw

SECTOR_BYTES = 512


class PowerCut(Exception):
    """The machine went dark in the middle of an operation."""


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes that were handed over; ``None`` cuts the file off at the offset."""

    offset: int
    data: bytes | None


@dataclass(slots=True)
class FileOnDisk:
    """One file: as it was at the last sync, what came since, and how it reads while the power is on."""

    durable: bytearray = field(default_factory=bytearray)
    waiting: list[Write] = field(default_factory=list)
    now: bytearray = field(default_factory=bytearray)

    def take(self, write: Write) -> None:
        """A write that nobody has synced yet."""
        self.waiting.append(write)
        _apply(self.now, write)

    def sync(self) -> None:
        """Everything up to here is safe."""
        for write in self.waiting:
            _apply(self.durable, write)
        self.waiting.clear()

    def after_cut(self, random: Random) -> bytes:
        """What is found when the power is back."""
        found = bytearray(self.durable)
        keeps = random.random()
        for write in random.sample(self.waiting, len(self.waiting)):
            if random.random() < keeps:
                _apply(found, write)
            elif write.data is not None and random.random() < 0.5:
                for start in range(0, len(write.data), SECTOR_BYTES):
                    if random.random() < keeps:
                        part = write.data[start : start + SECTOR_BYTES]
                        _apply(found, Write(write.offset + start, part))
        return bytes(found)


def _apply(content: bytearray, write: Write) -> None:
    if write.data is None:
        del content[write.offset :]
        return
    if len(content) < write.offset:
        content.extend(bytes(write.offset - len(content)))
    content[write.offset : write.offset + len(write.data)] = write.data


class LosingDisk(apsw.VFS):
    """Register it by making it; connect with ``vfs=disk.name``. Goes dark after so many operations."""

    def __init__(self, name: str, files: dict[str, bytes], operations: int) -> None:
        self.name = name
        self.files = {
            path: FileOnDisk(bytearray(content), [], bytearray(content)) for path, content in files.items()
        }
        self.operations_left = operations
        self.is_dark = False
        super().__init__(name, "")

    def work(self) -> None:
        """One operation that changes something. Raises PowerCut from the moment on when there is no power."""
        self.operations_left -= 1
        if self.is_dark or self.operations_left < 0:
            self.is_dark = True
            raise PowerCut

    def after_cut(self, random: Random) -> dict[str, bytes]:
        """The files as they are found, by path."""
        return {path: file.after_cut(random) for path, file in self.files.items()}

    def xOpen(self, name: Any, flags: list[int]) -> Any:  # noqa: N802 (SQLite's names, here and below)
        """A file, which is made when it is not there."""
        path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        flags[1] = flags[0]
        return _OpenFile(self, self.files.setdefault(path, FileOnDisk()))

    def xAccess(self, pathname: str, flags: int) -> bool:  # noqa: N802
        return pathname in self.files

    def xFullPathname(self, name: str) -> str:  # noqa: N802
        return name

    def xDelete(self, name: str, syncdir: bool) -> None:  # noqa: N802
        self.work()
        self.files.pop(name, None)

    def excepthook(self, *_: Any) -> bool:
        """Power cuts while a file is closed concern nobody."""
        return True


class _OpenFile:
    """An open file. Only one connection uses it, so locks are always granted."""

    def __init__(self, disk: LosingDisk, file: FileOnDisk) -> None:
        self._disk = disk
        self._file = file

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        return bytes(self._file.now[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._disk.work()
        self._file.take(Write(offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._disk.work()
        self._file.take(Write(newsize, None))

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.work()
        self._file.sync()

    def xFileSize(self) -> int:  # noqa: N802
        return len(self._file.now)

    def xSectorSize(self) -> int:  # noqa: N802
        return SECTOR_BYTES

    def xDeviceCharacteristics(self) -> int:  # noqa: N802
        return 0

    def xLock(self, level: int) -> None:  # noqa: N802
        """Granted."""

    def xUnlock(self, level: int) -> None:  # noqa: N802
        """Granted."""

    def xCheckReservedLock(self) -> bool:  # noqa: N802
        return False

    def xFileControl(self, op: int, ptr: int) -> bool:  # noqa: N802
        return False

    def xClose(self) -> None:  # noqa: N802
        """Nothing to give back."""

    def excepthook(self, *_: Any) -> None:
        """Power cuts while a file is closed concern nobody."""
