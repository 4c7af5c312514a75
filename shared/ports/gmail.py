"""Gmail and Google's grants, in our words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from shared.domain.addresses import Address
from shared.domain.connection import Identity
from shared.domain.headers import Headers
from shared.domain.history import Change
from shared.domain.identifiers import GmailId, ThreadId
from shared.domain.mailbox import Alias, Mailbox


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Changes after the cursor, oldest first; `history_id` is the mailbox's newest at the time of the answer."""

    changes: tuple[Change, ...]
    history_id: int
    next_page: str | None


@dataclass(frozen=True, slots=True)
class MailHeaders:
    """A mail without its body: all that is read before it is known to belong to a conversation (R23)."""

    gmail_id: GmailId
    thread_id: ThreadId
    labels: frozenset[str]
    internal_at: datetime
    history_id: int
    size: int
    headers: Headers


@dataclass(frozen=True, slots=True)
class FullMail:
    """A mail with Gmail's own tree of its parts (`payload` of `format=full`)."""

    headers: MailHeaders
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class IdPage:
    """Gmail ids that a search found."""

    ids: tuple[tuple[GmailId, ThreadId], ...]
    next_page: str | None


@dataclass(frozen=True, slots=True)
class Profile:
    """The mailbox's own address and its newest history id."""

    address: Address
    history_id: int


@dataclass(frozen=True, slots=True)
class Watch:
    """Notifications until `expires_at`."""

    history_id: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SentMail:
    """What Gmail made of a send."""

    gmail_id: GmailId
    thread_id: ThreadId


class SessionAnswer(StrEnum):
    """What an upload session says of itself when it is asked again."""

    INCOMPLETE = "incomplete"
    UNKNOWN = "unknown"


class MailStream(Protocol):
    """A composed mail of known size that is made while it is read, from any position."""

    @property
    def size(self) -> int:
        """Bytes in all."""
        ...

    def open_at(self, position: int) -> Iterator[bytes]:
        """The bytes from `position` on, in blocks."""
        ...


class Gmail(Protocol):
    """One mailbox. Every call raises `GrantLost`, `Transient`, or `Refused` where Gmail refuses just this request."""

    def profile(self) -> Profile:
        """The address and the newest history id."""
        ...

    def aliases(self) -> tuple[str, tuple[Alias, ...]]:
        """The account's display name, and every verified send-as address, the primary included."""
        ...

    def labels(self) -> dict[str, str]:
        """The name of each label by its id: the user's own, nested ones as `Parent/Child`, and Gmail's."""
        ...

    def watch(self, topic: str) -> Watch:
        """Have notifications published to the topic, for seven days; renews one that there is."""
        ...

    def stop(self) -> None:
        """No more notifications."""
        ...

    def history(self, since: int, page: str | None) -> HistoryPage:
        """A page of what happened after `since`. Raises `CursorExpired`."""
        ...

    def search(self, query: str, page: str | None, *, include_spam_trash: bool = False) -> IdPage:
        """A page of the ids that Gmail's search finds, up to 500."""
        ...

    def headers(self, ids: Sequence[GmailId]) -> list[MailHeaders | Exception]:
        """The headers of each id, in the order asked, at most ten requests at once.

        What fails for one id alone stands in its place (`Gone`, `Refused`); what concerns the mailbox is raised.
        """
        ...

    def full(self, gmail_id: GmailId) -> FullMail:
        """The whole mail but for its attachments. Raises `Gone`."""
        ...

    def fulls(self, ids: Sequence[GmailId]) -> list[FullMail | Exception]:
        """As `headers`, the whole mails."""
        ...

    def attachment(self, gmail_id: GmailId, attachment: str) -> Iterator[bytes]:
        """The decoded bytes of an attachment by the id of the same read, in blocks. Raises `Gone`."""
        ...


class Sender(Protocol):
    """Sends of one mailbox, as resumable uploads. No call is ever repeated by itself.

    `begin` raises as `Gmail` does: nothing was sent. `finish` raises `Refused` or `Transient` or `GrantLost` only where
    Gmail certainly did not accept the mail, else `Doubtful`.
    """

    def begin(self, size: int, thread_id: ThreadId | None) -> str:
        """Opens an upload session for a mail of `size` bytes; its address."""
        ...

    def finish(self, session: str, mail: MailStream, *, start: int = 0) -> SentMail:
        """Uploads the mail from `start` on, which sends it."""
        ...

    def ask(self, session: str, size: int) -> SentMail | int | SessionAnswer:
        """What became of a session: sent; or the bytes that it has (continue it); or it doesn't say."""
        ...

    def message_id(self, gmail_id: GmailId) -> MailHeaders:
        """The headers that Gmail kept of a sent mail (it replaces the Message-ID). Raises `Gone`."""
        ...


class GmailAccess(Protocol):
    """Opens mailboxes. Access tokens are fetched when first needed and live in the instance only."""

    def open(self, mailbox: Mailbox) -> Gmail:
        """The mailbox by its grant."""
        ...

    def sender(self, mailbox: Mailbox) -> Sender:
        """The mailbox's way out."""
        ...

    def open_with(self, refresh_token: str) -> Gmail:
        """A mailbox by a grant that is not kept yet."""
        ...


@dataclass(frozen=True, slots=True)
class Granted:
    """Google's answer to an authorization code; who it was is not known without the scopes `openid` and `email`."""

    refresh_token: str | None
    scopes: tuple[str, ...]
    identity: Identity | None


class Grants(Protocol):
    """Google's authorization server."""

    def authorize_url(self, *, state: str, nonce: str, challenge: str, login_hint: str | None) -> str:
        """Google's consent page for the scopes of R03, with PKCE S256."""
        ...

    def exchange(self, *, code: str, verifier: str, nonce: str, now: datetime) -> Granted:
        """Tokens for a code, the id token verified (signature, issuer, audience, nonce, times).

        Raises `Refused`, `Transient`.
        """
        ...

    def revoke(self, refresh_token: str) -> None:
        """Ends all grants of that person to the project; an already dead one is fine. Raises `Transient`."""
        ...


class Sealer(Protocol):
    """Authenticated encryption under the project's keyset; `purpose` and `owner` must be the same on both sides."""

    def seal(self, plain: str, *, owner: str, purpose: str) -> str:
        """Ciphertext as text."""
        ...

    def unseal(self, sealed: str, *, owner: str, purpose: str) -> str:
        """The plain text. Raises `Refused` if it was altered, moved, or its key is gone."""
        ...

    def sign(self, text: str, *, purpose: str) -> str:
        """A MAC of the text, 32 hex digits."""
        ...

    def verified(self, text: str, mac: str, *, purpose: str) -> bool:
        """Whether the MAC is that of the text, by any key of the keyset, in constant time."""
        ...
