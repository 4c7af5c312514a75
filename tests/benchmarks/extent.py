"""How much is measured: everything, or the reduced form of the same that fits into a minute."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Extent:
    """Rounds of what is compared with time, mails of a workload, and the sizes between which cost must not grow."""

    rounds: int = 5
    mails: int = 300
    pushes: int = 100
    contacts: tuple[int, int] = (10, 100_000)
    messages: tuple[int, int] = (1_000, 100_000)
    functions: tuple[str, ...] = ()
    """Functions whose start is measured; all if none are named."""
    attachment: int = 26_214_400
    """Bytes of the file whose way is measured."""
    warming: int = 60
    """Pushes before a latency is measured: the emulator answers four times as fast once its code is compiled."""
    real_quota: bool = False


QUICK = Extent(
    rounds=2,
    mails=60,
    contacts=(10, 1_000),
    messages=(100, 1_000),
    attachment=2_097_152,
    warming=10,
    functions=("process_history", "conversations"),
)
