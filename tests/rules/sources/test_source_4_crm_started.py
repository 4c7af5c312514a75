"""An older help page, where only the CRM's first mail starts a sync: its statements, under the preset `crm_started`."""

import pytest

from tests.rules.company import Company
from tests.rules.desk import Desk
from tests.rules.letters import Letter
from tests.rules.situations import CARL, answering
from tests.rules.sources import statements
from tests.unit.entrypoint.requests import error
from tests.unit.outbound import PROVIDER
from tests.unit.usecases.office import ANNS, PAGE

PRESET = "crm_started"


def test_R01_the_setting_is_a_users_own_and_changes_nothing_for_others() -> None:
    statements.one_users_connection_is_nobody_elses(PRESET)


def test_R03_an_account_is_chosen_from_the_browser_or_signed_in_to() -> None:
    statements.any_account_of_the_browser_may_be_chosen(PRESET)


def test_R03_all_permissions_that_are_asked_for_must_be_given() -> None:
    statements.missing_permissions_connect_nothing(PRESET)


def test_R10_mail_from_the_crm_is_in_gmail() -> None:
    statements.crm_mail_is_in_the_sent_folder(PRESET)


def test_R11_R14_all_further_mail_of_the_thread_syncs_both_ways() -> None:
    statements.replies_stay_in_one_thread_on_both_sides(PRESET)


def test_R13_mail_that_is_begun_in_gmail_is_not_synced() -> None:
    statements.gmail_mail_outside_of_threads_stays_in_gmail(PRESET)


def test_R50_individual_mail_has_the_connected_address() -> None:
    statements.a_crm_mail_has_the_connected_address(PRESET)


def test_R51_workflow_mail_keeps_the_locations_provider() -> None:
    statements.bulk_and_workflow_mail_leaves_through_the_provider(PRESET)


def test_R53_files_of_25_mb_are_the_limit() -> None:
    statements.files_of_25_mb_are_the_most(PRESET)


def test_R37_the_address_is_updated_without_a_disconnect() -> None:
    statements.an_update_switches_without_a_disconnect(PRESET)


def test_R36_a_disconnect_stops_the_sync_and_keeps_what_there_is() -> None:
    statements.a_disconnect_stops_the_sync_and_keeps_what_there_is(PRESET)


def test_R11_R12_the_first_mail_has_to_come_from_the_crm() -> None:
    made = statements.place(PRESET)

    before = made.post(Letter("m", CARL, (ANNS,)))
    answer = made.post(answering(made, CARL))

    assert (made.fate(before), made.fate(answer)) == ("out by R12", "carl by R11")


@pytest.mark.parametrize(
    ("sender", "shown"),
    [
        ("ann@agency.example", "ann@agency.example"),
        ("", PROVIDER.sender.address),
        ("other@elsewhere.example", PROVIDER.sender.address),
    ],
)
def test_R52_bulk_mail_has_the_users_domain_if_it_names_their_address_else_the_providers(
    sender: str, shown: str
) -> None:
    made = Company(PRESET, connected=False)
    made.account("ann@agency.example")
    made.contact("carl", CARL)
    made.connect("ann@agency.example", hosted_domain="agency.example")

    made.send(CARL, kind="bulk", sender=sender)
    made.drain()

    (taken,) = made.provider.taken
    assert shown in taken.raw.decode().partition("From: ")[2].partition("\r\n")[0]


def test_R01_who_is_logged_in_as_the_user_reads_and_changes_nothing() -> None:
    """The page lets them connect; consent is the user's own, so here they only look."""
    desk = Desk(Company(PRESET, connected=False)).acts_as(impersonated=True)

    told = desk.ask("connections", "POST", "/connection/consent", {"return_to": PAGE, "intent": "connect"})

    assert error(told)["code"] == "forbidden"
    assert desk.read("connections", "/connection")["state"] == "none"
