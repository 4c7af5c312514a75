"""Sending: which way a mail leaves, from whom, how many and how large, once, and what is said when it fails."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from shared.domain import keys
from shared.domain.addresses import Person
from shared.domain.identifiers import MessageId
from shared.domain.mailbox import Alias
from shared.domain.message import Message, Status
from shared.errors import Doubtful, GrantLost, Refused, Rejected, Transient
from shared.usecases.change_settings import change_settings
from shared.usecases.retry_send import Retrying, retry_send
from tests.rules.company import PRESETS, Company
from tests.rules.letters import Letter
from tests.rules.situations import CARL, DORA, EVE, SALES, answering, company
from tests.unit.domain import reports
from tests.unit.outbound import PROVIDER, file_part
from tests.unit.usecases.office import ANN, ANNS, BOB, HERE, address

LIMIT = 26_214_400
MAIL: dict[str, Any] = {"to": [{"address": CARL}], "subject": "An offer", "text": "Take it."}


def sent(made: Company) -> list[EmailMessage]:
    """What lies in Ann's Sent folder."""
    raws = [mail.raw.encode() for mail in made.gmail.mails.values() if "SENT" in mail.labels]
    return [message_from_bytes(raw, policy=policy.default) for raw in raws]


def provided(made: Company) -> list[EmailMessage]:
    """What the provider took."""
    return [message_from_bytes(one.raw, policy=policy.default) for one in made.provider.taken]


def shown(made: Company, name: MessageId) -> Message:
    message = made.message(name)
    assert message
    return message


def fails_with(made: Company, error: Exception, *, times: int = 99) -> None:
    """Ann's uploads end with the error."""
    left = [error] * times

    def fail(call: str) -> None:
        if call == "finish" and left:
            raise left.pop()

    made.mailboxes.sender(made.mailbox()).before = fail


@pytest.mark.parametrize("preset", PRESETS)
def test_R50_individual_mail_leaves_through_the_users_gmail_as_the_user(preset: str) -> None:
    made = company(preset)

    made.send(CARL)

    (mail,) = sent(made)
    assert address(str(mail["From"])) == ANNS
    assert provided(made) == []


def test_R50_an_alias_is_a_sender_with_its_own_name_and_signature_if_the_user_wants_that() -> None:
    made = Company(connected=False)
    made.contact("carl", CARL)
    made.gmail.more_aliases = (Alias(address(SALES), "The sales team", "<b>Sales</b>, 1 Main Street"),)
    made.connect()
    made.send(CARL, sender=SALES)
    change_settings(made.store, HERE, ANN, exclusions=[], signature=True, patience=made.patience)
    made.send(CARL, key="key-2", sender=SALES)

    plain, signed = sent(made)
    for mail in (plain, signed):
        assert str(mail["From"]) == f"The sales team <{SALES}>"
    assert "1 Main Street" not in plain.as_string()
    assert "1 Main Street" in signed.as_string()


def test_R50_an_address_that_is_not_the_users_is_no_sender() -> None:
    made = company("known_contacts")

    with pytest.raises(Rejected, match="invalid_request"):
        made.send(CARL, sender="boss@agency.example")

    assert sent(made) == []


def test_R50_who_never_connected_sends_through_the_provider() -> None:
    made = company("known_contacts")

    name = made.send(CARL, user=BOB)
    made.drain()

    (mail,) = provided(made)
    assert PROVIDER.sender.address in str(mail["From"])
    assert "bob@crm.example" in str(mail["Reply-To"])
    assert shown(made, name).status is Status.SENT


def test_R50_R56_with_a_lost_grant_a_send_is_refused_and_takes_no_other_way() -> None:
    made = company("known_contacts")
    made.lose_grant()
    made.post(Letter("m", CARL, (ANNS,)))

    with pytest.raises((Rejected, GrantLost)):
        made.send(CARL)
    made.drain()

    assert (sent(made), provided(made)) == ([], [])


@pytest.mark.parametrize("kind", ["bulk", "workflow"])
@pytest.mark.parametrize("preset", PRESETS)
def test_R51_bulk_and_workflow_mail_leaves_through_the_provider_outside_the_limit(preset: str, kind: str) -> None:
    made = company(preset)
    made.policy(preset, daily_limit=1)

    made.send(CARL, kind=kind)
    made.send(CARL, key="key-2", kind=kind)
    made.drain()

    assert len(provided(made)) == 2
    assert sent(made) == []
    status = made.status()
    assert status.sends
    assert status.sends.left == 1


@pytest.mark.parametrize(
    ("bulk_from", "sender", "expected"),
    [
        ("provider", "", PROVIDER.sender.address),
        ("provider", "ann@agency.example", PROVIDER.sender.address),
        ("matching_domain", "", PROVIDER.sender.address),
        ("matching_domain", "ann@agency.example", "ann@agency.example"),
        ("matching_domain", "other@agency.example", PROVIDER.sender.address),
    ],
)
def test_R52_bulk_mail_has_the_providers_sender_or_the_connected_address(
    bulk_from: str, sender: str, expected: str
) -> None:
    made = Company(connected=False, bulk_from=bulk_from)
    made.account("ann@agency.example")
    made.contact("carl", CARL)
    made.connect("ann@agency.example", hosted_domain="agency.example")

    made.send(CARL, kind="bulk", sender=sender)
    made.drain()

    (mail,) = provided(made)
    assert expected in str(mail["From"])


def test_R52_a_consumer_domain_is_refused_as_the_sender_of_bulk_mail_and_says_why() -> None:
    made = company("crm_started")

    with pytest.raises(Rejected, match="DMARC") as refused:
        made.send(CARL, kind="bulk", sender=ANNS)

    assert refused.value.code == "invalid_request"
    assert provided(made) == []


@pytest.mark.parametrize(("size", "works"), [(LIMIT, True), (LIMIT + 1, False)])
def test_R53_files_of_25_mb_work_and_one_byte_more_is_refused_before_anything_is_sent(size: int, works: bool) -> None:
    made = company("known_contacts")
    files = [file_part("a", bytes(size - 5)), file_part("b", b"12345")]

    if works:
        assert made.asks_to_send(MAIL, *files, key="key-1").conversation == "carl"
        return
    with pytest.raises(Rejected) as refused:
        made.asks_to_send(MAIL, *files, key="key-1")

    assert (refused.value.code, refused.value.details) == ("too_large", {"size": size, "limit": LIMIT})
    assert made.messages() == []
    assert not made.blobs.contents


@pytest.mark.parametrize(("more", "code"), [(99, ""), (100, "too_many_recipients")])
def test_R53_a_hundred_recipients_and_no_more(more: int, code: str) -> None:
    made = company("known_contacts")
    mail = {**MAIL, "bcc": [{"address": f"x{number}@customer.example"} for number in range(more)]}

    if not code:
        assert made.asks_to_send(mail, key="key-1").conversation == "carl"
        return
    with pytest.raises(Rejected, match=code):
        made.asks_to_send(mail, key="key-1")


def test_R54_the_limit_counts_what_the_user_sent_in_gmail_and_frees_over_a_day() -> None:
    made = company("known_contacts", daily_limit=3)
    made.post(Letter("own", ANNS, (EVE,)))
    made.send(CARL, key="key-1")
    made.clock.advance(hours=1)
    made.send(CARL, key="key-2")

    with pytest.raises(Rejected) as refused:
        made.send(CARL, key="key-3")
    assert refused.value.code == "daily_limit_reached"
    assert refused.value.details["limit"] == 3
    status = made.status()
    assert status.sends
    assert status.sends.next_at == refused.value.details["retry_at"]

    assert status.sends.next_at
    made.clock.time = status.sends.next_at
    assert shown(made, made.send(CARL, key="key-3")).status is Status.SENT


def test_R54_what_was_sent_before_the_connection_counts() -> None:
    made = Company(connected=False, daily_limit=2)
    made.contact("carl", CARL)
    made.post(Letter("one", ANNS, (EVE,)))
    made.post(Letter("two", ANNS, (EVE,)))

    made.connect()

    with pytest.raises(Rejected, match="daily_limit_reached"):
        made.send(CARL)


def test_R55_a_key_that_comes_again_is_one_mail() -> None:
    made = company("known_contacts")

    assert made.send(CARL) == made.send(CARL)
    made.drain()

    assert len(sent(made)) == 1
    with pytest.raises(Rejected, match="idempotency_key_reused"):
        made.send(CARL, subject="Another")


@pytest.mark.parametrize("was_sent", [True, False])
def test_R55_what_cannot_be_known_is_shown_as_unknown_until_its_user_says(was_sent: bool) -> None:
    made = company("known_contacts")
    fails_with(made, Doubtful("reset"), times=1)
    made.mailboxes.sender(made.mailbox()).forgets = True

    name = made.send(CARL)
    made.drain(60)
    doubtful = shown(made, name).status
    asked = Retrying(HERE, ANN, name, was_sent)
    retry_send(asked, store=made.store, topics=made.topics, patience=made.patience)
    made.drain()

    assert doubtful is Status.UNKNOWN
    assert shown(made, name).status is Status.SENT
    assert len(sent(made)) == (0 if was_sent else 1)


def test_R56_a_refused_mail_says_why_can_be_tried_again_and_takes_no_other_way() -> None:
    made = company("known_contacts")
    fails_with(made, Refused("invalidArgument", "Gmail refused the request (400)."), times=1)

    name = made.send(CARL)
    message = shown(made, name)
    assert message.failure
    assert (message.status, bool(message.failure.message), bool(message.failure.action)) == (Status.FAILED, True, True)
    assert provided(made) == []

    again = Retrying(HERE, ANN, name, None)
    retry_send(again, store=made.store, topics=made.topics, patience=made.patience)
    made.drain()
    assert shown(made, name).status is Status.SENT
    assert shown(made, name).failure is None


def test_R54_R56_a_mail_that_gmail_has_no_room_for_waits_with_its_time_and_then_fails() -> None:
    made = company("known_contacts")
    later = made.clock.now().replace(hour=12)
    fails_with(made, Transient("rateLimitExceeded", retry_at=later), times=9_999)

    name = made.send(CARL)
    waiting = shown(made, name)
    made.clock.advance(hours=26)
    made.drain()

    assert waiting.status is Status.QUEUED
    assert shown(made, name).status is Status.FAILED


@pytest.mark.parametrize("preset", PRESETS)
def test_R57_a_bounce_marks_the_mail_and_makes_no_contact_and_no_message(preset: str) -> None:
    made = company(preset)
    name = made.send(CARL, cc=[{"address": reports.RECIPIENT}])
    message = shown(made, name)
    (source,) = message.sources.values()

    made.gmail.deliver(reports.GMAIL.replace(reports.ORIGINAL, message.message_id or ""), thread=source.thread_id)
    made.sync()

    assert [one.id for one in made.messages()] == [name]
    assert shown(made, name).bounces
    assert set(made.contacts()) == {"carl", "dora", "crew"}


@pytest.mark.parametrize("preset", PRESETS)
def test_R57_an_automatic_answer_is_stored_marked_and_makes_nobody_a_contact(preset: str) -> None:
    made = company(preset)
    headers = {"Auto-Submitted": "auto-replied"}

    answer = made.post(answering(made, CARL, headers=headers))
    made.post(Letter("other", EVE, (ANNS,), headers=headers))

    assert made.shown(answer).automatic
    assert set(made.contacts()) == {"carl", "dora", "crew"}


def test_R53_R32_everybody_gets_the_mail_and_bcc_shows_to_nobody_else() -> None:
    made = company("known_contacts")

    name = made.send(CARL, cc=[{"address": DORA}], bcc=[{"address": EVE, "name": "Eve"}])

    message = shown(made, name)
    assert ([one.address for one in message.cc], message.bcc) == ([DORA], (Person("Eve", address(EVE)),))
    assert message.referenced_by == ("dora",)
    key = keys.outbox(name)
    assert made.store.read(key).value(key)
