"""Blobs as files of a folder: `file:///folder`."""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from shared.adapters.blobs.names import checked
from shared.errors import Gone, Transient

BLOCK = 262_144


class FolderBlobs:
    """Each blob is written beside its place and then renamed, so that nobody ever reads half of one."""

    def __init__(self, root: Path) -> None:
        self._root = root

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
