"""Mail taken apart: the same tree as the simulator's Gmail makes, and whatever somebody sends, an end to it."""

import base64
import os
import resource
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from shared.domain.content import Content, read_content
from shared.domain.headers import Headers
from shared.domain.identifiers import GmailId, ThreadId
from shared.domain.mail import Mail, read_mail
from shared.domain.mime import parse_mail
from tests.sandbox.gmail_simulator.headers import shown
from tests.sandbox.gmail_simulator.mime_tree import Part, parse

CORPUS = sorted((Path(__file__).parents[2] / "mail").glob("*.eml"))
HEAD = b"From: a@b.example\r\nTo: c@d.example\r\nSubject: Hello\r\n"
DEEPER_THAN_THE_SIMULATOR_READS = "deep-nesting"
CPU_S = 20
"""Seconds of processor time that a process may take: far more than any takes, so that a slow machine does not fail."""
MEMORY = 256 * 1024 * 1024


def mail_of(headers: Headers) -> Mail:
    return read_mail(
        gmail_id=GmailId("g"),
        thread_id=ThreadId("t"),
        labels=frozenset(),
        internal_at=datetime(2026, 3, 2, tzinfo=UTC),
        history_id=1,
        headers=headers,
    )


def gmail_tree(part: Part) -> dict[str, Any]:
    headers = [{"name": field.name, "value": shown(field)} for field in part.headers]
    told: dict[str, Any] = {"partId": part.part_id, "mimeType": part.mime_type, "filename": part.filename}
    told |= {"headers": headers, "body": {"size": part.size()}}
    if not part.mime_type.startswith("multipart/"):
        told["body"]["data"] = base64.urlsafe_b64encode(part.content()).decode()
    return told | ({"parts": [gmail_tree(below) for below in part.parts]} if part.parts else {})


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_T38_our_tree_and_gmails_say_the_same_of_every_mail_of_the_corpus(path: Path) -> None:
    raw = path.read_bytes()
    ours, gmails = parse_mail(raw), gmail_tree(parse(raw))
    here = mail_of(ours.headers)
    there = mail_of(Headers.of((one["name"], one["value"]) for one in gmails["headers"]))

    for name in ("sender", "to", "cc", "bcc", "subject", "date", "message_id", "references", "automatic"):
        assert getattr(here, name) == getattr(there, name), name
    if path.stem != DEEPER_THAN_THE_SIMULATOR_READS:
        assert content_of(ours.payload) == content_of(gmails)


def content_of(payload: Any) -> tuple[object, ...]:
    read = read_content(payload)
    files = [(one.part_id, one.filename, one.content_type, one.size, one.content_id) for one in read.attachments]
    return read.text, read.html, files


def multipart(body: bytes, boundary: bytes = b"b") -> Content:
    raw = HEAD + b"Content-Type: multipart/mixed; boundary=" + boundary + b"\r\n\r\n" + body
    return read_content(parse_mail(raw).payload)


def test_T17_an_inner_part_that_uses_the_outer_boundary_ends_the_outer_one() -> None:
    read = multipart(
        b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nfirst\r\n--b--\r\n--b\r\n\r\nafter the end"
    )

    assert "first" in read.text
    assert "after the end" not in read.text


@pytest.mark.parametrize("look_alike", [b"--bb", b"--b-", b"-b", b" --b", b"--b--x", b"--B", b"x--b", b"--b\x00"])
def test_T17_a_line_like_a_boundary_is_none(look_alike: bytes) -> None:
    read = multipart(b"--b\r\n\r\none\r\n" + look_alike + b"\r\ntwo\r\n--b--\r\n")

    assert "one" in read.text
    assert "two" in read.text


def test_T17_mixed_line_ends_are_read_alike() -> None:
    read = multipart(b"--b\n\none\r\n--b \t\r\n\r\ntwo\n--b--\n")

    assert read.text == "one\ntwo"


def test_T17_a_forwarded_mail_is_one_file_however_often_it_holds_itself() -> None:
    inner = b"Content-Type: message/rfc822\r\n\r\n" * 1_000
    read = read_content(parse_mail(HEAD + inner).payload)

    assert [one.content_type for one in read.attachments] == ["message/rfc822"]
    assert read.attachments[0].size == len(inner) - len(b"Content-Type: message/rfc822\r\n\r\n")


def nested(levels: int) -> bytes:
    parts = (b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (one, one) for one in range(levels))
    return HEAD + b"".join(parts) + b"\r\ntext"


def flat(parts: int) -> bytes:
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * parts + b"--b--"


def body(kind: bytes, octets: bytes, encoding: bytes = b"7bit") -> bytes:
    return HEAD + b"Content-Type: " + kind + b"\r\nContent-Transfer-Encoding: " + encoding + b"\r\n\r\n" + octets


BASE64_LINE = b"QUJD" * 19 + b"\r\n"
BOMBS: dict[str, tuple[Callable[[], bytes], bool]] = {
    "a hundred levels": (lambda: nested(100), False),
    "a hundred thousand levels": (lambda: nested(100_000), True),
    "a hundred parts": (lambda: flat(100), False),
    "a hundred thousand parts": (lambda: flat(100_000), True),
    "a header of a megabyte": (lambda: b"X-A: " + b"a" * 1_000_000 + b"\r\n" + HEAD + b"\r\nx", False),
    "a subject of a megabyte": (lambda: HEAD[:-7] + b"a " * 500_000 + b"\r\n\r\nx", False),
    "ten thousand headers": (lambda: HEAD + b"X-A: b\r\n" * 10_000 + b"\r\nx", False),
    "three million headers": (lambda: HEAD + b"X-A: b\r\n" * 3_000_000 + b"\r\nx", True),
    "nine million folded lines": (lambda: HEAD + b"X-A: b\r\n" + b" x\r\n" * 9_000_000 + b"\r\nx", True),
    "twenty thousand recipients": (
        lambda: HEAD + b"Cc: " + b",\r\n ".join(b"u%d@d.example" % one for one in range(20_000)) + b"\r\n\r\nx",
        False,
    ),
    "three thousand parentheses": (lambda: HEAD + b"Cc: " + b"(" * 3_000 + b"\r\n\r\nx", False),
    "50 MB of base64": (lambda: body(b"application/pdf; name=a.pdf", BASE64_LINE * 640_000, b"base64"), False),
    "boundary look-alikes": (
        lambda: HEAD + b"Content-Type: multipart/mixed; boundary=bb\r\n\r\n" + b"--bx\r\n" * 6_000_000,
        True,
    ),
    "truncated base64": (lambda: body(b"application/pdf; name=a.pdf", b"QUJDR", b"base64"), False),
    "a flood of encoded words": (lambda: HEAD[:-7] + b"=?utf-8?q?" * 100_000 + b"\r\n\r\nx", False),
    "an unknown charset": (lambda: body(b"text/plain; charset=x-none", os.urandom(1_000_000)), False),
    "a mislabelled charset": (lambda: body(b"text/plain; charset=iso-2022-kr", os.urandom(30_000_000)), True),
    "UTF-7": (lambda: body(b"text/plain; charset=utf-7", b"+ADw-script+AD4-" * 2_000_000), True),
    "NUL": (lambda: HEAD + b"\r\n" + b"\0" * 36_000_000, True),
    "flowed quotes": (lambda: body(b"text/plain; format=flowed", b"> x \r\n" * 6_000_000), True),
    "open elements": (lambda: body(b"text/html", b"<div>" * 7_000_000), True),
    "ten thousand texts": (
        lambda: (
            HEAD
            + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
            + b"--b\r\nContent-Type: text/html\r\n\r\n<b>x</b>\r\n" * 9_999
        ),
        False,
    ),
    "a Content-Type of many parameters in ten thousand parts": (
        lambda: (
            HEAD
            + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
            + (b"--b\r\nContent-Type: text/plain" + b';a="=?utf-8?q?x?="' * 190 + b"\r\n\r\nx\r\n") * 9_000
        ),
        True,
    ),
    "a subject of encoded words": (lambda: HEAD[:-7] + b"=?utf-8?q?a?= =?utf-7?b?Kw?= " * 700_000 + b"\r\n\r\nx", True),
    "a hundred thousand senders": (lambda: b"From: a@b.example\r\n" * 70_000 + HEAD + b"\r\nx", False),
    "hundreds of thousands of attributes": (
        lambda: body(b"text/html", b"<p " + b" ".join(b"a%d=b" % one for one in range(200_000)) + b">"),
        False,
    ),
    "attributes that follow a quoted tag": (
        lambda: body(b"text/html", b"<p t='>' " + b"/".join(b"a%d='>'" % one for one in range(150_000)) + b">"),
        False,
    ),
    "attributes of an end": (
        lambda: body(b"text/html", b"<!--x--!></p " + b" ".join(b"a%d" % one for one in range(200_000)) + b">"),
        False,
    ),
    "texts in tables and bold": (
        lambda: body(b"text/html", b"<table>" + b"<b>" * 480 + b"x<tr>" * 150_000),
        False,
    ),
    "a million hard spaces": (lambda: body(b"text/html; charset=utf-8", b"\xc2\xa0" * 990_000), False),
    "paragraphs in tables": (lambda: body(b"text/html", b"<table>" * 450 + b"<p>x" * 390_000), False),
    "paragraphs in a table that hides": (lambda: body(b"text/html", b"<table x=y'>" + b"<p>x" * 390_000), False),
    "nothing but open tags": (lambda: body(b"text/html", b"<" * 1_900_000), False),
    "mails in mails": (lambda: HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 1_000_000, False),
    "a gzip bomb": (
        lambda: body(b"application/gzip; name=a.gz", b"\x1f\x8b\x08" + b"\0" * 1_000_000, b"binary"),
        False,
    ),
    "nothing": (lambda: b"", False),
    "noise": (lambda: os.urandom(5_000_000), True),
}


def _measured(name: str, answers: Connection) -> None:
    raw = BOMBS[name][0]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    spent = int(resource.getrusage(resource.RUSAGE_SELF).ru_utime)
    resource.setrlimit(resource.RLIMIT_CPU, (spent + CPU_S, spent + CPU_S))
    parsed = parse_mail(raw)
    mail_of(parsed.headers)
    read = read_content(parsed.payload)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    answers.send((parsed.partial or read.partial, grown))


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_T17_every_bomb_is_read_within_its_means_and_what_is_cut_is_flagged(name: str) -> None:
    context = get_context("fork")
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_measured, args=(name, theirs))
    process.start()
    theirs.close()
    process.join()

    assert process.exitcode == 0
    partial, grown = mine.recv()
    assert partial is BOMBS[name][1]
    assert grown < MEMORY
