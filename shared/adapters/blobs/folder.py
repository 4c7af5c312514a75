"""Blobs as files of a folder: `file:///folder`."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from shared.adapters.blobs.names import checked, ours
from shared.errors import Gone, Transient
from shared.ports.world import Kept

BLOCK = 262_144


class _Told(Protocol):
    """What the file system tells of a file."""

    @property
    def st_ino(self) -> int: ...
    @property
    def st_mtime(self) -> float: ...
    @property
    def st_mtime_ns(self) -> int: ...


class FolderBlobs:
    """Each blob is written beside its place and then renamed, so that nobody ever reads half of one.

    `offset` moves the time that files tell along with a clock that a test moves; it is zero everywhere else.
    """

    def __init__(self, root: Path, *, offset: Callable[[], timedelta] = timedelta) -> None:
        self._root, self._offset = root, offset

    def write(self, name: str, blocks: Iterable[bytes]) -> int:
        """Streams the blocks into the file, whole or not at all; the bytes written."""
        path = self._root / checked(name)
        size = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".writing-", delete=False) as file:
                kept = Path(file.name)
                try:
                    for block in blocks:
                        size += file.write(block)
                    file.close()
                    kept.replace(path)
                finally:
                    kept.unlink(missing_ok=True)
        except OSError as error:
            raise Transient(f"blobs: {type(error).__name__}") from error
        return size

    def read(self, name: str, *, start: int = 0) -> Iterator[bytes]:
        """The file's bytes from `start` on."""
        path = self._root / checked(name)
        try:
            with path.open("rb") as file:
                file.seek(start)
                while block := file.read(BLOCK):
                    yield block
        except FileNotFoundError as error:
            raise Gone("blob") from error
        except OSError as error:
            raise Transient(f"blobs: {type(error).__name__}") from error

    def delete(self, name: str) -> None:
        """No such file any more."""
        try:
            (self._root / checked(name)).unlink(missing_ok=True)
        except NotADirectoryError:
            return
        except OSError as error:
            raise Transient(f"blobs: {type(error).__name__}") from error

    def list(self, *, after: str, limit: int) -> Sequence[Kept]:
        """The files whose names come after `after`, in the order of their names."""
        try:
            found = (path.relative_to(self._root).as_posix() for path in self._root.rglob("*") if path.is_file())
            names = sorted(name for name in found if name > after and ours(name))[:limit]
            offset = self._offset()
            kept = [(name, told) for name in names if (told := self._told(name))]
        except OSError as error:
            raise Transient(f"blobs: {type(error).__name__}") from error
        return [Kept(name, datetime.fromtimestamp(told.st_mtime, UTC) + offset, _version(told)) for name, told in kept]

    def drop(self, kept: Kept) -> bool:
        """Deletes the file if it is still the one that was listed; whether it did."""
        told = self._told(kept.name)
        if told is None or _version(told) != kept.version:
            return False
        self.delete(kept.name)
        return True

    def _told(self, name: str) -> "_Told | None":
        try:
            return (self._root / checked(name)).stat()
        except FileNotFoundError:
            return None


def _version(told: "_Told") -> str:
    return f"{told.st_ino}-{told.st_mtime_ns}"
