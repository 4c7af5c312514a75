"""Auto-BCC mail of every odd kind, mail that answers by itself, and mail whose taking is interrupted."""

from collections.abc import Sequence
from email.message import EmailMessage

import pytest

from shared.domain.addresses import Address
from shared.domain.identifiers import UserId
from shared.domain.location import User
from shared.domain.message import Origin
from shared.errors import Conflict, Transient
from shared.ports.store import Write
from shared.usecases.put_user import put_user
from tests.rules.company import Company
from tests.rules.letters import Letter
from tests.unit.domain.reports import GMAIL
from tests.unit.usecases.mailroom import CARL, Mailroom
from tests.unit.usecases.office import ANNS, HERE

DORA, EVE = "dora@customer.example", "eve@other.example"
COLLEAGUE = "bob@crm.example"


@pytest.fixture
def made() -> Company:
    company = Company("populate_contacts")
    company.contact("carl", CARL)
    put_user(company.store, HERE, User(UserId("ann"), Address(ANNS)), patience=company.patience)
    return company


def people(made: Company) -> set[str]:
    return {one.email for one in made.contacts().values()}


@pytest.mark.parametrize("first", ["filed", "synced"])
@pytest.mark.parametrize("pushed_twice", [True, False])
def test_f62_the_same_mail_by_auto_bcc_and_by_the_sync_is_one_message_with_both_ways(
    made: Company, first: str, *, pushed_twice: bool
) -> None:
    own, now = made.capture_address(), made.clock.now()
    letter = Letter("offer", ANNS, (CARL,), bcc=(own,), subject="Offer", at=now)
    if first == "filed":
        made.files(letter)
        made.post(letter)
    else:
        made.post(letter)
        made.files(letter)
    if pushed_twice:
        made.files(letter)
        made.sync()
    (message,) = made.messages()
    assert set(message.sources) == {made.mailbox().id}
    assert message.filed_by == (UserId("ann"),)
    assert message.origin is (Origin.AUTO_BCC if first == "filed" else Origin.GMAIL)
    assert made.store.documents["locations/here/conversations/carl"][0]["message_count"] == 1


@pytest.mark.parametrize("sender", [CARL, "somebody@else.example"], ids=["another date", "another sender"])
def test_f62_a_message_id_that_another_mail_has_used_makes_no_one_message_of_two(made: Company, sender: str) -> None:
    """Broken mailers repeat Message-IDs; whoever chooses one on purpose hides nobody's mail with it."""
    made.contact("somebody", "somebody@else.example")
    made.post(Letter("same", sender, (ANNS,), subject="First", headers={"Message-ID": "<same@x.example>"}))
    made.clock.advance(hours=3)
    made.files(Letter("mine", ANNS, (CARL,), subject="Second", headers={"Message-ID": "<same@x.example>"}))
    assert sorted(one.subject for one in made.messages()) == ["First", "Second"]


FILED: dict[str, tuple[Letter, dict[str, list[str]]]] = {
    "to nobody known": (Letter("a", ANNS, (EVE,), subject="S"), {EVE: ["S"]}),
    "to several contacts": (Letter("b", ANNS, (CARL, DORA), subject="S"), {CARL: ["S"], DORA: []}),
    "to a stranger, with a contact in copy": (
        Letter("c", ANNS, (EVE,), cc=(CARL,), subject="S"),
        {EVE: ["S"], CARL: []},
    ),
    "to a colleague, with a contact in copy": (Letter("d", ANNS, (COLLEAGUE,), cc=(CARL,), subject="S"), {CARL: ["S"]}),
    "to colleagues only": (Letter("e", ANNS, (COLLEAGUE,), subject="canary", text="canary"), {}),
    "a contact's mail, forwarded to the address": (Letter("f", CARL, (ANNS,), subject="S"), {}),
    "forwarded to a contact": (Letter("g", ANNS, (DORA,), subject="Fwd: S"), {DORA: ["Fwd: S"]}),
}


@pytest.mark.parametrize("what", FILED)
def test_f63_what_is_filed_goes_to_whom_it_was_written_and_among_colleagues_nowhere(made: Company, what: str) -> None:
    made.contact("dora", DORA)
    letter, expected = FILED[what]
    made.files(letter)
    ids = {one.email: one.id for one in made.contacts().values()}
    assert {email: made.conversation(ids[Address(email)]) for email in expected} == expected
    assert len(made.messages()) == sum(bool(subjects) for subjects in expected.values())
    if "colleagues only" in what:
        assert made.held() == []
        assert "canary" not in repr(made.store.documents) + repr(made.blobs.contents)
    assert not [one for one in people(made) if one.endswith("crm.example")]


def test_f63_a_bounce_that_comes_to_the_filing_address_files_nothing_and_makes_nobody(made: Company) -> None:
    before = people(made)
    report = Letter(
        "r", "mailer-daemon@googlemail.com", (made.capture_address(),), headers={"Auto-Submitted": "auto-replied"}
    )
    done = made.files(report)
    assert [name for name in done if name.startswith("dropped")]
    assert (made.messages(), people(made)) == ([], before)


AUTOMATIC: dict[str, dict[str, str]] = {
    "a vacation answer": {"Auto-Submitted": "auto-replied"},
    "an old responder": {"X-Autoreply": "yes"},
    "Precedence": {"Precedence": "auto_reply"},
    "bulk": {"Precedence": "bulk"},
    "a list": {"List-Id": "<news.other.example>", "List-Unsubscribe": "<mailto:u@other.example>"},
    "a notice of our own": {"Auto-Submitted": "auto-generated"},
}


@pytest.mark.parametrize(
    "sender", [EVE, "mailer-daemon@other.example", "postmaster@other.example", "noreply@other.example"]
)
@pytest.mark.parametrize("kind", AUTOMATIC)
def test_f64_mail_that_answers_by_itself_makes_nobody_a_contact_and_is_never_answered(
    made: Company, kind: str, sender: str
) -> None:
    """The location makes contacts of whoever writes; two that answered each other would never end."""
    before = people(made)
    made.send(CARL, key="offer")
    sent = len([one for one in made.gmail.mails.values() if "SENT" in one.labels])
    for number in range(3):
        made.post(Letter(f"auto-{number}", sender, (ANNS,), subject="Out of office", headers=AUTOMATIC[kind]))
        made.files(Letter(f"filed-{number}", sender, (CARL,), subject="Out of office", headers=AUTOMATIC[kind]))
        made.drain(3)
    assert people(made) == before
    assert [one.subject for one in made.messages()] == ["An offer"]
    assert len([one for one in made.gmail.mails.values() if "SENT" in one.labels]) == sent == 1
    assert made.provider.taken == []


def test_f64_a_contacts_vacation_answer_is_stored_as_such_once_and_answered_by_nobody(made: Company) -> None:
    made.send(CARL, key="offer")
    now = made.clock.now()
    for _ in range(2):
        made.post(
            Letter("away", CARL, (ANNS,), subject="Out of office", headers=AUTOMATIC["a vacation answer"], at=now)
        )
    made.drain(5)
    (away,) = [one for one in made.messages() if one.subject == "Out of office"]
    assert away.automatic
    assert len([one for one in made.gmail.mails.values() if "SENT" in one.labels]) == 1


def test_f64_a_delivery_report_marks_the_mail_and_makes_nobody_of_the_daemon(made: Company) -> None:
    name = made.send(CARL, key="offer", cc=[{"address": EVE}])
    sent = made.message(name)
    assert sent
    before = people(made)
    report = GMAIL.replace("<CAoffer@mail.gmail.com>", sent.message_id or "").replace("nobody@customer.example", EVE)
    made.clock.advance(minutes=1)
    (source,) = sent.sources.values()
    made.gmail.deliver(report, thread=source.thread_id)
    made.sync()
    marked = made.message(name)
    assert marked
    assert [one.address for one in marked.bounces] == [EVE]
    assert people(made) == before
    assert len(made.messages()) == 1


def test_f64_our_own_mail_that_comes_back_is_known_and_not_filed_again(made: Company) -> None:
    """The marker in its header says that it is a send of the CRM's, which has its message already."""
    made.send(CARL, key="offer", bcc=[{"address": made.capture_address()}])
    (copy,) = [one.raw for one in made.gmail.mails.values() if "SENT" in one.labels]
    marker = next(line for line in copy.splitlines() if line.startswith("X-Gmail-Sync-Entry"))
    name, _, value = marker.partition(": ")
    made.files(Letter("back", ANNS, (CARL,), subject="An offer", headers={name: value}))
    assert [one.subject for one in made.messages()] == ["An offer"]


@pytest.mark.parametrize("error", [Transient("store: ServiceUnavailable"), Conflict("ABORTED")])
@pytest.mark.parametrize("lost", [True, False], ids=["written, answer lost", "not written"])
def test_f65_filed_mail_is_acknowledged_only_once_it_is_kept(error: Exception, *, lost: bool) -> None:
    """Whoever brought it hears that it shall bring it again, which bounces nothing; then it is filed once."""
    room = Mailroom()
    room.contact("carl")
    own, mail = room.address(), room.letter()
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="offer.pdf")

    def down(_writes: Sequence[Write]) -> None:
        raise error

    if not (lost and isinstance(error, Conflict)):
        setattr(room.store, "after_commit" if lost else "before_commit", down)
        with pytest.raises(Transient):
            room.bring(mail, own, name="same")
    room.store.before_commit = room.store.after_commit = lambda _: None
    for _ in range(2):
        room.bring(mail, own, name="same")
    message = room.message()
    assert [room.blobs.contents[one.blob] for one in message.attachments] == [b"%PDF"]
    conversation = room.conversation("carl")
    assert conversation
    assert conversation.message_count == 1


def test_f65_nothing_that_is_filed_held_or_dropped_makes_a_mail_to_its_sender() -> None:
    room = Mailroom()
    room.contact("carl")
    own = room.address()
    for number, (sender, verdict) in enumerate([("ann@crm.example", "dmarc=pass"), (EVE, "none"), ("", "none")]):
        mail: EmailMessage = room.letter(subject=f"{number}")
        room.bring(mail, own, sender=sender, verdict=f"{verdict} header.from=crm.example")
        room.bring(mail, "nobody@in.crm.example", sender=sender, verdict="none")
    assert not [path for path in room.store.documents if path.startswith("outbox/")]
    assert room.topics.delivered == []
