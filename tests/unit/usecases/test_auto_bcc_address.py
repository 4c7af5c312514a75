"""A user's auto-BCC address: made with the user, shown, kept, rotated, ended."""

import re

import pytest

from shared.domain import keys
from shared.domain.auto_bcc import token_of, tokens_among
from shared.domain.identifiers import UserId
from shared.domain.location import User
from shared.errors import Rejected
from shared.ports.store import Put
from shared.usecases.auto_bcc_address import auto_bcc_address, rotate_auto_bcc
from shared.usecases.put_user import put_user
from tests.unit.usecases.mailroom import DOMAIN, Mailroom
from tests.unit.usecases.office import ANN, BOB, HERE, THERE, address


@pytest.fixture
def room() -> Mailroom:
    return Mailroom()


def test_R60_each_user_has_an_address_of_their_own_in_each_location(room: Mailroom) -> None:
    four = {room.address(user, location) for user in (ANN, BOB) for location in (HERE, THERE)}

    assert len(four) == 4
    assert all(re.fullmatch(r"[a-z2-7]{32}@in\.crm\.example", one) for one in four), "160 bits in base32"


def test_T22_no_two_chances_make_the_same_token_and_the_store_names_it_by_its_digest(room: Mailroom) -> None:
    assert len({token_of(str(number)) for number in range(10_000)}) == 10_000
    token = room.address().partition("@")[0]
    assert [path for path in room.store.documents if token in path] == []


def test_R60_the_crm_putting_the_user_again_changes_nothing(room: Mailroom) -> None:
    before = room.address()

    put_user(room.store, HERE, User(ANN, address("ann@renamed.example")), patience=room.patience)

    assert room.address() == before
    assert room.bring(room.letter(sender="ann@renamed.example"), verdict="dmarc=pass")["filed"] == 1


def test_R60_a_user_from_before_there_were_addresses_gets_one_when_it_is_first_shown(room: Mailroom) -> None:
    room.store.commit([Put(keys.user(HERE, ANN), User(ANN, address("ann@crm.example")))])

    first = room.address()

    assert first == room.address()
    assert room.bring(room.letter())["filed"] == 1


def test_R60_after_a_rotation_the_old_address_is_nobodys(room: Mailroom) -> None:
    old = room.address()

    rotate_auto_bcc(room.store, HERE, ANN, patience=room.patience)

    assert room.address() != old
    assert room.bring(room.letter(), old) == {"unknown": 1}
    assert room.bring(room.letter())["filed"] == 1


def test_R60_who_is_no_user_of_the_location_has_no_address_and_rotates_none(room: Mailroom) -> None:
    assert auto_bcc_address(room.store, HERE, UserId("eve"), domain=DOMAIN, patience=room.patience) is None
    with pytest.raises(Rejected) as refused:
        rotate_auto_bcc(room.store, HERE, UserId("eve"), patience=room.patience)
    assert refused.value.code == "not_found"


def test_R60_without_a_domain_there_is_no_address(room: Mailroom) -> None:
    assert auto_bcc_address(room.store, HERE, ANN, domain="", patience=room.patience) is None


def test_T22_only_whole_addresses_of_the_domain_are_looked_at_and_not_endlessly_many() -> None:
    token = "a" * 32
    others = [f"{token}x@{DOMAIN}", f"{token}@sub.{DOMAIN}", f"{token}@{DOMAIN}.evil.example", f"<{token}@{DOMAIN}", ""]
    many = [f"{token_of(str(number))}@{DOMAIN}" for number in range(1_000)]

    assert tokens_among([*others, f" {token.upper()}@IN.CRM.EXAMPLE ", f"{token}@{DOMAIN}"], DOMAIN) == (token,)
    assert len(tokens_among(many, DOMAIN)) == 20
