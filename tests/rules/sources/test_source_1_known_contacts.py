"""A help page of a sync with the contacts that there are: its statements and answers, under `known_contacts`."""

from tests.rules.letters import Letter
from tests.rules.situations import CARL, EVE
from tests.rules.sources import statements
from tests.unit.usecases.office import ANNS

PRESET = "known_contacts"


def test_R01_the_connection_is_a_users_own() -> None:
    statements.one_users_connection_is_nobody_elses(PRESET)


def test_R11_R14_a_thread_that_the_crm_began_syncs_from_then_on() -> None:
    statements.replies_stay_in_one_thread_on_both_sides(PRESET)


def test_R12_a_known_contacts_mail_syncs() -> None:
    statements.a_saved_contacts_mail_is_in_the_conversation(PRESET)


def test_R10_outbound_mail_is_in_gmail_too() -> None:
    statements.crm_mail_is_in_the_sent_folder(PRESET)


def test_R13_mail_from_gmail_is_in_the_crm_too() -> None:
    statements.gmail_mail_is_in_the_conversation(PRESET)


def test_R21_mail_of_contacts_who_are_users_is_not_synced() -> None:
    statements.mail_of_users_stays_out_even_where_they_are_contacts(PRESET)


def test_R53_files_of_25_mb_are_the_limit() -> None:
    statements.files_of_25_mb_are_the_most(PRESET)


def test_R60_R61_R62_the_auto_bcc_address_makes_contact_and_conversation_and_starts_the_sync() -> None:
    statements.auto_bcc_files_and_then_syncs(PRESET)


def test_R64_the_auto_bcc_address_shows_in_the_bcc_field() -> None:
    statements.auto_bcc_shows_in_bcc(PRESET)


def test_R65_the_mail_is_filed_whatever_gmail_says_of_its_delivery() -> None:
    statements.auto_bcc_is_logged_without_a_delivery_error(PRESET)


def test_R37_another_account_without_disconnecting_the_first() -> None:
    statements.an_update_switches_without_a_disconnect(PRESET)


def test_R36_after_a_disconnect_nothing_syncs() -> None:
    statements.a_disconnect_stops_the_sync_and_keeps_what_there_is(PRESET)


def test_R50_individual_mail_has_the_connected_address() -> None:
    statements.a_crm_mail_has_the_connected_address(PRESET)


def test_R51_bulk_and_workflow_mail_keep_their_provider() -> None:
    statements.bulk_and_workflow_mail_leaves_through_the_provider(PRESET)


def test_R54_500_individual_mails_a_day() -> None:
    statements.five_hundred_a_day_for_individual_mail_alone(PRESET)


def test_R05_earlier_mail_is_not_synced() -> None:
    statements.mail_of_before_the_connection_stays_out(PRESET)


def test_R12_the_contacts_of_gmail_are_not_taken_over() -> None:
    statements.the_address_book_is_not_imported(PRESET)


def test_R32_people_in_copy_are_shown_and_no_contacts_are_made_of_them() -> None:
    statements.people_in_copy_are_shown_and_not_created(PRESET)


def test_R16_a_contact_who_writes_to_others_with_the_user_on_it_is_logged() -> None:
    statements.mail_to_others_with_the_user_on_it_is_the_contacts(PRESET)


def test_R30_of_several_recipients_the_first_contact_has_the_conversation() -> None:
    statements.the_first_recipient_has_the_conversation(PRESET)


def test_R33_a_forwarded_mail_is_a_sent_mail() -> None:
    statements.a_forward_is_a_sent_mail_of_whom_it_goes_to(PRESET)


def test_R31_of_contacts_with_one_address_the_oldest_has_the_mail() -> None:
    statements.of_doubles_the_oldest_has_the_mail(PRESET)


def test_R06_R07_a_changed_password_needs_a_new_connection() -> None:
    statements.a_changed_password_is_said_and_reconnecting_catches_up(PRESET)


def test_R61_contacts_can_be_made_from_gmail_itself() -> None:
    """By the auto-BCC address; an ordinary mail of a stranger makes none."""
    made = statements.place(PRESET)

    assert made.fate(made.post(Letter("m", EVE, (ANNS,)))) == "out by R23"
    made.files(Letter("f", statements.CRM, (EVE,)))

    assert EVE in {one.email for one in made.contacts().values()}


def test_R36_removing_an_account_deletes_no_mail_and_nothing_new_syncs() -> None:
    """What the page calls going on for existing mail is that it stays readable."""
    made = statements.place(PRESET)
    made.post(Letter("m", CARL, (ANNS,)))

    made.disconnect()
    made.post(Letter("n", CARL, (ANNS,)))

    assert made.conversation("carl") == ["Hello"]
    assert len(made.gmail.mails) == 2
