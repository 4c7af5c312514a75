"""Gmail's signature under what is sent from the CRM, for those who want it (R50)."""

from dataclasses import replace
from email import message_from_string, policy
from email.message import EmailMessage, MIMEPart

import pytest

from shared.domain import keys
from shared.domain.addresses import Address
from shared.domain.mailbox import Alias
from shared.domain.message import Body
from shared.domain.signature import signed
from shared.errors import Rejected
from shared.ports.store import Put
from tests.unit.inbound import ADA, HERE
from tests.unit.outbound import USER, Outbound, file_part
from tests.unit.provided import Provided

SIGNATURE = '<b>Ada</b> <i>Lovelace</i><br><img src="https://agency.example/logo.png"><script>steal()</script>'
MIB = 1_048_576


@pytest.fixture
def world() -> Provided:
    made = Provided()
    sales = Alias(Address("sales@agency.example"), "Sales", "<p>The sales team</p>")
    made.change_mailbox(aliases=(Alias(Address(ADA), "Ada", SIGNATURE), sales))
    switch(made, on=True)
    return made


def switch(world: Outbound, *, on: bool) -> None:
    key = keys.connection(HERE, USER)
    connection = world.store.read(key).value(key)
    assert connection
    world.store.commit([Put(key, replace(connection, signature=on))])


def parts(world: Outbound) -> tuple[str, str | None]:
    mail = message_from_string(world.sent()[-1], policy=policy.default)
    assert isinstance(mail, EmailMessage)
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain
    return _lines(plain), _lines(html) if html else None


def _lines(part: MIMEPart) -> str:
    return str(part.get_content()).replace("\r\n", "\n")


def test_R50_a_mail_ends_with_the_signature_in_both_of_its_forms(world: Provided) -> None:
    name = world.send({"html": "<p>Take it.</p>", "text": "Take it."})

    text, html = parts(world)
    assert text == "Take it.\n\n-- \nAda Lovelace\n"
    assert html
    assert html.startswith('<p>Take it.</p><br><span class="gmail_signature_prefix">-- </span><br>')
    assert '<div dir="ltr" class="gmail_signature"><b>Ada</b> <i>Lovelace</i><br>' in html
    shown = world.shown(name).body
    assert shown.text.endswith("-- \nAda Lovelace")
    assert "Lovelace" in (shown.html or "")


def test_R50_the_signature_is_cleaned_but_keeps_its_images(world: Provided) -> None:
    name = world.send({"html": "<p>Take it.</p>"})

    _, html = parts(world)
    assert html
    assert 'src="https://agency.example/logo.png"' in html
    assert "steal" not in html
    assert 'data-remote-src="https://agency.example/logo.png"' in (world.shown(name).body.html or "")


def test_R50_a_mail_of_text_alone_stays_one(world: Provided) -> None:
    world.send()

    assert parts(world) == ("Take it.\n\n-- \nAda Lovelace\n", None)


def test_R50_an_alias_has_its_own_signature(world: Provided) -> None:
    world.send({"from": "sales@agency.example"})

    assert parts(world)[0] == "Take it.\n\n-- \nThe sales team\n"


def test_R50_nobody_who_did_not_ask_for_it_gets_a_signature(world: Provided) -> None:
    switch(world, on=False)

    world.send({"html": "<p>Take it.</p>", "text": "Take it."})

    assert parts(world) == ("Take it.\n", "<p>Take it.</p>\n")


def test_R50_a_sender_without_a_signature_sends_none(world: Provided) -> None:
    world.change_mailbox(aliases=(Alias(Address(ADA), "Ada"),))

    world.send()

    assert parts(world) == ("Take it.\n", None)


@pytest.mark.parametrize("kind", ["bulk", "workflow"])
def test_R50_mail_through_the_provider_has_no_signature(world: Provided, kind: str) -> None:
    accepted = world.accept({"kind": kind})
    world.deliver(accepted.id)

    assert _lines(world.taken()[0]) == "Take it.\n"


def test_R53_the_signature_counts_in_the_size(world: Provided) -> None:
    nearly = {"text": "\u00e9" * 300_000}
    switch(world, on=False)
    world.accept(nearly, file_part("a.bin", b"a" * 25 * MIB), key="without")
    world.change_mailbox(aliases=(Alias(Address(ADA), "Ada", "\u00e9" * 90_000),))
    switch(world, on=True)

    with pytest.raises(Rejected, match="too_large"):
        world.accept(nearly, file_part("a.bin", b"a" * 25 * MIB), key="with")


def test_F51_the_same_key_gets_the_first_answer_although_the_signature_changed(world: Provided) -> None:
    first = world.accept()
    switch(world, on=False)

    assert world.accept() == first


def test_the_signature_stands_before_the_end_of_a_whole_document() -> None:
    body = signed(Body("Hi", "<html><body><p>Hi</p></BODY></html>"), "<p>Me</p>")

    assert body.html
    assert body.html.endswith('class="gmail_signature"><p>Me</p></div></BODY></html>')


def test_a_signature_beyond_all_measure_is_left_out() -> None:
    assert signed(Body("Hi", "<p>Hi</p>"), "x" * 100_001) == Body("Hi", "<p>Hi</p>")
