"""Chance that can be counted on."""


class FakeChance:
    """Tokens that are all different, as long as real ones."""

    def __init__(self) -> None:
        self.drawn = 0

    def token(self) -> str:
        self.drawn += 1
        return f"{self.drawn:043d}"
