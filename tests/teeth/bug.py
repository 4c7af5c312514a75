"""What a planted bug is: the smallest change that makes this product have it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """`old` stands in the file exactly once."""

    file: str
    old: str
    new: str

    def made(self, text: str) -> str:
        """The file's text with the bug in it. Raises `ValueError` where it has no place."""
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file} has {text.count(self.old)} times: {self.old!r}")
        return text.replace(self.old, self.new)


@dataclass(frozen=True, slots=True)
class Bug:
    """What the product does wrong with the changes in it."""

    name: str
    sentence: str
    changes: tuple[Change, ...]


def bug(name: str, sentence: str, *change: str) -> Bug:
    """A bug of changes below `shared/`: file, old, new; and so on."""
    parts = [change[at : at + 3] for at in range(0, len(change), 3)]
    return Bug(name, sentence, tuple(Change(f"shared/{file}", old, new) for file, old, new in parts))
