"""When two addresses are the same, and what is no address at all."""

import re

import pytest

from shared.domain.addresses import Address, address_key, canonical, normalise


@pytest.mark.parametrize(
    "value", [" bob@x.example", "bob@x.example ", "<bob@x.example>", "Bob <bob@x.example>", "", "@"]
)
def test_normalise_takes_nothing_but_a_bare_address(value: str) -> None:
    assert normalise(value) is None


def test_limits_count_octets_of_the_stored_form() -> None:
    assert normalise(f"{'é' * 32}@x.example") is not None
    assert normalise(f"{'é' * 33}@x.example") is None
    assert normalise("a@" + ".".join(["ü" * 20] * 10) + ".example") is None


CANONICAL = {
    "ada@agency.example": "ada@agency.example",
    "ada+crm@agency.example": "ada@agency.example",
    "a.d.a@agency.example": "a.d.a@agency.example",
    "a.d.a+x+y@gmail.com": "ada@gmail.com",
    "A.Da@GoogleMail.com": "ada@gmail.com",
    "+x@agency.example": "+x@agency.example",
    '"a b+c"@agency.example': '"a b+c"@agency.example',
}


@pytest.mark.parametrize(("given_", "expected"), CANONICAL.items())
def test_R35_internal_addresses_are_equal_by_gmails_dots_plus_and_googlemail(given_: str, expected: str) -> None:
    address = normalise(given_)
    assert address is not None
    assert canonical(address) == expected
    assert address_key(address) == address_key(Address(expected))


def test_keys_are_short_hashes_that_tell_people_apart() -> None:
    keys = {address_key(Address(f"{name}@client.example")) for name in ("bob", "carol", "dora")}
    assert len(keys) == 3
    assert all(re.fullmatch("[0-9a-f]{40}", key) for key in keys)
