"""Delivery reports as servers write them, about one mail to one recipient."""

from email.message import EmailMessage

RECIPIENT = "nobody@customer.example"
ORIGINAL = "<CAoffer@mail.gmail.com>"

GMAIL = f"""\
Return-Path: <>
From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
To: ada@agency.example
Auto-Submitted: auto-replied
Subject: Delivery Status Notification (Failure)
References: {ORIGINAL}
In-Reply-To: {ORIGINAL}
X-Failed-Recipients: {RECIPIENT}
MIME-Version: 1.0
Content-Type: multipart/report; boundary="b1"; report-type=delivery-status

--b1
Content-Type: multipart/related; boundary="b2"

--b2
Content-Type: multipart/alternative; boundary="b3"

--b3
Content-Type: text/plain; charset="UTF-8"

** Address not found **

Your message wasn't delivered to {RECIPIENT} because the address couldn't be found, or is unable to receive mail.

The response from the remote server was:
550 5.1.1 The email account that you tried to reach does not exist.

--b3
Content-Type: text/html; charset="UTF-8"

<p>Address not found</p>

--b3--
--b2
Content-Type: image/png; name="icon.png"
Content-Disposition: attachment; filename="icon.png"
Content-Transfer-Encoding: base64

iVBORw0KGgo=

--b2--
--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; googlemail.com
Arrival-Date: Sun, 22 Nov 2026 01:00:00 -0800 (PST)
X-Original-Message-ID: {ORIGINAL}

Final-Recipient: rfc822; {RECIPIENT}
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.customer.example. (192.0.2.1, the server for the
 domain customer.example.)
Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try
 550 5.1.1 double-checking the address.
Last-Attempt-Date: Sun, 22 Nov 2026 01:00:01 -0800 (PST)

--b1
Content-Type: message/rfc822

From: Ada <ada@agency.example>
To: {RECIPIENT}
Subject: An offer
Message-ID: {ORIGINAL}

Take it.
--b1--
"""

EXCHANGE = f"""\
Return-Path: <>
From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@customer.example>
To: <ada@agency.example>
Subject: Undeliverable: An offer
In-Reply-To: {ORIGINAL}
References: {ORIGINAL}
X-MS-Exchange-Message-Is-Ndr: true
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="_0001_"

--_0001_
Content-Type: multipart/alternative; boundary="_0002_"

--_0002_
Content-Type: text/plain; charset="us-ascii"

Your message to {RECIPIENT} couldn't be delivered.

--_0002_
Content-Type: text/html; charset="us-ascii"

<p>Your message couldn't be delivered.</p>

--_0002_--
--_0001_
Content-Type: message/delivery-status

Reporting-MTA: dns;AM0PR01MB0001.eurprd01.prod.exchangelabs.example
Received-From-MTA: dns;mail-ej1-f41.google.com
Arrival-Date: Sun, 22 Nov 2026 09:00:00 +0000

Original-Recipient: rfc822;{RECIPIENT}
Final-Recipient: rfc822;nobody@customer.onmicrosoft.example
Action: failed
Status: 5.2.2
Diagnostic-Code: smtp;554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException

--_0001_
Content-Type: text/rfc822-headers

From: Ada <ada@agency.example>
To: {RECIPIENT}
Message-ID: {ORIGINAL}

--_0001_--
"""

POSTFIX_LATE = f"""\
Return-Path: <>
From: MAILER-DAEMON@mx.customer.example (Mail Delivery System)
To: ada@agency.example
Subject: Delayed Mail (still being retried)
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="p"

--p
Content-Type: text/plain

####################################################################
# THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #
####################################################################

--p
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.customer.example

Final-Recipient: rfc822; {RECIPIENT}
Original-Recipient: rfc822;{RECIPIENT}
Action: delayed
Status: 4.4.1
Diagnostic-Code: X-Postfix; connect to mx2.customer.example[192.0.2.2]:25: Connection timed out
Will-Retry-Until: Fri, 27 Nov 2026 09:00:00 +0000

--p
Content-Type: text/rfc822-headers

Message-ID: {ORIGINAL}

--p--
"""

POSTFIX_GIVES_UP = (
    POSTFIX_LATE.replace("Action: delayed", "Action: failed")
    .replace("Status: 4.4.1", "Status: 4.4.7")
    .replace("Delayed Mail (still being retried)", "Undelivered Mail Returned to Sender")
)

EXIM = f"""\
Return-path: <>
From: Mail Delivery System <Mailer-Daemon@mx.customer.example>
To: ada@agency.example
Auto-Submitted: auto-replied
X-Failed-Recipients: {RECIPIENT}
Subject: Mail delivery failed: returning message to sender
References: {ORIGINAL}

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  {RECIPIENT}
    host mx2.customer.example [192.0.2.2]
    SMTP error from remote mail server after RCPT TO:<{RECIPIENT}>:
    550 5.7.1 Recipient not authorized

------ This is a copy of the message, including all the headers. ------

From: Ada <ada@agency.example>
To: {RECIPIENT}
Message-ID: {ORIGINAL}
"""

QMAIL = f"""\
Return-Path: <>
From: MAILER-DAEMON@mx.customer.example
To: ada@agency.example
Subject: failure notice
References: {ORIGINAL}

Hi. This is the qmail-send program at mx.customer.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<{RECIPIENT}>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Return-Path: <ada@agency.example>
Message-ID: {ORIGINAL}
Subject: An offer

Take it.
"""

HOLIDAY = f"""\
Return-Path: <>
From: Dan <dan@other.example>
To: ada@agency.example
Auto-Submitted: auto-replied
Subject: Away
In-Reply-To: {ORIGINAL}

I am away. Write to {RECIPIENT}.
"""


def report(*blocks: str, original: str = ORIGINAL, **headers: str) -> bytes:
    """A report whose status part has these blocks after the one about the server."""
    made = EmailMessage()
    made["Return-Path"], made["From"], made["To"] = "<>", "mailer-daemon@googlemail.com", "ada@agency.example"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    text = "\r\n\r\n".join(["Reporting-MTA: dns; mx.customer.example", *blocks])
    whole = (
        f'{made.as_string().strip()}\r\nContent-Type: multipart/report; boundary="x"; report-type=delivery-status'
        f"\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"{text}\r\n\r\n--x\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {original}\r\n\r\n--x--\r\n"
    )
    return whole.replace("\r\n", "\n").replace("\n", "\r\n").encode()


def undelivered(address: str = RECIPIENT, status: str = "5.1.1", action: str = "failed") -> str:
    """One recipient's block."""
    return f"Final-Recipient: rfc822; {address}\r\nAction: {action}\r\nStatus: {status}"
