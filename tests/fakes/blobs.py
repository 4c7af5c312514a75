"""Blobs in memory."""

from collections.abc import Iterable, Iterator

from shared.errors import Gone

BLOCK = 65_536


class FakeBlobs:
    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}

    def write(self, name: str, blocks: Iterable[bytes]) -> int:
        content = b"".join(blocks)
        self.contents[name] = content
        return len(content)

    def read(self, name: str, *, start: int = 0) -> Iterator[bytes]:
        if name not in self.contents:
            raise Gone(name)
        content = self.contents[name]
        for at in range(start, len(content), BLOCK):
            yield content[at : at + BLOCK]

    def delete(self, name: str) -> None:
        self.contents.pop(name, None)
