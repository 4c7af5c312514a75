"""Which contact a mail from the CRM is about, and who else of the location's contacts is on it (R30 to R32)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shared.domain.addresses import Address, address_key
from shared.domain.directory import Directory
from shared.domain.draft import Recipients
from shared.domain.exclusions import Exclusions
from shared.domain.identifiers import ContactId
from shared.domain.placement import PEOPLE_KEPT

REPLIES_NOT_SYNCED = "replies_not_synced"
NONE: Final = Exclusions.of(())


@dataclass(frozen=True, slots=True)
class About:
    """`conversation` is None where no recipient is a contact. `people` are the outside ones, as address keys."""

    conversation: ContactId | None
    referenced_by: tuple[ContactId, ...]
    ambiguous: tuple[ContactId, ...]
    people: tuple[str, ...]
    warnings: tuple[str, ...]


def about(recipients: Recipients, directory: Directory, chosen: ContactId | None, excluded: Exclusions = NONE) -> About:
    """The contact chosen (named by the caller, or that of the mail answered), else the first in To, then Cc, then Bcc.

    A contact with an internal address has it only where nobody else is one: answers from there will not come back
    (R21), nor those from an address that an exclusion names, the policy's or the user's (`excluded`, R24).
    """
    everybody = [person.address for person in recipients.everybody]
    outside = [address for address in everybody if not directory.inside(address)]
    found = {address: names for address in outside if (names := directory.contacts(address))}
    inside = (names for address in everybody if (names := directory.contacts(address)))
    first = next(iter(found.values()), None) or next(inside, [])
    conversation = chosen or (first[0] if first else None)
    others = [names[0] for names in found.values() if names[0] != conversation]
    return About(
        conversation=conversation,
        referenced_by=tuple(dict.fromkeys(others)) if directory.policy.reference_cc else (),
        ambiguous=() if chosen else tuple(first[1:]),
        people=tuple(dict.fromkeys(map(address_key, outside)))[:PEOPLE_KEPT],
        warnings=(REPLIES_NOT_SYNCED,) if _unheard(everybody, directory, conversation, excluded) else (),
    )


def _unheard(
    everybody: Sequence[Address], directory: Directory, conversation: ContactId | None, excluded: Exclusions
) -> bool:
    inside = [address for address in everybody if directory.inside(address)]
    return (
        len(inside) == len(everybody)
        or any(conversation in directory.contacts(address) for address in inside)
        or any(one.name(everybody, ()) for one in (directory.policy.excluded, excluded))
    )
