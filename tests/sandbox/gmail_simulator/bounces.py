"""The delivery report that Gmail puts into the sender's own inbox."""

from datetime import UTC, datetime
from email.utils import format_datetime

from tests.sandbox.gmail_simulator.clock import Clock
from tests.sandbox.gmail_simulator.message import StoredMessage


def bounce(to: str, sent: StoredMessage, clock: Clock) -> bytes:
    """A multipart/report that says the daily limit was reached, answering `sent`."""
    original = sent.block.first("message-id") or ""
    date = format_datetime(datetime.fromtimestamp(int(clock.now()), UTC))
    return (
        "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\r\n"
        f"To: {to}\r\n"
        "Subject: Delivery Status Notification (Failure)\r\n"
        f"Date: {date}\r\n"
        f"Message-ID: <{sent.id}.bounce@mx.google.com>\r\n"
        f"In-Reply-To: {original}\r\n"
        f"References: {original}\r\n"
        "Return-Path: <>\r\n"
        "Auto-Submitted: auto-replied\r\n"
        f"X-Failed-Recipients: {sent.block.first('to') or ''}\r\n"
        "MIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; boundary="bounce"; report-type=delivery-status\r\n'
        "\r\n"
        "--bounce\r\n"
        "Content-Type: text/plain; charset=UTF-8\r\n"
        "\r\n"
        "You have reached a limit for sending mail. Your message was not sent.\r\n"
        "\r\n"
        "--bounce\r\n"
        "Content-Type: message/delivery-status\r\n"
        "\r\n"
        "Reporting-MTA: dns; googlemail.com\r\n"
        "\r\n"
        f"Final-Recipient: rfc822; {sent.block.first('to') or ''}\r\n"
        "Action: failed\r\n"
        "Status: 5.4.5\r\n"
        "Diagnostic-Code: smtp; 550 5.4.5 Daily user sending quota exceeded\r\n"
        "\r\n"
        "--bounce--\r\n"
    ).encode()
