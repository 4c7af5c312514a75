"""What Gmail and Google's token endpoint refuse: waits that are kept, grants that end, and who is asked to act."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.adapters.gmail.statuses import failure, token_failure
from shared.domain import keys
from shared.domain.addresses import Address
from shared.domain.connection import Connection, ConnectionState
from shared.domain.identifiers import MailboxId, UserId
from shared.domain.location import AddressEntry
from shared.domain.mailbox import Alias, Grant, Link, Mailbox
from shared.domain.places import MailboxAddress
from shared.errors import GrantLost, Refused, Remedy, Transient
from shared.ports.store import Put
from shared.usecases.process_notification import Ending, Notice, process_notification
from tests.unit.inbound import HERE, World, letter

BOB = "bob@client.example"
ZOES = "zoe@agency.example"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    world = World()
    world.contact("bob", BOB)
    world.clock.advance(minutes=5)
    return world


def refusal(status: int, reason: str, message: str = "no", **headers: str) -> Exception:
    body = f'{{"error": {{"code": {status}, "message": "{message}", "errors": [{{"reason": "{reason}"}}]}}}}'
    return failure(status, body.encode(), headers, NOW)


LATER = NOW + timedelta(minutes=7)
RATES = {
    "429 with Retry-After": refusal(429, "rateLimitExceeded", **{"retry-after": "420"}),
    "403 userRateLimitExceeded": refusal(
        403, "userRateLimitExceeded", f"User-rate limit exceeded.  Retry after {LATER:%Y-%m-%dT%H:%M:%S.000Z}"
    ),
    "403 rateLimitExceeded": refusal(403, "rateLimitExceeded", **{"retry-after": "420"}),
    "429 that says so in the text": refusal(429, "x", f"Retry after {LATER:%Y-%m-%dT%H:%M:%SZ} (Mail sending)"),
}


@pytest.mark.parametrize("form", RATES)
@pytest.mark.parametrize("call", ["history", "headers", "full"])
def test_f18_a_rate_limit_in_any_form_is_waited_out_durably_by_that_mailbox_alone(
    world: World, form: str, call: str
) -> None:
    zoe = another(world)
    world.clock.time = NOW
    world.gmail.deliver(letter(BOB))
    trouble = RATES[form]
    assert isinstance(trouble, Transient)
    assert trouble.retry_at == LATER

    def limited(name: str, _what: str) -> None:
        if name == call and world.clock.now() < LATER:
            raise trouble

    world.gmail.fail = limited
    assert world.push().ending is Ending.PAUSED
    assert world.mailbox.reads_paused_until == LATER
    asked = world.gmail.calls.total()
    for _ in range(6):
        world.clock.advance(minutes=1)
        world.push()
        world.tick()
    assert world.gmail.calls.total() == asked, "another instance would have asked too early"
    world.access.accounts[ZOES].deliver(letter(BOB, ZOES, "To Zoe"))
    notice = Notice("zoe", address=Address(ZOES), history_id=world.access.accounts[ZOES].newest)
    assert process_notification(world.ports, notice).ending is Ending.SYNCED
    assert world.conversation("bob") == ["To Zoe"]
    assert zoe != world.mailbox_id
    world.clock.advance(minutes=2)
    world.tick()
    assert sorted(world.conversation("bob")) == ["Hello", "To Zoe"]


def another(world: World) -> MailboxId:
    """A second user of the location, with a mailbox of her own."""
    account, name, who = world.access.add(ZOES, world.clock.now), MailboxId("mailbox-zoe"), UserId("zoe")
    address = Address(ZOES)
    made = Mailbox(
        name,
        "sub-zoe",
        address,
        aliases=(Alias(address),),
        grant=Grant("sealed-zoe", 1),
        cursor=account.newest,
        links={HERE: Link(who, world.clock.now(), 1)},
    )
    connection = Connection(who, name, address, ConnectionState.CONNECTED, world.clock.now())
    world.store.commit(
        [
            Put(keys.mailbox(name), made),
            Put(keys.mailbox_address(address), MailboxAddress(name)),
            Put(keys.connection(HERE, who), connection),
            Put(keys.address(HERE, address), AddressEntry(internal={"user:zoe": address})),
        ]
    )
    return name


@pytest.mark.parametrize(
    ("reason", "remedy", "event"),
    [
        ("insufficientPermissions", Remedy.RECONNECT, "connection.reauth_required"),
        ("domainPolicy", Remedy.ADMINISTRATOR, "connection.blocked"),
        ("accessNotConfigured", None, None),
    ],
)
def test_f19_only_what_the_user_can_mend_asks_the_user_to_reconnect(
    world: World, reason: str, remedy: Remedy | None, event: str | None
) -> None:
    world.gmail.deliver(letter(BOB))

    def refuse(call: str, _what: str) -> None:
        raise refusal(403, reason)

    world.gmail.fail = refuse
    ending = world.push().ending
    trouble = world.mailbox.trouble
    assert ending is (Ending.CONDEMNED if remedy else Ending.PAUSED)
    assert (trouble.remedy if trouble else None) == remedy
    assert [one.type for one in world.topics.announced] == ([event] if event else [])
    if remedy is None:
        assert "deployment" in world.mailbox.pause_reason
        world.gmail.fail = lambda _name, _what: None
        world.clock.advance(minutes=10)
        world.tick()
        assert world.conversation("bob") == ["Hello"]


def test_f22_a_grant_that_ends_amid_a_batch_keeps_what_is_stored_and_is_told_once(world: World) -> None:
    world.ports = replace(world.ports, chunk=2)
    for number in range(6):
        world.gmail.deliver(letter(BOB, subject=f"{number}"))

    def ends(call: str, what: str) -> None:
        if call == "full" and what.startswith("m4"):
            world.access.refused["sealed-1"] = GrantLost(Remedy.RECONNECT, "invalid_grant")
            raise GrantLost(Remedy.RECONNECT, "invalid_grant")

    world.gmail.fail = ends
    assert world.push().ending is Ending.CONDEMNED
    calls = world.gmail.calls.total()
    assert sorted(world.conversation("bob")) == ["0", "1"]
    for _ in range(120):
        world.clock.advance(minutes=1)
        assert world.tick() == []
        assert world.push().ending is Ending.IDLE
    assert world.gmail.calls.total() == calls
    assert [one.type for one in world.topics.announced].count("connection.reauth_required") == 1
    assert not world.mailbox.leased(world.clock.now())
    world.gmail.fail = lambda _name, _what: None
    again = replace(world.mailbox, grant=Grant("sealed-2", 2), trouble=None, wake_at=world.clock.now())
    world.store.commit([Put(keys.mailbox(world.mailbox_id), again)])
    world.tick()
    assert sorted(world.conversation("bob")) == ["0", "1", "2", "3", "4", "5"]
    assert {one.id for one in world.topics.announced if one.type == "message.stored"} == {
        f"message.stored:{HERE}:{message.id}" for message in world.messages()
    }


@pytest.mark.parametrize(
    "trouble",
    [
        token_failure(500, b"<html>busy</html>"),
        token_failure(503, b""),
        token_failure(429, b'{"error": "rate_limit_exceeded"}'),
        token_failure(400, b'{"error": "invalid_client"}'),
        Transient("token endpoint: ReadTimeoutError"),
    ],
    ids=["500", "503", "429", "our own client", "timeout"],
)
@pytest.mark.parametrize("call", ["history", "full"])
def test_f24_trouble_at_the_token_endpoint_never_ends_a_connection(world: World, trouble: Exception, call: str) -> None:
    world.gmail.deliver(letter(BOB))

    def fails(name: str, _what: str) -> None:
        if name == call:
            raise trouble

    world.gmail.fail = fails
    for _ in range(90):
        world.push()
        world.clock.advance(minutes=1)
        world.tick()
    assert world.mailbox.trouble is None
    assert world.mailbox.usable
    assert world.topics.announced == []
    assert world.gmail.calls[call] < 25, "it is asked ever more rarely"
    world.gmail.fail = lambda _name, _what: None
    world.clock.advance(minutes=20)
    world.tick()
    assert world.conversation("bob") == ["Hello"]


def test_f34_neither_form_in_which_a_watch_is_refused_is_the_users_fault() -> None:
    taken = refusal(400, "failedPrecondition", "Only one user push notification client allowed per developer")
    unset = refusal(403, "forbidden", "Error sending test message to Cloud PubSub projects/p/topics/t: not authorized")
    assert isinstance(taken, Refused | Transient)
    assert isinstance(unset, Transient)
    assert unset.reason.startswith("deployment")
