"""A location gets the policy that it asks for, or is told which setting it cannot have."""

import pytest

from shared.domain.policy import CHOICES, LISTS, PRESETS, Policy, chosen
from shared.errors import Rejected


def test_the_defaults_are_the_first_preset() -> None:
    assert chosen("known_contacts", {}) == Policy()


def test_every_default_may_be_said_outright() -> None:
    settings = {name: choices[0] for name, choices in CHOICES.items()} | {name: [] for name in LISTS}

    assert chosen("known_contacts", {**settings, "daily_limit": None}) == Policy()
    assert {*settings, "daily_limit"} == set(Policy.__dataclass_fields__)
    assert all(getattr(Policy(), name) == choices[0] for name, choices in CHOICES.items())


@pytest.mark.parametrize(
    ("setting", "value"),
    [(name, choice) for name, choices in CHOICES.items() for choice in choices[1:]]
    + [(name, ["shop.example"]) for name in LISTS],
)
def test_what_is_not_built_is_refused_by_name_and_said_to_come(setting: str, value: object) -> None:
    with pytest.raises(Rejected, match="not available yet") as refused:
        chosen("known_contacts", {setting: value})

    assert (refused.value.code, refused.value.details) == ("invalid_policy", {"setting": setting})


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("trigger", "anything"),
        ("trigger", None),
        ("require_assignment", 0),
        ("require_assignment", "false"),
        ("reference_cc", 1),
        ("staff", "ann@crm.example"),
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
    with pytest.raises(Rejected) as refused:
        chosen("known_contacts", {setting: value})

    assert refused.value.code == "invalid_policy"
    assert refused.value.message.startswith(f"{setting}: ")


@pytest.mark.parametrize("preset", [*PRESETS[1:], "", "anything"])
def test_other_presets_are_refused(preset: str) -> None:
    with pytest.raises(Rejected, match="preset"):
        chosen(preset, {})


def test_r54_a_location_may_lower_the_limit() -> None:
    assert chosen("known_contacts", {"daily_limit": 40}).daily_limit == 40
