"""The corpus in tests/mail: its form, and that each mail is read and placed as its expectation says."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from functools import cache
from pathlib import Path

import msgspec
import pytest

from shared.domain.addresses import Address, Person, address_key, normalise
from shared.domain.content import Content, read_content
from shared.domain.headers import Headers
from shared.domain.identifiers import ContactId, GmailId, LocationId, ThreadId, UserId
from shared.domain.location import AddressEntry, IndexedContact
from shared.domain.mail import Mail, read_mail
from shared.domain.mailbox import Link
from shared.domain.message import Thread
from shared.domain.placement import Placement, View, place
from shared.domain.policy import Policy
from tests.sandbox.expectation import Expectation, Named
from tests.unit.domain.gmail_tree import gmail_payload

CORPUS = Path(__file__).parents[1] / "mail"
NAMES = sorted(path.stem for path in CORPUS.glob("*.eml"))
HERE = LocationId("here")
CONNECTED = datetime(2026, 11, 1, tzinfo=UTC)
CONTACTS = {
    "bob": "bob@client.example",
    "carol": "carol@client.example",
    "dora": "dora@xn--mller-kva.example",
    "hiro": "hiro@nihon.example",
}
USERS = {"ada": "ada@agency.example", "grace": "grace@agency.example"}
FICTIONAL = re.compile(r"(?:.*\.)?(?:example|example\.com|example\.org)")


@cache
def expectation(name: str) -> Expectation:
    return msgspec.json.decode((CORPUS / f"{name}.json").read_bytes(), type=Expectation)


def raw(name: str) -> bytes:
    return (CORPUS / f"{name}.eml").read_bytes()


@cache
def read(name: str) -> Mail:
    fields = gmail_payload(raw(name))["headers"]
    return read_mail(
        gmail_id=GmailId(name),
        thread_id=ThreadId("t"),
        labels=frozenset(expectation(name).labels),
        internal_at=CONNECTED + timedelta(days=1),
        history_id=9,
        headers=Headers(tuple((one["name"], one["value"]) for one in fields)),
    )


@cache
def content(name: str) -> Content:
    return read_content(gmail_payload(raw(name)))


@cache
def placement(name: str) -> Placement:
    contacts = {ContactId(one): Address(address) for one, address in CONTACTS.items()}
    users = {f"user:{one}": Address(address) for one, address in USERS.items()}
    entries = {
        address_key(address): AddressEntry(
            contacts={one: IndexedContact(address=address, primary=True, created_at=CONNECTED)}
        )
        for one, address in contacts.items()
    } | {address_key(address): AddressEntry(internal={one: address}) for one, address in users.items()}
    link = Link(UserId("ada"), CONNECTED, 1)
    view = View(HERE, Policy(), 1, link, entries, thread=thread_after(expectation(name).after))
    return place(read(name), view)


def thread_after(name: str | None) -> Thread | None:
    """The thread as the mail before it left it, if that was stored in one."""
    before = placement(name) if name else None
    if before is None or before.conversation is None:
        return None
    return Thread(ThreadId("t"), pins={HERE: before.conversation}, people={HERE: before.known})


def test_the_corpus_is_large_and_every_mail_has_its_expectation() -> None:
    assert len(NAMES) >= 36
    assert sorted(path.stem for path in CORPUS.glob("*.json")) == NAMES
    assert {path.suffix for path in CORPUS.iterdir() if path.name != ".gitattributes"} == {".eml", ".json"}


@pytest.mark.parametrize("name", NAMES)
def test_every_expectation_has_the_agreed_form(name: str) -> None:
    wanted = expectation(name)
    assert re.fullmatch(r"[a-z0-9-]+", name)
    assert re.fullmatch(r"R\d\d", wanted.rule or "")
    assert wanted.why.endswith(".")
    assert (wanted.conversation in CONTACTS) == (wanted.outcome == "stored")
    assert set(wanted.reference_for) <= set(CONTACTS) - {wanted.conversation}
    assert wanted.after is None or wanted.after in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_line_ends_are_kept_as_they_were_sent(name: str) -> None:
    assert raw(name).partition(b"\n")[0].endswith(b"\r")
    assert (CORPUS / ".gitattributes").read_text().split() == ["*.eml", "-text"]


def test_one_mail_has_all_kinds_of_line_ends() -> None:
    body = raw("mixed-line-endings").partition(b"\r\n\r\n")[2]
    assert re.findall(rb"\r\n|\r|\n", body) == [b"\r\n", b"\n", b"\r", b"\r\n"]


@pytest.mark.parametrize("name", NAMES)
def test_everybody_is_fictional(name: str) -> None:
    hosts = re.findall(rb"@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)", raw(name))
    assert [host for host in hosts if not FICTIONAL.fullmatch(host.decode().lower())] == []


def test_one_message_id_comes_twice_with_different_dates() -> None:
    mails = [message_from_bytes(raw(name)) for name in NAMES]
    ids = Counter(mail["Message-ID"] for mail in mails if mail["Message-ID"])
    ((repeated, times),) = ((one, times) for one, times in ids.items() if times > 1)
    assert len({mail["Date"] for mail in mails if mail["Message-ID"] == repeated}) == times == 2


def people(named: tuple[Named, ...]) -> tuple[Person, ...]:
    return tuple(Person(one.name or "", normalise(one.address) or Address("")) for one in named)


@pytest.mark.parametrize("name", NAMES)
def test_headers_are_read_as_expected(name: str) -> None:
    wanted, found = expectation(name), read(name)
    if wanted.subject is not None:
        assert found.subject == wanted.subject
    if wanted.sender is not None:
        assert (found.sender,) == people((wanted.sender,))
    for expected, seen in ((wanted.to, found.to), (wanted.cc, found.cc)):
        assert expected is None or people(expected) == seen
    assert wanted.authenticated in {None, found.authenticated}
    assert wanted.outcome != "stored" or bool(wanted.automatic) == found.automatic


@pytest.mark.parametrize("name", [name for name in NAMES if expectation(name).outcome == "stored"])
def test_bodies_and_files_are_read_as_expected(name: str) -> None:
    wanted, found = expectation(name), content(name)
    assert [text for text in wanted.text_contains if text not in found.text] == []
    assert [text for text in wanted.html_contains if text not in (found.html or "")] == []
    assert [text for text in wanted.html_excludes if text in (found.html or "")] == []
    if wanted.attachments is not None:
        shown = [
            (None if one.filename is None and file.filename.startswith("attachment-") else file.filename)
            for file, one in zip(found.attachments, wanted.attachments, strict=True)
        ]
        sizes = [
            None if one.size is None else file.size
            for file, one in zip(found.attachments, wanted.attachments, strict=True)
        ]
        types = [file.content_type for file in found.attachments]
        assert list(zip(shown, types, sizes, strict=True)) == [
            (one.filename, one.content_type, one.size) for one in wanted.attachments
        ]
    assert not found.partial


@pytest.mark.parametrize("name", NAMES)
def test_each_mail_is_placed_as_expected(name: str) -> None:
    wanted, found = expectation(name), placement(name)
    assert (found.rule, found.conversation) == (wanted.rule, wanted.conversation)
    assert set(found.references) == set(wanted.reference_for)
