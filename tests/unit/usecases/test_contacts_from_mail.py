"""Contacts that mail makes where the policy wants it: with the mail, once, and not against the CRM's will."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from shared.domain import keys
from shared.domain.addresses import Address
from shared.domain.identifiers import ContactId, GmailId, LocationId, MailboxId, created_contact_id
from shared.domain.location import Contact
from shared.domain.mailbox import Alias, Grant, Link, Mailbox
from shared.domain.places import MailboxAddress
from shared.errors import Transient
from shared.ports.store import Put
from shared.ports.world import Event
from shared.usecases.contended import Patience
from shared.usecases.delete_contact import delete_contact
from shared.usecases.process_notification import Notice, process_notification
from shared.usecases.put_contact import ContactDraft, put_contact
from tests.fakes.chance import FakeChance
from tests.unit.inbound import ADA, HERE, World, letter

EVE = Address("eve@other.example")
MADE = created_contact_id(EVE)
THERE = LocationId("there")


@pytest.fixture
def world() -> World:
    world = World()
    world.policy("populate_contacts")
    world.clock.advance(minutes=5)
    return world


def contact(world: World, name: ContactId = MADE) -> Contact | None:
    key = keys.contact(HERE, name)
    return world.store.read(key).value(key)


def created(world: World) -> list[object]:
    return [event.details["contact"] for event in world.topics.announced if event.type == "contact.created"]


def patience(world: World) -> Patience:
    return Patience(world.clock, FakeChance())


def put(world: World, name: str, email: str = EVE, **more: object) -> None:
    draft = ContactDraft(ContactId(name), Address(email), **more)  # type: ignore[arg-type]
    put_contact(world.store, HERE, draft, patience=patience(world))


def test_R12_a_stranger_who_writes_becomes_a_contact_with_that_mail(world: World) -> None:
    world.gmail.deliver(letter('"Eve Other" <Eve@other.example>'))
    at = world.clock.now()
    world.clock.advance(minutes=1)
    world.push()
    made = contact(world)
    assert made
    assert (made.email, made.name, made.created_at, made.assigned_to) == (EVE, "Eve Other", at, None)
    assert world.conversation(MADE) == ["Hello"]
    assert world.messages()[0].body.text.strip() == "How are you?"
    assert created(world) == [MADE]


@pytest.mark.parametrize("name", ["\"'Eve'\" <eve@other.example>", "eve@other.example <eve@other.example>"])
def test_R61_the_contacts_name_is_a_name(world: World, name: str) -> None:
    world.gmail.deliver(letter(name))
    world.push()
    made = contact(world)
    assert made
    assert made.name in {"", "Eve"}


def test_R30_whom_the_user_writes_to_becomes_one_and_nobody_in_copy(world: World) -> None:
    world.gmail.deliver(letter(ADA, f"Eve <{EVE}>, dan@other.example", Cc="carl@other.example"), labels=["SENT"])
    world.push()
    assert world.conversation(MADE) == ["Hello"]
    assert created(world) == [MADE]


def test_R12_the_next_mail_of_the_same_chunk_is_the_same_contacts(world: World) -> None:
    for number in range(3):
        world.gmail.deliver(letter(EVE, subject=f"Number {number}"))
    world.gmail.deliver(letter(ADA, EVE, subject="Answer"), labels=["SENT"])
    world.push()
    assert sorted(world.conversation(MADE)) == ["Answer", "Number 0", "Number 1", "Number 2"]
    assert created(world) == [MADE]


def test_R12_older_mail_that_is_read_later_is_theirs_too(world: World) -> None:
    """A long list of what was missed comes with the newest first."""
    older = world.clock.now()
    world.clock.advance(minutes=3)
    world.gmail.deliver(letter(EVE, subject="Newer"))
    world.push()
    world.gmail.deliver(letter(EVE, subject="Older"), at=older)
    world.push()
    assert sorted(world.conversation(MADE)) == ["Newer", "Older"]
    made = contact(world)
    assert made
    assert made.created_at == older
    assert created(world) == [MADE]


def test_R12_mail_that_is_older_than_a_contact_of_the_crm_stays_out(world: World) -> None:
    older = world.clock.now()
    world.clock.advance(minutes=3)
    put(world, "eve")
    name = world.gmail.deliver(letter(EVE), at=older)
    world.push()
    assert world.left_out() == {name: "R12"}
    assert created(world) == []


def test_R05_mail_from_before_the_connection_makes_nobody(world: World) -> None:
    world.gmail.deliver(letter(EVE), at=world.clock.now() - timedelta(days=1))
    world.push()
    assert contact(world) is None


def test_R31_the_crm_takes_the_contact_over_by_replacing_it(world: World) -> None:
    world.gmail.deliver(letter(EVE))
    world.push()
    put(world, "crm-eve", replaces=MADE)
    world.gmail.deliver(letter(EVE, subject="Again"))
    world.push()
    assert world.conversation("crm-eve") == ["Again"]
    key = keys.conversation(HERE, ContactId("crm-eve"))
    merged = world.store.read(key).value(key)
    assert merged
    assert merged.message_count == 2
    assert created(world) == [MADE]


def test_R31_a_second_contact_with_the_address_is_told_as_ambiguous(world: World) -> None:
    world.gmail.deliver(letter(EVE))
    world.push()
    put(world, "crm-eve")
    world.gmail.deliver(letter(EVE, subject="Again"))
    world.push()
    assert sorted(world.conversation(MADE)) == ["Again", "Hello"]
    assert [one.ambiguous for one in world.messages() if one.subject == "Again"] == [("crm-eve",)]


@pytest.mark.parametrize("replaced", [False, True])
def test_R39_one_that_the_crm_deleted_is_not_made_again(world: World, replaced: bool) -> None:
    world.gmail.deliver(letter(EVE))
    world.push()
    if replaced:
        put(world, "crm-eve", "eve@home.example", replaces=MADE)
    else:
        delete_contact(world.store, HERE, MADE, patience=patience(world))
    name = world.gmail.deliver(letter(EVE, subject="Again"))
    world.push()
    assert world.left_out() == {name: "R23"}
    assert world.bodies_asked() == {"m1-ada"}
    assert created(world) == [MADE]


def test_R39_the_crm_may_give_the_deleted_one_back(world: World) -> None:
    world.gmail.deliver(letter(EVE))
    world.push()
    delete_contact(world.store, HERE, MADE, patience=patience(world))
    put(world, MADE)
    world.gmail.deliver(letter(EVE, subject="Again"))
    world.push()
    assert sorted(world.conversation(MADE)) == ["Again", "Hello"]


def test_R61_one_that_the_crm_gave_another_address_keeps_its_id_and_another_is_made(world: World) -> None:
    world.gmail.deliver(letter(EVE))
    world.push()
    put(world, MADE, "eve@home.example")
    world.gmail.deliver(letter(EVE, subject="Again"))
    world.push()
    other = created_contact_id(EVE, 1)
    assert world.conversation(other) == ["Again"]
    assert created(world) == [MADE, other]


def test_R39_the_other_one_is_not_made_again_either_once_it_is_deleted(world: World) -> None:
    world.gmail.deliver(letter(EVE))
    world.push()
    put(world, MADE, "eve@home.example")
    world.gmail.deliver(letter(EVE, subject="Again"))
    world.push()
    delete_contact(world.store, HERE, created_contact_id(EVE, 1), patience=patience(world))
    name = world.gmail.deliver(letter(EVE, subject="And again"))
    world.push()
    assert world.left_out() == {name: "R23"}


def test_R20_two_mailboxes_at_once_make_one_contact_and_one_message(world: World) -> None:
    bea = second_mailbox(world)
    mail = letter(EVE, f"{ADA}, bea@agency.example", Message_ID="<one@other.example>")
    world.gmail.deliver(mail)
    world.access.accounts["bea@agency.example"].deliver(mail)
    met: list[str] = []

    def meanwhile(call: str, _what: str) -> None:
        if call == "full" and not met:
            met.append(call)
            process_notification(world.ports, Notice("bea-1", mailbox=bea))

    world.gmail.fail = meanwhile
    world.push()
    assert world.conversation(MADE) == ["Hello"]
    (message,) = world.messages()
    assert set(message.sources) == {world.mailbox_id, bea}
    assert set(created(world)) == {MADE}
    key = keys.address(HERE, EVE)
    entry = world.store.read(key).value(key)
    assert entry
    assert list(entry.contacts) == [MADE]


def second_mailbox(world: World) -> MailboxId:
    name, address = MailboxId("mailbox-bea"), Address("bea@agency.example")
    gmail = world.access.add(address, world.clock.now)
    link = Link(world.mailbox.links[HERE].user, world.clock.now(), 1)
    grant, aliases = Grant("sealed-2", 1), (Alias(address),)
    made = Mailbox(name, "sub-bea", address, aliases=aliases, grant=grant, cursor=gmail.newest, links={HERE: link})
    world.store.commit([Put(keys.mailbox(name), made), Put(keys.mailbox_address(address), MailboxAddress(name))])
    return name


class Killed(BaseException):
    """The process died: nothing of the product may catch it."""


@pytest.mark.parametrize("trouble", [Killed, RuntimeError, partial(Transient, "topics")])
def test_R75_a_contact_whose_event_got_lost_is_told_with_the_next_try(
    world: World, trouble: Callable[[], BaseException]
) -> None:
    world.gmail.deliver(letter(EVE))
    real = world.topics.announce
    failed: list[int] = []

    def broken(events: Sequence[Event]) -> None:
        if not failed:
            failed.append(1)
            raise trouble()
        real(events)

    world.topics.announce = broken  # type: ignore[method-assign]
    with contextlib.suppress(Killed):
        world.push()
    world.clock.advance(minutes=5)
    world.tick()
    assert set(created(world)) == {MADE}
    assert world.conversation(MADE) == ["Hello"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"List_Id": "<news.other.example>"},
        {"Return_Path": "<>"},
        {"Authentication_Results": "mx.google.com; dmarc=fail header.from=other.example"},
    ],
)
def test_R57_R35_machines_and_forgers_make_nobody(world: World, headers: dict[str, str]) -> None:
    name = world.gmail.deliver(letter(EVE, **headers))
    world.push()
    assert world.left_out() == {name: "R23"}
    assert contact(world) is None
    assert world.bodies_asked() == set()


def test_R19_mail_rescued_from_spam_makes_a_contact_then(world: World) -> None:
    name = world.gmail.deliver(letter(EVE), labels=("SPAM",))
    world.push()
    assert contact(world) is None
    world.gmail.label(name, add=["INBOX"], remove=["SPAM"])
    world.push()
    assert world.conversation(MADE) == ["Hello"]
    assert created(world) == [MADE]


def test_R19_a_draft_makes_one_once_it_is_sent(world: World) -> None:
    name = world.gmail.deliver(letter(ADA, EVE), labels=("DRAFT",))
    world.push()
    assert contact(world) is None
    mail = world.gmail.mails[name]
    world.gmail.mails[name] = replace(mail, labels=frozenset())
    world.gmail.label(name, add=["SENT"])
    world.push()
    assert world.conversation(MADE) == ["Hello"]


def test_R18_with_one_lost_push_the_timer_brings_mail_and_contact(world: World) -> None:
    world.push()
    world.gmail.deliver(letter(EVE))
    world.clock.advance(minutes=61)
    world.tick()
    assert world.conversation(MADE) == ["Hello"]


def test_R24_R21_whom_an_exclusion_names_or_who_is_internal_is_made_nobody(world: World) -> None:
    world.policy("populate_contacts", exclusions=["other.example"], internal_domains=["partner.example"])
    excluded = world.gmail.deliver(letter(EVE))
    inside = world.gmail.deliver(letter("pat@partner.example"))
    world.push()
    assert world.left_out() == {excluded: "R24", inside: "R22"}
    assert created(world) == []


def test_T28_the_event_names_nobody(world: World) -> None:
    world.gmail.deliver(letter(f"Eve CANARY <{EVE}>"))
    world.push()
    told = repr(world.topics.announced)
    assert "CANARY" not in told
    assert "eve@" not in told


def test_R23_mail_that_is_gone_before_its_body_is_read_is_gone(world: World) -> None:
    name = world.gmail.deliver(letter(EVE))

    def vanish(call: str, what: str) -> None:
        if call == "full":
            world.gmail.mails.pop(what, None)

    world.gmail.fail = vanish
    world.push()
    assert world.messages() == []
    assert list(world.parked()) == [GmailId(name)]
