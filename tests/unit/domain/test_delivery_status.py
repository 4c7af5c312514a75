"""Delivery reports of many servers, read from Gmail's tree of their parts (R57)."""

import base64
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.domain.addresses import Address, Person
from shared.domain.delivery_reasons import REFUSED, reason
from shared.domain.delivery_status import DeliveryReport, bounces, read_report
from shared.domain.headers import Headers, is_automatic, is_delivery_report
from tests.sandbox.gmail_simulator.mime_tree import parse
from tests.unit.domain import reports
from tests.unit.domain.gmail_tree import gmail_payload
from tests.unit.domain.reports import ORIGINAL, RECIPIENT, report, undelivered

AT = datetime(2026, 11, 22, tzinfo=UTC)


def headers_of(raw: bytes) -> Headers:
    return Headers.of((one.name, one.value) for one in parse(raw).headers)


def read(raw: bytes | str, *, as_leaf: bool = True) -> DeliveryReport:
    octets = raw if isinstance(raw, bytes) else raw.replace("\n", "\r\n").encode()
    tree = gmail_payload(octets)
    return read_report(_joined(tree) if as_leaf else tree, headers_of(octets))


def _joined(part: Mapping[str, Any]) -> dict[str, Any]:
    """A status part as one text, where Python takes it apart into blocks."""
    below = part.get("parts", [])
    if part["mimeType"] == "message/delivery-status" and below:
        blocks = ["\r\n".join(f"{one['name']}: {one['value']}" for one in block["headers"]) for block in below]
        data = base64.urlsafe_b64encode("\r\n\r\n".join(blocks).encode()).decode()
        return {**part, "parts": [], "body": {"size": len(data), "data": data}}
    return {**part, "parts": [_joined(one) for one in below]} if below else dict(part)


SERVERS = {
    "Gmail": (reports.GMAIL, "5.1.1"),
    "Exchange": (reports.EXCHANGE, "5.2.2"),
    "Postfix after days": (reports.POSTFIX_GIVES_UP, "4.4.7"),
    "Exim": (reports.EXIM, "5.7.1"),
    "qmail": (reports.QMAIL, "5.1.1"),
}


@pytest.mark.parametrize("as_leaf", [True, False])
@pytest.mark.parametrize(("raw", "status"), SERVERS.values(), ids=SERVERS)
def test_R57_the_reports_of_known_servers_say_who_did_not_get_which_mail(raw: str, status: str, as_leaf: bool) -> None:
    found = read(raw, as_leaf=as_leaf)
    (one,) = found.undelivered
    assert RECIPIENT in one.addresses
    assert one.status == status
    assert found.original == ORIGINAL
    assert found.wanted is None


@pytest.mark.parametrize("as_leaf", [True, False])
def test_R57_a_delay_is_no_failure(as_leaf: bool) -> None:
    assert read(reports.POSTFIX_LATE, as_leaf=as_leaf) == DeliveryReport((), ORIGINAL)


def test_R57_what_is_no_report_names_nobody() -> None:
    assert read(reports.HOLIDAY).undelivered == ()


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded", "Delivered (to mailbox)"])
def test_R57_only_failures_for_good_count(action: str) -> None:
    assert read(report(undelivered(action=action, status="2.0.0"))).undelivered == ()


@pytest.mark.parametrize(
    ("block", "status"),
    [
        (f"Final-Recipient: RFC822;{RECIPIENT}\r\nAction: Failed (bounced)\r\nStatus: 5.1.1 (bad mailbox)", "5.1.1"),
        (f"Final-Recipient: <{RECIPIENT}>\r\nAction: error\r\nStatus: 5.0.0", "5.0.0"),
        (f"Final-Recipient: rfc822; {RECIPIENT}\r\nStatus: 5.7.26", "5.7.26"),
        (f"Final-Recipient: rfc822; {RECIPIENT}\r\nAction: failed", "5.0.0"),
        (f"Final-Recipient: rfc822; {RECIPIENT}\r\nAction: failed\r\nDiagnostic-Code: smtp; 550\r\n 5.4.1 no", "5.4.1"),
        (f"final-recipient:rfc822;{RECIPIENT.upper()}\r\naction:FAILED\r\nstatus:5.1.2", "5.1.2"),
        (f"Original-Recipient: rfc822;{RECIPIENT}\r\nFinal-Recipient: x-uid; 77\r\nAction: failed", "5.0.0"),
    ],
)
def test_R57_servers_differ_in_how_they_write_it(block: str, status: str) -> None:
    (one,) = read(report(block)).undelivered
    assert (one.addresses, one.status) == ((RECIPIENT,), status)


def test_R57_a_report_about_several_names_each() -> None:
    blocks = [undelivered(f"n{number}@customer.example", "5.1.1") for number in range(3)]
    found = read(report(*blocks, undelivered("fine@customer.example", "2.0.0", "delivered")))
    assert [one.addresses[0] for one in found.undelivered] == [f"n{number}@customer.example" for number in range(3)]


def test_R57_only_recipients_of_the_mail_are_believed_and_each_once() -> None:
    found = read(
        report(
            undelivered("stranger@evil.example"),
            undelivered(RECIPIENT, "5.2.1"),
            undelivered(RECIPIENT, "5.9.9"),
            undelivered("n.o.body+x@gmail.com"),
        )
    )
    people = (Person("", Address(RECIPIENT)), Person("", Address("nobody@gmail.com")))
    first, second = bounces(found, people, AT)
    assert (first.address, first.status, first.at) == (RECIPIENT, "5.2.1", AT)
    assert first.reason == "The mailbox is closed or may not be written to."
    assert second.address == "nobody@gmail.com"


def test_R57_a_status_part_that_gmail_keeps_apart_is_asked_for() -> None:
    raw = report(undelivered())
    tree = _joined(gmail_payload(raw))
    part = next(one for one in tree["parts"] if one["mimeType"] == "message/delivery-status")
    octets = base64.urlsafe_b64decode(part["body"]["data"])
    part["body"] = {"size": len(octets), "attachmentId": "later"}
    found = read_report(tree, headers_of(raw))
    assert (found.undelivered, found.wanted) == ((), (part["partId"], "later"))
    again = read_report(tree, headers_of(raw), fetched={part["partId"]: octets})
    assert [one.addresses for one in again.undelivered] == [(RECIPIENT,)]


def test_R57_the_forwarded_mails_own_parts_are_not_the_reports() -> None:
    """Whoever writes a mail that looks like a report, and has it bounce, marks nobody."""
    inner = report(undelivered("victim@customer.example")).decode()
    raw = reports.GMAIL.replace("From: Ada <ada@agency.example>\n", inner.replace("\r\n", "\n"))
    named = {address for one in read(raw).undelivered for address in one.addresses}
    assert named == {RECIPIENT}


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("5.1.1", "There is no such address."),
        ("4.4.7", "The recipient's mail server could not be reached for too long."),
        ("5.7.26", "The recipient's mail server refused the mail for its rules, perhaps as spam."),
        ("5.2.99", "The mailbox cannot receive mail."),
        ("5.0.0", REFUSED),
        ("5.99.99", REFUSED),
    ],
)
def test_R57_the_reason_is_a_sentence_of_ours(status: str, sentence: str) -> None:
    assert reason(status) == sentence


@pytest.mark.parametrize(
    "text",
    [
        "\n" * 100_000,
        "Action: failed\n" * 10_000,
        "Status: " + "5." * 50_000,
        "A:" * 50_000,
        " \n" * 50_000,
        "\n \n" * 30_000,
    ],
)
def test_T17_hostile_reports_take_linear_time(text: str) -> None:
    data = base64.urlsafe_b64encode(text.encode()).decode()
    status = {"mimeType": "message/delivery-status", "body": {"size": 1, "data": data}}
    prose = {"mimeType": "text/plain", "body": {"size": 1, "data": data}}
    began = time.process_time()
    read_report({"mimeType": "multipart/report", "parts": [status] * 3}, Headers())
    read_report(prose, Headers.of([("X-Failed-Recipients", text.replace("\n", " "))]))
    read_report(prose, Headers())
    assert time.process_time() - began < 4


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"mimeType": "message/delivery-status"},
        {"mimeType": "message/delivery-status", "parts": [{}, {"headers": None}, {"headers": [3]}]},
        {"mimeType": "message/rfc822", "parts": [{"headers": [{}]}]},
        {"mimeType": "multipart/report", "parts": [None, 3, {"mimeType": None, "body": None}]},
    ],
)
def test_T17_broken_trees_are_reports_of_nothing(payload: dict[str, Any]) -> None:
    assert read_report(payload, Headers()).undelivered == ()


def fields(**named: str) -> Headers:
    return Headers.of((name.replace("_", "-"), value) for name, value in named.items())


@pytest.mark.parametrize(
    ("headers", "automatic", "about_delivery"),
    [
        (fields(Auto_Submitted="auto-replied"), True, False),
        (fields(Auto_Submitted="auto-generated; owner-email=a@b.example"), True, False),
        (fields(Auto_Submitted="auto-notified; owner-token=x"), True, False),
        (fields(Auto_Submitted="(a machine) auto-replied (vacation)"), True, False),
        (fields(Auto_Submitted="no"), False, False),
        (fields(Auto_Submitted="No (a person)"), False, False),
        (fields(Auto_Submitted="(a person) no; x=y"), False, False),
        (fields(Auto_Submitted=""), False, False),
        (fields(Precedence="bulk"), True, False),
        (fields(Precedence="list"), True, False),
        (fields(Precedence="junk"), True, False),
        (fields(Precedence="auto_reply"), True, False),
        (fields(Precedence="first-class"), False, False),
        (fields(List_Id="News <news.other.example>"), True, False),
        (fields(List_Unsubscribe="<https://other.example/u>"), True, False),
        (fields(List_Post="NO"), True, False),
        (fields(X_Autoreply="yes"), True, False),
        (fields(X_Autorespond="x"), True, False),
        (fields(X_Autoresponder="x"), True, False),
        (fields(X_Mail_Autoreply="x"), True, False),
        (fields(X_Autoreply_From="a@b.example"), True, False),
        (fields(Return_Path="<>"), True, True),
        (fields(Return_Path="<a@b.example>"), False, False),
        (fields(Content_Type="multipart/report; report-type=delivery-status"), True, True),
        (fields(Content_Type='multipart/report; boundary="x"'), True, True),
        (fields(Content_Type="multipart/report; report-type=disposition-notification", Return_Path="<>"), True, False),
        (fields(Content_Type="multipart/report; report-type=feedback-report"), True, False),
        (fields(Content_Type="multipart/reporting"), False, False),
        (fields(Content_Type="text/plain"), False, False),
    ],
)
def test_R57_what_machines_send_is_told_from_what_people_write(
    headers: Headers, automatic: bool, about_delivery: bool
) -> None:
    assert (is_automatic(headers), is_delivery_report(headers)) == (automatic, about_delivery)
