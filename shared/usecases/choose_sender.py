"""Who a mail is from, and by which way it goes: the user's Gmail, or the location's provider (R50 to R52)."""

from dataclasses import dataclass, replace
from typing import Final

from shared.domain import keys
from shared.domain.addresses import Address, Person, normalise
from shared.domain.connection import ConnectionState
from shared.domain.header_encoding import unsafe
from shared.domain.location import Location
from shared.domain.mail_domains import domain_of, open_to_all
from shared.domain.mailbox import Mailbox
from shared.domain.provider import Provider
from shared.errors import Rejected
from shared.usecases.absence import found
from shared.usecases.batch import Batch
from shared.usecases.usable_mailbox import usable_mailbox
from shared.usecases.writing import Writing

SENDER_REPLACED: Final = "sender_replaced"


@dataclass(frozen=True, slots=True)
class SentBy:
    """The sender; without a mailbox the mail goes through the provider, `as_provider` from its own address.

    `signature` is Gmail's HTML for the sender.
    """

    sender: Person
    mailbox: Mailbox | None = None
    reply_to: Person | None = None
    signature: str = ""
    warnings: tuple[str, ...] = ()
    as_provider: bool = False


def choose_sender(batch: Batch, writing: Writing, location: Location, default: Provider | None) -> SentBy:
    """Raises `Rejected`: `not_connected`, `not_found`, `invalid_request`; `GrantLost` where Google refuses the mailbox.

    Only who never connected sends individual mail through the provider: nobody's mail changes its way by itself (F57).
    """
    provider = location.provider or default
    if writing.draft.kind != "individual":
        if provider is None:
            raise _no_provider("This location has no mail provider, which bulk and workflow mail needs.")
        return _from_provider(batch, writing, provider, matching=location.policy.bulk_from == "matching_domain")
    connection = batch.value(keys.connection(writing.location, writing.user))
    if connection is None:
        return _instead_of_gmail(batch, writing, provider)
    mailbox = usable_mailbox(batch, writing.location, writing.user)
    sender = _own(mailbox, writing.draft.sender)
    signatures = {alias.address: alias.signature for alias in mailbox.aliases} if connection.signature else {}
    return SentBy(sender, mailbox, signature=signatures.get(sender.address, ""))


def _own(mailbox: Mailbox, wanted: str | None) -> Person:
    """The connected address, or one of its verified aliases, with the name that Gmail has for it (R50)."""
    address = normalise(wanted) if wanted else mailbox.address
    if address is None or address not in mailbox.own_addresses():
        raise Rejected("invalid_request", "from is not a verified address of the connected Gmail account.")
    named = {alias.address: alias.name for alias in mailbox.aliases}
    return _named(named.get(address) or mailbox.name, address)


def _named(name: str, address: Address) -> Person:
    return Person("" if unsafe(name) else name, address)


def _instead_of_gmail(batch: Batch, writing: Writing, provider: Provider | None) -> SentBy:
    """The provider's own sender under the user's name; answers go to the user's address in the CRM."""
    user = found(batch.value(keys.user(writing.location, writing.user)))
    if provider is None:
        raise _no_provider("No Gmail account is connected, and there is no mail provider to send through instead.")
    if writing.draft.sender and normalise(writing.draft.sender) != user.email:
        raise Rejected("invalid_request", "from is not your address in the CRM, and no Gmail account is connected.")
    sender = replace(provider.sender, name=_named(user.name, user.email).name or provider.sender.name)
    return SentBy(sender, reply_to=_named(user.name, user.email), as_provider=True)


def _from_provider(batch: Batch, writing: Writing, provider: Provider, *, matching: bool) -> SentBy:
    """The provider's own sender; or, by `matching_domain`, the connected address if that was asked for (R52)."""
    if not writing.draft.sender:
        return SentBy(provider.sender, as_provider=True)
    connected = _connected(batch, writing, writing.draft.sender)
    if connected is None or not matching:
        return SentBy(provider.sender, reply_to=connected, warnings=(SENDER_REPLACED,), as_provider=True)
    domain = domain_of(connected.address)
    if open_to_all(domain):
        raise Rejected(
            "invalid_request",
            f"from: mail of {domain} that comes from another server is rejected by its receivers (DMARC), "
            "so it cannot be the sender of bulk or workflow mail.",
            action="Leave from empty, or connect an address of your own domain.",
        )
    return SentBy(replace(connected, name=connected.name or provider.sender.name))


def _connected(batch: Batch, writing: Writing, wanted: str) -> Person | None:
    """The address as a connected one: of the user who asks; if the CRM's backend asks, of anybody in the location."""
    address = normalise(wanted)
    if address is None:
        raise Rejected("invalid_request", "from is not one valid address.")
    if writing.service:
        entry = batch.value(keys.address(writing.location, address))
        inside = entry.internal.items() if entry else ()
        known = any(name.startswith("mailbox:") and one == address for name, one in inside)
        return Person("", address) if known else None
    connection = batch.value(keys.connection(writing.location, writing.user))
    if connection is None or connection.state is not ConnectionState.CONNECTED:
        return None
    if normalise(connection.address) != address:
        return None
    user = batch.value(keys.user(writing.location, writing.user))
    return _named(user.name if user else "", address)


def _no_provider(message: str) -> Rejected:
    return Rejected(
        "not_connected", message, action="Connect a Gmail account in your profile, or have a mail provider set up."
    )
