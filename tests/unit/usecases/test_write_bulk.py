"""What of a bulk mail is accepted, and what is refused with nothing kept (R51, R53)."""

from typing import Any

import pytest

from shared.domain import keys
from shared.domain.addresses import Address
from shared.domain.identifiers import ContactId
from shared.domain.outbox import EntryState
from shared.errors import Rejected
from tests.unit.inbound import ADA, HERE
from tests.unit.outbound import CARL, file_part
from tests.unit.provided import CRM, Provided

STRANGER = {"address": "stranger@elsewhere.example"}
MIB = 1_048_576


@pytest.fixture
def world() -> Provided:
    return Provided()


def refused(world: Provided, mail: dict[str, Any], *files: Any) -> Rejected:
    with pytest.raises(Rejected) as caught:
        world.accept({"kind": "bulk", **mail}, *files, user=CRM, service=True)
    assert not any("outbox" in path for path in world.store.documents), "nothing may be kept"
    assert not world.blobs.contents
    return caught.value


def test_R51_a_bulk_mail_is_accepted_with_the_first_contacts_message_shown_as_queued(world: Provided) -> None:
    to = [STRANGER, *world.people(2)]

    accepted = world.accept({"kind": "bulk", "to": to}, user=CRM, service=True)

    shown = world.shown(accepted.id)
    assert (accepted.conversation, shown.conversation, shown.status) == ("c0", "c0", "queued")
    assert [one.address for one in shown.to] == ["c0@customer.example"]
    assert world.statuses(accepted.id) == {one["address"]: "queued" for one in to}
    assert world.topics.delivered == [accepted.id]


def test_R51_each_recipient_gets_a_mail_of_their_own_with_only_them_in_to(world: Provided) -> None:
    name = world.bulk([*world.people(3), STRANGER])

    world.deliver(name)

    everybody = ["c0@customer.example", "c1@customer.example", "c2@customer.example", STRANGER["address"]]
    assert [one.rcpt_to for one in world.provider.taken] == [(one,) for one in everybody]
    assert [(mail["To"], mail["Cc"]) for mail in world.taken()] == [(one, None) for one in everybody]
    assert len({mail["Message-ID"] for mail in world.taken()}) == 4
    assert world.entry(name).state is EntryState.SENT
    assert len(world.provider.opened) == 1


def test_R51_each_contact_sees_the_mail_in_their_own_conversation_and_nobody_else_is_made_a_contact(
    world: Provided,
) -> None:
    name = world.bulk([*world.people(3), STRANGER])

    world.deliver(name)

    assert [world.conversation(f"c{at}") for at in range(3)] == [["An offer"]] * 3
    for at in range(3):
        key = keys.conversation(HERE, ContactId(f"c{at}"))
        conversation = world.store.read(key).value(key)
        assert conversation
        assert (conversation.id, conversation.message_count) == (f"c{at}", 1)
    assert len(world.messages()) == 3
    assert [row.message is None for row in world.rows(name)] == [False, False, False, True]
    assert world.types() == [("message.sent", "c0"), ("message.sent", "c1"), ("message.sent", "c2")]


def test_R51_a_recipient_who_is_given_twice_gets_it_once(world: Provided) -> None:
    name = world.bulk([*world.people(2), {"address": "C0@Customer.example"}])

    world.deliver(name)

    assert world.reached() == ["c0@customer.example", "c1@customer.example"]


def test_R51_an_answer_to_a_bulk_mail_finds_the_recipients_own_conversation(world: Provided) -> None:
    name = world.bulk(world.people(2))
    world.deliver(name)
    second = world.taken()[1]["Message-ID"]

    world.gmail.deliver(
        f"From: c1@customer.example\r\nTo: {ADA}\r\nSubject: Re: An offer\r\nIn-Reply-To: {second}\r\n\r\nYes.\r\n"
    )
    world.push()

    assert sorted(world.conversation("c1")) == ["An offer", "Re: An offer"]
    assert world.conversation("c0") == ["An offer"]


def test_R53_a_thousand_recipients_are_accepted_and_one_more_is_refused(world: Provided) -> None:
    everybody = [{"address": f"p{at}@customer.example"} for at in range(999)]

    name = world.bulk([{"address": CARL}, *everybody])
    world.store.documents.pop(f"outbox/{name}")

    with pytest.raises(Rejected) as caught:
        world.bulk([{"address": CARL}, *everybody, STRANGER], key="2")
    error = caught.value
    assert (error.code, error.details) == ("too_many_recipients", {"recipients": 1001, "limit": 1000})


def test_R53_one_mail_to_a_hundred_and_one_is_refused_also_as_workflow(world: Provided) -> None:
    to = [{"address": f"p{at}@customer.example"} for at in range(101)]

    error = refused(world, {"kind": "workflow", "to": to})

    assert (error.code, error.details) == ("too_many_recipients", {"recipients": 101, "limit": 100})


@pytest.mark.parametrize("kind", ["bulk", "workflow"])
def test_R53_what_is_too_large_once_encoded_is_refused_with_its_size_also_at_the_provider(
    world: Provided, kind: str
) -> None:
    error = refused(world, {"kind": kind, "text": "é" * 320_000}, file_part("a.bin", bytes(25 * MIB)))

    assert error.code == "too_large"
    assert int(str(error.details["size"])) > int(str(error.details["limit"])) == 36_700_160


@pytest.mark.parametrize(
    "mail",
    [
        {"cc": [{"address": CARL}]},
        {"bcc": [{"address": CARL}]},
        {"reply_to": "some-message"},
        {"contact": "carl"},
        {"to": []},
    ],
)
def test_R51_what_makes_no_sense_in_a_bulk_mail_is_refused(world: Provided, mail: dict[str, Any]) -> None:
    assert refused(world, mail).code == "invalid_request"


def test_R51_a_bulk_mail_to_nobody_who_is_a_contact_is_refused(world: Provided) -> None:
    assert refused(world, {"to": [STRANGER, {"address": ADA}]}).code == "no_contact"


def test_R21_a_bulk_mail_to_a_colleague_warns_that_answers_stay_away(world: Provided) -> None:
    accepted = world.accept({"kind": "bulk", "to": [{"address": CARL}, {"address": ADA}]}, user=CRM, service=True)
    world.deliver(accepted.id)

    assert accepted.warnings == ("replies_not_synced",)
    assert world.reached() == [CARL, ADA]
    assert len(world.messages()) == 1


def test_R21_a_colleague_who_is_a_contact_too_is_shown_the_bulk_mail_in_that_conversation(world: Provided) -> None:
    bea = Address("bea@agency.example")
    world.contact("bea", bea)
    world.policy(staff=[bea])
    accepted = world.accept({"kind": "bulk", "to": [{"address": bea}]}, user=CRM, service=True)

    assert (accepted.conversation, accepted.warnings) == ("bea", ("replies_not_synced",))
    assert world.conversation("bea") == ["An offer"]


def test_R24_a_bulk_mail_to_an_excluded_address_warns_that_answers_stay_away(world: Provided) -> None:
    world.policy(exclusions=[STRANGER["address"]])
    accepted = world.accept({"kind": "bulk", "to": [{"address": CARL}, STRANGER]}, user=CRM, service=True)

    assert accepted.warnings == ("replies_not_synced",)


def test_F51_a_bulk_key_that_comes_again_gets_the_first_answer(world: Provided) -> None:
    to = world.people(2)
    first = world.bulk(to)
    world.deliver(first)

    assert world.bulk(to) == first
    world.deliver(first)
    assert len(world.reached()) == 2
    with pytest.raises(Rejected, match="idempotency_key_reused"):
        world.bulk(to[:1])


def test_F43_a_bulk_mail_of_a_thousand_keeps_every_document_and_every_commit_small(world: Provided) -> None:
    sizes: list[int] = []
    world.store.before_commit = lambda writes: sizes.append(len(writes))
    to = [{"address": f"p{at:04}@customer.example", "name": "N" * 200} for at in range(999)]

    name = world.bulk([{"address": CARL}, *to])
    world.deliver(name)

    assert len(world.reached()) == 1_000
    assert max(sizes) < 500
    assert max(len(str(fields)) for fields, _ in world.store.documents.values()) < 300_000
