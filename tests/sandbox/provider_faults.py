"""What the sandbox's mail server can be told to do wrong."""

from dataclasses import dataclass
from typing import Any

STEPS = ("mail", "rcpt", "end")
DROPS = ("before", "after")


@dataclass(slots=True)
class ProviderFault:
    """At a step of SMTP, after that many passes and for `times` of them: an answer, a dropped connection, a delay.

    `drop`: `before` the step is acted on, or `after`, with its answer lost. `recipient` narrows `rcpt` and `end`.
    """

    at: str
    status: int = 0
    text: str = ""
    drop: str = ""
    delay_s: float = 0.0
    recipient: str = ""
    after: int = 0
    times: int = 1_000_000

    @classmethod
    def read(cls, row: dict[str, Any]) -> "ProviderFault":
        """A fault as the control interface has it. Raises `ValueError`."""
        delay_s = float(row.pop("delay_ms", 0)) / 1000
        try:
            made = cls(**row, delay_s=delay_s)
        except TypeError as error:
            raise ValueError(
                f"A fault has at, status, text, drop, delay_ms, recipient, after, times: {error}."
            ) from error
        if made.at not in STEPS or (made.drop and made.drop not in DROPS):
            raise ValueError(f"at is one of {', '.join(STEPS)}, drop one of {', '.join(DROPS)}.")
        return made

    def strikes(self, step: str, recipients: list[str]) -> bool:
        """Whether it happens now; counts the pass."""
        if step != self.at or self.times <= 0 or (self.recipient and self.recipient not in recipients):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.times -= 1
        return True
