"""Header fields, ids, automatic mail and Gmail's verdict on senders."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.headers import (
    Headers,
    authentication,
    decode_text,
    is_automatic,
    is_delivery_report,
    message_ids,
)
from shared.domain.identifiers import GmailId, ThreadId
from shared.domain.mail import read_mail
from shared.domain.media_type import parameterised
from shared.domain.message import Authenticated

MEGABYTE = 1 << 20


def headers(**fields: str) -> Headers:
    return Headers.of((name.replace("_", "-"), value) for name, value in fields.items())


def test_fields_are_found_whatever_their_case_topmost_first() -> None:
    found = Headers.of([("Received", "b"), ("SUBJECT", "s"), ("received", "a")])
    assert (found.first("subject"), found.first("date"), found.all("Received")) == ("s", None, ("b", "a"))


SUBJECTS = {
    "Plain": "Plain",
    "=?utf-8?q?Gr=C3=BC=C3=9Fe?= from =?iso-8859-1?q?K=F6ln?=": "Grüße from Köln",
    "=?utf-8?B?8J+Y?= =?UTF-8?B?gA==?=": "😀",
    "=?iso-2022-jp?B?GyRCPEFMZBsoQg==?=": "質問",
    "=?gb18030?B?xOO6ww==?=": "你好",
    "=?big5?B?p0Gmbiw=?=": "你好,",
    "=?windows-1252?Q?=80_5?=": "€ 5",
    "=?iso-8859-1?Q?=80_5?=": "€ 5",
    "=?utf-8?q?two words?=": "two words",
    "=?utf-8?x?abc?=": "=?utf-8?x?abc?=",
    "=?utf-8?b?A?=": "=?utf-8?b?A?=",
    "=?utf-8?b?QUJD": "=?utf-8?b?QUJD",
    "=?utf-8?q?=FF=FE?=": "\ufffd\ufffd",
    "=?x-none?q?=FF?=": "ÿ",
    "=?unicode_escape?q?=5Cu0041?=": "\\u0041",
    "=?idna?q?xn--mller-kva?=": "xn--mller-kva",
    "long\r\n folded\r\n\tsubject": "long folded subject",
    "inject\r\nBcc: x": "inject  Bcc: x",
    "=?utf-8?q?a=00b=0D=0Ac?=": "a b  c",
    "half \ud83d": "half \ufffd",
    "": "",
}


@pytest.mark.parametrize(("value", "expected"), SUBJECTS.items())
def test_subjects_are_decoded_on_one_line(value: str, expected: str) -> None:
    assert decode_text(value) == expected


@given(
    st.text() | st.lists(st.sampled_from(["=?", "utf-8", "?q?", "?b?", "?=", " ", "=41", "QUI=", "\n"])).map("".join)
)
def test_any_text_is_decoded_without_an_error(value: str) -> None:
    text = decode_text(value)
    assert "\n" not in text
    text.encode()


def test_texts_are_cut_at_their_longest() -> None:
    assert decode_text("x" * MEGABYTE, longest=10) == "x" * 10


IDS = {
    "<a@x.example>": ("<a@x.example>",),
    " <a@x.example>\r\n\t<b@x.example> ": ("<a@x.example>", "<b@x.example>"),
    "<a@x.example><b@x.example>": ("<a@x.example>", "<b@x.example>"),
    "<a@x.example> <b@x.example> <a@x.example>": ("<a@x.example>", "<b@x.example>"),
    "a@x.example": ("<a@x.example>",),
    "<no-at-sign>": ("<no-at-sign>",),
    "your mail of <monday> (see <a@x.example>)": ("<monday>", "<a@x.example>"),
    "<a b@x.example>": (),
    "<>": (),
    "nothing": (),
    "<\0@x>": (),
    "": (),
}


@pytest.mark.parametrize(("value", "expected"), IDS.items())
def test_message_ids_are_read_as_they_stand_in_brackets(value: str, expected: tuple[str, ...]) -> None:
    assert message_ids(value) == expected


def test_T17_no_header_makes_a_mail_larger_than_a_store_takes() -> None:
    many = " ".join(f"<{number}{'a' * 900}@b>" for number in range(100))
    found = Headers.of([("References", many)] * 50 + [("Date", "Mon, " * 300_000), ("Subject", "x" * 1_000_000)])
    mail = read_mail(
        gmail_id=GmailId("g"),
        thread_id=ThreadId("t"),
        labels=frozenset(),
        internal_at=datetime(2026, 3, 2, tzinfo=UTC),
        history_id=1,
        headers=found,
    )

    assert len(mail.date) + len(mail.subject) + sum(map(len, mail.references)) < 110_000
    assert parameterised("text/" + "x" * 10_000).kind == ""


def test_of_huge_references_the_first_and_the_last_stay() -> None:
    found = message_ids(" ".join(f"<{number}@x.example>" for number in range(50_000)))
    assert len(found) == 100
    assert (found[0], found[1], found[-1]) == ("<0@x.example>", "<49901@x.example>", "<49999@x.example>")


BOB = "Bob <bob@client.example>"
GMAIL = {
    "pass": (
        "mx.google.com; dkim=pass header.i=@client.example; dmarc=pass (p=NONE) header.from=client.example",
        "pass",
    ),
    "fail": ("mx.google.com; spf=pass smtp.mailfrom=evil.example; dmarc=fail header.from=client.example", "fail"),
    "folded": ("mx.google.com;\r\n       dmarc=pass (p=REJECT)\r\n header.from=client.example", "pass"),
    "version": ("mx.google.com 1; dmarc=pass header.from=client.example", "pass"),
    "of another domain": ("mx.google.com; dmarc=pass header.from=evil.example", "none"),
    "contradiction": ("mx.google.com; dmarc=pass header.from=client.example; dmarc=fail", "fail"),
    "in a comment": ("mx.google.com; spf=none (x; dmarc=pass header.from=client.example) smtp.mailfrom=x", "none"),
    "in a nested comment": ("mx.google.com; spf=none (a (b) ; dmarc=pass header.from=client.example)", "none"),
    "in quotes": ('mx.google.com; spf=none smtp.mailfrom="x; dmarc=pass header.from=client.example"', "none"),
    "aligned DKIM": ("mx.google.com; dkim=pass header.i=@client.example header.s=a", "pass"),
    "DKIM of the child": ("mx.google.com; dkim=pass header.d=mail.client.example", "pass"),
    "DKIM of another": ("mx.google.com; dkim=pass header.i=@evil.example", "none"),
    "DKIM of a look-alike": ("mx.google.com; dkim=pass header.d=notclient.example", "none"),
    "DKIM of the top level": ("mx.google.com; dkim=pass header.d=example", "none"),
    "aligned SPF": ("mx.google.com; spf=pass (google.com: fine) smtp.mailfrom=bounce@client.example", "pass"),
    "SPF of another": (
        "mx.google.com; spf=pass smtp.mailfrom=list@lists.example; dkim=fail header.i=@client.example",
        "fail",
    ),
    "soft": (
        "mx.google.com; spf=softfail smtp.mailfrom=bob@client.example; dmarc=none header.from=client.example",
        "none",
    ),
    "nothing": ("mx.google.com; none", "none"),
    "another server's": ("mx.evil.example; dmarc=pass header.from=client.example", "none"),
    "look-alike server": ("mx.google.com.evil.example; dmarc=pass header.from=client.example", "none"),
}


@pytest.mark.parametrize(("value", "expected"), GMAIL.values(), ids=GMAIL)
def test_R35_gmails_own_verdict_is_kept(value: str, expected: str) -> None:
    assert authentication(Headers.of([("Authentication-Results", value), ("From", BOB)])) == expected


def test_R35_only_gmails_topmost_verdict_counts() -> None:
    ours = ("Authentication-Results", "mx.google.com; dmarc=fail header.from=client.example")
    forged = ("Authentication-Results", "mx.google.com; dmarc=pass header.from=client.example")
    other = ("Authentication-Results", "mx.other.example; dmarc=pass header.from=client.example")
    assert authentication(Headers.of([other, ours, forged, ("From", BOB)])) == Authenticated.FAIL
    assert authentication(Headers.of([("From", BOB)])) == Authenticated.NONE


def test_R35_no_verdict_passes_a_sender_that_nobody_can_name() -> None:
    passed = ("Authentication-Results", "mx.google.com; dmarc=pass header.from=client.example")
    bare = ("Authentication-Results", "mx.google.com; dmarc=pass")
    assert authentication(Headers.of([passed])) == Authenticated.NONE
    assert authentication(Headers.of([bare])) == Authenticated.NONE


AUTOMATIC = [
    headers(Auto_Submitted="auto-replied"),
    headers(Auto_Submitted="auto-generated; owner-email=x@y.example"),
    headers(Precedence="Bulk"),
    headers(List_Id="<news.client.example>"),
    headers(list_unsubscribe="<mailto:x@y.example>"),
    headers(Return_Path="<>"),
    headers(Content_Type='multipart/report; report-type="delivery-status"'),
    headers(X_Autoreply="yes"),
]


@pytest.mark.parametrize("found", AUTOMATIC)
def test_R57_automatic_mail_is_recognised(found: Headers) -> None:
    assert is_automatic(found)


@pytest.mark.parametrize(
    "found",
    [headers(), headers(Auto_Submitted="No"), headers(Precedence="first-class", Return_Path="<bob@client.example>")],
)
def test_R57_mail_of_people_is_not_automatic(found: Headers) -> None:
    assert not is_automatic(found)


def test_R57_a_delivery_report_has_a_report_or_the_empty_sender() -> None:
    assert is_delivery_report(headers(Content_Type="Multipart/Report; boundary=x"))
    assert is_delivery_report(headers(Return_Path=" <> "))
    assert not is_delivery_report(headers(Auto_Submitted="auto-replied", Content_Type="text/plain"))


@pytest.mark.parametrize("value", ["(" * MEGABYTE, '"' * MEGABYTE, ";" * MEGABYTE, "dmarc=" * (MEGABYTE // 6)])
def test_T17_hostile_headers_take_linear_time(value: str) -> None:
    began = time.process_time()
    found = Headers.of(
        [("Authentication-Results", f"mx.google.com;{value}"), ("References", value), ("Subject", value)]
    )
    authentication(found)
    message_ids(value)
    decode_text(value)
    assert time.process_time() - began < 2
