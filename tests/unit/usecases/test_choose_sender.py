"""Which way a mail goes, and from whom (R50 to R52)."""

from dataclasses import replace
from typing import Any

import pytest

from shared.domain import keys
from shared.domain.addresses import Address
from shared.domain.connection import ConnectionState
from shared.domain.identifiers import UserId
from shared.domain.mailbox import Alias, Trouble
from shared.errors import GrantLost, Rejected, Remedy
from shared.ports.store import Put
from tests.unit.inbound import ADA, HERE
from tests.unit.outbound import CARL, PROVIDER, USER
from tests.unit.provided import BEN, BENS, CRM, Provided

MAILER = PROVIDER.sender.address


@pytest.fixture
def world() -> Provided:
    return Provided()


def refused(world: Provided, mail: dict[str, Any], **who: Any) -> Rejected:
    with pytest.raises(Rejected) as caught:
        world.accept(mail, **who)
    assert not any("outbox" in path for path in world.store.documents), "nothing may be kept"
    assert not world.blobs.contents
    return caught.value


def gmail_address(world: Provided, address: str) -> None:
    """Ada's connected account is another one."""
    key = keys.connection(HERE, USER)
    connection = world.store.read(key).value(key)
    assert connection
    world.store.commit([Put(key, replace(connection, address=address))])
    world.change_mailbox(address=Address(address))


def test_R50_a_user_who_never_connected_sends_through_the_provider_and_answers_go_to_their_own_address(
    world: Provided,
) -> None:
    accepted = world.accept({"cc": [{"address": "dora@customer.example"}]}, user=BEN)
    world.deliver(accepted.id)

    (mail,) = world.taken()
    assert (mail["From"], mail["Reply-To"]) == (f"Ben Okafor <{MAILER}>", f"Ben Okafor <{BENS}>")
    assert (mail["To"], mail["Cc"]) == (CARL, "dora@customer.example")
    assert mail["X-Gmail-Sync-Entry"] is None
    assert world.provider.taken[0].mail_from == MAILER
    assert world.reached() == [CARL, "dora@customer.example"]
    assert world.shown(accepted.id).status == "sent"
    assert (world.sent(), world.used()) == ([], 0)


def test_R50_bcc_people_get_the_mail_and_are_in_no_header(world: Provided) -> None:
    accepted = world.accept({"bcc": [{"address": "eve@customer.example"}]}, user=BEN)
    world.deliver(accepted.id)

    assert world.reached() == [CARL, "eve@customer.example"]
    assert b"eve@" not in world.provider.taken[0].raw
    assert [one.address for one in world.shown(accepted.id).bcc] == ["eve@customer.example"]


def test_R50_a_connected_user_sends_through_gmail_whatever_the_provider_is(world: Provided) -> None:
    world.own_provider()

    world.send()

    assert (len(world.sent()), world.provider.taken, world.used()) == (1, [], 1)


def test_R50_an_alias_sends_with_its_display_name_and_the_account_with_its_own(world: Provided) -> None:
    sales = Address("sales@agency.example")
    world.change_mailbox(name="Ada L.", aliases=(Alias(Address(ADA)), Alias(sales, "Sales team")))

    world.send({"from": sales}, key="a")
    world.send(key="b")

    first, second = world.sent()
    assert f'From: "Sales team" <{sales}>' in first
    assert f'From: "Ada L." <{ADA}>' in second


def test_R50_a_user_who_disconnected_is_refused_although_there_is_a_provider(world: Provided) -> None:
    key = keys.connection(HERE, USER)
    connection = world.store.read(key).value(key)
    assert connection
    world.store.commit([Put(key, replace(connection, state=ConnectionState.DISCONNECTED))])

    assert refused(world, {}).code == "not_connected"


@pytest.mark.parametrize("remedy", list(Remedy))
def test_R50_F57_a_mailbox_in_trouble_is_refused_and_nothing_goes_through_the_provider_instead(
    world: Provided, remedy: Remedy
) -> None:
    world.change_mailbox(trouble=Trouble(remedy, "invalid_grant", world.clock.now()))

    with pytest.raises(GrantLost):
        world.accept()

    assert world.provider.taken == []


def test_R50_without_gmail_and_provider_the_refusal_says_what_to_do(world: Provided) -> None:
    world.default = None

    error = refused(world, {}, user=BEN)

    assert (error.code, "mail provider" in error.message, "mail provider" in error.action) == (
        "not_connected",
        True,
        True,
    )


@pytest.mark.parametrize("provider", [True, False])
def test_R50_somebody_of_whom_the_crm_told_nothing_sends_nothing(world: Provided, *, provider: bool) -> None:
    if not provider:
        world.default = None
    assert refused(world, {}, user=UserId("nobody")).code == "not_found"


def test_R50_who_sends_through_the_provider_names_no_sender_but_themselves(world: Provided) -> None:
    assert refused(world, {"from": "boss@agency.example"}, user=BEN).code == "invalid_request"

    accepted = world.accept({"from": "Ben@Agency.example"}, user=BEN)

    sender = world.entry(accepted.id).sender
    assert sender
    assert sender.address == MAILER


@pytest.mark.parametrize("kind", ["bulk", "workflow"])
def test_R51_bulk_and_workflow_mail_of_a_connected_user_goes_through_the_provider_and_is_not_counted(
    world: Provided, kind: str
) -> None:
    world.policy(daily_limit=1)
    world.send(key="spends the limit")

    accepted = world.accept({"kind": kind}, key="2")
    world.deliver(accepted.id)

    (mail,) = world.taken()
    assert mail["From"] == f"Agency Mailer <{MAILER}>"
    assert (len(world.sent()), world.used()) == (1, 1)


@pytest.mark.parametrize("kind", ["bulk", "workflow"])
def test_R51_bulk_and_workflow_mail_without_a_provider_is_refused(world: Provided, kind: str) -> None:
    world.default = None

    error = refused(world, {"kind": kind})

    assert (error.code, "no mail provider" in error.message) == ("not_connected", True)


def test_R51_the_locations_own_provider_comes_before_the_deployments(world: Provided) -> None:
    world.own_provider()

    accepted = world.accept({"kind": "workflow"}, user=CRM, service=True)
    world.deliver(accepted.id)

    assert [one.host for one in world.provider.opened] == ["smtp.own.example"]
    assert world.taken()[0]["From"] == "Own <hello@own.example>"


def test_R51_the_backend_sends_bulk_and_workflow_but_no_individual_mail(world: Provided) -> None:
    assert refused(world, {}, user=CRM, service=True).code == "forbidden"
    for kind in ("bulk", "workflow"):
        assert world.accept({"kind": kind}, key=kind, user=CRM, service=True).conversation == "carl"


def test_R52_provider_a_connected_address_as_from_becomes_reply_to(world: Provided) -> None:
    accepted = world.accept({"kind": "workflow", "from": ADA})
    world.deliver(accepted.id)

    (mail,) = world.taken()
    assert accepted.warnings == ("sender_replaced",)
    assert (mail["From"], mail["Reply-To"]) == (f"Agency Mailer <{MAILER}>", f"Ada Lovelace <{ADA}>")


@pytest.mark.parametrize("bulk_from", ["provider", "matching_domain"])
def test_R52_any_other_from_means_the_providers_sender_and_no_reply_to(world: Provided, bulk_from: str) -> None:
    world.policy(bulk_from=bulk_from)

    accepted = world.accept({"kind": "workflow", "from": "boss@agency.example"})
    world.deliver(accepted.id)

    (mail,) = world.taken()
    assert (mail["From"], mail["Reply-To"]) == (f"Agency Mailer <{MAILER}>", None)
    assert accepted.warnings == ("sender_replaced",)


@pytest.mark.parametrize("bulk_from", ["provider", "matching_domain"])
def test_R52_a_blank_from_means_the_providers_sender(world: Provided, bulk_from: str) -> None:
    world.policy(bulk_from=bulk_from)

    accepted = world.accept({"kind": "workflow"})
    world.deliver(accepted.id)

    assert (world.taken()[0]["From"], accepted.warnings) == (f"Agency Mailer <{MAILER}>", ())


def test_R52_matching_domain_the_connected_address_is_the_sender(world: Provided) -> None:
    world.policy(bulk_from="matching_domain")

    accepted = world.accept({"kind": "workflow", "from": "Ada@agency.example"})
    world.deliver(accepted.id)

    (mail,) = world.taken()
    assert (mail["From"], mail["Reply-To"]) == (f"Ada Lovelace <{ADA}>", None)
    assert world.provider.taken[0].mail_from == MAILER, "bounces go to the provider's own sender"
    assert (accepted.warnings, mail["Message-ID"]) == ((), f"<{accepted.id}@agency.example>")


@pytest.mark.parametrize("address", ["ada@gmail.com", "ada@googlemail.com", "ada@outlook.com"])
def test_R52_matching_domain_a_consumer_domain_is_refused_with_the_reason(world: Provided, address: str) -> None:
    world.policy(bulk_from="matching_domain")
    gmail_address(world, address)

    error = refused(world, {"kind": "workflow", "from": address})

    assert (error.code, "DMARC" in error.message) == ("invalid_request", True)


def test_R52_matching_domain_the_backend_may_name_any_connected_address_of_the_location(world: Provided) -> None:
    world.policy(bulk_from="matching_domain")
    world.inside("mailbox:m2", "eva@agency.example")
    world.inside("user:finn", "finn@agency.example")

    for key, address, sender in [
        ("1", "eva@agency.example", "eva@agency.example"),
        ("2", "finn@agency.example", MAILER),
    ]:
        accepted = world.accept({"kind": "workflow", "from": address}, key=key, user=CRM, service=True)
        made = world.entry(accepted.id).sender
        assert made
        assert made.address == sender


def test_R52_a_user_may_not_send_in_a_colleagues_name(world: Provided) -> None:
    world.policy(bulk_from="matching_domain")
    world.inside("mailbox:m2", "eva@agency.example")

    accepted = world.accept({"kind": "workflow", "from": "eva@agency.example"})

    made = world.entry(accepted.id).sender
    assert made
    assert made.address == MAILER
