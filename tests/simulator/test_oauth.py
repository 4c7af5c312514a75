"""Consent, tokens and their ends, as Google's own libraries see them."""

import base64
import hashlib
from typing import Any
from urllib.parse import urlencode

import google.auth.transport.urllib3
import jwt
import pytest
from google.auth.exceptions import RefreshError
from google.oauth2 import id_token

from tests.simulator.running import POOL, READONLY, RETURN_TO, Running, ask, start

EMAIL = "https://www.googleapis.com/auth/userinfo.email"
SEND = "https://www.googleapis.com/auth/gmail.send"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def request() -> Any:
    return google.auth.transport.urllib3.Request(POOL)  # type: ignore[no-untyped-call]


def test_a_whole_consent_gives_tokens_and_a_verifiable_id_token(gmail: Running) -> None:
    email = gmail.account(hosted_domain="agency.example")
    tokens = gmail.tokens(email, nonce="n-1")
    assert set(tokens["scope"].split()) == {"openid", EMAIL, READONLY, SEND}
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 3599
    claims = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    half = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    assert claims["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    assert (claims["nonce"], claims["hd"], claims["email"]) == ("n-1", "agency.example", email)
    assert claims["azp"] == "sandbox-client"
    running, end = start()
    try:
        token = running.tokens(running.account())["id_token"]
        url = f"{running.url}/oauth2/v1/certs"
        verified = id_token.verify_token(token, request(), "sandbox-client", certs_url=url)
    finally:
        end()
    assert verified["iss"] == "https://accounts.google.com"
    assert verified["email_verified"] is True


def test_the_key_set_verifies_too(gmail: Running) -> None:
    token = gmail.tokens(gmail.account())["id_token"]
    keys = ask("GET", f"{gmail.url}/oauth2/v3/certs").json()["keys"]
    key = jwt.PyJWK(keys[0]).key
    options: Any = {"verify_iat": False, "verify_exp": False}
    assert jwt.decode(token, key, algorithms=["RS256"], audience="sandbox-client", options=options)["sub"]


def test_google_auth_refreshes_and_a_password_change_ends_it(gmail: Running) -> None:
    email = gmail.account()
    credentials = gmail.credentials(gmail.tokens(email))
    before = credentials.token
    credentials.refresh(request())  # type: ignore[no-untyped-call]
    assert credentials.token != before
    gmail.act(f"mailboxes/{email}/password", {})
    with pytest.raises(RefreshError) as ended:
        credentials.refresh(request())  # type: ignore[no-untyped-call]
    assert ended.value.args[1]["error"] == "invalid_grant"
    header = {"Authorization": f"Bearer {credentials.token}"}
    assert ask("GET", f"{gmail.url}/gmail/v1/users/me/profile", headers=header).status == 401
    again = gmail.credentials(gmail.tokens(email, prompt="consent"))
    again.refresh(request())  # type: ignore[no-untyped-call]
    assert again.valid


def test_access_tokens_expire_by_the_stacks_clock(gmail: Running) -> None:
    email = gmail.account()
    header = gmail.bearer(email)
    url = f"{gmail.url}/gmail/v1/users/me/profile"
    assert ask("GET", url, headers=header).status == 200
    gmail.act("clock", {"advance_s": 3600})
    expired = ask("GET", url, headers=header)
    assert expired.status == 401
    assert expired.json()["error"]["status"] == "UNAUTHENTICATED"
    called = gmail.items("calls", email=email, method="gmail.users.getProfile")
    assert [one["status"] for one in called] == [200, 401]
    assert 'error="invalid_token"' in expired.headers["WWW-Authenticate"]


def test_a_refresh_token_comes_with_the_first_consent_or_when_asked_for(gmail: Running) -> None:
    email = gmail.account()
    assert "refresh_token" in gmail.tokens(email)
    assert "refresh_token" not in gmail.tokens(email)
    assert "refresh_token" in gmail.tokens(email, prompt="select_account consent")
    assert "refresh_token" not in gmail.tokens(gmail.account(), access_type="online")


def test_pkce_is_checked(gmail: Running) -> None:
    email = gmail.account()
    verifier = "v" * 43
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked: Any = {"code_challenge": challenge, "code_challenge_method": "S256"}
    assert gmail.exchange(gmail.consent(email, **asked)["code"], code_verifier=verifier).status == 200
    for wrong in ({"code_verifier": "w" * 43}, {}):
        refused = gmail.exchange(gmail.consent(email, **asked)["code"], **wrong)
        assert (refused.status, refused.json()["error"]) == (400, "invalid_grant")


def test_a_code_works_once_soon_and_for_its_own_redirect(gmail: Running) -> None:
    email = gmail.account()
    code = gmail.consent(email)["code"]
    assert gmail.exchange(code).status == 200
    assert gmail.exchange(code).json()["error"] == "invalid_grant"
    code = gmail.consent(email)["code"]
    gmail.act("clock", {"advance_s": 601})
    assert gmail.exchange(code).json()["error"] == "invalid_grant"
    elsewhere = gmail.token_call(
        grant_type="authorization_code", code=gmail.consent(email)["code"], redirect_uri=f"{RETURN_TO}/else"
    )
    assert elsewhere.json()["error"] == "redirect_uri_mismatch"


def test_a_wrong_secret_or_client_is_refused(gmail: Running) -> None:
    for form in ({"client_secret": "wrong"}, {"client_id": "nobody"}):
        refused = gmail.token_call(grant_type="refresh_token", refresh_token="x", **form)
        assert (refused.status, refused.json()["error"]) == (401, "invalid_client")
    assert gmail.token_call(grant_type="password").json()["error"] == "unsupported_grant_type"


def test_unticked_boxes_narrow_the_token_and_its_calls(gmail: Running) -> None:
    email = gmail.account()
    tokens = gmail.tokens(email, grant=["openid", "email", SEND])
    assert set(tokens["scope"].split()) == {"openid", EMAIL, SEND}
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    refused = ask("GET", f"{gmail.url}/gmail/v1/users/me/profile", headers=header)
    error = refused.json()["error"]
    assert refused.status == 403
    assert error["status"] == "PERMISSION_DENIED"
    assert error["errors"][0]["reason"] == "insufficientPermissions"
    assert error["details"][0]["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
    assert error["details"][0]["metadata"]["method"] == "caribou.api.proto.MailboxService.GetProfile"


def test_revoking_one_token_ends_every_grant_of_that_person(gmail: Running) -> None:
    email, other = gmail.account(), gmail.account()
    first, second, others = gmail.tokens(email), gmail.tokens(email, prompt="consent"), gmail.tokens(other)
    form = urlencode({"token": second["access_token"]}).encode()
    assert ask("POST", f"{gmail.url}/revoke", body=form, headers=FORM).status == 200
    assert ask("POST", f"{gmail.url}/revoke", body=form, headers=FORM).status == 400
    for tokens, status in ((first, 400), (second, 400), (others, 200)):
        reply = gmail.token_call(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
        assert reply.status == status
    assert "refresh_token" in gmail.tokens(email)


def test_the_hundred_and_first_refresh_token_ends_the_first(gmail: Running) -> None:
    email = gmail.account()
    made = [gmail.tokens(email, prompt="consent")["refresh_token"] for _ in range(101)]
    assert gmail.token_call(grant_type="refresh_token", refresh_token=made[0]).status == 400
    assert gmail.token_call(grant_type="refresh_token", refresh_token=made[1]).status == 200


def test_consent_over_the_control_interface_says_where_to_go(gmail: Running) -> None:
    email = gmail.account()
    back = gmail.consent(email, state="a b&c")
    assert back["state"] == "a b&c"
    assert gmail.consent(email, deny=True) == {"state": "s1", "error": "access_denied"}
    not_asked = {"authorize_url": gmail.authorize_url(), "email": email, "grant": ["https://mail.google.com/"]}
    assert gmail.control("POST", "consent", not_asked).status == 400
    nobody = {"authorize_url": gmail.authorize_url(), "email": "nobody@x.example"}
    assert gmail.control("POST", "consent", nobody).status == 404


@pytest.mark.parametrize("name", ["token", "revoke"])
def test_the_oauth_endpoints_fail_on_request(gmail: Running, name: str) -> None:
    email = gmail.account()
    refresh = gmail.tokens(email)["refresh_token"]
    gmail.act("faults", [{"method": f"oauth.{name}", "email": email, "times": 1, "status": 503}])
    form = {"client_id": "sandbox-client", "client_secret": "sandbox-secret", "grant_type": "refresh_token"}
    body = urlencode({**form, "refresh_token": refresh, "token": refresh}).encode()
    first = ask("POST", f"{gmail.url}/{name}", body=body, headers=FORM)
    assert first.status == 503
    assert ask("POST", f"{gmail.url}/{name}", body=body, headers=FORM).status == 200
    called = gmail.items("calls", method=f"oauth.{name}", email=email)
    assert [c["status"] for c in called][-2:] == [503, 200]


def test_certificates_fail_and_refusals_are_named_on_request(gmail: Running) -> None:
    gmail.act("faults", [{"method": "oauth.certs", "times": 1, "status": 500}])
    assert ask("GET", f"{gmail.url}/oauth2/v1/certs").status == 500
    certificates = ask("GET", f"{gmail.url}/oauth2/v1/certs")
    assert "max-age" in certificates.headers["Cache-Control"]
    refresh = gmail.tokens(gmail.account())["refresh_token"]
    gmail.act("faults", [{"method": "oauth.token", "times": 1, "status": 400, "reason": "admin_policy_enforced"}])
    refused = gmail.token_call(grant_type="refresh_token", refresh_token=refresh)
    assert (refused.status, refused.json()["error"]) == (400, "admin_policy_enforced")
