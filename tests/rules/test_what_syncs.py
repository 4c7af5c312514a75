"""What syncs: the ways a mail comes into a conversation, once, and stays what it is."""

from datetime import timedelta

import pytest

from shared.domain.identifiers import UserId
from shared.domain.message import Direction, Origin, Status
from tests.rules.company import PRESETS, Company
from tests.rules.letters import BEGIN, Letter
from tests.rules.situations import CARL, DORA, EVE, answering, company, in_a_thread_of_the_crm
from tests.unit.usecases.office import ANN, ANNS, BOB, HERE, THERE

BOBS = "bob@gmail.com"


@pytest.mark.parametrize("preset", PRESETS)
def test_R10_R20_a_send_is_in_the_sent_folder_and_in_the_conversation_once(preset: str) -> None:
    made = company(preset)

    name = made.send(CARL)
    made.sync()
    made.drain()

    (message,) = made.messages()
    assert (message.id, message.conversation, message.status) == (name, "carl", Status.SENT)
    assert (message.direction, message.origin) == (Direction.OUTBOUND, Origin.CRM)
    sent = [mail for mail in made.gmail.mails.values() if "SENT" in mail.labels]
    assert len(sent) == 1


@pytest.mark.parametrize("preset", PRESETS)
def test_R11_R14_a_thread_that_the_crm_began_goes_on_in_both_directions(preset: str) -> None:
    made = company(preset)
    began = in_a_thread_of_the_crm(made)
    reply = made.post(Letter("a1", CARL, (ANNS,), subject="Re: An offer", thread="crm", answers=began.name))
    made.post(Letter("a2", ANNS, (CARL,), subject="Re: An offer", thread="crm", answers="a1"))

    made.send(CARL, key="key-2", reply_to=made.shown(reply).id, subject="Re: An offer")

    assert made.conversation("carl") == ["An offer", "Re: An offer", "Re: An offer", "Re: An offer"]
    assert len({one.sources[next(iter(one.sources))].thread_id for one in made.messages()}) == 1
    last = made.messages()[-1]
    assert made.shown(reply).message_id in {one for m in made.messages() for one in (m.in_reply_to,)}
    assert last.conversation == "carl"


def test_R12_a_contact_counts_from_its_creation_on() -> None:
    made = company("known_contacts")
    made.contact("late", EVE, created_at=BEGIN + timedelta(hours=1))

    early = made.post(Letter("early", EVE, (ANNS,)))
    made.clock.advance(hours=2)
    late = made.post(Letter("late", EVE, (ANNS,)))

    assert (made.fate(early), made.fate(late)) == ("out by R12", "late by R12")


@pytest.mark.parametrize(("addresses", "fate"), [("primary", "out by R23"), ("all", "carl by R12")])
def test_R15_other_addresses_of_a_contact_match_where_the_location_says_so(addresses: str, fate: str) -> None:
    made = company("known_contacts", contact_addresses=addresses)

    assert made.fate(made.post(Letter("m", "carl@home.example", (ANNS,)))) == fate


@pytest.mark.parametrize("to", [{"to": (EVE,), "cc": (ANNS,)}, {"to": (EVE,), "bcc": (ANNS,)}, {"to": (EVE, ANNS)}])
def test_R16_a_contacts_mail_to_others_counts_as_the_contacts(to: dict[str, tuple[str, ...]]) -> None:
    made = company("known_contacts")

    letter = made.post(Letter("m", CARL, **to))  # type: ignore[arg-type]

    message = made.shown(letter)
    assert message.conversation == "carl"
    assert EVE in {one.address for one in message.to}
    assert EVE not in {one.email for one in made.contacts().values()}


def test_R17_read_and_starred_follow_gmail_and_older_history_undoes_nothing() -> None:
    made = company("known_contacts")
    letter = made.post(Letter("m", CARL, (ANNS,)))
    name = made.copies["m"][ANNS]
    assert not made.shown(letter).read

    made.gmail.label(name, add=["STARRED"], remove=["UNREAD"])
    made.sync()
    assert (made.shown(letter).read, made.shown(letter).starred) == (True, True)

    made.gmail.label(name, add=["UNREAD"], remove=["STARRED"])
    made.sync()
    made.push()
    assert (made.shown(letter).read, made.shown(letter).starred) == (False, False)


@pytest.mark.parametrize("act", ["archive", "trash", "delete"])
def test_R17_archiving_trashing_and_deleting_in_gmail_delete_nothing(act: str) -> None:
    made = company("known_contacts")
    made.post(Letter("m", CARL, (ANNS,)))
    name = made.copies["m"][ANNS]

    if act == "delete":
        made.gmail.delete(name)
    else:
        made.gmail.label(name, add=["TRASH"] if act == "trash" else [], remove=["INBOX"])
    made.sync()
    made.drain()

    assert made.conversation("carl") == ["Hello"]


def test_R18_R73_a_lost_push_is_made_up_for_by_the_timer() -> None:
    made = company("known_contacts")
    lost = made.post(Letter("m", CARL, (ANNS,)), sync=False)
    assert made.fate(lost) == "unseen"

    made.drain(120)

    assert made.fate(lost) == "carl by R12"


@pytest.mark.parametrize("label", ["SPAM", "TRASH"])
@pytest.mark.parametrize("preset", PRESETS)
def test_R19_what_is_taken_out_of_spam_or_trash_is_placed_as_if_it_had_just_come(preset: str, label: str) -> None:
    made = company(preset, assigned=ANN)
    plain = made.fate(made.post(Letter("plain", CARL, (ANNS,))))
    letter = made.post(Letter("m", CARL, (ANNS,), labels=(label,)))
    assert made.fate(letter) == "out by R19"

    made.gmail.label(made.copies["m"][ANNS], add=["INBOX"], remove=[label])
    made.sync()

    assert made.fate(letter) == plain


def test_R19_a_draft_syncs_once_it_is_sent() -> None:
    made = company("known_contacts")
    draft = made.post(Letter("m", ANNS, (CARL,), labels=("DRAFT",)))
    assert made.fate(draft) == "out by R19"

    made.gmail.label(made.copies["m"][ANNS], add=["SENT"], remove=["DRAFT"])
    made.sync()

    assert made.fate(draft) == "carl by R13"


def test_R20_one_mail_to_two_users_is_one_message() -> None:
    made = company("known_contacts")
    made.connect(BOBS, user=BOB)

    letter = made.post(Letter("m", CARL, (ANNS, BOBS)))

    assert made.conversation("carl") == ["Hello"]
    assert len(made.shown(letter).sources) == 2
    assert made.fate(letter, HERE, BOBS) == "carl by R12"


def test_R20_two_mails_that_repeat_a_message_id_are_two() -> None:
    made = company("known_contacts")
    made.connect(BOBS, user=BOB)
    made.post(Letter("m", CARL, (ANNS,), subject="One"))

    made.post(Letter("m", DORA, (BOBS,), subject="Two"))

    assert (made.conversation("carl"), made.conversation("dora")) == (["One"], ["Two"])


@pytest.mark.parametrize("preset", PRESETS)
def test_R14_a_reply_from_the_crm_names_the_mail_that_it_answers(preset: str) -> None:
    made = company(preset)
    reply = made.post(answering(made, CARL))

    made.send(CARL, key="key-2", reply_to=made.shown(reply).id, subject="Re: An offer")

    raw = [mail for mail in made.gmail.mails.values() if "SENT" in mail.labels][-1]
    assert f"In-Reply-To: {reply.message_id}" in raw.raw
    assert reply.message_id in raw.raw.partition("References:")[2].partition("\r\n\r\n")[0]
    assert raw.thread == made.gmail.mails[made.copies[reply.name][ANNS]].thread


@pytest.mark.parametrize("whom", [ANN, BOB])
def test_R12_the_contacts_assigned_user_decides_only_where_assignment_is_asked_for(whom: UserId) -> None:
    asked = company("assigned_contacts", assigned=whom)
    free = company("known_contacts", assigned=whom)
    letter = Letter("m", CARL, (ANNS,))

    assert (asked.fate(asked.post(letter)) == "carl by R12") is (whom == ANN)
    assert free.fate(free.post(letter)) == "carl by R12"


def test_R13_R41_mail_begun_in_gmail_shows_in_each_location_that_has_the_contact() -> None:
    made = company("known_contacts")
    made.connect(location=THERE)
    made.contact("carl-there", CARL, THERE)

    letter = made.post(Letter("m", ANNS, (CARL,)))

    assert (made.fate(letter), made.fate(letter, THERE)) == ("carl by R13", "carl-there by R13")


def test_R12_nobody_is_a_contact_of_a_place_where_nobody_made_them_one() -> None:
    made = Company()
    made.connect(location=THERE)
    made.contact("carl", CARL)

    letter = made.post(Letter("m", CARL, (ANNS,)))

    assert (made.fate(letter), made.fate(letter, THERE)) == ("carl by R12", "out by R23")


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("at_once", [False, True])
def test_R11_R18_a_reply_under_another_subject_joins_whether_or_not_it_comes_with_what_it_answers(
    preset: str, at_once: bool
) -> None:
    """Gmail begins a new thread for it; after an outage both are read in one go."""
    made = company(preset, contact_creation="auto_bcc")
    began = in_a_thread_of_the_crm(made)
    first = Letter("a1", CARL, (ANNS,), cc=(EVE,), subject="Re: An offer", thread="crm", answers=began.name)

    made.post(first, sync=not at_once)
    other = made.post(Letter("a2", ANNS, (CARL,), subject="Another price", thread="new", answers="a1"))

    assert (made.fate(first), made.fate(other)) == ("carl by R11", "carl by R11")


@pytest.mark.parametrize("label", ["SPAM", "TRASH"])
@pytest.mark.parametrize("preset", PRESETS)
def test_R19_what_counts_are_the_labels_when_the_headers_are_read(preset: str, label: str) -> None:
    made = company(preset, assigned=ANN)
    plain = made.fate(made.post(Letter("plain", CARL, (ANNS,))))
    moved = made.post(Letter("moved", CARL, (ANNS,)), sync=False)
    rescued = made.post(Letter("rescued", CARL, (ANNS,), labels=(label,)), sync=False)

    made.gmail.label(made.copies["moved"][ANNS], add=[label], remove=["INBOX"])
    made.gmail.label(made.copies["rescued"][ANNS], add=["INBOX"], remove=[label])
    made.sync()

    assert (made.fate(moved), made.fate(rescued)) == ("out by R19", plain)
