"""A help page that asks for the contact to be the user's own: its statements and answers, under `assigned_contacts`."""

import pytest

from shared.domain.identifiers import UserId
from tests.rules.letters import Letter
from tests.rules.situations import CARL, company
from tests.rules.sources import statements
from tests.rules.sources.two_locations import asked_in_both, reply, two_locations
from tests.unit.usecases.office import ANN, ANNS, BOB, THERE

PRESET = "assigned_contacts"


def test_R01_the_connection_is_a_users_own() -> None:
    statements.one_users_connection_is_nobody_elses(PRESET)


def test_R03_all_boxes_must_be_ticked() -> None:
    statements.missing_permissions_connect_nothing(PRESET)


def test_R11_R14_mail_from_the_crm_begins_the_sync_of_its_thread() -> None:
    statements.replies_stay_in_one_thread_on_both_sides(PRESET)


def test_R50_the_connected_address_is_the_sender() -> None:
    statements.a_crm_mail_has_the_connected_address(PRESET)


def test_R10_mail_from_the_crm_is_in_gmail() -> None:
    statements.crm_mail_is_in_the_sent_folder(PRESET)


def test_R13_mail_from_gmail_to_a_contact_is_in_the_crm() -> None:
    statements.gmail_mail_is_in_the_conversation(PRESET)


def test_R21_mail_among_users_is_not_synced() -> None:
    statements.mail_of_users_stays_out_even_where_they_are_contacts(PRESET)


def test_R51_bulk_and_workflow_mail_keep_their_provider() -> None:
    statements.bulk_and_workflow_mail_leaves_through_the_provider(PRESET)


def test_R53_files_of_25_mb_are_the_limit() -> None:
    statements.files_of_25_mb_are_the_most(PRESET)


def test_R54_500_individual_mails_a_day() -> None:
    statements.five_hundred_a_day_for_individual_mail_alone(PRESET)


def test_R60_R61_R62_the_auto_bcc_address_makes_contact_and_conversation_and_starts_the_sync() -> None:
    statements.auto_bcc_files_and_then_syncs(PRESET)


def test_R37_another_account_without_disconnecting_the_first() -> None:
    statements.an_update_switches_without_a_disconnect(PRESET)


def test_R36_after_a_disconnect_nothing_syncs() -> None:
    statements.a_disconnect_stops_the_sync_and_keeps_what_there_is(PRESET)


def test_R05_earlier_mail_is_not_synced() -> None:
    statements.mail_of_before_the_connection_stays_out(PRESET)


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


@pytest.mark.parametrize(("whose", "fate"), [(ANN, "carl by R12"), (BOB, "out by R12"), (None, "out by R12")])
def test_R12_a_contacts_mail_syncs_if_the_contact_was_assigned_to_the_user_beforehand(
    whose: UserId | None, fate: str
) -> None:
    made = company(PRESET, assigned=whose)

    assert made.fate(made.post(Letter("m", CARL, (ANNS,)))) == fate


def test_R12_an_assignment_counts_from_then_on() -> None:
    made = company(PRESET)
    before = made.post(Letter("m", CARL, (ANNS,)))

    made.contact("carl", CARL, assigned_to=ANN)
    after = made.post(Letter("n", CARL, (ANNS,)))

    assert (made.fate(before), made.fate(after)) == ("out by R12", "carl by R12")


def test_R52_a_free_address_makes_a_bad_sender_of_bulk_mail() -> None:
    """The page warns of it; here bulk mail has the provider's sender unless the location chooses otherwise."""
    made = statements.place(PRESET)

    made.send(CARL, kind="bulk", sender=ANNS)
    made.drain()

    assert [ANNS in one.raw.decode().partition("From: ")[2].partition("\r\n")[0] for one in made.provider.taken] == [
        False
    ]


def test_R40_mail_that_the_crm_begins_shows_only_in_its_location() -> None:
    made = two_locations(PRESET)

    made.send(CARL)

    assert made.conversation("carl") == ["An offer"]
    assert made.messages(THERE) == []


def test_R41_R42_a_contact_of_several_locations_shows_in_each_also_after_a_reply() -> None:
    made = two_locations(PRESET)
    asked = asked_in_both(made)

    reply(made, asked)
    later = made.post(Letter("a", CARL, (ANNS,), subject="Re: Question", thread="t", answers="q"))

    assert (made.fate(asked), made.fate(asked, THERE)) == ("carl by R12", "carl-there by R12")
    assert (made.fate(later), made.fate(later, THERE)) == ("carl by R11", "carl-there by R11")


def test_R12_R41_only_where_the_contact_is_assigned_to_the_user() -> None:
    made = two_locations(PRESET, assigned=False)

    asked = asked_in_both(made)

    assert (made.fate(asked), made.fate(asked, THERE)) == ("carl by R12", "out by R12")
