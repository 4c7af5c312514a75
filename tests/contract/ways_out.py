"""A mailbox's way out, in memory and at a server that behaves as Gmail does, and what may happen to its calls."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from shared.adapters.gmail.access import GoogleClient, GoogleMailboxes
from shared.adapters.gmail.sender import GmailSender
from shared.adapters.gmail.transport import DEADLINES, Deadlines
from shared.domain.addresses import Address, Person
from shared.domain.composition import Composition, File, Letter, compose
from shared.domain.identifiers import GmailId, MailboxId, MessageId, ThreadId
from shared.domain.mailbox import Grant, Mailbox
from shared.errors import Doubtful, Transient
from shared.ports.gmail import Sender, SentMail
from tests.fakes.gmail import FakeMailbox
from tests.fakes.sealer import FakeSealer
from tests.fakes.sender import FakeSender
from tests.simulator.running import Running, decoded, mail

MIB = 1_048_576
GRANULE = 262_144
SEND = "gmail.users.messages.send"
CARL = "carl@customer.example"


def pattern(size: int) -> Callable[[int], Iterator[bytes]]:
    """A file of that size in which each block of 64 kB differs from the others, from any position on."""

    def opened(start: int) -> Iterator[bytes]:
        for at in range(start // 65_536 * 65_536, size, 65_536):
            block = b"%08x" % (at // 65_536) + b"x" * 65_528
            yield block[max(0, start - at) : size - at]

    return opened


def letter(
    sender: str, *sizes: int, to: str | None = CARL, subject: str = "An offer", answers: str | None = None
) -> Composition:
    """A mail with files of those sizes."""
    kind = "application/octet-stream"
    return compose(
        Letter(
            MessageId("e1"),
            "e1.mac",
            datetime(2026, 3, 2, tzinfo=UTC),
            Person("", Address(sender)),
            to=(Person("", Address(to)),) if to else (),
            subject=subject,
            text="Take it.",
            files=tuple(File(f"{at}.bin", kind, size, pattern(size)) for at, size in enumerate(sizes)),
            in_reply_to=answers,
            references=(answers,) if answers else (),
        )
    )


class WayOut(Protocol):
    """The port, and what happens around it; `part` is how much it keeps of a mail that is cut."""

    @property
    def email(self) -> str: ...
    @property
    def sender(self) -> Sender: ...
    def sent(self) -> list[bytes]: ...
    def arrived(self, subject: str, message_id: str) -> ThreadId: ...
    def deletes(self, name: GmailId) -> None: ...
    def loses_the_request(self) -> None: ...
    def loses_the_answer(self) -> None: ...
    def keeps_a_part(self) -> None: ...
    def part(self, size: int) -> int: ...
    def is_busy(self, within: timedelta) -> None: ...
    def forgets_what_ended(self) -> None: ...
    def drops_the_marker(self) -> None: ...


@dataclass
class FakeWayOut:
    """The fake, misbehaving through its hooks."""

    mailbox: FakeMailbox
    sender: FakeSender

    @property
    def email(self) -> str:
        return self.mailbox.address

    def sent(self) -> list[bytes]:
        return [one.raw.encode() for one in self.mailbox.mails.values() if "SENT" in one.labels]

    def arrived(self, subject: str, message_id: str) -> ThreadId:
        there = mail(CARL, self.email, subject, Message_ID=message_id)
        return self.mailbox.mails[self.mailbox.deliver(there.as_string())].thread

    def deletes(self, name: GmailId) -> None:
        self.mailbox.delete(name)

    def loses_the_request(self) -> None:
        self.sender.before = once(Doubtful("reset"))

    def loses_the_answer(self) -> None:
        self.sender.after = once(Doubtful("reset"))

    def keeps_a_part(self) -> None:
        self.sender.cut_at = self.part(0)

    def part(self, size: int) -> int:
        return MIB + 17

    def is_busy(self, within: timedelta) -> None:
        self.sender.before = once(Transient("gmail: rate limit", retry_at=datetime.now(UTC) + within))

    def forgets_what_ended(self) -> None:
        self.sender.forgets = True

    def drops_the_marker(self) -> None:
        self.sender.keeps_marker = False


def once(error: Exception) -> Callable[[str], None]:
    """Raises around the first upload."""
    left = [error]

    def fail(call: str) -> None:
        if call == "finish" and left:
            raise left.pop()

    return fail


def fake_way_out(email: str = "ada@agency.example") -> FakeWayOut:
    mailbox = FakeMailbox(email, lambda: datetime.now(UTC))
    return FakeWayOut(mailbox, FakeSender(mailbox))


@dataclass
class SimulatedWayOut:
    """One account of the simulator and its way out."""

    gmail: Running
    email: str
    sender: GmailSender

    def sent(self) -> list[bytes]:
        rows = self.gmail.items(f"mailboxes/{self.email}/sent")
        return [decoded(row["raw"]) for row in rows]

    def arrived(self, subject: str, message_id: str) -> ThreadId:
        there = self.gmail.deliver(self.email, mail(CARL, self.email, subject, Message_ID=message_id))
        return ThreadId(there["threadId"])

    def deletes(self, name: GmailId) -> None:
        self.gmail.act(f"mailboxes/{self.email}/delete", {"id": name})

    def loses_the_request(self) -> None:
        self.fault("upload.chunk", drop="before")

    def loses_the_answer(self) -> None:
        self.fault(SEND, drop="after")

    def keeps_a_part(self) -> None:
        self.fault(SEND, drop="before")

    def part(self, size: int) -> int:
        return (size - 1) // GRANULE * GRANULE

    def is_busy(self, within: timedelta) -> None:
        self.fault(SEND, status=429, reason="rateLimitExceeded", retry_after=within.total_seconds())

    def forgets_what_ended(self) -> None:
        self.gmail.act("behaviour", {"session_answers_after_completion": False})

    def drops_the_marker(self) -> None:
        self.gmail.act("behaviour", {"keep_x_headers": False})

    def fault(self, method: str, **how: Any) -> None:
        """The next call of that method fails."""
        self.gmail.act("faults", [{"method": method, "email": self.email, "times": 1, **how}])

    def calls(self, method: str = SEND) -> int:
        """How often Gmail saw it."""
        return len(self.gmail.items("calls", email=self.email, method=method))

    def letter(self, *sizes: int) -> Composition:
        """A mail with files of those sizes."""
        return letter(self.email, *sizes)

    def send(self, composed: Composition, thread: ThreadId | None = None) -> SentMail:
        """Opens a session and uploads all."""
        return self.sender.finish(self.sender.begin(composed.size, thread), composed)

    def mends(self) -> None:
        """Nothing fails any more."""
        self.gmail.control("DELETE", "faults")
        self.gmail.act("behaviour", {"session_answers_after_completion": True, "keep_x_headers": True})


def simulated_way_out(gmail: Running, api_url: str = "", deadlines: Deadlines = DEADLINES) -> SimulatedWayOut:
    """A new account; its calls go to `api_url`, if given, instead of the simulator."""
    email, sealer, name = gmail.account(), FakeSealer(), MailboxId("m")
    client = GoogleClient("sandbox-client", "sandbox-secret", f"{gmail.url}/token", api_url or f"{gmail.url}/")
    sealed = sealer.seal(gmail.tokens(email)["refresh_token"], owner=name, purpose="refresh-token")
    mailbox = Mailbox(name, gmail.subject(email), Address(email), grant=Grant(sealed, 1))
    mailboxes = GoogleMailboxes(client, sealer, lambda: datetime.now(UTC), deadlines)
    return SimulatedWayOut(gmail, email, mailboxes.sender(mailbox))
