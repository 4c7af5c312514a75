"""One mail after the other over a connection that is encrypted already, each streamed and handed over once."""

import re
import smtplib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final

from shared.adapters.smtp.watch import Watch
from shared.domain.addresses import Address
from shared.errors import Doubtful, Refused, Transient
from shared.ports.gmail import MailStream
from shared.ports.provider import Answer, Verdict

CALL_SECONDS: Final = 150.0
BROKEN: Final = (OSError, smtplib.SMTPException)
LONGEST_SAID: Final = 200
_GO_AHEAD, _GOING_AWAY = 354, 421
_ACCEPTED, _DEFERRED, _REFUSED = range(200, 300), range(400, 500), range(500, 600)
_HEADERS_END: Final = b"\r\n\r\n"
_LINE_START: Final = re.compile(rb"(?m)^\.")


class SmtpSession:
    """A session that is signed in."""

    def __init__(self, client: smtplib.SMTP) -> None:
        self._client = client

    def send(self, sender: Address, recipients: Sequence[Address], mail: MailStream) -> Mapping[Address, Answer]:
        """One mail; see the port for what it raises."""
        try:
            with Watch(self._client, CALL_SECONDS):
                return self._handed_over(sender, recipients, mail)
        except BaseException:
            self._client.close()
            raise

    def _handed_over(
        self, sender: Address, recipients: Sequence[Address], mail: MailStream
    ) -> Mapping[Address, Answer]:
        try:
            written = sender.isascii() and plain(mail)
            international = self._client.has_extn("smtputf8")
            able = [one for one in recipients if international or (written and one.isascii())]
            answers = dict.fromkeys(recipients, Answer(Verdict.REFUSED, "It takes ASCII addresses only."))
            if not able:
                return answers
            self._begin(sender, mail.size, [] if written and all(one.isascii() for one in able) else ["SMTPUTF8"])
            answers |= {one: self._named(one) for one in able}
            taken = [one for one, answer in answers.items() if answer.verdict is Verdict.ACCEPTED]
            refused = self._opened() if taken else None
            if refused or not taken:
                self._given_up()
                return {**answers, **dict.fromkeys(taken, refused)} if refused else answers
            for block in stuffed(mail.open_at(0)):
                self._client.send(block)
        except BROKEN as error:
            raise Transient(f"provider: {type(error).__name__}") from error
        return {**answers, **dict.fromkeys(taken, self._ended())}

    def _begin(self, sender: Address, size: int, options: list[str]) -> None:
        if self._client.has_extn("size"):
            options = [*options, f"SIZE={size}"]
        code, said = self._client.mail(sender, options)
        if code in _REFUSED:
            raise Refused("too_large" if code == 552 else "sender", spoken(code, said))  # noqa: PLR2004 - RFC 1870
        if code not in _ACCEPTED:
            raise Transient(f"provider: MAIL {code}")

    def _named(self, recipient: Address) -> Answer:
        code, said = self._client.rcpt(recipient)
        if code == _GOING_AWAY:
            raise Transient("provider: going away")
        return _answer(code, said)

    def _opened(self) -> Answer | None:
        """The refusal, if the server does not want the mail itself."""
        code, said = self._client.docmd("DATA")
        if code == _GOING_AWAY:
            raise Transient("provider: going away")
        return None if code == _GO_AHEAD else _answer(code, said)

    def _given_up(self) -> None:
        """The mail is not sent after all; what was said of its recipients counts even if the server then hangs up."""
        with suppress(*BROKEN):
            self._client.rset()

    def _ended(self) -> Answer:
        """The end of the mail, and the one answer that says who is responsible for it from now on."""
        try:
            if self._client.sock is not None:
                self._client.sock.settimeout(CALL_SECONDS)
            self._client.send(b".\r\n")
            code, said = self._client.getreply()
        except BROKEN as error:
            raise Doubtful(f"provider: {type(error).__name__}") from error
        if code not in {*_ACCEPTED, *_DEFERRED, *_REFUSED}:
            raise Doubtful(f"provider: {code}")
        return _answer(code, said)

    def close(self) -> None:
        """Says goodbye, if anybody still listens."""
        try:
            with Watch(self._client, 2.0):
                self._client.quit()
        except BROKEN:
            self._client.close()


def _answer(code: int, said: bytes) -> Answer:
    if code in _ACCEPTED:
        return Answer(Verdict.ACCEPTED)
    if code in _DEFERRED:
        return Answer(Verdict.DEFERRED, spoken(code, said))
    if code in _REFUSED:
        return Answer(Verdict.REFUSED, spoken(code, said))
    raise Transient(f"provider: {code}")


def plain(mail: MailStream) -> bool:
    """Whether its headers, with the addresses in them, are ASCII; if not, only RFC 6531 carries it."""
    headers = b""
    for block in mail.open_at(0):
        headers += block
        if _HEADERS_END in headers:
            break
    return headers.partition(_HEADERS_END)[0].isascii()


def spoken(code: int, said: bytes) -> str:
    """The server's words in one line: its code, and of what it says a bounded, printable part."""
    text = " ".join(said.decode("utf-8", "replace").split())
    return "".join(char for char in f"({code} {text})" if char.isprintable())[:LONGEST_SAID]


def stuffed(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The mail with its dots doubled at the beginning of lines (RFC 5321 4.5.2), and ended as a line."""
    tail = b"\r\n"
    for block in blocks:
        at_start = tail.endswith(b"\n")
        made = _LINE_START.sub(b"..", block)
        if not at_start and block.startswith(b"."):
            made = made[1:]
        yield made
        tail = (tail + block)[-2:]
    if tail != b"\r\n":
        yield b"\r\n"
