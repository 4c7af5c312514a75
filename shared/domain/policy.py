"""What a location decides for itself."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from shared.domain import exclusions
from shared.domain.addresses import Address, canonical, normalise
from shared.domain.exclusions import KINDS, Exclusions, read_exclusion
from shared.domain.mail_domains import beneath, domain_of, open_to_all, read_domain
from shared.errors import Rejected


@dataclass(frozen=True)
class Policy:
    """The settings in force; the defaults are the preset `known_contacts`.

    `staff`, `internal_domains` and `exclusions` are as `chosen` made them. It has no slots: what is looked up for every
    mail is made of the lists once.
    """

    trigger: str = "known_contact"
    require_assignment: bool = False
    gmail_outbound: str = "known_contact"
    contact_creation: str = "auto_bcc"
    contact_addresses: str = "primary"
    multi_location: str = "mirror_until_reply"
    unknown_repliers: str = "sync"
    bulk_from: str = "provider"
    reference_cc: bool = True
    visibility: str = "full"
    internal_domains: tuple[str, ...] = ()
    staff: tuple[Address, ...] = ()
    exclusions: tuple[str, ...] = ()
    daily_limit: int | None = None

    @cached_property
    def excluded(self) -> Exclusions:
        """The location's exclusions, to look mail up in (R24)."""
        return Exclusions.of(self.exclusions)

    def counts_inside(self, address: Address) -> bool:
        """Whether staff list or internal domains have the address, in any form that Gmail holds to be equal (R22)."""
        if not (self.staff or self.internal_domains):
            return False
        return canonical(address) in self._staff or beneath(domain_of(address), self._domains)

    @cached_property
    def _staff(self) -> frozenset[Address]:
        return frozenset(map(canonical, self.staff))

    @cached_property
    def _domains(self) -> frozenset[str]:
        return frozenset(self.internal_domains)


PRESETS: Mapping[str, Policy] = {
    "known_contacts": Policy(),
    "populate_contacts": Policy(contact_creation="sent_and_received"),
    "assigned_contacts": Policy(require_assignment=True, multi_location="mirror_always"),
    "crm_threads": Policy(gmail_outbound="thread_only", unknown_repliers="leave_out"),
    "crm_started": Policy(trigger="crm_started", gmail_outbound="thread_only", bulk_from="matching_domain"),
    "privacy_first": Policy(trigger="crm_started", gmail_outbound="thread_only", require_assignment=True),
}
CHOICES: Mapping[str, tuple[object, ...]] = {
    "trigger": ("known_contact", "crm_started"),
    "require_assignment": (False, True),
    "gmail_outbound": ("known_contact", "thread_only"),
    "contact_creation": ("auto_bcc", "sent", "sent_and_received", "never"),
    "contact_addresses": ("primary", "all"),
    "multi_location": ("mirror_until_reply", "mirror_always"),
    "unknown_repliers": ("sync", "leave_out"),
    "bulk_from": ("provider", "matching_domain"),
    "reference_cc": (True, False),
    "visibility": ("full", "subject", "metadata"),
}
LISTS: Mapping[str, int] = {"internal_domains": 100, "staff": 1_000, "exclusions": exclusions.MOST}
"""The settings that are lists, and how long each may be."""
MOST_A_DAY = 2_000


def chosen(preset: str, settings: Mapping[str, object]) -> Policy:
    """The preset with the settings that differ from it, each in its normal form.

    Raises `Rejected("invalid_policy")`: the message says in a sentence what is wrong, `details.setting` where.
    """
    if preset not in PRESETS:
        raise _invalid("preset", f"choose one of {', '.join(PRESETS)}")
    policy = replace(PRESETS[preset], **{name: _read(name, value) for name, value in settings.items()})
    _check_together(policy)
    return policy


def _read(setting: str, value: object) -> Any:
    if setting in CHOICES:
        return _choice(setting, value)
    if setting in LISTS:
        return _list(setting, value)
    if setting == "daily_limit":
        return _daily_limit(value)
    raise _invalid(setting[:40], "there is no such setting")


def _choice(setting: str, value: object) -> object:
    choices = CHOICES[setting]
    if not any(value == choice and type(value) is type(choice) for choice in choices):
        raise _invalid(setting, f"choose one of {', '.join(map(_written, choices))}")
    if setting == "visibility" and value != "full":
        raise _invalid(setting, f"{value} is not available yet; choose full")
    return value


def _list(setting: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _invalid(setting, "give a list of texts, which may be empty")
    if len(value) > LISTS[setting]:
        raise _invalid(setting, f"the list may have {LISTS[setting]:,} entries, not {len(value):,}")
    read, what = _ENTRIES[setting]
    found = [read(one) for one in value]
    if None in found:
        raise _invalid(setting, f"number {found.index(None) + 1} of the list is not {what}")
    known = [one for one in found if one]
    public = [at for at, one in enumerate(known, 1) if setting == "internal_domains" and open_to_all(one)]
    if public:
        raise _invalid(
            setting,
            f"number {public[0]} of the list is a domain in which anybody can have an address, not only your people; "
            "list your people's addresses there under staff instead",
        )
    return _once(known)


_ENTRIES: Mapping[str, tuple[Callable[[str], str | None], str]] = {
    "internal_domains": (read_domain, "a domain such as agency.example"),
    "staff": (lambda text: normalise(text.strip()), "an e-mail address"),
    "exclusions": (read_exclusion, KINDS),
}


def _once(names: Iterable[str]) -> tuple[str, ...]:
    """Each of them once, in the order in which they came."""
    return tuple(dict.fromkeys(names))


def _daily_limit(value: object) -> int | None:
    if value is None:
        return None
    if type(value) is int and 1 <= value <= MOST_A_DAY:
        return value
    raise _invalid("daily_limit", f"give a whole number from 1 to {MOST_A_DAY:,}, or null for Gmail's own limit")


def _check_together(policy: Policy) -> None:
    """Refuses what cannot be meant: contacts made of mail that another setting keeps out."""
    creates = policy.contact_creation
    if creates in {"sent", "sent_and_received"} and policy.gmail_outbound == "thread_only":
        raise _invalid(
            "contact_creation",
            f"{creates} makes contacts of people to whom users write from Gmail, but gmail_outbound thread_only keeps "
            "such mail out; choose gmail_outbound known_contact, or contact_creation auto_bcc or never",
        )
    if creates == "sent_and_received" and policy.trigger == "crm_started":
        raise _invalid(
            "contact_creation",
            "sent_and_received makes contacts of people who write in, but trigger crm_started keeps such mail out; "
            "choose trigger known_contact, or contact_creation sent",
        )
    if creates == "sent_and_received" and policy.require_assignment:
        raise _invalid(
            "contact_creation",
            "sent_and_received makes contacts of people who write in, but require_assignment keeps out mail of "
            "contacts who are not assigned to the user, as these would not be; "
            "choose require_assignment false, or contact_creation sent",
        )


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _invalid(setting: str, reason: str) -> Rejected:
    return Rejected("invalid_policy", f"{setting}: {reason}.", details={"setting": setting})
