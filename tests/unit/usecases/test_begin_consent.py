"""A consent begins only where it could end well, and leaves nothing behind that would help anybody else."""

import base64
import hashlib
from datetime import timedelta

import pytest

from shared.domain import keys
from shared.domain.connection import Intent
from shared.domain.identifiers import LocationId, UserId
from shared.errors import Rejected, Remedy
from shared.usecases.condemn_mailbox import condemn
from tests.unit.usecases.office import HERE, Office, id_of, state_of


def test_it_asks_for_consent_with_pkce_and_keeps_only_sealed_or_hashed_secrets() -> None:
    office = Office()

    begun = office.begin()

    asked = office.grants.asked[0]
    assert begun.expires_at == office.clock.now() + timedelta(minutes=10)
    stored = office.dump()
    state, challenge = str(asked["state"]), str(asked["challenge"])
    assert state not in stored
    drawn = [f"{number:043d}" for number in range(1, office.chance.drawn + 1)]
    verifiers = [one for one in drawn if _s256(one) == challenge]
    assert len(verifiers) == 1
    assert verifiers[0] not in stored
    assert len(verifiers[0]) >= 43


def _s256(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


@pytest.mark.parametrize(
    "return_to",
    [
        "https://crm.example/connected/",
        "https://crm.example/connected?x=1",
        "https://crm.example:443/connected",
        "//crm.example/connected",
        "https://crm.example@evil.example/connected",
        "https:crm.example/connected",
        "javascript:alert(1)",
        "https://crm.example/connected\r\nX: y",
        "",
    ],
)
def test_t05_only_the_very_pages_that_are_listed_are_returned_to(return_to: str) -> None:
    office = Office()

    with pytest.raises(Rejected, match="invalid_request"):
        office.begin(return_to=return_to)

    assert not office.grants.asked


@pytest.mark.parametrize(("location", "user"), [(LocationId("elsewhere"), UserId("ann")), (HERE, UserId("stranger"))])
def test_r01_only_a_user_of_the_location_can_begin(location: LocationId, user: UserId) -> None:
    with pytest.raises(Rejected, match="not_found"):
        Office().begin(location=location, user=user)


@pytest.mark.parametrize("intent", [Intent.RECONNECT, Intent.UPDATE])
def test_there_is_nothing_to_renew_or_change_before_the_first_connection(intent: Intent) -> None:
    with pytest.raises(Rejected, match="not_connected"):
        Office().begin(intent=intent)


def test_who_is_connected_is_told_so_before_they_are_sent_to_google() -> None:
    office = Office()
    office.connect()

    with pytest.raises(Rejected, match="already_connected"):
        office.begin()


def test_r06_who_is_in_trouble_may_connect_again_and_reconnecting_names_the_account() -> None:
    office = Office()
    office.connect()
    condemn(
        office.store,
        office.topics,
        id_of("ann@gmail.com"),
        1,
        remedy=Remedy.RECONNECT,
        reason="invalid_grant",
        now=office.clock.now(),
    )

    office.begin()
    office.begin(intent=Intent.RECONNECT)

    assert [one["login_hint"] for one in office.grants.asked[-2:]] == [None, "ann@gmail.com"]


def test_each_consent_is_its_own() -> None:
    office = Office()

    states = {state_of(office.begin()) for _ in range(3)}

    assert len(states) == 3
    assert len({one["challenge"] for one in office.grants.asked}) == 3
    assert len({one["nonce"] for one in office.grants.asked}) == 3
    assert len([path for path in office.store.documents if path.startswith(keys.CONSENTS.path)]) == 3
