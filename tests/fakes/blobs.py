"""Blobs in memory."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime

from shared.errors import Gone
from shared.ports.world import Kept

BLOCK = 65_536


class FakeBlobs:
    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.contents: dict[str, bytes] = {}
        self._now = now
        self._written: dict[str, Kept] = {}

    def write(self, name: str, blocks: Iterable[bytes]) -> int:
        content = b"".join(blocks)
        self.contents[name] = content
        before = self._written.get(name)
        self._written[name] = Kept(name, self._now(), str(int(before.version) + 1 if before else 1))
        return len(content)

    def read(self, name: str, *, start: int = 0) -> Iterator[bytes]:
        if name not in self.contents:
            raise Gone(name)
        content = self.contents[name]
        for at in range(start, len(content), BLOCK):
            yield content[at : at + BLOCK]

    def delete(self, name: str) -> None:
        self.contents.pop(name, None)

    def list(self, *, after: str, limit: int) -> Sequence[Kept]:
        return [self._written[name] for name in sorted(self.contents) if name > after][:limit]

    def drop(self, kept: Kept) -> bool:
        if kept.name not in self.contents or self._written[kept.name] != kept:
            return False
        self.delete(kept.name)
        return True
