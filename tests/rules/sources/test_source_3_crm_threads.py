"""A help page that names the risks of such a sync: its statements, and what is done about them, under `crm_threads`."""

import pytest

from shared.errors import Refused
from tests.rules.company import Company
from tests.rules.letters import Letter
from tests.rules.situations import CARL, CREW, EVE, answering
from tests.rules.sources import statements
from tests.rules.sources.two_locations import asked_in_both, reply, two_locations
from tests.unit.usecases.office import ANNS, THERE

PRESET = "crm_threads"


def test_R01_each_user_connects_their_own_account() -> None:
    statements.one_users_connection_is_nobody_elses(PRESET)


def test_R10_mail_from_the_crm_is_in_the_users_sent_folder() -> None:
    statements.crm_mail_is_in_the_sent_folder(PRESET)


def test_R12_a_saved_contacts_mail_is_in_the_conversation() -> None:
    statements.a_saved_contacts_mail_is_in_the_conversation(PRESET)


def test_R14_replies_on_either_side_stay_in_the_thread() -> None:
    statements.replies_stay_in_one_thread_on_both_sides(PRESET)


def test_R13_mail_that_is_begun_in_gmail_is_not_synced() -> None:
    statements.gmail_mail_outside_of_threads_stays_in_gmail(PRESET)


def test_R05_earlier_mail_is_not_synced() -> None:
    statements.mail_of_before_the_connection_stays_out(PRESET)


def test_R51_bulk_and_workflow_mail_leaves_through_the_accounts_provider() -> None:
    statements.bulk_and_workflow_mail_leaves_through_the_provider(PRESET)


def test_R21_mail_among_users_is_not_synced() -> None:
    statements.mail_of_users_stays_out_even_where_they_are_contacts(PRESET)


def test_R12_the_contacts_of_gmail_are_not_taken_over() -> None:
    statements.the_address_book_is_not_imported(PRESET)


def test_R53_files_of_25_mb_are_the_limit() -> None:
    statements.files_of_25_mb_are_the_most(PRESET)


def test_R32_people_in_copy_become_no_contacts() -> None:
    statements.people_in_copy_are_shown_and_not_created(PRESET)


def test_R30_of_several_recipients_the_first_has_the_conversation() -> None:
    statements.the_first_recipient_has_the_conversation(PRESET)


def test_R31_of_contacts_with_one_address_the_oldest_has_the_mail() -> None:
    statements.of_doubles_the_oldest_has_the_mail(PRESET)


def test_R60_R62_the_auto_bcc_address_files_and_starts_the_sync() -> None:
    statements.auto_bcc_files_and_then_syncs(PRESET)


def test_R37_an_update_is_a_switch() -> None:
    statements.an_update_switches_without_a_disconnect(PRESET)


def test_R36_a_disconnect_stops_everything_and_keeps_what_there_is() -> None:
    statements.a_disconnect_stops_the_sync_and_keeps_what_there_is(PRESET)


def test_R06_a_sync_that_broke_is_never_silent() -> None:
    statements.a_changed_password_is_said_and_reconnecting_catches_up(PRESET)


def test_R54_the_limit_resets_by_a_rolling_day_and_is_said_clearly() -> None:
    statements.five_hundred_a_day_for_individual_mail_alone(PRESET)


@pytest.mark.parametrize("sender", [CREW, "amy@office.example"])
def test_R22_staff_who_are_contacts_but_no_users_do_not_leak(sender: str) -> None:
    """The page's filter knows users only; a staff list and internal domains close that."""
    made = statements.place(PRESET)
    made.contact("amy", "amy@office.example")

    came = made.post(Letter("in", sender, (ANNS,)))
    went = made.post(Letter("out", ANNS, (sender,)))

    assert (made.fate(came), made.fate(went)) == ("out by R22", "out by R22")
    assert made.messages() == []


def test_R25_a_reply_to_all_that_loops_a_contact_in_does_not_bring_the_thread_along() -> None:
    """The page warns that the whole thread would; here its past stays out, and so does what goes round the contact."""
    made = statements.place(PRESET)
    made.post(Letter("b1", "bob@crm.example", (ANNS,), thread="t"))
    looped = made.post(Letter("b2", "bob@crm.example", (ANNS,), (CARL,), thread="t", answers="b1"))
    answer = made.post(Letter("b3", CARL, (ANNS, "bob@crm.example"), thread="t", answers="b2"))
    aside = made.post(Letter("b4", "bob@crm.example", (ANNS,), thread="t", answers="b3"))

    assert made.fate(looped) == "out by R22"
    assert made.fate(answer) == "carl by R12"
    assert made.fate(aside) == "out by R22"


def test_R23_mail_that_is_left_out_is_never_read() -> None:
    made = statements.place(PRESET)

    made.post(Letter("m", EVE, (ANNS,), text="A diagnosis"))

    assert made.bodies_asked() == set()
    assert "diagnosis" not in made.dump()


def test_R15_a_contacts_further_addresses_do_not_match() -> None:
    made = statements.place(PRESET)

    assert made.fate(made.post(Letter("m", "carl@home.example", (ANNS,)))) == "out by R23"


def test_R11_a_strangers_answer_in_a_known_thread_is_not_synced() -> None:
    made = statements.place(PRESET)

    assert made.fate(made.post(answering(made, EVE, ANNS, cc=(CARL,)))) == "out by R23"


@pytest.mark.parametrize(("domain", "limit"), [(None, 500), ("agency.example", 2_000)])
def test_R02_R54_consumer_accounts_send_500_and_workspace_2000_a_day(domain: str | None, limit: int) -> None:
    made = Company(PRESET, connected=False)

    made.connect(hosted_domain=domain)

    sends = made.status().sends
    assert sends
    assert sends.limit == limit


def test_R56_a_mail_that_fails_says_so_and_takes_no_other_way() -> None:
    made = statements.place(PRESET)

    def refuse(_: str) -> None:
        raise Refused("invalidArgument", "Gmail refused the request (400).")

    made.mailboxes.sender(made.mailbox()).before = refuse
    message = made.message(made.send(CARL))

    assert message
    assert message.failure
    assert message.failure.action
    assert made.provider.taken == []


def test_R17_deleting_in_gmail_deletes_nothing_in_the_crm() -> None:
    made = statements.place(PRESET)
    made.post(Letter("m", CARL, (ANNS,)))

    made.gmail.delete(made.copies["m"][ANNS])
    made.sync()

    assert made.conversation("carl") == ["Hello"]


def test_R41_R42_in_several_locations_a_contact_shows_in_all_until_one_replies() -> None:
    """There the others break silently; here they see that it happened, and the claim can be moved or released."""
    made = two_locations(PRESET)
    asked = asked_in_both(made)

    reply(made, asked)
    later = made.post(Letter("a", CARL, (ANNS,), subject="Re: Question", thread="t", answers="q"))

    assert (made.fate(asked), made.fate(asked, THERE)) == ("carl by R12", "carl-there by R12")
    assert (made.fate(later), made.fate(later, THERE)) == ("carl by R11", "out by R42")
    assert [one.location for one in made.topics.announced if one.type == "thread.claimed"]
