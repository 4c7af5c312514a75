"""Signatures of Standard Webhooks."""

import base64
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.domain.webhook_signature import secrets_of, signed_headers
from tests.sandbox.event_faults import FRESH_S, verified
from tests.sandbox.plan import REPOSITORY

AT = datetime(2026, 11, 2, 9, 0, 0, 900_000, tzinfo=UTC)
OLD, NEW, OTHER = (f"whsec_{base64.b64encode(bytes([one]) * 32).decode()}" for one in (1, 2, 3))
NAME, BODY = "message.stored:l1:m1", b'{"id": "message.stored:l1:m1"}'


def believed(headers: dict[str, str], body: bytes = BODY, *secrets: str, later: timedelta = timedelta()) -> bool:
    return verified(headers, body, secrets or (NEW,), now=(AT + later).timestamp())


def test_t26_the_vector_that_implementations_of_the_standard_share() -> None:
    key = secrets_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = signed_headers(
        key, "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', at=datetime.fromtimestamp(1614265330, UTC)
    )
    assert made == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_t26_a_receiver_believes_what_is_as_it_was_signed() -> None:
    assert believed(signed_headers(secrets_of(NEW), NAME, BODY, at=AT))


@pytest.mark.parametrize(
    ("changed", "body"),
    [
        ({"webhook-id": "message.stored:l1:m2"}, BODY),
        ({"webhook-timestamp": str(int(AT.timestamp()) + 1)}, BODY),
        ({"webhook-signature": "v1,"}, BODY),
        ({"webhook-signature": ""}, BODY),
        ({"webhook-id": ""}, BODY),
        ({"webhook-timestamp": "now"}, BODY),
        ({}, BODY + b" "),
        ({}, BODY.replace(b"m1", b"m2")),
    ],
)
def test_t26_an_altered_id_time_or_body_is_not_believed(changed: dict[str, str], body: bytes) -> None:
    assert not believed({**signed_headers(secrets_of(NEW), NAME, BODY, at=AT), **changed}, body)


def test_t26_another_version_of_the_signature_is_not_believed() -> None:
    made = signed_headers(secrets_of(NEW), NAME, BODY, at=AT)

    assert not believed({**made, "webhook-signature": made["webhook-signature"].replace("v1,", "v1a,")})


@pytest.mark.parametrize(
    ("shift", "fresh"), [(0, True), (FRESH_S, True), (-FRESH_S + 1, True), (FRESH_S + 1, False), (-FRESH_S - 1, False)]
)
def test_t26_a_request_that_is_brought_again_later_is_too_old(shift: int, *, fresh: bool) -> None:
    made = signed_headers(secrets_of(NEW), NAME, BODY, at=AT.replace(microsecond=0))
    now = AT.replace(microsecond=0).timestamp() + shift

    assert verified(made, BODY, [NEW], now=now) is fresh


def test_t26_while_a_secret_changes_both_old_and_new_receivers_believe_and_afterwards_only_the_new() -> None:
    during = signed_headers(secrets_of(f"{NEW} {OLD}"), NAME, BODY, at=AT)
    after = signed_headers(secrets_of(NEW), NAME, BODY, at=AT)

    assert [believed(during, BODY, one) for one in (OLD, NEW, OTHER)] == [True, True, False]
    assert [believed(after, BODY, one) for one in (OLD, NEW, OTHER)] == [False, True, False]
    assert believed(after, BODY, OLD, NEW), "a receiver may know both, too"


@pytest.mark.parametrize(
    "text", ["", "  ", "secret", "whsec_", "whsec_###", f"whsec_{base64.b64encode(b'x' * 23).decode()}", f"{NEW} x"]
)
def test_t26_what_is_no_secret_or_too_short_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"webhook secret|base64|[Pp]adding|alphabet"):
        secrets_of(text)


def test_t26_the_receiver_that_the_description_shows_believes_what_we_sign_and_nothing_else() -> None:
    page = (REPOSITORY / "functions" / "README.md").read_text()
    (source,) = re.findall(r"verify\.py <<'END'\n(.*?)^END$", page, re.MULTILINE | re.DOTALL)
    shown: dict[str, Any] = {}
    exec(source, shown)  # noqa: S102 - our own page
    headers = signed_headers(secrets_of(f"{NEW} {OLD}"), NAME, BODY, at=AT)
    now = AT.timestamp()

    assert all(shown["verified"](headers, BODY, one, now=now) for one in (NEW, OLD))
    assert not shown["verified"](headers, BODY, OTHER, now=now)
    assert not shown["verified"](headers, BODY + b" ", NEW, now=now)
    assert not shown["verified"]({**headers, "webhook-id": "other"}, BODY, NEW, now=now)
    assert not shown["verified"](headers, BODY, NEW, now=now + FRESH_S + 1)
