"""What never syncs: mail among colleagues, of strangers, excluded mail, and what goes round a contact in a thread."""

from datetime import timedelta

import pytest

from shared.domain.identifiers import MessageId, UserId
from shared.domain.location import User
from shared.errors import Rejected
from shared.usecases.change_settings import change_settings
from shared.usecases.put_user import put_user
from tests.rules.company import PRESETS, Company
from tests.rules.letters import BEGIN, Letter
from tests.rules.situations import CARL, CREW, DORA, EVE, SALES, answering, company, in_a_thread_of_the_crm
from tests.unit.usecases.office import ANN, ANNS, BOB, HERE, THERE, address

BOBS = "bob@gmail.com"


@pytest.mark.parametrize("preset", PRESETS)
def test_R21_a_colleague_who_is_a_contact_too_is_no_contact(preset: str) -> None:
    made = company(preset, assigned=ANN)
    made.contact("bob-too", "bob@crm.example", assigned_to=ANN)

    came = made.post(Letter("in", "bob@crm.example", (ANNS,)))
    went = made.post(Letter("out", ANNS, ("bob@crm.example",)))

    assert (made.fate(came), made.fate(went)) == ("out by R22", "out by R22")
    assert made.messages() == []


def test_R21_a_send_to_a_colleague_who_is_a_contact_is_shown_and_warns() -> None:
    made = company("known_contacts")
    made.contact("bob-too", "bob@crm.example")

    mail = {"to": [{"address": "bob@crm.example"}], "subject": "S", "text": "T"}
    accepted = made.asks_to_send(mail, key="key-1")

    assert (accepted.conversation, accepted.warnings) == ("bob-too", ("replies_not_synced",))


@pytest.mark.parametrize(
    "sender",
    [
        "bob@crm.example",
        "bob+home@crm.example",
        "BOB@CRM.EXAMPLE",
        CREW,
        "desk+late@reception.example",
        SALES,
        "amy@office.example",
        "b.o.b@googlemail.com",
        "bob@gmail.com",
    ],
)
@pytest.mark.parametrize("preset", PRESETS)
def test_R22_R35_every_form_of_an_internal_address_is_internal(preset: str, sender: str) -> None:
    made = company(preset)
    made.connect(BOBS, user=BOB)

    letter = made.post(Letter("m", sender, (ANNS,), forged=True, headers={"X-Real": "1"}))

    assert made.fate(letter) == "out by R22"
    assert not made.bodies_asked()


@pytest.mark.parametrize("preset", PRESETS)
def test_R22_colleagues_of_another_location_are_outsiders_here(preset: str) -> None:
    made = company(preset)
    put_user(made.store, THERE, User(UserId("zoe"), address("zoe@crm.example")), patience=made.patience)

    assert made.fate(made.post(Letter("m", "zoe@crm.example", (ANNS,)))) != "out by R22"


@pytest.mark.parametrize("preset", PRESETS)
def test_R23_the_body_of_what_is_left_out_is_never_asked_for_and_nothing_of_it_is_kept(preset: str) -> None:
    made = company(preset)
    letters = [
        Letter("r22", "bob@crm.example", (ANNS,), subject="Sacked-1", text="Sacked-2"),
        Letter("r19", CARL, (ANNS,), labels=("SPAM",), subject="Sacked-1", text="Sacked-2"),
        Letter("r24", CARL, (ANNS, "lawyer@secret.example"), subject="Sacked-1", text="Sacked-2"),
        Letter("r23", EVE, (ANNS,), subject="Sacked-1", text="Sacked-2", headers={"Precedence": "bulk"}),
        Letter("r05", CARL, (ANNS,), subject="Sacked-1", text="Sacked-2", at=BEGIN - timedelta(days=2)),
    ]
    for one in letters:
        made.post(one)

    assert made.bodies_asked() == set()
    assert made.messages() == []
    kept = made.dump()
    for secret in ("Sacked", EVE, "r22@mail.example", "r23@mail.example"):
        assert secret not in kept


@pytest.mark.parametrize("excluded", [CARL, "customer.example", "label:private"])
@pytest.mark.parametrize("preset", PRESETS)
def test_R24_what_the_user_excludes_stays_out_of_their_connection_alone(preset: str, excluded: str) -> None:
    made = company(preset, assigned=BOB)
    made.connect(BOBS, user=BOB)
    bobs = made.mailboxes.accounts[BOBS]
    bobs.own_labels["Label_1"] = "Other"
    letter = Letter("m", CARL, (ANNS, BOBS), labels=("INBOX", "Label_1"))
    made.policy(preset)
    change_settings(made.store, HERE, ANN, exclusions=[excluded], signature=False, patience=made.patience)

    made.post(letter)

    assert made.fate(letter) == "out by R24"
    assert made.fate(letter, HERE, BOBS) != "out by R24"
    status = made.status()
    assert status.settings
    assert status.settings.exclusions == (excluded,)


def test_R24_a_label_counts_as_it_is_when_the_headers_are_read() -> None:
    made = company("known_contacts")
    late = made.post(Letter("late", CARL, (ANNS,)))

    made.gmail.label(made.copies["late"][ANNS], add=["Label_1"])
    made.sync()

    assert made.fate(late) == "carl by R12"


@pytest.mark.parametrize("domain", ["gmail.com", "outlook.com", "yahoo.com"])
def test_R24_a_public_mail_domain_is_no_internal_domain(domain: str) -> None:
    made = Company()

    with pytest.raises(Rejected, match="internal_domains") as refused:
        made.policy("known_contacts", internal_domains=[domain])

    assert refused.value.code == "invalid_policy"


@pytest.mark.parametrize("preset", PRESETS)
def test_R25_a_contact_who_joins_a_thread_brings_none_of_its_past(preset: str) -> None:
    made = company(preset)
    made.policy(preset, contact_creation="auto_bcc")
    before = made.post(Letter("b1", EVE, (ANNS,), thread="t"))
    made.post(Letter("b2", ANNS, (EVE,), thread="t", answers="b1"))
    made.post(Letter("b3", EVE, (ANNS,), cc=(CARL,), thread="t", answers="b2"))
    made.contact("carl2", "carl2@customer.example", assigned_to=ANN)
    joined = made.post(Letter("b4", "carl2@customer.example", (ANNS, EVE), thread="t", answers="b3"))

    assert made.fate(before) == "out by R23"
    stored = [one.message_id for one in made.messages()]
    assert stored in ([], [joined.message_id])


@pytest.mark.parametrize("preset", PRESETS)
def test_R25_mail_that_goes_round_the_contact_with_new_people_stays_out(preset: str) -> None:
    made = company(preset)
    made.policy(preset, contact_creation="auto_bcc")

    aside = made.post(answering(made, EVE, ANNS))

    assert made.fate(aside) == "out by R23"


@pytest.mark.parametrize(("preset", "fate"), [("known_contacts", "carl by R11"), ("crm_threads", "out by R23")])
def test_R25_people_who_were_on_the_conversations_mail_may_go_on_alone(preset: str, fate: str) -> None:
    made = company(preset)
    began = in_a_thread_of_the_crm(made)
    made.post(Letter("a1", CARL, (ANNS,), cc=(EVE,), subject="Re: An offer", thread="crm", answers=began.name))

    aside = made.post(Letter("a2", EVE, (ANNS,), subject="Re: An offer", thread="crm", answers="a1"))

    assert made.fate(aside) == fate


@pytest.mark.parametrize("preset", ["known_contacts", "populate_contacts", "assigned_contacts"])
def test_R25_R33_who_was_only_on_a_mail_of_another_conversation_is_not_known_in_this_one(preset: str) -> None:
    """Ann forwards Carl's mail to Dora within the Gmail thread; Dora's answer to Ann is no mail of Carl's."""
    made = company(preset, assigned=ANN)
    made.post(Letter("q", CARL, (ANNS,), subject="Question", thread="t"))
    forward = made.post(Letter("f", ANNS, (DORA,), subject="Fwd: Question", thread="t"))

    answer = made.post(Letter("a", DORA, (ANNS,), subject="Re: Question", thread="t", answers="f"))

    assert made.fate(forward) == "dora by R13"
    assert made.fate(answer) == "dora by R12"
    assert made.conversation("carl") == ["Question"]


@pytest.mark.parametrize("preset", ["known_contacts", "assigned_contacts"])
def test_R25_R33_a_crm_reply_in_another_conversation_makes_nobody_known_in_this_one(preset: str) -> None:
    """As above, with the CRM answering Dora in the same Gmail thread."""
    made = company(preset, assigned=ANN)
    made.post(Letter("q", CARL, (ANNS,), subject="Question", thread="t"))
    forward = made.post(Letter("f", ANNS, (DORA,), subject="Question", thread="t", answers="q"))
    made.send(DORA, reply_to=MessageId(made.shown(forward).id), subject="Re: Question")

    answer = made.post(Letter("a", DORA, (ANNS,), subject="Re: Question", thread="t", answers="f"))

    assert made.shown(answer).conversation == "dora"
    assert made.conversation("carl") == ["Question"]
