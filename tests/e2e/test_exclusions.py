"""What a location or a user keeps out is never read whole, on the running stack (R24)."""

import pytest

from tests.e2e.driver import Endpoints, Office, mail, ok, until


def formats(office: Office, gmail_id: str) -> list[str]:
    return [one["format"] for one in office.gmail.calls(office.mailbox) if one["id"] == gmail_id]


def labelled(office: Office, label: str) -> str:
    made = mail(office.contact_email, office.mailbox, f"About {label}", "Hello")
    return str(office.gmail.deliver(office.mailbox, made, labels=f"INBOX,UNREAD,{label}")["id"])


@pytest.mark.parametrize("whose", ["location", "user"])
def test_r24_mail_with_an_excluded_label_stays_out_and_its_body_is_never_asked_for(office: Office, whose: str) -> None:
    if whose == "location":
        office.backend.put_location(name="Office", policy={"exclusions": ["label:Private"]})
    else:
        office.crm.settings(["label:private"])
    private, beneath, work = (labelled(office, label) for label in ("Private", "Private/Tax", "Work"))
    assert office.stored(work)["subject"] == "About Work"
    for name in (private, beneath):
        item = office.decided(name, "left_out")
        assert item["rule"] == "R24"
        assert formats(office, name) == ["metadata"]


def test_r24_a_users_own_exclusions_are_shown_hold_at_once_and_can_be_taken_back(office: Office) -> None:
    shown = office.crm.settings([office.contact_email.upper(), "label:Private"], signature=True)["settings"]
    assert shown == {"exclusions": [office.contact_email, "label:Private"], "signature": True}
    assert office.crm.connection()["settings"] == shown
    left_out = office.arrives("Private")
    until(lambda: office.crm.connection()["coverage"] == 100, what="the mail settled")
    assert office.decided(left_out["id"], "left_out")["rule"] == "R24"
    assert office.crm.settings()["settings"] == {"exclusions": [], "signature": False}
    office.stored(office.arrives("Public")["id"])
    assert [one["subject"] for one in office.crm.messages(office.contact)] == ["Public"]


def test_r24_settings_survive_a_disconnect_and_are_only_the_users_own(endpoints: Endpoints, office: Office) -> None:
    office.crm.settings(["bank.example"])
    office.crm.disconnect()
    assert office.crm.connection()["settings"]["exclusions"] == ["bank.example"]
    for role in ("admin", "service"):
        other = endpoints.crm("somebody", office.location, role)
        answer = other.ask("PUT", "connections", "/connection/settings", body={"exclusions": [], "signature": False})
        assert answer.code == "forbidden"


def test_r01_who_is_logged_in_as_the_user_changes_no_settings(endpoints: Endpoints, office: Office) -> None:
    acting = endpoints.crm(office.user, office.location, act={"sub": "admin"})
    answer = acting.ask("PUT", "connections", "/connection/settings", body={"exclusions": [], "signature": True})
    assert (answer.status, answer.code) == (403, "forbidden")
    assert acting.connection()["settings"] == {"exclusions": [], "signature": False}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"exclusions": []},
        {"signature": True},
        {"exclusions": "bank.example", "signature": False},
        {"exclusions": [], "signature": None},
        {"exclusions": ["nothing"], "signature": False},
        {"exclusions": [], "signature": False, "more": 1},
        {"exclusions": ["x.example"] * 101, "signature": False},
    ],
)
def test_settings_that_are_not_as_described_are_refused(office: Office, body: object) -> None:
    answer = office.crm.ask("PUT", "connections", "/connection/settings", body=body)
    assert (answer.status, answer.code) == (400, "invalid_request")


def test_r24_settings_need_a_connection_that_there_once_was(endpoints: Endpoints, office: Office) -> None:
    ok(office.backend.ask("PUT", "records", "/users/nobody", body={"email": "nobody@agency.example"}), "the user")
    answer = endpoints.crm("nobody", office.location).ask(
        "PUT", "connections", "/connection/settings", body={"exclusions": [], "signature": False}
    )
    assert answer.code == "not_connected"
