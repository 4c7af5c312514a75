"""Gmail's quota of one mailbox, as Gmail keeps it: units within any sixty seconds."""

from collections import deque

MINUTE = 60.0


class Quota:
    """`take` says whether a call is allowed; `highest` is the most that any minute had, refused calls included."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken: deque[tuple[float, int]] = deque()
        self._sum = 0
        self.highest = 0
        self.total = 0
        self.refused = 0

    def take(self, units: int, at: float) -> bool:
        while self._taken and self._taken[0][0] <= at - MINUTE:
            self._sum -= self._taken.popleft()[1]
        self._taken.append((at, units))
        self._sum += units
        self.total += units
        self.highest = max(self.highest, self._sum)
        allowed = self._sum <= self._limit
        self.refused += not allowed
        return allowed
