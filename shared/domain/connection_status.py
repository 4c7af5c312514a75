"""What a user's profile shows of their connection (R04)."""

from dataclasses import dataclass
from datetime import datetime

from shared.domain import send_window
from shared.domain.connection import Connection, ConnectionState
from shared.domain.mailbox import Mailbox
from shared.domain.policy import Policy
from shared.errors import Remedy


@dataclass(frozen=True, slots=True)
class Sends:
    """The rolling limit: how many more mails may go out now, and when the next one may if none may (R54)."""

    limit: int
    left: int
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and what brings it right."""

    code: str
    message: str
    action: str


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user has chosen for the connection; it outlives the connection's end (R24, R50)."""

    exclusions: tuple[str, ...]
    signature: bool


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """`state` is `none`, `connected`, `reauth_required`, `blocked` or `disconnected`; `coverage` is a percentage."""

    state: str
    address: str | None = None
    connected_at: datetime | None = None
    last_synced_at: datetime | None = None
    sends: Sends | None = None
    auto_bcc: str | None = None
    coverage: float | None = None
    problem: Problem | None = None
    settings: Settings | None = None


PROBLEMS = {
    Remedy.RECONNECT: Problem(
        "reauth_required",
        "Google no longer accepts this connection: the password was changed, or access was withdrawn.",
        "Choose Reconnect; what came meanwhile is brought in.",
    ),
    Remedy.ADMINISTRATOR: Problem(
        "blocked",
        "Your organisation's settings, or the state of the Google account, keep Gmail from being used here.",
        "Ask your Google Workspace administrator to allow it, then choose Reconnect.",
    ),
}


def status_of(
    connection: Connection | None, mailbox: Mailbox | None, policy: Policy, *, now: datetime
) -> ConnectionStatus:
    """The connection as it is now; `mailbox` is the one that it names."""
    if not connection:
        return ConnectionStatus("none")
    settings = Settings(connection.exclusions, connection.signature)
    if connection.state is ConnectionState.DISCONNECTED or not mailbox:
        return ConnectionStatus("disconnected", connection.address, connection.connected_at, settings=settings)
    trouble = mailbox.trouble
    synced = mailbox.last_synced_at
    return ConnectionStatus(
        state=str(trouble.remedy) if trouble else "connected",
        address=mailbox.address,
        connected_at=connection.connected_at,
        last_synced_at=synced if synced and synced >= connection.connected_at else None,
        sends=Sends(
            send_window.limit(mailbox, policy),
            send_window.left(mailbox, policy, now),
            send_window.next_at(mailbox, policy, now),
        ),
        coverage=mailbox.tally.coverage,
        problem=PROBLEMS[trouble.remedy] if trouble else None,
        settings=settings,
    )
