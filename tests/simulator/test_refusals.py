"""What Gmail refuses, in Google's own words: bad requests, bad tokens, quota; and faults on request."""

import re
import threading
import time
from typing import Any

import pytest
import urllib3
from googleapiclient.errors import HttpError

from tests.simulator.running import Reply, Running, ask, encoded, mail

METADATA = "https://www.googleapis.com/auth/gmail.metadata"


def get(gmail: Running, email: str, path: str, **query: Any) -> Reply:
    return ask("GET", f"{gmail.url}/gmail/v1/users/me/{path}", headers=gmail.bearer(email), **query)


@pytest.mark.parametrize(
    ("path", "query", "words"),
    [
        ("messages", {"nonsense": "1"}, 'Unknown name "nonsense": Cannot bind query parameter'),
        ("messages", {"maxResults": "many"}, "Invalid value at 'max_results' (TYPE_UINT32)"),
        ("messages", {"maxResults": "-1"}, "Invalid value at 'max_results'"),
        ("messages", {"includeSpamTrash": "perhaps"}, "TYPE_BOOL"),
        ("messages/1", {"format": "everything"}, "Invalid value at 'format'"),
        ("history", {"startHistoryId": "1000000", "historyTypes": "messagesAdded"}, "Invalid value at 'history_types'"),
        ("history", {}, "startHistoryId"),
        ("messages", {"fields": "messages("}, "Invalid field selection"),
    ],
)
def test_bad_parameters_are_refused(gmail: Running, path: str, query: dict[str, str], words: str) -> None:
    refused = get(gmail, gmail.account(), path, **query)
    error = refused.json()["error"]
    assert refused.status == error["code"] == 400
    assert words in error["message"]
    assert error["status"] == "INVALID_ARGUMENT"
    assert set(error["errors"][0]) == {"message", "domain", "reason"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"raw": "eA==", "to": "x"}, 'Unknown name "to"'),
        ({"raw": 5}, "Invalid value at 'raw' (TYPE_BYTE)"),
        ({"raw": "%%%"}, "TYPE_BYTE"),
        ({"payload": {"parts": [{"nope": 1}]}}, "'payload.parts[0]'"),
        (b"{", "Invalid JSON payload"),
        ([], "Root element must be a message"),
    ],
)
def test_bad_bodies_are_refused(gmail: Running, body: Any, words: str) -> None:
    header = gmail.bearer(gmail.account())
    refused = ask("POST", f"{gmail.url}/gmail/v1/users/me/messages/send", body=body, headers=header)
    assert refused.status == 400
    assert words in refused.json()["error"]["message"]


def test_the_parameters_of_every_google_api_are_taken(gmail: Running) -> None:
    common = {"alt": "json", "prettyPrint": "false", "quotaUser": "q", "$.xgafv": "2", "key": "k"}
    assert get(gmail, gmail.account(), "profile", **common).status == 200


def test_fields_choose_what_comes_back(gmail: Running) -> None:
    email = gmail.account()
    there = gmail.deliver(email)
    listed = gmail.users(email).messages().list(userId="me", fields="messages/id,nextPageToken").execute()
    assert listed == {"messages": [{"id": there["id"]}]}
    shown = gmail.users(email).messages().get(userId="me", id=there["id"], fields="id,payload(mimeType)").execute()
    assert shown == {"id": there["id"], "payload": {"mimeType": "text/plain"}}


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer nonsense"}])
def test_a_missing_or_unknown_token_answers_401_and_is_recorded(gmail: Running, header: dict[str, str]) -> None:
    refused = ask("GET", f"{gmail.url}/gmail/v1/users/me/profile", headers=header)
    assert refused.status == 401
    assert refused.json()["error"]["status"] == "UNAUTHENTICATED"
    last = gmail.items("calls", method="gmail.users.getProfile")[-1]
    assert (last["status"], last["email"]) == (401, None)


def test_another_persons_mailbox_is_denied_and_the_own_address_is_not(gmail: Running) -> None:
    email, other = gmail.account(), gmail.account()
    users = gmail.users(email)
    assert users.getProfile(userId=email.upper()).execute()["emailAddress"] == email
    with pytest.raises(HttpError) as denied:
        users.getProfile(userId=other).execute()
    assert denied.value.status_code == 403
    assert f"Delegation denied for {other}" in denied.value.reason


def test_the_metadata_scope_reads_no_bodies_and_searches_nothing(gmail: Running) -> None:
    email = gmail.account()
    there = gmail.deliver(email)
    users = gmail.users(email, scope=METADATA)
    assert users.messages().get(userId="me", id=there["id"], format="metadata").execute()["id"]
    assert users.messages().list(userId="me").execute()["messages"]
    for call in (users.messages().get(userId="me", id=there["id"]), users.messages().list(userId="me", q="x")):
        with pytest.raises(HttpError) as refused:
            call.execute()
        assert refused.value.status_code == 403


@pytest.mark.parametrize("path", ["messages/nope", "labels/nope", "settings/sendAs/x%40y.example", "threads/nope"])
def test_what_is_not_there_answers_404(gmail: Running, path: str) -> None:
    refused = get(gmail, gmail.account(), path)
    assert refused.status == 404
    assert refused.json()["error"]["message"] == "Requested entity was not found."


def test_a_url_that_no_method_has_is_404_and_a_method_that_is_not_simulated_says_so(gmail: Running) -> None:
    email = gmail.account()
    assert get(gmail, email, "nothing").status == 404
    refused = get(gmail, email, "settings/filters")
    assert refused.status == 501
    assert "not simulated" in refused.json()["error"]["message"]


def test_a_get_may_come_as_a_post_with_an_override(gmail: Running) -> None:
    email = gmail.account()
    there = gmail.deliver(email)
    wanted = [f"X-Header-{n:04}" for n in range(200)]
    shown = gmail.users(email).messages().get(userId="me", id=there["id"], format="metadata", metadataHeaders=wanted)
    assert shown.execute()["id"] == there["id"]


def test_units_beyond_the_minute_are_refused_and_come_back(gmail: Running) -> None:
    email = gmail.account()
    there = gmail.deliver(email)
    gmail.act("quota", {"units_per_minute": 60})
    messages = gmail.users(email).messages()
    for _ in range(3):
        messages.get(userId="me", id=there["id"]).execute()
    with pytest.raises(HttpError) as refused:
        messages.get(userId="me", id=there["id"]).execute()
    assert refused.value.status_code == 403
    assert refused.value.error_details[0]["reason"] == "rateLimitExceeded"
    assert refused.value.error_details[0]["domain"] == "usageLimits"
    assert "Queries per minute per user" in refused.value.reason
    assert gmail.control("GET", "usage", email=email).json()["gmail.users.messages.get"]["units"] == 60
    gmail.act("clock", {"advance_s": 60})
    messages.get(userId="me", id=there["id"]).execute()
    gmail.act("quota", {"units_per_minute": None})
    for _ in range(5):
        messages.get(userId="me", id=there["id"]).execute()


def test_too_many_at_the_same_time_are_refused(gmail: Running) -> None:
    email = gmail.account()
    header = gmail.bearer(email)
    gmail.act("quota", {"concurrent": 2})
    gmail.act("behaviour", {"latency_ms": 300})
    seen: list[int] = []

    def one() -> None:
        seen.append(ask("GET", f"{gmail.url}/gmail/v1/users/me/profile", headers=header).status)

    threads = [threading.Thread(target=one) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [200, 200, 429, 429, 429]


def test_a_fault_skips_some_strikes_some_and_ends(gmail: Running) -> None:
    email, other = gmail.account(), gmail.account()
    rule = {"method": "gmail.users.getProfile", "email": email, "after": 1, "times": 2, "status": 503}
    gmail.act("faults", [rule])
    assert [get(gmail, email, "profile").status for _ in range(4)] == [200, 503, 503, 200]
    gmail.act("faults", [rule])
    assert get(gmail, other, "profile").status == 200
    gmail.control("DELETE", "faults")
    assert [get(gmail, email, "profile").status for _ in range(3)] == [200, 200, 200]


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        (403, "domainPolicy", "The domain administrators have disabled Gmail apps."),
        (403, "dailyLimitExceeded", "Daily Limit Exceeded"),
        (429, "rateLimitExceeded", "Resource has been exhausted"),
        (400, "failedPrecondition", "Precondition check failed."),
        (500, None, "Backend Error"),
        (404, None, "Requested entity was not found."),
        (401, None, "Invalid Credentials"),
    ],
)
def test_a_fault_answers_as_google_would(gmail: Running, status: int, reason: str | None, words: str) -> None:
    email = gmail.account()
    gmail.act("faults", [{"method": "gmail.users.getProfile", "times": 1, "status": status, "reason": reason}])
    refused = get(gmail, email, "profile")
    assert refused.status == status
    assert words in refused.body.decode()
    assert reason in {None, refused.json()["error"]["errors"][0]["reason"]}


@pytest.mark.parametrize("with_header", [False, True])
def test_the_time_to_retry_is_in_the_text_and_in_a_header_only_if_asked(gmail: Running, with_header: bool) -> None:
    email = gmail.account()
    rule = {"method": "*", "times": 1, "status": 429, "reason": "userRateLimitExceeded", "retry_after": 120}
    gmail.act("faults", [{**rule, "retry_after_header": with_header}])
    refused = get(gmail, email, "profile")
    told = re.fullmatch(r"User-rate limit exceeded\.  Retry after (20\S+Z)", refused.json()["error"]["message"])
    assert told
    assert refused.headers.get("Retry-After") == ("120" if with_header else None)
    exact = "2030-01-02T03:04:05Z"
    gmail.act("faults", [{**rule, "status": 403, "retry_after": exact}])
    assert "Retry after 2030-01-02T03:04:05.000Z" in get(gmail, email, "profile").json()["error"]["message"]


@pytest.mark.parametrize(("drop", "happened"), [("before", 0), ("after", 1), (True, 1), ("truncate", 1)])
def test_a_dropped_connection_happens_before_or_after_the_effect(gmail: Running, drop: object, happened: int) -> None:
    email = gmail.account()
    header = gmail.bearer(email)
    body = {"raw": encoded(mail(email, "carl@customer.example"))}
    gmail.act("faults", [{"method": "gmail.users.messages.send", "times": 1, "drop": drop}])
    with pytest.raises(urllib3.exceptions.ProtocolError):
        ask("POST", f"{gmail.url}/gmail/v1/users/me/messages/send", body=body, headers=header)
    assert len(gmail.items(f"mailboxes/{email}/sent")) == happened


def test_a_page_may_come_instead_of_an_answer(gmail: Running) -> None:
    email = gmail.account()
    gmail.act("faults", [{"method": "gmail.users.getProfile", "times": 1, "drop": "html"}])
    page = get(gmail, email, "profile")
    assert page.status == 200
    assert page.body.startswith(b"<!DOCTYPE html>")


def test_a_fault_may_bring_its_own_words(gmail: Running) -> None:
    email = gmail.account()
    rule = {"method": "gmail.users.getProfile", "times": 1, "status": 400, "reason": "failedPrecondition"}
    gmail.act("faults", [{**rule, "message": "Mail service not enabled"}])
    error = get(gmail, email, "profile").json()["error"]
    assert (error["status"], error["message"]) == ("FAILED_PRECONDITION", "Mail service not enabled")


def test_delays_add_up_with_other_faults(gmail: Running) -> None:
    email = gmail.account()
    method = "gmail.users.getProfile"
    gmail.act("faults", [{"method": method, "delay_ms": 60}, {"method": method, "times": 1, "status": 500}])
    header = gmail.bearer(email)
    begun = time.monotonic()
    refused = ask("GET", f"{gmail.url}/gmail/v1/users/me/profile", headers=header)
    assert refused.status == 500
    assert time.monotonic() - begun >= 0.06
