"""Connecting, as the contract gives it: the user's own session, Google's boxes, and every way that it ends."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.domain.connection import SCOPES
from tests.client.wire import Answer
from tests.e2e.driver import Crm, Endpoints, Office, call, connect, new_id, new_office, ok, return_from_consent, until


def refused(answer: Answer, status: int, code: str) -> None:
    """The contract's error, in its one shape."""
    assert (answer.status, answer.code) == (status, code), answer.body
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "action", "correlation_id", "details"}
    assert error["message"]
    assert error["action"]


def completing(crm: Crm, code: str) -> Answer:
    return crm.ask("POST", "connections", "/connection/complete", body={"connect_code": code})


def consenting(office: Office, intent: str = "connect") -> Answer:
    body = {"return_to": office.endpoints.return_to, "intent": intent}
    return office.crm.ask("POST", "connections", "/connection/consent", body=body)


def token_calls(office: Office) -> int:
    return len(office.gmail.calls(method="oauth.token"))


def test_r04_a_connected_profile_shows_what_the_contract_promises(endpoints: Endpoints) -> None:
    office = new_office(endpoints, connected=False)
    none = office.crm.connection()
    names = {
        "state",
        "address",
        "connected_at",
        "last_synced_at",
        "sends",
        "auto_bcc",
        "coverage",
        "problem",
        "settings",
    }
    assert set(none) == names
    assert none == dict.fromkeys(names) | {"state": "none", "auto_bcc": none["auto_bcc"]}
    assert none["auto_bcc"].endswith("@in.crm.example"), "it needs no connection (R60)"

    connected = connect(endpoints, office.crm, office.mailbox)

    assert (connected["state"], connected["address"], connected["problem"]) == ("connected", office.mailbox, None)
    assert connected["connected_at"].endswith("Z")
    assert connected["sends"] == {"limit": 500, "left": 500, "next_at": None}
    assert set(office.crm.connection()) == names
    assert until(lambda: endpoints.happened("connection.connected", office.location))


def test_r03_google_is_asked_for_these_permissions_and_an_account_to_choose(endpoints: Endpoints) -> None:
    office = new_office(endpoints, connected=False)

    begun = office.crm.begin_consent(endpoints.return_to)

    asked = parse_qs(urlsplit(begun["authorize_url"]).query)
    assert asked["scope"] == [
        "openid email https://www.googleapis.com/auth/gmail.readonly https://www.googleapis.com/auth/gmail.send"
    ]
    assert asked["prompt"] == ["select_account consent"]
    assert asked["access_type"] == ["offline"]
    assert asked["code_challenge_method"] == ["S256"]
    assert set(begun) == {"authorize_url", "expires_at"}


@pytest.mark.parametrize("unticked", SCOPES[2:])
def test_r03_an_unticked_box_connects_nothing_and_names_it(endpoints: Endpoints, unticked: str) -> None:
    office = new_office(endpoints, connected=False)
    granted = [scope for scope in ("openid", "email", *SCOPES[2:]) if scope != unticked]

    callback, back = return_from_consent(endpoints, office.crm, office.mailbox, grant=granted)

    assert callback.status == 303
    assert back == {"error": "insufficient_permission", "missing": unticked}
    assert office.crm.connection()["state"] == "none"
    assert office.gmail.calls(office.mailbox, "oauth.revoke")


def test_a_refusal_at_google_comes_back_as_such(endpoints: Endpoints) -> None:
    office = new_office(endpoints, connected=False)

    _, back = return_from_consent(endpoints, office.crm, office.mailbox, deny=True)

    assert back == {"error": "access_denied"}


def test_f24_trouble_at_google_comes_back_as_such_and_can_be_tried_again(endpoints: Endpoints) -> None:
    office = new_office(endpoints, connected=False)
    office.gmail.fault("oauth.token", status=503, times=1)

    _, back = return_from_consent(endpoints, office.crm, office.mailbox)

    assert back == {"error": "unavailable"}
    assert connect(endpoints, office.crm, office.mailbox)["state"] == "connected"


def test_t01_a_wrong_used_or_old_state_is_refused_and_asks_google_nothing(endpoints: Endpoints) -> None:
    office = new_office(endpoints, connected=False)
    callback = endpoints.functions["oauth_callback"].rstrip("/") + "/"
    begun = office.crm.begin_consent(endpoints.return_to)
    returned = office.gmail.consent(begun["authorize_url"], office.mailbox)
    before = token_calls(office)

    for query in ({"state": "made-up", "code": "c"}, {"code": "c"}, {"state": "made-up"}, {}):
        refused(call("GET", callback, query=query), 400, "invalid_request")
    assert token_calls(office) == before

    assert call("GET", returned).status == 303
    before = token_calls(office)
    again = call("GET", returned)
    refused(again, 400, "invalid_request")
    assert "Location" not in again.headers

    late = office.gmail.consent(office.crm.begin_consent(endpoints.return_to)["authorize_url"], office.mailbox)
    office.gmail.advance(601)
    refused(call("GET", late), 400, "invalid_request")
    assert token_calls(office) == before


def test_t02_a_code_is_of_use_to_nobody_but_the_session_that_began(endpoints: Endpoints) -> None:
    office = new_office(endpoints, connected=False)
    other = new_id("user")
    office.backend.put_user(other, f"{other}@agency.example")
    elsewhere = new_office(endpoints, connected=False)
    _, back = return_from_consent(endpoints, office.crm, office.mailbox)

    refused(completing(endpoints.crm(other, office.location), back["connect_code"]), 404, "not_found")
    refused(completing(elsewhere.crm, back["connect_code"]), 404, "not_found")
    both = endpoints.token(office.user, [office.location, elsewhere.location])
    elsewhere.backend.put_user(office.user, office.mailbox)
    stranger = replace(elsewhere.crm, token=both)
    refused(completing(stranger, back["connect_code"]), 404, "not_found")

    assert completing(office.crm, back["connect_code"]).json()["state"] == "connected"
    refused(completing(office.crm, back["connect_code"]), 410, "code_expired")


def test_a_wrong_or_old_code_is_expired(endpoints: Endpoints) -> None:
    office = new_office(endpoints, connected=False)
    _, back = return_from_consent(endpoints, office.crm, office.mailbox)

    refused(completing(office.crm, back["connect_code"] + "x"), 410, "code_expired")
    refused(completing(office.crm, "nonsense"), 410, "code_expired")
    office.gmail.advance(301)
    refused(completing(office.crm, back["connect_code"]), 410, "code_expired")
    assert office.crm.connection()["state"] == "none"


def test_t05_only_the_crms_own_page_is_returned_to(endpoints: Endpoints) -> None:
    office = new_office(endpoints, connected=False)

    for page in (f"{endpoints.return_to}/", f"{endpoints.return_to}?a=b", "//evil.example", "https://evil.example"):
        body = {"return_to": page, "intent": "connect"}
        refused(office.crm.ask("POST", "connections", "/connection/consent", body=body), 400, "invalid_request")


def test_r01_nobody_acts_for_a_user(office: Office) -> None:
    acting = office.endpoints.crm(office.user, office.location, act={"sub": "admin"})
    admin = office.endpoints.crm(office.user, office.location, "admin")

    assert acting.connection()["state"] == "connected"
    for answer in (
        acting.ask("DELETE", "connections", "/connection"),
        acting.ask("POST", "connections", "/connection/complete", body={"connect_code": "x"}),
        admin.ask("DELETE", "connections", "/connection"),
    ):
        refused(answer, 403, "forbidden")
    assert office.crm.connection()["state"] == "connected"


def test_without_a_good_token_or_outside_its_locations_there_is_nothing(office: Office) -> None:
    outside = office.crm.in_location(new_id("loc"))
    elsewhere = new_office(office.endpoints, connected=False)

    refused(replace(office.crm, token=None).ask("GET", "connections", "/connection"), 401, "unauthenticated")
    refused(replace(office.crm, token="x.y.z").ask("GET", "connections", "/connection"), 401, "unauthenticated")
    refused(outside.ask("GET", "connections", "/connection"), 404, "not_found")
    refused(office.crm.in_location(elsewhere.location).ask("GET", "connections", "/connection"), 404, "not_found")


def test_whoever_is_connected_is_told_so(office: Office) -> None:
    refused(consenting(office), 409, "already_connected")


def test_r08_within_a_location_a_mailbox_belongs_to_one_user(office: Office) -> None:
    other = new_id("user")
    office.backend.put_user(other, f"{other}@agency.example")
    crm = office.endpoints.crm(other, office.location)
    _, back = return_from_consent(office.endpoints, crm, office.mailbox)

    refused(completing(crm, back["connect_code"]), 409, "mailbox_in_use")

    assert crm.connection()["state"] == "none"
    assert office.crm.connection()["state"] == "connected"
    assert not office.gmail.calls(office.mailbox, "oauth.revoke")


def test_r08_two_locations_use_one_mailbox_and_the_last_one_ends_it(office: Office) -> None:
    endpoints = office.endpoints
    second = new_office(endpoints, connected=False)
    second.backend.put_user(office.user, office.mailbox)
    crm = endpoints.crm(office.user, second.location)
    connect(endpoints, crm, office.mailbox)

    assert office.crm.disconnect()["state"] == "disconnected"
    assert crm.connection()["state"] == "connected"
    assert not office.gmail.calls(office.mailbox, "oauth.revoke")
    assert not office.gmail.calls(office.mailbox, "gmail.users.stop")

    assert crm.disconnect()["state"] == "disconnected"
    assert len(office.gmail.calls(office.mailbox, "oauth.revoke")) == 1
    assert len(office.gmail.calls(office.mailbox, "gmail.users.stop")) == 1


def test_r36_disconnecting_is_said_once_and_answered_twice(office: Office) -> None:
    first, second = office.crm.disconnect(), office.crm.disconnect()

    assert first == second == office.crm.connection()
    assert (first["state"], first["sends"], first["problem"]) == ("disconnected", None, None)
    until(lambda: office.endpoints.happened("connection.disconnected", office.location))
    assert len(office.gmail.calls(office.mailbox, "oauth.revoke")) == 1


@pytest.mark.parametrize("keep", ["metadata", "nothing", "some"])
def test_what_cannot_be_kept_otherwise_yet_is_refused_not_half_done(office: Office, keep: str) -> None:
    refused(office.crm.ask("DELETE", "connections", "/connection", keep=keep), 400, "invalid_request")

    assert office.crm.connection()["state"] == "connected"


def test_t10_a_disconnect_stands_even_if_google_does_not_listen(office: Office) -> None:
    office.gmail.fault("oauth.revoke", status=503, times=1)

    assert office.crm.disconnect()["state"] == "disconnected"
    assert connect(office.endpoints, office.crm, office.mailbox)["state"] == "connected"


def test_r07_reconnecting_takes_the_same_account_only(office: Office) -> None:
    other = f"{new_id('other')}@agency.example"
    office.gmail.add_mailbox(other)
    _, back = return_from_consent(office.endpoints, office.crm, other, intent="reconnect")
    refused(completing(office.crm, back["connect_code"]), 409, "different_mailbox")

    since = office.crm.connection()["connected_at"]
    again = connect(office.endpoints, office.crm, office.mailbox, intent="reconnect")

    assert (again["state"], again["connected_at"]) == ("connected", since)


def test_r37_an_update_changes_the_account_and_ends_the_old_one(office: Office) -> None:
    other = f"{new_id('other')}@agency.example"
    office.gmail.add_mailbox(other, hosted_domain="agency.example")

    updated = connect(office.endpoints, office.crm, other, intent="update")

    assert (updated["state"], updated["address"], updated["sends"]["limit"]) == ("connected", other, 2_000)
    assert len(office.gmail.calls(office.mailbox, "oauth.revoke")) == 1


@pytest.mark.parametrize("intent", ["reconnect", "update"])
def test_there_is_nothing_to_renew_or_change_before_the_first_connection(endpoints: Endpoints, intent: str) -> None:
    refused(consenting(new_office(endpoints, connected=False), intent), 409, "not_connected")


def test_r39_a_removed_user_or_location_is_disconnected(endpoints: Endpoints) -> None:
    first, second = new_office(endpoints), new_office(endpoints)

    assert first.backend.ask("DELETE", "records", f"/users/{first.user}").status == 204
    assert second.backend.ask("DELETE", "records").status == 204

    assert first.crm.connection()["state"] == "disconnected"
    refused(second.crm.ask("GET", "connections", "/connection"), 404, "not_found")
    refused(consenting(first), 404, "not_found")
    for office in (first, second):
        assert len(office.gmail.calls(office.mailbox, "oauth.revoke")) == 1


def test_f34_a_watch_that_google_refuses_is_no_fault_of_the_users(endpoints: Endpoints) -> None:
    office = new_office(endpoints, connected=False)
    office.gmail.fault("gmail.users.watch", status=503, times=1, email=office.mailbox)

    assert connect(endpoints, office.crm, office.mailbox)["state"] == "connected"

    before = len(office.gmail.calls(office.mailbox, "gmail.users.watch"))
    ok(call("POST", f"{endpoints.functions['renew_watches'].rstrip('/')}/", body={}), "renew_watches")
    watches = office.gmail.calls(office.mailbox, "gmail.users.watch")
    assert [one["status"] for one in watches[before:]] == [200]


def test_r03_a_consent_for_sending_alone_is_named_insufficient(endpoints: Endpoints) -> None:
    office = new_office(endpoints, connected=False)

    callback, back = return_from_consent(
        endpoints, office.crm, office.mailbox, grant=["https://www.googleapis.com/auth/gmail.send"]
    )

    assert callback.status == 303
    assert back["error"] == "insufficient_permission"
    assert "https://www.googleapis.com/auth/gmail.readonly" in back["missing"].split()
    assert office.crm.connection()["state"] == "none"
