"""All that a stack logs while mail comes in, goes out, is refused and breaks: none of it is in there (T28, I10)."""

import json
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from tests.client.wire import File, call, part
from tests.e2e.driver import Endpoints, Office, mail, new_id, new_office, until
from tests.e2e.log_lines import by, lines
from tests.sandbox.parked import reason as why_parked
from tests.sandbox.stack import Stack
from tests.sandbox.table import Kind

SEND, GET = "gmail.users.messages.send", "gmail.users.messages.get"
RESET = {"times": 1, "status": 400, "reason": "invalidArgument"}
FUNCTIONS = {
    "capture_bcc", "connections", "conversations", "deliver_email", "deliver_events", "oauth_callback",
    "process_history", "reconcile_mailboxes", "records", "send_email",
}  # fmt: skip


@dataclass
class Canaries:
    """Words that nobody may find in a log, each made once for its place; `given` are secrets of the stack's own."""

    made: dict[str, str] = field(default_factory=dict)

    def __call__(self, place: str) -> str:
        return self.made.setdefault(place, f"canary{uuid.uuid4().hex}")

    def given(self, place: str, secret: str) -> str:
        self.made[place] = secret
        return secret

    def found(self, logs: Path) -> list[tuple[str, str]]:
        """Which of them are in which file, in whatever case."""
        files = {path.name: path.read_text(errors="replace").lower() for path in sorted(logs.iterdir())}
        assert files
        return [
            (place, name) for place, word in self.made.items() for name, text in files.items() if word.lower() in text
        ]


@pytest.fixture
def canary(stack: Stack) -> Canaries:
    """With the secrets that the stack works with."""
    made = Canaries()
    for kept in sorted((stack.plan.run_dir / "secrets").iterdir()):
        text = kept.read_text()
        made.given(kept.name, json.loads(text)["keys"]["k1"] if kept.suffix == ".json" else text.strip())
    return made


def connected(endpoints: Endpoints, canary: Canaries) -> Office:
    """An office whose every name is a canary, its consent given step by step to keep each code."""
    office = new_office(endpoints, connected=False)
    sender = f"{canary('the contact')}@customer.example"
    office.backend.put_contact(office.contact, sender, name=canary("the contact's name"))
    begun = office.crm.begin_consent(endpoints.return_to)
    back = endpoints.control().consent(begun["authorize_url"], office.mailbox)
    asked = {name: one[0] for name, one in parse_qs(urlsplit(back).query).items()}
    canary.given("Google's code", asked["code"])
    canary.given("the consent's state", asked["state"])
    code = parse_qs(urlsplit(call("GET", back).headers["Location"]).query)["connect_code"][0]
    office.crm.complete(canary.given("the connect code", code))
    call("GET", back)
    call("GET", back.replace(asked["state"], canary("a forged state")))
    canary.given("the mailbox's address", office.mailbox)
    canary.given("the session", office.crm.token or "")
    canary.given("the auto-BCC address", str(office.crm.connection()["auto_bcc"]).partition("@")[0])
    return office


def letter(canary: Canaries, kind: str, sender: str, to: str) -> Any:
    made = mail(f'"{canary(kind + " name")}" <{sender}>', to, canary(kind + " subject"), canary(kind + " body"))
    name = canary(kind + " file name") + ".pdf"
    made.add_attachment(canary(kind + " file").encode(), maintype="application", subtype="pdf", filename=name)
    return made


def comes_in(stack: Stack, office: Office, canary: Canaries) -> None:
    """Mail of a contact, of a stranger, one that Gmail does not hand out, and one that is hardly a mail."""
    sender = f"{canary('the contact')}@customer.example"
    stored = office.gmail.deliver(office.mailbox, letter(canary, "stored", sender, office.mailbox))
    office.stored(stored["id"])
    stranger = f"{canary('the stranger')}@elsewhere.example"
    left_out = office.gmail.deliver(office.mailbox, letter(canary, "left out", stranger, office.mailbox))
    office.decided(left_out["id"], "left_out")
    office.gmail.fault(GET, email=office.mailbox, **RESET)
    parked = office.gmail.deliver(office.mailbox, letter(canary, "parked", sender, office.mailbox))
    until(lambda: why_parked(stack.plan, parked["id"]), what="the parked mail")
    word = canary("broken mail")
    broken = f"From: {sender}\r\nTo: {office.mailbox}\r\nSubject: =?x-{word}?q?{word}?=\r\n"
    broken += (
        f"Message-ID: <{uuid.uuid4().hex}@x>\r\nContent-Type: multipart/mixed; boundary={word}\r\n\r\n--{word}\r\n"
    )
    broken += f"Content-Type: text/html; charset={word}\r\nContent-Transfer-Encoding: base64\r\n\r\n{word}=\r\n"
    office.stored(office.gmail.deliver(office.mailbox, broken.encode())["id"])
    office.gmail.act(office.mailbox, "password")
    office.gmail.deliver(office.mailbox, letter(canary, "grant lost", sender, office.mailbox))
    until(lambda: office.crm.connection()["state"] == "reauth_required", what="the lost grant")


def goes_out(office: Office, canary: Canaries) -> None:
    """A mail that is sent, one that Gmail refuses, one that is cut off."""
    for kind, fault in (("sent", {}), ("refused", RESET), ("cut off", {"times": 1, "drop": True})):
        if fault:
            office.gmail.fault(SEND, email=office.mailbox, **fault)
        to = {"address": f"{canary('the contact')}@customer.example", "name": canary(kind + " to")}
        given = {"to": [to], "subject": canary(kind + " subject"), "html": f"<p>{canary(kind + ' html')}</p>"}
        file = File(canary(kind + " file name") + ".txt", "text/plain", canary(kind + " file").encode())
        accepted = office.crm.send(new_id("key"), given, [file])
        office.settled(accepted["id"], "failed" if kind == "refused" else "sent", within_s=30)
        for one in office.crm.message(accepted["id"])["attachments"]:
            assert office.crm.attachment(accepted["id"], one["id"]).status == 200


def is_refused(stack: Stack, office: Office, canary: Canaries) -> None:
    """Whatever a caller may put where, at every public door."""
    functions = {name: url.rstrip("/") for name, url in office.endpoints.functions.items()}
    at = f"/locations/{office.location}"
    word = quote(canary("a path"))
    for name in (one.name for one in stack.plan.table.functions.values() if one.trigger.kind is Kind.HTTP):
        for path in (f"/{word}", f"{at}/{word}?{word}={word}", f"/locations/{word}", "/robots.txt", "/raw"):
            for method in ("GET", "POST", "PUT", canary("a method").upper()):
                call(
                    method, functions[name] + path, token=office.crm.token, body={canary("a field"): canary("a value")}
                )
                call(method, functions[name] + path, token=canary("a forged token"))
    for body in (
        f'{{"{canary("twice")}": 1, "{canary("twice")}": 1}}',
        f'{{"email": "{canary("half a body")}"',
        "[" * 9_999,
    ):
        call("PUT", f"{functions['records']}{at}/contacts/c", token=office.backend.token, body=body.encode())
    office.crm.explain(address=f"{canary('explained')}@customer.example")
    office.crm.ask("GET", "conversations", "/explain", gmail_id=canary("an id that is none") + "!")
    office.crm.post_mail(canary("a key"), {"to": [{"address": canary("no address")}], "text": canary("unsent")})
    office.crm.post_mail(new_id("key"), {"to": [{"address": f"{canary('nobody')}@x.example"}], "text": "x"})
    form = [part(canary("a part"), canary("a part's content").encode(), canary("a type"))]
    headers = {"Idempotency-Key": new_id("key"), "X-Header": canary("a header"), "traceparent": canary("a trace")}
    call("POST", f"{functions['send_email']}{at}/messages", token=office.crm.token, form=form, headers=headers)
    call("POST", f"{functions['process_history']}/", body={"message": {"data": canary("a forged push")}})
    office.backend.ask("PUT", "records", "/contacts/c", body={"email": canary("a bad address"), "name": ""})


def is_captured(office: Office, canary: Canaries) -> None:
    """Auto-BCC mail that is filed, that is held, that is for nobody."""
    own = str(office.crm.connection()["auto_bcc"])
    for kind, to, authentication in (("filed", own, "pass"), ("held", own, "fail"), ("guessed", f"x{own}", "pass")):
        to_whom = f"{canary(kind + ' recipient')}@customer.example"
        brought = letter(canary, kind, office.mailbox, to_whom)
        answer = office.endpoints.capture(
            bytes(brought), to, sender=f"{canary(kind + ' envelope')}@agency.example", authentication=authentication
        )
        assert answer.status == 200


def test_T28_I10_nothing_of_any_mail_or_secret_is_in_any_log_of_the_stack(
    stack: Stack, endpoints: Endpoints, canary: Canaries
) -> None:
    office = connected(endpoints, canary)
    goes_out(office, canary)
    is_captured(office, canary)
    is_refused(stack, office, canary)
    comes_in(stack, office, canary)
    endpoints.run_schedule("reconcile_mailboxes")

    assert canary.found(stack.plan.run_dir / "logs") == []
    assert {by(line) for line in lines(stack)} >= FUNCTIONS, "and it did log"
    assert len(canary.made) > 50
