"""A help page that promises contacts which fill themselves: its statements, under the preset `populate_contacts`."""

import pytest

from tests.rules.letters import Letter
from tests.rules.situations import CARL, EVE
from tests.rules.sources import statements
from tests.unit.usecases.office import ANNS

PRESET = "populate_contacts"


def test_R01_a_user_connects_an_account_of_their_own() -> None:
    statements.one_users_connection_is_nobody_elses(PRESET)


def test_R03_an_account_is_chosen_from_the_browser_or_signed_in_to() -> None:
    statements.any_account_of_the_browser_may_be_chosen(PRESET)


def test_R03_all_permissions_that_are_asked_for_must_be_given() -> None:
    statements.missing_permissions_connect_nothing(PRESET)


def test_R10_mail_sent_from_the_crm_is_in_the_sent_folder() -> None:
    statements.crm_mail_is_in_the_sent_folder(PRESET)


def test_R13_mail_sent_from_gmail_is_in_the_conversation() -> None:
    statements.gmail_mail_is_in_the_conversation(PRESET)


def test_R14_replies_join_the_thread_by_themselves() -> None:
    statements.replies_stay_in_one_thread_on_both_sides(PRESET)


def test_R12_mail_of_saved_contacts_is_in_the_conversation() -> None:
    statements.a_saved_contacts_mail_is_in_the_conversation(PRESET)


def test_R21_mail_of_the_locations_users_is_not_synced_for_privacy() -> None:
    statements.mail_of_users_stays_out_even_where_they_are_contacts(PRESET)


def test_R53_files_of_25_mb_are_the_limit() -> None:
    statements.files_of_25_mb_are_the_most(PRESET)


def test_R54_R51_500_mails_a_day_individual_mail_only() -> None:
    statements.five_hundred_a_day_for_individual_mail_alone(PRESET)


def test_R51_bulk_and_workflow_mail_leaves_through_the_provider() -> None:
    statements.bulk_and_workflow_mail_leaves_through_the_provider(PRESET)


def test_R60_R62_with_the_auto_bcc_address_all_further_mail_of_the_contact_syncs() -> None:
    statements.auto_bcc_files_and_then_syncs(PRESET)


def test_R65_the_notice_about_delivery_does_not_keep_a_mail_from_being_filed() -> None:
    statements.auto_bcc_is_logged_without_a_delivery_error(PRESET)


def test_R37_an_update_changes_the_account_without_a_disconnect() -> None:
    statements.an_update_switches_without_a_disconnect(PRESET)


def test_R36_a_disconnect_stops_the_sync_and_keeps_what_there_is() -> None:
    statements.a_disconnect_stops_the_sync_and_keeps_what_there_is(PRESET)


def test_R05_earlier_mail_is_not_synced() -> None:
    statements.mail_of_before_the_connection_stays_out(PRESET)


def test_R32_people_in_copy_become_no_contacts() -> None:
    statements.people_in_copy_are_shown_and_not_created(PRESET)


def test_R33_a_forwarded_mail_is_a_sent_mail() -> None:
    statements.a_forward_is_a_sent_mail_of_whom_it_goes_to(PRESET)


def test_R31_of_contacts_with_one_address_the_oldest_has_the_mail() -> None:
    statements.of_doubles_the_oldest_has_the_mail(PRESET)


def test_R06_R07_after_a_change_of_password_the_account_is_connected_again() -> None:
    statements.a_changed_password_is_said_and_reconnecting_catches_up(PRESET)


@pytest.mark.parametrize("sender", [EVE, ANNS])
def test_R12_R13_people_of_gmail_become_contacts_by_themselves(sender: str) -> None:
    """Those that mail is exchanged with do; the address book is not copied."""
    made = statements.place(PRESET)

    made.post(Letter("m", sender, (ANNS,) if sender == EVE else (EVE,)))

    (name,) = [one.id for one in made.contacts().values() if one.email == EVE]
    assert made.conversation(name) == ["Hello"]


def test_R57_machines_become_no_contacts() -> None:
    made = statements.place(PRESET)

    made.post(Letter("m", EVE, (ANNS,), headers={"List-Id": "<news.example>"}))

    assert set(made.contacts()) == {"carl", "dora", "crew"}


def test_R18_both_sides_are_up_to_date_with_the_notification() -> None:
    made = statements.place(PRESET)
    letter = made.post(Letter("m", CARL, (ANNS,)), sync=False)

    made.push()

    assert made.fate(letter) == "carl by R12"
