"""Send-as addresses that the user adds after connecting: Gmail is asked when mail is sent from one (R22, R34)."""

import pytest

from shared.domain import keys
from shared.domain.addresses import Address
from shared.domain.mailbox import Alias
from shared.errors import Refused, Transient
from shared.usecases.process_notification import Ending
from tests.unit.inbound import ADA, HERE, World, letter

SALES = Address("sales@brand.example")
PARTNER = Address("grace@agency.example")


@pytest.fixture
def world() -> World:
    world = World()
    world.contact("bob", "bob@client.example")
    world.clock.advance(minutes=5)
    return world


def internal(world: World, address: Address = SALES) -> list[str]:
    key = keys.address(HERE, address)
    entry = world.store.read(key).value(key)
    return list(entry.internal) if entry else []


def test_R34_mail_sent_from_a_new_alias_makes_it_the_users_own_at_once(world: World) -> None:
    world.gmail.more_aliases = (Alias(SALES, "Sales"),)
    world.gmail.deliver(letter(f"Sales <{SALES}>", "bob@client.example", subject="Sent"), labels=["SENT"])
    world.push()
    assert world.conversation("bob") == ["Sent"]
    assert internal(world) == [f"alias:{world.mailbox_id}:{SALES}"]
    assert SALES in world.mailbox.own_addresses()
    assert world.gmail.calls["aliases"] == 1


def test_R22_mail_among_the_users_own_addresses_stays_out_even_the_first_time(world: World) -> None:
    world.policy("populate_contacts")
    world.gmail.more_aliases = (Alias(SALES, "Sales"),)
    name = world.gmail.deliver(letter(SALES, ADA), labels=["SENT", "INBOX"])
    world.push()
    assert world.left_out() == {name: "R22"}
    assert world.bodies_asked() == set()


def test_R34_an_alias_that_gmail_took_away_is_anybodys(world: World) -> None:
    world.gmail.more_aliases = (Alias(SALES, "Sales"),)
    world.gmail.deliver(letter(SALES, "bob@client.example"), labels=["SENT"])
    world.push()
    world.gmail.more_aliases = (Alias(Address("new@brand.example")),)
    world.gmail.deliver(letter("new@brand.example", "bob@client.example"), labels=["SENT"])
    world.push()
    assert internal(world) == []
    assert internal(world, Address("new@brand.example"))


def test_R34_gmail_is_asked_once_a_run_and_never_for_addresses_that_are_known(world: World) -> None:
    world.gmail.deliver(letter(f"Ada+news <{ADA.replace('@', '+news@')}>", "bob@client.example"), labels=["SENT"])
    world.gmail.deliver(letter("bob@client.example"))
    world.push()
    assert world.gmail.calls["aliases"] == 0
    for number in range(120):
        world.gmail.deliver(letter("odd@other.example", "bob@client.example", subject=f"{number}"), labels=["SENT"])
    world.push()
    assert world.gmail.calls["aliases"] == 1
    assert internal(world, Address("odd@other.example")) == []


def test_R34_a_from_without_the_sent_label_asks_nothing_and_proves_nothing(world: World) -> None:
    world.gmail.more_aliases = (Alias(SALES),)
    world.gmail.deliver(letter(SALES, ADA))
    world.push()
    assert world.gmail.calls["aliases"] == 0
    assert internal(world) == []


def test_R18_refused_aliases_stop_nothing(world: World) -> None:
    def refuse(call: str, _what: str) -> None:
        if call == "aliases":
            raise Refused("forbidden", "no")

    world.gmail.fail = refuse
    world.gmail.deliver(letter(SALES, "bob@client.example"), labels=["SENT"])
    world.push()
    assert world.conversation("bob") == ["Hello"]


def test_F29_aliases_that_gmail_never_tells_keep_nothing_back_for_long(world: World) -> None:
    def trouble(call: str, _what: str) -> None:
        if call == "aliases":
            raise Transient("gmail: 503")

    world.gmail.fail = trouble
    world.gmail.deliver(letter(SALES, "bob@client.example"), labels=["SENT"])
    for _ in range(6):
        world.push()
        world.clock.advance(minutes=20)
        world.tick()
    assert world.conversation("bob") == ["Hello"]


def test_F18_trouble_with_them_pauses_and_loses_nothing(world: World) -> None:
    def trouble(call: str, _what: str) -> None:
        if call == "aliases":
            raise Transient("gmail: 503")

    world.gmail.fail = trouble
    world.gmail.deliver(letter(SALES, "bob@client.example"), labels=["SENT"])
    assert world.push().ending is Ending.PAUSED
    world.gmail.fail = lambda *_: None
    world.clock.advance(minutes=5)
    world.tick()
    assert world.conversation("bob") == ["Hello"]
