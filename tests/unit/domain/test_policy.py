"""A location gets the policy that it asks for, or is told which setting it cannot have and why."""

from dataclasses import asdict, fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.addresses import Address
from shared.domain.policy import CHOICES, LISTS, PRESETS, Policy, chosen
from shared.errors import Rejected

DESCRIPTION = Path(__file__).parents[3] / "functions" / "README.md"


def refused(preset: str, settings: dict[str, object]) -> Rejected:
    with pytest.raises(Rejected) as caught:
        chosen(preset, settings)
    assert caught.value.code == "invalid_policy"
    assert caught.value.message.startswith(f"{caught.value.details['setting']}: ")
    assert caught.value.message.endswith(".")
    return caught.value


def test_every_setting_has_its_values_and_its_first_value_by_default() -> None:
    assert {*CHOICES, *LISTS, "daily_limit"} == {one.name for one in fields(Policy)}
    settings = {name: choices[0] for name, choices in CHOICES.items()} | {name: [] for name in LISTS}
    assert chosen("known_contacts", {**settings, "daily_limit": None}) == chosen("known_contacts", {}) == Policy()


@pytest.mark.parametrize(
    ("preset", "differs"),
    [
        ("known_contacts", {}),
        ("populate_contacts", {"contact_creation": "sent_and_received"}),
        ("assigned_contacts", {"require_assignment": True, "multi_location": "mirror_always"}),
        ("crm_threads", {"gmail_outbound": "thread_only", "unknown_repliers": "leave_out"}),
        (
            "crm_started",
            {"trigger": "crm_started", "gmail_outbound": "thread_only", "bulk_from": "matching_domain"},
        ),
        (
            "privacy_first",
            {"trigger": "crm_started", "gmail_outbound": "thread_only", "require_assignment": True},
        ),
    ],
)
def test_a_preset_is_its_settings(preset: str, differs: dict[str, object]) -> None:
    assert asdict(chosen(preset, {})) == asdict(Policy()) | differs
    assert chosen("known_contacts", differs) == chosen(preset, {})


def test_there_are_no_other_presets() -> None:
    assert len(PRESETS) == 6
    assert refused("anything", {}).details == {"setting": "preset"}


def test_a_setting_goes_before_its_preset() -> None:
    policy = chosen("crm_threads", {"gmail_outbound": "known_contact", "contact_creation": "sent"})
    assert (policy.gmail_outbound, policy.unknown_repliers, policy.contact_creation) == (
        "known_contact",
        "leave_out",
        "sent",
    )


@pytest.mark.parametrize(
    ("setting", "value"), [(name, one) for name in CHOICES if name != "visibility" for one in CHOICES[name]]
)
def test_each_value_can_be_had(setting: str, value: object) -> None:
    assert getattr(chosen("known_contacts", {setting: value}), setting) == value


@pytest.mark.parametrize("value", ["subject", "metadata"])
def test_visibility_is_not_available_yet(value: str) -> None:
    error = refused("known_contacts", {"visibility": value})
    assert error.details == {"setting": "visibility"}
    assert "not available yet" in error.message


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("trigger", "anything"),
        ("trigger", None),
        ("trigger", ["known_contact"]),
        ("require_assignment", 0),
        ("require_assignment", "false"),
        ("reference_cc", 1),
        ("visibility", "none"),
        ("staff", "ann@crm.example"),
        ("staff", None),
        ("staff", [1]),
        ("staff", {"ann@crm.example": True}),
        ("daily_limit", 0),
        ("daily_limit", -1),
        ("daily_limit", 2_001),
        ("daily_limit", True),
        ("daily_limit", "5"),
        ("daily_limit", 5.0),
        ("no_such_setting", "x"),
    ],
)
def test_unknown_settings_and_values_are_refused_by_name(setting: str, value: object) -> None:
    assert refused("known_contacts", {setting: value}).details == {"setting": setting}


@pytest.mark.parametrize("creation", ["sent", "sent_and_received"])
@pytest.mark.parametrize("preset", ["crm_threads", "crm_started", "privacy_first"])
def test_contacts_are_not_made_of_sent_mail_that_stays_out(preset: str, creation: str) -> None:
    error = refused(preset, {"contact_creation": creation})
    assert error.details == {"setting": "contact_creation"}
    assert "gmail_outbound" in error.message


@pytest.mark.parametrize(("setting", "value"), [("trigger", "crm_started"), ("require_assignment", True)])
def test_contacts_are_not_made_of_received_mail_that_stays_out(setting: str, value: object) -> None:
    error = refused("populate_contacts", {setting: value})
    assert error.details == {"setting": "contact_creation"}
    assert setting in error.message
    assert chosen("known_contacts", {"contact_creation": "sent", setting: value})


@pytest.mark.parametrize("value", [1, 40, 2_000, None])
def test_R54_a_location_may_lower_the_limit(value: int | None) -> None:
    assert chosen("crm_started", {"daily_limit": value}).daily_limit == value


def test_R22_domains_are_kept_in_one_form_once_each() -> None:
    given = ["Agency.Example", "agency.example.", " @agency.example ", "B\u00fccher.example", "xn--bcher-kva.example"]
    assert chosen("known_contacts", {"internal_domains": given}).internal_domains == (
        "agency.example",
        "xn--bcher-kva.example",
    )


@pytest.mark.parametrize(
    "domain",
    [
        "gmail.com",
        "GMail.Com",
        "gmail.com.",
        "@gmail.com",
        "googlemail.com",
        "mail.gmail.com",
        "outlook.com",
        "outlook.de",
        "hotmail.co.uk",
        "live.com",
        "msn.com",
        "yahoo.com",
        "yahoo.co.jp",
        "yahoo.com.vn",
        "icloud.com",
        "me.com",
        "aol.com",
        "gmx.de",
        "gmx.net",
        "web.de",
        "t-online.de",
        "qq.com",
        "163.com",
        "mail.ru",
        "yandex.ru",
        "proton.me",
        "protonmail.com",
        "tutanota.com",
        "tuta.com",
        "naver.com",
        "daum.net",
        "docomo.ne.jp",
        "orange.fr",
        "libero.it",
        "zoho.com",
        "fastmail.com",
        "hey.com",
        "comcast.net",
        "co.uk",
        "com.br",
    ],
)
def test_R24_a_domain_where_anybody_can_have_an_address_is_not_internal(domain: str) -> None:
    error = refused("known_contacts", {"internal_domains": ["agency.example", domain]})
    assert error.details == {"setting": "internal_domains"}
    assert "number 2 of the list" in error.message
    assert "staff" in error.message
    assert chosen("known_contacts", {"exclusions": [domain]}).exclusions


@pytest.mark.parametrize("domain", ["google.com", "amazon.com", "notgmail.com", "gmail.agency.example", "agency.co.uk"])
def test_a_companys_own_domain_is_no_public_one(domain: str) -> None:
    assert chosen("known_contacts", {"internal_domains": [domain]}).internal_domains == (domain,)


@pytest.mark.parametrize(
    "domain", ["", ".", "com", "a..example", "*.agency.example", "ann@agency.example", "1.2.3.4", "a b.example", "@"]
)
def test_what_is_no_domain_is_refused_by_its_number(domain: str) -> None:
    assert "number 1 of the list is not a domain" in refused("known_contacts", {"internal_domains": [domain]}).message


@pytest.mark.parametrize("address", ["", "ann", "@agency.example", "Ann <ann@agency.example>", "a@b@c.example"])
def test_what_is_no_address_is_refused_by_its_number(address: str) -> None:
    error = refused("known_contacts", {"staff": ["grace@agency.example", address]})
    assert "number 2 of the list is not an e-mail address" in error.message


def test_an_error_repeats_no_address() -> None:
    assert "grace" not in refused("known_contacts", {"staff": ["grace@agency.example", "grace@"]}).message


def test_R24_exclusions_are_kept_in_one_form_once_each() -> None:
    policy = chosen(
        "known_contacts", {"exclusions": [" Ann@Shop.Example", "@Shop.example.", "LABEL: Private ", "ann@shop.example"]}
    )
    assert policy.exclusions == ("ann@shop.example", "shop.example", "label:Private")


@pytest.mark.parametrize("text", ["", "label:", "label:  ", "shop", "ann@", "label:a\nb", "label:" + "x" * 226])
def test_R24_what_names_nothing_is_no_exclusion(text: str) -> None:
    assert "number 1 of the list" in refused("known_contacts", {"exclusions": [text]}).message


@pytest.mark.parametrize(
    ("setting", "name"),
    [("internal_domains", "d{}.example"), ("staff", "p{}@a.example"), ("exclusions", "d{}.example")],
)
def test_lists_have_an_end(setting: str, name: str) -> None:
    most = LISTS[setting]
    full = [name.format(at) for at in range(most)]
    assert len(getattr(chosen("known_contacts", {setting: full}), setting)) == most
    assert f"{most:,} entries" in refused("known_contacts", {setting: [*full, name.format(most)]}).message


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("ann@agency.example", True),
        ("ann@sales.agency.example", True),
        ("ann@otheragency.example", False),
        ("ann@example", False),
        ("tim@client.example", True),
        ("tim+crm@client.example", True),
        ("tom@client.example", False),
        ("t.i.m@gmail.com", True),
        ("tim@googlemail.com", True),
        ("tim@client.example.org", False),
    ],
)
def test_R22_R35_staff_and_internal_domains_in_every_form_of_an_address(address: str, inside: bool) -> None:
    settings = {"internal_domains": ["agency.example"], "staff": ["Tim@client.example", "tim@gmail.com"]}
    assert chosen("known_contacts", settings).counts_inside(Address(address)) is inside


def test_the_description_has_every_setting_with_its_values_and_every_preset() -> None:
    text = DESCRIPTION.read_text().partition("### A location's policy")[2].partition("\n## ")[0]
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    by_name = {row.split("`")[1]: row for row in rows}
    for setting, values in CHOICES.items():
        shown = by_name[setting].split("|")[2]
        available = values[:1] if setting == "visibility" else values
        assert shown.strip() == ", ".join(f"`{one}`" for one in available).replace("False", "false").replace(
            "True", "true"
        )
    for setting, most in LISTS.items():
        assert f"{most:,}" in by_name[setting]
    for preset, policy in PRESETS.items():
        differs = {name: value for name, value in asdict(policy).items() if value != getattr(Policy(), name)}
        assert all(
            f"`{name}: {str(value).replace('True', 'true')}`" in by_name[preset] for name, value in differs.items()
        )


@given(st.lists(st.text(max_size=30), max_size=5), st.sampled_from(sorted(LISTS)))
def test_R22_R24_whatever_is_accepted_is_in_its_normal_form_already(entries: list[str], setting: str) -> None:
    try:
        policy = chosen("known_contacts", {setting: entries})
    except Rejected:
        return
    assert chosen("known_contacts", {setting: list(getattr(policy, setting))}) == policy
