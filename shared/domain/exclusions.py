"""What a location or a user keeps out (R24): addresses, domains with all beneath them, labels with all beneath them."""

import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final, Self

from shared.domain import addresses
from shared.domain.addresses import Address, canonical
from shared.domain.mail_domains import beneath, domain_of, read_domain

MOST: Final = 500
LABEL: Final = "label:"
LONGEST_LABEL: Final = 225
"""Characters of a Gmail label's name."""
KINDS: Final = "an address (ann@shop.example), a domain (shop.example) or a Gmail label (label:Private)"


def read_exclusion(text: str) -> str | None:
    """The exclusion in the form in which it is kept and shown; None if it is neither address, domain nor label."""
    text = text.strip()
    if text.lower().startswith(LABEL):
        name = unicodedata.normalize("NFC", text[len(LABEL) :].strip())
        return LABEL + name if 0 < len(name) <= LONGEST_LABEL and name.isprintable() else None
    if "@" in text[1:]:
        return addresses.normalise(text)
    return read_domain(text)


@dataclass(frozen=True, slots=True)
class Exclusions:
    """Exclusions to look mail up in: how long that takes does not depend on how many they are."""

    addresses: frozenset[Address]
    domains: frozenset[str]
    labels: frozenset[str]

    @classmethod
    def of(cls, exclusions: Iterable[str]) -> Self:
        """The exclusions as they are kept, sorted by kind."""
        known = list(exclusions)
        labels = frozenset(_folded(one.removeprefix(LABEL)) for one in known if one.startswith(LABEL))
        others = [one for one in known if not one.startswith(LABEL)]
        addresses = frozenset(canonical(Address(one)) for one in others if "@" in one)
        return cls(addresses, frozenset(one for one in others if "@" not in one), labels)

    def name(self, people: Collection[Address], labels: Collection[str]) -> bool:
        """Whether a mail with these people and labels is kept out. Addresses are equal as Gmail holds them to be."""
        return (bool(self.labels) and any(map(self._names_label, labels))) or (
            bool(self.addresses or self.domains) and any(map(self._names_address, people))
        )

    def _names_address(self, address: Address) -> bool:
        same = canonical(address)
        return same in self.addresses or any(beneath(domain_of(one), self.domains) for one in (address, same))

    def _names_label(self, label: str) -> bool:
        levels = _folded(label).split("/")
        return any("/".join(levels[: at + 1]) in self.labels for at in range(len(levels)))


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
