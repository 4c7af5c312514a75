"""The issuer of the CRM's tokens."""

from datetime import datetime

import jwt
import pytest

from tests.client.wire import call, ok
from tests.sandbox.settings import CRM_AUDIENCE
from tests.sandbox.stack import Stack

A_DAY_S = 86_400
"""More than other tests move the stack's clock ahead."""


def _claims(stack: Stack, token: str) -> dict[str, object]:
    issuer = stack.endpoints.issuer
    keys = jwt.PyJWKSet.from_dict(ok(call("GET", f"{issuer}/.well-known/jwks.json"), "jwks"))
    key = keys[jwt.get_unverified_header(token)["kid"]]
    return dict(jwt.decode(token, key, ["RS256"], audience=CRM_AUDIENCE, issuer=issuer))


def test_a_token_says_who_where_and_in_which_role_and_verifies_with_the_published_key(stack: Stack) -> None:
    claims = _claims(stack, stack.endpoints.token("anna", ["one", "two"], "admin"))

    assert (claims["sub"], claims["locations"], claims["role"]) == ("anna", ["one", "two"], "admin")
    assert "act" not in claims


def test_a_token_lasts_as_long_as_was_asked_and_names_who_acts(stack: Stack) -> None:
    claims = _claims(stack, stack.endpoints.token("anna", ["one"], expires_s=90, act="support"))

    assert claims["act"] == "support"
    assert isinstance(claims["exp"], int)
    now = datetime.fromisoformat(stack.endpoints.control().advance(0)).timestamp()
    assert 60 < claims["exp"] - now <= 91


def test_a_token_may_be_asked_for_that_is_already_over(stack: Stack) -> None:
    with pytest.raises(jwt.ExpiredSignatureError):
        _claims(stack, stack.endpoints.token("anna", ["one"], expires_s=-A_DAY_S))


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        {"sub": "anna", "locations": ["one"]},
        {"sub": "", "locations": ["one"], "role": "user"},
        {"sub": "anna", "locations": "one", "role": "user"},
        {"sub": "anna", "locations": [1], "role": "user"},
        {"sub": "anna", "locations": ["one"], "role": "boss"},
        {"sub": "anna", "locations": ["one"], "role": ["user"]},
        {"sub": "anna", "locations": ["one"], "role": "user", "expires_s": "90"},
        {"sub": "anna", "locations": ["one"], "role": "user", "colour": "red"},
    ],
)
def test_a_request_that_is_not_as_agreed_is_refused(stack: Stack, body: object) -> None:
    answer = call("POST", f"{stack.endpoints.issuer}/tokens", body=body)

    assert (answer.status, answer.code) == (400, "invalid_request")
