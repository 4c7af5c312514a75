"""R70: why a mail is in a conversation or not, for the mailbox's own user."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain import keys
from shared.domain.decisions import KEPT
from shared.domain.identifiers import ContactId, GmailId, LocationId, MessageId, ThreadId, UserId
from shared.domain.location import Location
from shared.domain.mailbox import CatchUp, Mailbox, Trouble
from shared.domain.message import Direction, KnownMail, Message, Origin
from shared.domain.placement import ORDER, trace
from shared.domain.policy import chosen
from shared.errors import Remedy, Transient
from shared.ports.store import Put
from tests.unit.entrypoint.reader import CARL, DORA, Reader
from tests.unit.entrypoint.requests import error
from tests.unit.inbound import ADA, HERE, letter

STRANGER = "stranger@nowhere.example"


@pytest.fixture
def reader() -> Reader:
    return Reader()


def newest(reader: Reader) -> GmailId:
    return GmailId(list(reader.world.gmail.mails)[-1])


def explained(reader: Reader, **asked: str) -> Any:
    name, value = next(iter(asked.items()))
    return reader.items(f"/explain?{name}={value.replace('+', '%2B').replace('&', '%26')}")


def one(reader: Reader, **asked: str) -> Any:
    (item,) = explained(reader, **asked)
    return item


def outcomes(item: Any) -> list[tuple[str, str]]:
    return [(step["rule"], step["outcome"]) for step in item["trace"]]


def change(reader: Reader, **fields: Any) -> None:
    mailbox: Mailbox = replace(reader.world.mailbox, **fields)
    reader.world.store.commit([Put(keys.mailbox(mailbox.id), mailbox)])


def forget(reader: Reader) -> None:
    """All that was kept about left-out mail, as after its time."""
    documents = reader.world.store.documents
    for path in [path for path in documents if "/decided/" in path]:
        del documents[path]


def test_R70_a_stored_mail_is_explained_with_the_rules_that_it_passed(reader: Reader) -> None:
    reader.arrives(letter(CARL))
    (message,) = reader.world.messages()
    item = one(reader, gmail_id=newest(reader))
    assert {key: item[key] for key in ("gmail_id", "decision", "rule", "message", "policy_version")} == {
        "gmail_id": newest(reader),
        "decision": "stored",
        "rule": "R12",
        "message": message.id,
        "policy_version": 1,
    }
    passed = ORDER[: ORDER.index("R12")]
    assert outcomes(item) == [*((rule, "passed") for rule in passed), ("R12", "decided")]


def test_R23_a_strangers_mail_was_left_out_without_being_asked_for_again(reader: Reader) -> None:
    reader.arrives(letter(STRANGER))
    before = reader.world.gmail.calls.copy()
    item = one(reader, gmail_id=newest(reader))
    assert (item["decision"], item["rule"], item["message"], item["policy_version"]) == ("left_out", "R23", None, 1)
    assert outcomes(item)[-1] == ("R23", "decided")
    assert {outcome for _, outcome in outcomes(item)[:-1]} == {"passed"}
    assert reader.world.gmail.calls == before


def test_a_mail_that_was_stored_later_counts_as_stored(reader: Reader) -> None:
    reader.arrives(letter(CARL))
    name = newest(reader)
    forget(reader)
    assert one(reader, gmail_id=name)["decision"] == "stored"


def test_a_mail_that_gmail_no_longer_had_is_gone(reader: Reader) -> None:
    name = reader.world.gmail.deliver(letter(CARL))
    del reader.world.gmail.mails[name]
    reader.world.push()
    assert one(reader, gmail_id=name)["decision"] == "gone"
    reader.world.clock.advance(minutes=1)
    reader.world.tick()
    item = one(reader, gmail_id=name)
    assert (item["decision"], item["rule"], item["trace"]) == ("gone", None, [])


def test_an_id_that_nobody_knows_was_not_seen(reader: Reader) -> None:
    assert one(reader, gmail_id="abc") == {
        "gmail_id": "abc",
        "decision": "not_seen",
        "rule": None,
        "message": None,
        "policy_version": None,
        "trace": [],
    }


def test_R70_what_is_no_longer_kept_is_judged_again_by_its_headers(reader: Reader) -> None:
    reader.arrives(letter(STRANGER))
    forget(reader)
    reader.world.gmail.asked.clear()
    item = one(reader, gmail_id=newest(reader))
    assert (item["decision"], item["rule"]) == ("left_out", "R23")
    assert [name for name, _ in reader.world.gmail.asked] == ["headers"]


def test_R70_decisions_older_than_they_are_kept_do_not_count(reader: Reader) -> None:
    reader.arrives(letter(STRANGER))
    reader.world.clock.advance(minutes=1)
    reader.world.contact("stranger", STRANGER)
    reader.world.clock.advance(seconds=(KEPT + timedelta(seconds=1)).total_seconds())
    item = one(reader, gmail_id=newest(reader))
    assert (item["decision"], item["rule"]) == ("left_out", "R12")


def test_R05_mail_from_before_the_connection_says_so(reader: Reader) -> None:
    at = reader.world.clock.now() - timedelta(days=1)
    name = reader.world.gmail.deliver(letter(CARL), at=at)
    reader.world.push()
    forget(reader)
    item = one(reader, gmail_id=name)
    assert (item["decision"], item["rule"]) == ("left_out", "R05")
    assert outcomes(item)[-1] == ("R05", "decided")


def test_R12_mail_from_before_its_sender_was_a_contact_says_so_also_when_judged_again(reader: Reader) -> None:
    reader.arrives(letter(STRANGER))
    name = newest(reader)
    reader.world.clock.advance(minutes=1)
    reader.world.contact("stranger", STRANGER)
    assert one(reader, gmail_id=name)["rule"] == "R23"
    forget(reader)
    item = one(reader, gmail_id=name)
    assert (item["decision"], item["rule"], outcomes(item)[-1]) == ("left_out", "R12", ("R12", "decided"))


def policy_of(reader: Reader) -> Location:
    key = keys.location(HERE)
    location = reader.world.store.read(key).value(key)
    assert location
    return location


def policy(reader: Reader, preset: str = "known_contacts", **settings: object) -> None:
    key, location = keys.location(HERE), policy_of(reader)
    changed = replace(location, policy=chosen(preset, settings), policy_version=location.policy_version + 1)
    reader.world.store.commit([Put(key, changed)])


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "judged again"])
@pytest.mark.parametrize(
    ("preset", "settings", "sender", "rule"),
    [
        ("crm_started", {}, CARL, "R12"),
        ("known_contacts", {"exclusions": ["customer.example"]}, CARL, "R24"),
        ("known_contacts", {"staff": [CARL]}, CARL, "R22"),
        ("known_contacts", {"internal_domains": ["customer.example"]}, CARL, "R22"),
    ],
)
def test_R70_what_a_policy_keeps_out_is_explained_with_its_version(
    reader: Reader, preset: str, settings: dict[str, object], sender: str, rule: str, *, kept: bool
) -> None:
    policy(reader, preset, **settings)
    reader.arrives(letter(sender))
    if not kept:
        forget(reader)
    item = one(reader, gmail_id=newest(reader))
    assert (item["decision"], item["rule"], item["policy_version"]) == ("left_out", rule, 2)
    assert outcomes(item) == [(step.rule, step.outcome) for step in trace(rule)]


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "judged again"])
def test_R24_a_label_that_keeps_mail_out_is_asked_by_its_name(reader: Reader, *, kept: bool) -> None:
    policy(reader, exclusions=["label:private"])
    reader.world.gmail.own_labels["Label_7"] = "Private"
    name = reader.world.gmail.deliver(letter(CARL), labels=("INBOX", "Label_7"))
    reader.world.push()
    if not kept:
        forget(reader)
    assert one(reader, gmail_id=name)["rule"] == "R24"


def test_R70_a_decision_made_before_a_change_of_policy_keeps_its_version(reader: Reader) -> None:
    policy(reader, exclusions=[CARL])
    reader.arrives(letter(CARL))
    policy(reader)
    item = one(reader, gmail_id=newest(reader))
    assert (item["rule"], item["policy_version"]) == ("R24", 2)
    reader.arrives(letter(CARL))
    assert one(reader, gmail_id=newest(reader))["policy_version"] == 3


def test_mail_that_would_be_taken_in_was_just_not_seen_yet(reader: Reader) -> None:
    name = reader.world.gmail.deliver(letter(CARL))
    assert one(reader, gmail_id=name)["decision"] == "not_seen"
    reader.world.push()
    assert one(reader, gmail_id=name)["decision"] == "stored"


@pytest.mark.parametrize("given", ["%3Ca@b.example%3E", "a@b.example"])
def test_R70_a_mail_is_found_by_its_message_id(reader: Reader, given: str) -> None:
    reader.arrives(letter(CARL, Message_ID="<a@b.example>"), letter(CARL, Message_ID="<other@b.example>"))
    (item,) = reader.items(f"/explain?message_id={given}")
    assert (item["gmail_id"], item["decision"]) == (next(iter(reader.world.gmail.mails)), "stored")


def test_a_mail_that_gmail_does_not_find_yet_is_found_by_what_is_stored(reader: Reader) -> None:
    reader.arrives(letter(CARL, Message_ID="<a@b.example>"))
    name = newest(reader)
    (stored,) = reader.world.messages()
    alias = MessageId("entry")
    reader.keep(replace(stored, id=alias), Message(stored.id, alias_of=alias))
    reader.world.gmail.mails.clear()
    assert one(reader, message_id="<a@b.example>")["gmail_id"] == name


def test_a_message_id_that_nobody_has_gives_nothing(reader: Reader) -> None:
    assert explained(reader, message_id="<none@b.example>") == []


def test_R70_all_mail_of_an_address_is_explained_the_newest_first(reader: Reader) -> None:
    reader.arrives(letter(STRANGER), letter(CARL), letter(CARL, Cc=STRANGER))
    first, _, third = reader.world.gmail.mails
    found = [(item["gmail_id"], item["decision"]) for item in explained(reader, address=STRANGER.upper())]
    assert found == [(third, "stored"), (first, "left_out")]


def test_an_addresss_hundred_newest_mails_are_explained_in_pages_that_judge_few_again(reader: Reader) -> None:
    reader.world.gmail.page = 500
    for _ in range(120):
        reader.world.clock.advance(minutes=1)
        reader.world.gmail.deliver(letter(STRANGER))
    reader.world.push()
    forget(reader)
    pages: list[Any] = [reader.read(path := f"/explain?address={STRANGER}&limit=30")]
    while cursor := pages[-1]["next_cursor"]:
        pages.append(reader.read(f"{path}&cursor={cursor}"))
    assert [len(page["items"]) for page in pages] == [25] * 4
    found = [(item["gmail_id"], item["decision"]) for page in pages for item in page["items"]]
    assert found == [(name, "left_out") for name in list(reader.world.gmail.mails)[:19:-1]]


def test_R70_what_the_sync_has_not_come_to_is_not_seen_whatever_the_rules_would_say(reader: Reader) -> None:
    name = reader.world.gmail.deliver(letter(STRANGER))
    item = one(reader, gmail_id=name)
    assert (item["decision"], item["rule"], item["policy_version"], item["trace"]) == ("not_seen", None, None, [])
    reader.world.push()
    assert one(reader, gmail_id=name)["decision"] == "left_out"


def test_R70_what_a_catch_up_goes_through_is_not_seen_until_it_is_decided(reader: Reader) -> None:
    reader.arrives(letter(STRANGER))
    forget(reader)
    name, mailbox = newest(reader), reader.world.mailbox
    change(reader, catch_up=CatchUp(reader.world.clock.now() - timedelta(minutes=5), mailbox.cursor))
    assert one(reader, gmail_id=name)["decision"] == "not_seen"
    change(reader, catch_up=CatchUp(reader.world.clock.now() + timedelta(minutes=5), mailbox.cursor))
    assert one(reader, gmail_id=name)["decision"] == "left_out"


def test_R40_another_crms_reply_is_explained_alike_whoever_recorded_it(reader: Reader) -> None:
    world = reader.world
    there = LocationId("there")
    world.location(there)
    world.link(there)
    world.contact("carl-there", CARL, there)
    mirror_always = replace(policy_of(reader), policy=chosen("known_contacts", {"multi_location": "mirror_always"}))
    world.store.commit([Put(keys.location(HERE), mirror_always)])
    reader.arrives(letter(CARL))
    name = world.gmail.deliver(letter(ADA, to=CARL, subject="Re: Hello"), labels=("SENT",), thread="t1")
    sent = Message(MessageId("sent"), ContactId("carl-there"), Direction.OUTBOUND, Origin.CRM)
    known = KnownMail(world.mailbox_id, name, ThreadId("t1"), {there: sent.id})
    world.store.commit([Put(keys.message(there, sent.id), sent), Put(keys.known_mail(world.mailbox_id, name), known)])
    world.push()
    forget(reader)
    item = one(reader, gmail_id=name)
    assert (item["decision"], item["rule"], outcomes(item)) == ("left_out", "R40", [("R40", "decided")])


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?",
        "?gmail_id=a&address=a@b.example",
        "?gmail_id=",
        "?gmail_id=a/b",
        "?gmail_id=../x",
        "?message_id=",
        "?message_id=no",
        "?message_id=%3Ca b%3E",
        "?address=",
        "?address=me",
        "?address=a@b.example%20OR%20in:anywhere",
        "?address=%22a%20OR%20b%22@b.example",
        "?address=a@b.example}",
        "?other=a",
    ],
)
def test_T33_what_names_no_single_thing_is_refused_before_gmail_is_asked(reader: Reader, query: str) -> None:
    answer = reader.ask(f"/explain{query}")
    assert (answer.status_code, error(answer)["code"]) == (400, "invalid_request")
    assert not reader.world.gmail.asked


def test_R70_nobody_but_the_mailboxs_own_user_is_told(reader: Reader) -> None:
    reader.arrives(letter(CARL))
    reader.user = UserId("bob")
    answer = reader.ask(f"/explain?gmail_id={newest(reader)}")
    assert (answer.status_code, error(answer)["code"]) == (409, "not_connected")


def test_R36_after_a_disconnect_gmail_is_not_asked_any_more(reader: Reader) -> None:
    reader.world.unlink(HERE)
    answer = reader.ask(f"/explain?address={CARL}")
    assert (answer.status_code, error(answer)["code"]) == (409, "not_connected")
    assert not reader.world.gmail.asked


def test_R06_a_mailbox_in_trouble_still_explains_what_is_kept(reader: Reader) -> None:
    reader.arrives(letter(DORA), letter(STRANGER))
    asked = len(reader.world.gmail.asked)
    change(reader, trouble=Trouble(Remedy.RECONNECT, "invalid_grant", reader.world.clock.now()))
    assert one(reader, gmail_id=newest(reader))["decision"] == "left_out"
    assert one(reader, gmail_id="unknown")["decision"] == "not_seen"
    answer = reader.ask(f"/explain?address={CARL}")
    assert (answer.status_code, error(answer)["code"]) == (409, "reauth_required")
    assert len(reader.world.gmail.asked) == asked


def test_F18_a_wait_that_gmail_asked_for_is_kept_here_too(reader: Reader) -> None:
    change(reader, reads_paused_until=reader.world.clock.now() + timedelta(seconds=90))
    answer = reader.ask(f"/explain?address={CARL}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "90")
    assert not reader.world.gmail.asked


def test_gmail_in_trouble_is_a_passing_answer(reader: Reader) -> None:
    def fail(_name: str, _what: str) -> None:
        raise Transient("gmail: 503")

    reader.world.gmail.fail = fail
    assert reader.ask(f"/explain?address={ADA}").status_code == 503
