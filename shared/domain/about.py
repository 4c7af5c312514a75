"""Which contact a mail from the CRM is about, and who else of the location's contacts is on it (R30 to R32)."""

from dataclasses import dataclass

from shared.domain.addresses import address_key
from shared.domain.directory import Directory
from shared.domain.draft import Recipients
from shared.domain.identifiers import ContactId
from shared.domain.placement import PEOPLE_KEPT

REPLIES_NOT_SYNCED = "replies_not_synced"


@dataclass(frozen=True, slots=True)
class About:
    """`conversation` is None where no recipient is a contact. `people` are the outside ones, as address keys."""

    conversation: ContactId | None
    referenced_by: tuple[ContactId, ...]
    ambiguous: tuple[ContactId, ...]
    people: tuple[str, ...]
    warnings: tuple[str, ...]


def about(recipients: Recipients, directory: Directory, chosen: ContactId | None) -> About:
    """The contact chosen (named by the caller, or that of the mail answered), else the first in To, then Cc, then Bcc.

    An internal address is nobody's (R21): the mail goes there, but answers from it will not come back, hence a warning.
    """
    outside = [person.address for person in recipients.everybody if not directory.inside(person.address)]
    found = {address: names for address in outside if (names := directory.contacts(address))}
    first = next(iter(found.values()), [])
    conversation = chosen or (first[0] if first else None)
    others = [names[0] for names in found.values() if names[0] != conversation]
    return About(
        conversation=conversation,
        referenced_by=tuple(dict.fromkeys(others)) if directory.policy.reference_cc else (),
        ambiguous=() if chosen else tuple(first[1:]),
        people=tuple(dict.fromkeys(map(address_key, outside)))[:PEOPLE_KEPT],
        warnings=(REPLIES_NOT_SYNCED,) if _unheard(recipients, directory, conversation, bool(outside)) else (),
    )


def _unheard(recipients: Recipients, directory: Directory, conversation: ContactId | None, outside: bool) -> bool:
    inside = [person.address for person in recipients.everybody if directory.inside(person.address)]
    return not outside or any(conversation in directory.contacts(address) for address in inside)
