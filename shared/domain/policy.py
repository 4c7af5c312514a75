"""What a location decides for itself."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.errors import Rejected


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings in force; the defaults are the preset `known_contacts`.

    Only `daily_limit` may differ from its default so far: what is not built is refused, never half done.
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
    staff: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()
    daily_limit: int | None = None


PRESETS = (
    "known_contacts",
    "populate_contacts",
    "assigned_contacts",
    "crm_threads",
    "crm_started",
    "privacy_first",
)
CHOICES: dict[str, tuple[object, ...]] = {
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
LISTS = ("internal_domains", "staff", "exclusions")
MOST_A_DAY = 2_000


def chosen(preset: str, settings: Mapping[str, object]) -> Policy:
    """The policy that a location asks for. Raises `Rejected("invalid_policy")`: what is wrong, or not built yet."""
    if preset not in PRESETS:
        raise _invalid("preset", f"it is one of {', '.join(PRESETS)}")
    if preset != PRESETS[0]:
        raise _invalid("preset", f"{preset} is not available yet")
    for setting, value in settings.items():
        if setting in CHOICES:
            _check_choice(setting, value)
        elif setting in LISTS:
            _check_list(setting, value)
        elif setting != "daily_limit":
            raise _invalid(setting[:40], "there is no such setting")
    return Policy(daily_limit=_daily_limit(settings.get("daily_limit")))


def _check_choice(setting: str, value: object) -> None:
    choices = CHOICES[setting]
    if not any(value == choice and type(value) is type(choice) for choice in choices):
        raise _invalid(setting, f"it is one of {', '.join(map(_written, choices))}")
    if value != choices[0]:
        raise _invalid(setting, f"{_written(value)} is not available yet")


def _check_list(setting: str, value: object) -> None:
    if not isinstance(value, list):
        raise _invalid(setting, "it is a list")
    if value:
        raise _invalid(setting, "anything but an empty list is not available yet")


def _daily_limit(value: object) -> int | None:
    if value is None:
        return None
    if type(value) is int and 1 <= value <= MOST_A_DAY:
        return value
    raise _invalid("daily_limit", f"it is a number from 1 to {MOST_A_DAY}, or null")


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _invalid(setting: str, reason: str) -> Rejected:
    return Rejected("invalid_policy", f"{setting}: {reason}.", details={"setting": setting})
