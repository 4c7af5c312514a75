"""The delivery reports that Gmail puts into the sender's own inbox (RFC 3464), each about one mail."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime

from tests.sandbox.gmail_simulator.clock import Clock
from tests.sandbox.gmail_simulator.message import StoredMessage

UNREACHABLE = ".invalid"
"""Domains that end so exist nowhere (RFC 2606): mail to them comes back."""
_LIMIT = ("5.4.5", "550 5.4.5 Daily user sending quota exceeded", "You have reached a limit for sending mail.")
_NOWHERE = ("5.1.2", "DNS Error: DNS type 'mx' lookup responded with code NXDOMAIN", "Address not found.")


def beyond_limit(to: str, sent: StoredMessage, clock: Clock) -> bytes:
    """That `sent` was not sent, because the daily limit was reached."""
    return _report(to, sent, [sent.block.first("to") or ""], _LIMIT, clock)


def nowhere(to: str, sent: StoredMessage, recipients: Sequence[str], clock: Clock) -> bytes:
    """That `sent` did not reach these recipients, whose domain does not exist."""
    return _report(to, sent, recipients, _NOWHERE, clock)


def _report(to: str, sent: StoredMessage, recipients: Sequence[str], why: tuple[str, str, str], clock: Clock) -> bytes:
    original = sent.block.first("message-id") or ""
    date = format_datetime(datetime.fromtimestamp(int(clock.now()), UTC))
    status, diagnostic, words = why
    blocks = "".join(
        f"\r\nFinal-Recipient: rfc822; {one}\r\nAction: failed\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; {diagnostic}\r\nLast-Attempt-Date: {date}\r\n"
        for one in recipients
    )
    head = (
        "Return-Path: <>\r\n"
        "Authentication-Results: mx.google.com; dkim=pass header.i=@googlemail.com; spf=pass; "
        "dmarc=pass header.from=googlemail.com\r\n"
        "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\r\n"
        f"To: {to}\r\n"
        "Auto-Submitted: auto-replied\r\n"
        "Subject: Delivery Status Notification (Failure)\r\n"
        f"Date: {date}\r\n"
        f"Message-ID: <{sent.id}.bounce@mx.google.com>\r\n"
        f"In-Reply-To: {original}\r\n"
        f"References: {original}\r\n"
        f"X-Failed-Recipients: {', '.join(recipients)}\r\n"
        "MIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; boundary="bounce"; report-type=delivery-status\r\n'
        "\r\n"
        "--bounce\r\n"
        "Content-Type: text/plain; charset=UTF-8\r\n"
        "\r\n"
        f"{words} Your message wasn't delivered to {', '.join(recipients)}.\r\n"
        "\r\n"
        "--bounce\r\n"
        "Content-Type: message/delivery-status\r\n"
        "\r\n"
        "Reporting-MTA: dns; googlemail.com\r\n"
        f"Arrival-Date: {date}\r\n"
        f"X-Original-Message-ID: {original}\r\n"
        f"{blocks}"
        "\r\n"
        "--bounce\r\n"
        "Content-Type: message/rfc822\r\n"
        "\r\n"
    )
    return head.encode() + sent.raw + b"\r\n--bounce--\r\n"
