"""The ways in for auto-BCC mail: only a receiver's own request opens them, and only its own verdict comes along."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.adapters.inbound_mail.raw import RawMail
from shared.adapters.inbound_mail.sendgrid import SendGridMail, public_keys
from shared.domain.authentication_results import vouched
from shared.domain.webhook_signature import secrets_of
from shared.errors import Rejected
from shared.ports.inbound_mail import Arrival, InboundFormat

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
MAIL = b"From: ann@crm.example\r\nTo: carl@customer.example\r\nSubject: Offer\r\n\r\n\xff\x00 As we said.\r\n"
TO = "abc@in.crm.example"
OLD, NEW = (f"whsec_{base64.b64encode(bytes([one]) * 32).decode()}" for one in (1, 2))
RECEIVER = "mx.crm.example"


def refused(way: InboundFormat, headers: dict[str, str], body: bytes, now: datetime = NOW) -> str:
    with pytest.raises(Rejected) as raised:
        way.open(headers, body, now=now)
    return raised.value.code


def raw_headers(secret: str = NEW, *, at: datetime = NOW, to: str = TO, mail: bytes = MAIL) -> dict[str, str]:
    """Signed here by hand, as the description of the API says."""
    stamp = str(int(at.timestamp()))
    signed = b"msg_1." + stamp.encode() + b".ann@crm.example\n" + to.encode() + b"\n" + mail
    mac = hmac.new(base64.b64decode(secret[6:]), signed, hashlib.sha256).digest()
    return {
        "content-type": "message/rfc822",
        "inbound-mail-from": "ann@crm.example",
        "inbound-rcpt-to": to,
        "webhook-id": "msg_1",
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }


def raw_way(*secrets: str) -> RawMail:
    return RawMail(secrets_of(" ".join(secrets or (NEW,))), RECEIVER)


def test_R63_a_signed_raw_mail_comes_in_octet_by_octet_with_its_envelope() -> None:
    arrived = raw_way().open(raw_headers(to=f"{TO}, <other@in.crm.example>"), MAIL, now=NOW)

    assert arrived == Arrival("raw:msg_1", "ann@crm.example", (TO, "other@in.crm.example"), MAIL, RECEIVER)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,!!!"},
        {"webhook-signature": "v2,AAAA"},
        {"webhook-id": "msg_2"},
        {"webhook-id": ""},
        {"webhook-timestamp": "1"},
        {"webhook-timestamp": "now"},
        {"webhook-timestamp": "-1"},
        {"inbound-mail-from": "bob@crm.example"},
        {"inbound-rcpt-to": "other@in.crm.example"},
    ],
)
def test_T22_a_raw_request_that_is_changed_is_nobodys(change: dict[str, str]) -> None:
    assert refused(raw_way(), raw_headers() | change, MAIL) == "unauthenticated"


def test_T22_another_mail_or_another_secret_is_nobodys() -> None:
    assert refused(raw_way(), raw_headers(), MAIL + b".") == "unauthenticated"
    assert refused(raw_way(), raw_headers(OLD), MAIL) == "unauthenticated"
    assert refused(raw_way(), {}, MAIL) == "unauthenticated"


@pytest.mark.parametrize(("seconds", "good"), [(-301, False), (-299, True), (299, True), (301, False)])
def test_T22_a_raw_request_is_good_for_five_minutes(seconds: int, good: bool) -> None:
    headers = raw_headers(at=NOW + timedelta(seconds=seconds))
    if good:
        assert raw_way().open(headers, MAIL, now=NOW).raw == MAIL
    else:
        assert refused(raw_way(), headers, MAIL) == "unauthenticated"


def test_T22_while_the_secret_changes_both_are_good_and_either_signature_does() -> None:
    both = raw_way(NEW, OLD)
    for secret in (OLD, NEW):
        assert both.open(raw_headers(secret), MAIL, now=NOW).raw == MAIL
    twice = raw_headers()
    twice["webhook-signature"] = f"v1,{base64.b64encode(b'x' * 32).decode()} {twice['webhook-signature']}"
    assert both.open(twice, MAIL, now=NOW).raw == MAIL


@pytest.mark.parametrize("secret", ["", "short", "whsec_", "whsec_AAAA", "whsec_%%%", NEW[6:]])
def test_a_secret_that_is_none_is_refused_when_it_is_read(secret: str) -> None:
    with pytest.raises(ValueError):
        secrets_of(secret)


def test_a_raw_request_says_that_it_is_a_mail() -> None:
    assert refused(raw_way(), raw_headers() | {"content-type": "application/json"}, MAIL) == "invalid_request"


SIGNER, OTHER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())


def public(key: ec.EllipticCurvePrivateKey) -> str:
    shown = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(shown).decode()


def form(*fields: tuple[str, bytes]) -> bytes:
    """As SendGrid writes it: a boundary that is always the same."""
    parts = (b'--xYzZY\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (n.encode(), v) for n, v in fields)
    return b"".join(parts) + b"--xYzZY--\r\n"


DKIM, EMAIL = ("dkim", b"{@crm.example : pass}"), ("email", MAIL)
ENVELOPE = ("envelope", json.dumps({"to": [TO], "from": "ann@crm.example"}).encode())
SPF = ("SPF", b"pass")


def sendgrid_headers(body: bytes, *, at: datetime = NOW, key: ec.EllipticCurvePrivateKey = SIGNER) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    signature = key.sign(stamp.encode() + body, ec.ECDSA(SHA256()))
    return {
        "content-type": "multipart/form-data; boundary=xYzZY",
        "x-twilio-email-event-webhook-timestamp": stamp,
        "x-twilio-email-event-webhook-signature": base64.b64encode(signature).decode(),
    }


def sendgrid_way(*keys: ec.EllipticCurvePrivateKey) -> SendGridMail:
    return SendGridMail(public_keys([public(key) for key in keys or (SIGNER,)]))


def proved(arrival: Arrival, sender: str = "ann@crm.example") -> bool:
    return vouched([arrival.results or ""], [sender], server=arrival.server)


def opened(*fields: tuple[str, bytes]) -> Arrival:
    body = form(*fields)
    return sendgrid_way().open(sendgrid_headers(body), body, now=NOW)


def test_R63_sendgrids_mail_comes_in_octet_by_octet_with_the_dkim_that_it_checked() -> None:
    arrived = opened(DKIM, ENVELOPE, SPF, EMAIL)

    assert (arrived.sender, arrived.recipients, arrived.raw) == ("ann@crm.example", (TO,), MAIL)
    assert proved(arrived)
    assert not proved(arrived, "bob@other.example")


@pytest.mark.parametrize(
    "dkim",
    [
        b"none",
        b"",
        b"{@crm.example : fail}",
        b"{@evil.example : pass}",
        b"pass",
        b"{@crm.example : passed by}",
        b"{@crm.example : fail (pass)}",
    ],
)
def test_R63_a_dkim_that_is_not_a_pass_of_the_senders_domain_proves_nothing(dkim: bytes) -> None:
    assert not proved(opened(("dkim", dkim), ENVELOPE, SPF, EMAIL))


def test_R63_of_several_signatures_the_aligned_one_counts() -> None:
    assert proved(opened(("dkim", b"{@esp.example : pass, @crm.example : pass}"), ENVELOPE, EMAIL))
    assert not proved(opened(("dkim", b"{@esp.example : pass, @crm.example : fail}"), ENVELOPE, EMAIL))


def test_T23_fields_that_a_sender_wrote_into_the_mail_prove_nothing() -> None:
    injected = MAIL + b'\r\n--xYzZY\r\nContent-Disposition: form-data; name="dkim"\r\n\r\n{@crm.example : pass}'

    assert not proved(opened(("dkim", b"none"), ENVELOPE, ("email", injected)))
    assert not proved(opened(ENVELOPE, ("email", injected)))
    assert not proved(opened(ENVELOPE, EMAIL, DKIM))


def test_T23_a_signing_domain_that_holds_another_result_proves_nothing() -> None:
    odd = b"DKIM-Signature: v=1; d=a : pass, @crm.example : pass, @x.evil.example; s=s; b=AA==\r\n"
    told = ("dkim", b"{@a : pass, @crm.example : pass, @x.evil.example : pass}")
    plain = b"DKIM-Signature: v=1; d=crm.example; s=s;\r\n b=AA==\r\n"

    assert not proved(opened(told, ENVELOPE, ("email", odd + MAIL)))
    assert proved(opened(DKIM, ENVELOPE, ("email", plain + MAIL)))


@pytest.mark.parametrize(
    "fields", [(DKIM, EMAIL), (DKIM, ENVELOPE), (DKIM, ENVELOPE, ENVELOPE, EMAIL), (DKIM, ENVELOPE, EMAIL, EMAIL)]
)
def test_T23_a_form_that_can_be_read_in_two_ways_is_refused(fields: tuple[tuple[str, bytes], ...]) -> None:
    body = form(*fields)

    assert refused(sendgrid_way(), sendgrid_headers(body), body) == "invalid_request"


def test_T22_a_sendgrid_request_that_is_changed_is_nobodys() -> None:
    body = form(DKIM, ENVELOPE, EMAIL)
    good = sendgrid_headers(body)

    assert refused(sendgrid_way(), good, body + b" ") == "unauthenticated"
    assert refused(sendgrid_way(OTHER), good, body) == "unauthenticated"
    assert refused(sendgrid_way(), good | {"x-twilio-email-event-webhook-timestamp": "1"}, body) == "unauthenticated"
    assert refused(sendgrid_way(), good | {"x-twilio-email-event-webhook-signature": "AAAA"}, body) == "unauthenticated"
    assert refused(sendgrid_way(), {"content-type": good["content-type"]}, body) == "unauthenticated"


def test_T22_sendgrid_may_go_on_trying_for_three_days_under_the_same_name() -> None:
    body = form(DKIM, ENVELOPE, EMAIL)
    late = sendgrid_headers(body, at=NOW - timedelta(days=3))

    names = {sendgrid_way().open(one, body, now=NOW).name for one in (late, sendgrid_headers(body))}

    assert len(names) == 1
    assert refused(sendgrid_way(), sendgrid_headers(body, at=NOW - timedelta(days=4)), body) == "unauthenticated"
    assert refused(sendgrid_way(), sendgrid_headers(body, at=NOW + timedelta(minutes=6)), body) == "unauthenticated"


def test_T22_while_sendgrids_key_changes_both_are_good() -> None:
    body = form(DKIM, ENVELOPE, EMAIL)

    for key in (SIGNER, OTHER):
        assert sendgrid_way(SIGNER, OTHER).open(sendgrid_headers(body, key=key), body, now=NOW).raw == MAIL
