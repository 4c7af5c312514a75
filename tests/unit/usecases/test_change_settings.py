"""What a user chooses for their own connection: kept with it, mirrored where the sync looks, outliving its end."""

import pytest

from shared.domain.connection import Intent
from shared.errors import Conflict, Rejected
from shared.usecases.change_settings import MOST, change_settings
from tests.unit.usecases.office import ANN, BOB, HERE, THERE, Office

EXCLUSIONS = ["Mum@Home.example", "@bank.example", "label:Private"]
KEPT = ("mum@home.example", "bank.example", "label:Private")


@pytest.fixture
def office() -> Office:
    office = Office()
    office.connect()
    return office


def change(office: Office, *exclusions: str, signature: bool = True, user: str = ANN) -> None:
    change_settings(
        office.store,
        HERE,
        user,  # type: ignore[arg-type]
        exclusions=exclusions,
        signature=signature,
        patience=office.patience,
    )


def test_R24_R50_the_settings_are_kept_and_the_mailbox_knows_the_exclusions(office: Office) -> None:
    change(office, *EXCLUSIONS)
    settings = office.status().settings
    assert settings
    assert (settings.exclusions, settings.signature) == (KEPT, True)
    assert office.mailbox().links[HERE].exclusions == KEPT


def test_R24_they_are_of_one_location_alone(office: Office) -> None:
    office.connect(location=THERE)
    change(office, *EXCLUSIONS)
    other = office.status(location=THERE).settings
    assert other
    assert (other.exclusions, other.signature) == ((), False)
    assert office.mailbox().links[THERE].exclusions == ()


def test_R24_they_survive_a_reconnect_an_update_and_a_new_connection(office: Office) -> None:
    change(office, *EXCLUSIONS)
    office.connect(intent=Intent.RECONNECT)
    assert office.mailbox().links[HERE].exclusions == KEPT
    office.account("ann.new@gmail.com")
    office.connect("ann.new@gmail.com", intent=Intent.UPDATE)
    assert office.mailbox("ann.new@gmail.com").links[HERE].exclusions == KEPT
    office.disconnect()
    settings = office.status().settings
    assert settings
    assert settings.exclusions == KEPT
    office.connect()
    assert office.mailbox().links[HERE].exclusions == KEPT
    assert office.connection().signature


def test_R24_they_can_be_changed_while_disconnected_and_emptied_again(office: Office) -> None:
    office.disconnect()
    change(office, "bank.example", signature=False)
    office.connect()
    assert office.mailbox().links[HERE].exclusions == ("bank.example",)
    change(office)
    assert office.mailbox().links[HERE].exclusions == ()


@pytest.mark.parametrize(
    "wrong", ["", "nothing", "a@b@c.example", "label:", "label:  ", "co m.example", "x\u2028y.example"]
)
def test_R24_what_is_no_exclusion_is_refused_and_nothing_is_kept(office: Office, wrong: str) -> None:
    with pytest.raises(Rejected) as refused:
        change(office, "bank.example", wrong)
    assert refused.value.code == "invalid_request"
    assert "Number 2" in refused.value.message
    assert office.connection().exclusions == ()


def test_R24_there_may_be_so_many_and_no_more(office: Office) -> None:
    change(office, *(f"shop{number}.example" for number in range(MOST)))
    with pytest.raises(Rejected) as refused:
        change(office, *(f"shop{number}.example" for number in range(MOST + 1)))
    assert refused.value.code == "invalid_request"


def test_who_never_connected_has_nothing_to_choose_for(office: Office) -> None:
    with pytest.raises(Rejected) as refused:
        change(office, user=BOB)
    assert refused.value.code == "not_connected"


def test_a_change_that_meets_another_one_is_made_on_top_of_it(office: Office) -> None:
    met: list[int] = []

    def once(_writes: object) -> None:
        if not met:
            met.append(1)
            raise Conflict

    office.store.before_commit = once
    change(office, "bank.example")
    assert office.mailbox().links[HERE].exclusions == ("bank.example",)
