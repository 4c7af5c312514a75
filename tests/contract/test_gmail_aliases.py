"""The send-as addresses that the Gmail adapter reads: which of them count, and how much of them is kept."""

from datetime import UTC, datetime
from typing import Any

from shared.adapters.gmail.access import GoogleClient, GoogleMailboxes
from shared.adapters.gmail.client import MOST_SIGNATURES
from shared.domain.identifiers import MailboxId
from shared.domain.mailbox import Alias, Grant, Mailbox
from tests.fakes.sealer import FakeSealer
from tests.simulator.running import start


def aliases(*known: dict[str, Any]) -> list[Alias]:
    """The aliases beside the account's own address."""
    google, end = start()
    try:
        email = google.account(aliases=list(known))
        token = google.tokens(email, prompt="consent")["refresh_token"]
        client = GoogleClient("sandbox-client", "sandbox-secret", f"{google.url}/token", f"{google.url}/")
        sealer, name = FakeSealer(), MailboxId("m")
        sealed = sealer.seal(token, owner=name, purpose="refresh-token")
        access = GoogleMailboxes(client, sealer, lambda: datetime.now(UTC))
        mailbox = Mailbox(name, google.subject(email), email, grant=Grant(sealed, 1))  # type: ignore[arg-type]
        return [one for one in access.open(mailbox).aliases()[1] if one.address != email]
    finally:
        end()


def test_R34_only_verified_aliases_are_the_users_own() -> None:
    known = aliases(
        {"address": "Sales@agency.example", "name": "Sales"}, {"address": "x@other.example", "verified": False}
    )
    assert known == [Alias(known[0].address, "Sales")]
    assert known[0].address == "sales@agency.example"


def test_F27_signatures_beyond_what_a_document_has_room_for_are_left_out() -> None:
    half = "s" * (MOST_SIGNATURES // 2)
    texts = [half, half, "one more", ""]
    known = aliases(*({"address": f"a{at}@agency.example", "signature": text} for at, text in enumerate(texts)))
    assert [one.signature for one in known] == [half, half, "", ""]
