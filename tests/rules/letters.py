"""A mail as whoever makes it up knows it: clean addresses, one thread, and the labels that Gmail gives it."""

from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime

from tests.fakes.clock import FakeClock

BEGIN = FakeClock().now()
"""When the worlds of these tests begin."""


@dataclass(frozen=True)
class Letter:
    """One mail. `name` makes its Message-ID, `answers` the name of the one that it replies to.

    `raw_from` stands in its From as it is where that is not simply the sender. With `forged` it claims a sender that
    Gmail disproves. Whose mailboxes have it follows from its people, but for `only`.
    """

    name: str
    sender: str
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    subject: str = "Hello"
    thread: str = ""
    answers: str = ""
    labels: tuple[str, ...] = ()
    raw_from: str = ""
    forged: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    at: datetime | None = None
    only: tuple[str, ...] = ()
    text: str = "How are you?"

    @property
    def message_id(self) -> str:
        """As its header says it."""
        return f"<{self.name}@mail.example>"

    def raw(self, now: datetime, *, sent: bool) -> str:
        """The mail as a mailbox keeps it; only the sender's copy shows Bcc."""
        fields = {
            "From": self.raw_from or self.sender,
            "To": ", ".join(self.to),
            "Cc": ", ".join(self.cc),
            "Bcc": ", ".join(self.bcc) if sent else "",
            "Subject": self.subject,
            "Date": format_datetime(self.at or now),
            "Message-ID": self.message_id,
            "In-Reply-To": self.answers and f"<{self.answers}@mail.example>",
            "References": self.answers and f"<{self.answers}@mail.example>",
            "Authentication-Results": self._verdict(),
            **self.headers,
        }
        head = "".join(f"{name}: {value}\n" for name, value in fields.items() if value)
        return f"{head}Content-Type: text/plain; charset=utf-8\n\n{self.text}\n"

    def _verdict(self) -> str:
        if not self.forged:
            return ""
        domain = self.sender.rpartition("@")[2]
        return f"mx.google.com; dmarc=fail (p=NONE) header.from={domain}; spf=softfail; dkim=none"
