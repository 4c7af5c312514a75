"""What a location or its user keeps out by address, domain or label, as a sync meets it (R24)."""

from dataclasses import replace
from email.message import EmailMessage

import pytest

from shared.domain import keys
from shared.domain.identifiers import GmailId, LocationId, UserId
from shared.errors import Refused, Transient
from shared.ports.store import Put
from shared.usecases import explain as explaining
from shared.usecases.change_settings import change_settings
from shared.usecases.contended import Patience
from tests.fakes.chance import FakeChance
from tests.unit.inbound import ADA, HERE, World, letter

BOB = "Bob <bob@client.example>"
THERE = LocationId("there")


@pytest.fixture
def world() -> World:
    world = World()
    world.contact("bob", "bob@client.example")
    world.gmail.own_labels = {"Label_1": "Private", "Label_2": "Private/Tax", "Label_3": "Work"}
    world.clock.advance(minutes=5)
    return world


def choose(world: World, *exclusions: str) -> None:
    patience = Patience(world.clock, FakeChance())
    change_settings(world.store, HERE, UserId("ada"), exclusions=exclusions, signature=False, patience=patience)


@pytest.mark.parametrize("where", ["policy", "own"])
@pytest.mark.parametrize(("label", "stored"), [("Label_1", False), ("Label_2", False), ("Label_3", True)])
def test_R24_mail_with_an_excluded_label_or_one_beneath_it_stays_out(
    world: World, where: str, label: str, stored: bool
) -> None:
    if where == "policy":
        world.policy(exclusions=["label:private"])
    else:
        choose(world, "label:PRIVATE")
    name = world.gmail.deliver(letter(BOB), labels=("INBOX", label))
    world.push()
    assert world.conversation("bob") == (["Hello"] if stored else [])
    assert world.left_out() == ({} if stored else {name: "R24"})
    assert world.bodies_asked() == ({name} if stored else set())


@pytest.mark.parametrize("exclusion", ["bob@client.example", "client.example", "label:Important", "label:Updates"])
def test_R24_the_users_own_exclusions_keep_out_too(world: World, exclusion: str) -> None:
    choose(world, exclusion)
    name = world.gmail.deliver(letter(BOB), labels=("INBOX", "IMPORTANT", "CATEGORY_UPDATES"))
    world.push()
    assert world.left_out() == {name: "R24"}


def test_R24_gmail_is_asked_for_labels_once_in_a_run_and_only_where_it_matters(world: World) -> None:
    for number in range(60):
        world.gmail.deliver(letter(BOB, subject=f"Number {number}"), labels=("INBOX", "Label_3"))
    world.push()
    assert world.gmail.calls["labels"] == 0
    world.policy(exclusions=["label:Private"])
    world.gmail.deliver(letter(BOB), labels=("INBOX",))
    world.push()
    assert world.gmail.calls["labels"] == 0
    for number in range(60):
        world.gmail.deliver(letter(BOB, subject=f"More {number}"), labels=("INBOX", "Label_3"))
    world.push()
    assert world.gmail.calls["labels"] == 1
    assert len(world.conversation("bob")) == 121


def test_R24_a_label_that_gmail_no_longer_has_is_asked_for_once_more_and_is_none(world: World) -> None:
    world.policy(exclusions=["label:Private"])
    for _ in range(3):
        world.gmail.deliver(letter(BOB), labels=("INBOX", "Label_99"))
    world.push()
    assert world.gmail.calls["labels"] == 1
    assert world.conversation("bob") == ["Hello"] * 3


def test_R24_mail_whose_labels_cannot_be_read_waits_and_is_not_stored(world: World) -> None:
    world.policy(exclusions=["label:Private"])
    name = world.gmail.deliver(letter(BOB), labels=("INBOX", "Label_1"))

    def refuse(call: str, _what: str) -> None:
        if call == "labels":
            raise Refused("forbidden", "no")

    world.gmail.fail = refuse
    world.push()
    assert world.conversation("bob") == []
    assert list(world.parked()) == [name]
    assert world.bodies_asked() == set()


def test_F29_labels_that_gmail_never_tells_keep_back_only_what_has_some(world: World) -> None:
    world.policy(exclusions=["label:Private"])

    def trouble(call: str, _what: str) -> None:
        if call == "labels":
            raise Transient("gmail: 503")

    world.gmail.fail = trouble
    name = world.gmail.deliver(letter(BOB), labels=("INBOX", "Label_1"))
    world.gmail.deliver(letter(BOB, subject="Behind it"))
    for _ in range(6):
        world.push()
        world.clock.advance(minutes=20)
        world.tick()
    assert world.conversation("bob") == ["Behind it"]
    assert list(world.parked()) == [name]


def test_R24_R19_a_label_that_is_added_later_takes_nothing_away(world: World) -> None:
    world.policy(exclusions=["label:Private"])
    name = world.gmail.deliver(letter(BOB))
    world.push()
    world.gmail.label(name, add=["Label_1"])
    world.push()
    assert world.conversation("bob") == ["Hello"]


def test_R24_R19_what_an_exclusion_left_out_stays_out_when_its_label_is_taken_off(world: World) -> None:
    world.policy(exclusions=["label:Private"])
    name = world.gmail.deliver(letter(BOB), labels=("INBOX", "Label_1"))
    world.push()
    world.gmail.label(name, remove=["Label_1"])
    world.push()
    assert world.conversation("bob") == []


def test_R24_exclusions_that_change_while_mail_is_fetched_hold_for_that_mail(world: World) -> None:
    name = world.gmail.deliver(letter(BOB))

    def meanwhile(call: str, _what: str) -> None:
        if call == "full" and not world.mailbox.links[HERE].exclusions:
            choose(world, "client.example")

    world.gmail.fail = meanwhile
    world.push()
    assert world.mailbox.links[HERE].exclusions == ("client.example",)
    assert world.conversation("bob") == []
    assert world.left_out() == {name: "R24"}


@pytest.mark.parametrize("what", ["exclusions", "link"])
def test_R24_R36_links_that_change_while_the_lease_is_renewed_hold_too(world: World, what: str) -> None:
    """The worker writes the mailbox alone meanwhile, and so comes to know its newer version."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = BOB, ADA, "With a file"
    made.set_content("See the file")
    made.add_attachment(b"file", maintype="application", subtype="octet-stream", filename="a.bin")
    world.location(THERE)
    world.link(THERE)
    world.contact("bob-there", "bob@client.example", THERE)
    world.gmail.deliver(made.as_string())

    def meanwhile(call: str, _what: str) -> None:
        if call != "full" or world.mailbox.links[HERE].exclusions or THERE not in world.mailbox.links:
            return
        if what == "exclusions":
            choose(world, "client.example")
        else:
            world.unlink(THERE)
        world.clock.advance(seconds=40)

    world.gmail.fail = meanwhile
    world.push()
    assert world.conversation("bob") == ([] if what == "exclusions" else ["With a file"])
    assert world.conversation("bob-there", THERE) == (["With a file"] if what == "exclusions" else [])


def test_R24_one_locations_exclusion_is_not_the_others(world: World) -> None:
    world.location(THERE)
    world.link(THERE)
    world.contact("bob-there", "bob@client.example", THERE)
    choose(world, "client.example")
    world.clock.advance(minutes=1)
    world.gmail.deliver(letter(BOB))
    world.push()
    assert world.conversation("bob") == []
    assert world.conversation("bob-there", THERE) == ["Hello"]


def test_R70_explain_judges_labels_as_the_sync_does(world: World) -> None:
    world.policy(exclusions=["label:Private"])
    name = world.gmail.deliver(letter(BOB), labels=("INBOX", "Label_2"))
    key = keys.mailbox(world.mailbox_id)
    world.store.commit([Put(key, replace(world.mailbox, cursor=world.gmail.newest))])
    explained = explaining.explain(
        HERE,
        explaining.Asked(gmail_id=GmailId(name)),
        explaining.Extent(),
        caller=UserId("ada"),
        now=world.clock.now(),
        store=world.store,
        access=lambda: world.access,
    )
    (item,) = explained.items
    assert (item.decision, item.rule) == ("left_out", "R24")


@pytest.mark.parametrize(("setting", "value"), [("exclusions", ["client.example"]), ("trigger", "crm_started")])
def test_R24_F40_a_policy_that_changes_while_headers_are_fetched_holds_for_that_mail(
    world: World, setting: str, value: object
) -> None:
    """Gmail's quota may make a chunk wait for a minute before its headers are there."""
    world.gmail.deliver(letter(BOB))

    def meanwhile(call: str, _what: str) -> None:
        if call == "headers":
            world.clock.advance(minutes=1)
            world.policy(**{setting: value})  # type: ignore[arg-type]

    world.gmail.fail = meanwhile
    world.push()
    assert world.conversation("bob") == []
    assert world.bodies_asked() == set()


@pytest.mark.parametrize(
    "recipient",
    [
        '"jane@lawyer.example" <jane.doe@lawyer.example>',
        "jane@lawyer.example <j@other.example>",
        "=?utf-8?q?jane=40lawyer=2Eexample?= <j@other.example>",
        "jane@lawyer.example joe@lawyer.example",
        "(cc) <jane@lawyer.example> x@other.example",
    ],
)
@pytest.mark.parametrize("field", ["To", "Cc", "Bcc"])
def test_R24_R35_who_is_named_in_doubt_is_kept_out_in_doubt(world: World, field: str, recipient: str) -> None:
    world.policy(exclusions=["lawyer.example"])
    name = world.gmail.deliver(f"{field}: {recipient}\n{letter(BOB)}")
    world.push()
    assert world.left_out() == {name: "R24"}
    assert world.bodies_asked() == set()


def test_R24_settings_that_change_while_parked_mail_is_taken_up_hold_for_it(world: World) -> None:
    def refuse(call: str, _what: str) -> None:
        if call == "full":
            raise Refused("forbidden", "not now")

    world.gmail.fail = refuse
    world.gmail.deliver(letter(BOB))
    world.push()
    assert world.parked()
    world.gmail.fail = lambda _call, _what: None
    find = world.store.find

    def found(query):  # type: ignore[no-untyped-def]
        there = find(query)
        if query.collection == keys.PARKED and not world.mailbox.links[HERE].exclusions:
            choose(world, "client.example")
        return there

    world.store.find = found  # type: ignore[method-assign]
    world.clock.advance(minutes=2)
    world.tick()
    assert world.parked() == {}
    assert world.conversation("bob") == []
