"""The CRM's backend keeps its records here: created, replaced, read, deleted, and refused in one shape."""

import pytest

from tests.client.wire import Answer
from tests.e2e.driver import Crm, Endpoints, Office, new_id, new_office


@pytest.fixture
def backend(endpoints: Endpoints) -> Crm:
    """The backend of a location that there is not yet."""
    return endpoints.crm("backend", new_id("loc"), "service")


def put(backend: Crm, path: str, **body: object) -> Answer:
    return backend.ask("PUT", "records", path, body=body)


def refused(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.code) == (status, code), answer.body
    assert set(answer.json()["error"]) == {"code", "message", "action", "correlation_id", "details"}


def test_a_location_is_created_replaced_read_and_deleted(backend: Crm) -> None:
    refused(backend.ask("GET", "records"), 404, "not_found")

    created, replaced = put(backend, "", name="Office"), put(backend, "", name="Head office", policy={"daily_limit": 9})

    assert (created.status, replaced.status) == (201, 200)
    assert (created.json()["name"], created.json()["policy_version"]) == ("Office", 1)
    document = replaced.json()
    assert (document["name"], document["preset"], document["policy_version"]) == ("Head office", "known_contacts", 2)
    assert document["policy"]["daily_limit"] == 9
    assert backend.ask("GET", "records").json() == document
    assert backend.ask("DELETE", "records").status == 204
    refused(backend.ask("GET", "records"), 404, "not_found")
    assert backend.ask("DELETE", "records").status == 204


@pytest.mark.parametrize(
    "more",
    [
        {"preset": "unheard_of"},
        {"policy": {"visibility": "everything"}},
        {"policy": {"visibility": "metadata"}},
        {"policy": {"unheard_of": 1}},
        {"policy": {"daily_limit": "many"}},
        {"policy": {"internal_domains": ["Gmail.com."]}},
        {"policy": {"staff": ["nobody"]}},
        {"policy": {"exclusions": [1]}},
        {"preset": "crm_threads", "policy": {"contact_creation": "sent"}},
        {"preset": "populate_contacts", "policy": {"require_assignment": True}},
    ],
)
def test_a_policy_that_is_not_known_or_contradicts_itself_is_refused_by_name(
    backend: Crm, more: dict[str, object]
) -> None:
    answer = put(backend, "", name="Office", **more)
    refused(answer, 422, "invalid_policy")
    assert answer.json()["error"]["message"].startswith(answer.json()["error"]["details"]["setting"] + ": ")
    refused(backend.ask("GET", "records"), 404, "not_found")


def test_a_policy_is_answered_whole_and_in_its_normal_form(backend: Crm) -> None:
    settings = {
        "gmail_outbound": "known_contact",
        "internal_domains": ["Agency.Example."],
        "staff": ["Grace@Partner.example", "grace@partner.example"],
        "exclusions": ["@Lawyer.example", "LABEL: Private"],
    }
    put(backend, "", name="Office")

    document = put(backend, "", name="Office", preset="crm_threads", policy=settings).json()

    assert (document["preset"], document["policy_version"]) == ("crm_threads", 2)
    assert document["policy"] == {
        "trigger": "known_contact",
        "require_assignment": False,
        "gmail_outbound": "known_contact",
        "contact_creation": "auto_bcc",
        "contact_addresses": "primary",
        "multi_location": "mirror_until_reply",
        "unknown_repliers": "leave_out",
        "bulk_from": "provider",
        "reference_cc": True,
        "visibility": "full",
        "internal_domains": ["agency.example"],
        "staff": ["grace@partner.example"],
        "exclusions": ["lawyer.example", "label:Private"],
        "daily_limit": None,
    }
    assert backend.ask("GET", "records").json() == document
    again = put(backend, "", name="Office", preset="crm_threads", policy=document["policy"]).json()
    assert again == document


def test_the_longest_lists_are_kept(backend: Crm) -> None:
    policy = {
        "internal_domains": [f"d{at}.agency.example" for at in range(100)],
        "staff": [f"someone.number.{at}@partner.example" for at in range(1_000)],
        "exclusions": [f"label:Private {at}" for at in range(500)],
    }
    assert put(backend, "", name="Office", policy=policy).status == 201
    kept = backend.ask("GET", "records").json()["policy"]
    assert {name: kept[name] for name in policy} == policy


def test_a_user_is_created_replaced_read_and_deleted(backend: Crm) -> None:
    refused(put(backend, "/users/ann", email="ann@crm.example"), 404, "not_found")
    put(backend, "", name="Office")

    created = put(backend, "/users/ann", email="Ann@CRM.example")
    replaced = put(backend, "/users/ann", email="ann@crm.example", name="Ann")

    assert (created.status, created.json()) == (201, {"id": "ann", "email": "ann@crm.example", "name": None})
    assert (replaced.status, replaced.json()) == (200, {"id": "ann", "email": "ann@crm.example", "name": "Ann"})
    assert backend.ask("GET", "records", "/users/ann").json() == replaced.json()
    assert backend.ask("DELETE", "records", "/users/ann").status == 204
    refused(backend.ask("GET", "records", "/users/ann"), 404, "not_found")


def test_a_contact_is_created_replaced_read_and_deleted(backend: Crm) -> None:
    put(backend, "", name="Office")

    created = put(backend, "/contacts/carl", email="Carl@Customer.example")
    body = {
        "email": "carl@customer.example",
        "other_emails": ["c@other.example"],
        "name": "Carl",
        "assigned_to": "ann",
        "created_at": "2025-01-02T03:04:05+01:00",
        "replaces": None,
    }
    replaced = put(backend, "/contacts/carl", **body)

    assert (created.status, created.json()["email"]) == (201, "carl@customer.example")
    assert created.json()["created_at"].endswith("Z")
    assert replaced.status == 200
    assert replaced.json() == {"id": "carl", **body, "created_at": "2025-01-02T02:04:05Z"}
    assert backend.ask("GET", "records", "/contacts/carl").json() == replaced.json()
    assert backend.ask("DELETE", "records", "/contacts/carl").status == 204
    refused(backend.ask("GET", "records", "/contacts/carl"), 404, "not_found")
    assert put(backend, "/contacts/carl", email="carl@customer.example").status == 201


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": ""},
        {"email": "nobody"},
        {"email": "a@b.example, c@d.example"},
        {"email": "Carl <carl@customer.example>"},
        {"email": "carl@customer.example\r\nBcc: x@y.example"},
        {"email": 7},
        {"email": "carl@customer.example", "other_emails": ["x"]},
        {"email": "carl@customer.example", "other_emails": ["a@b.example"] * 21},
        {"email": "carl@customer.example", "created_at": "yesterday"},
        {"email": "carl@customer.example", "created_at": "2025-01-02T03:04:05"},
        {"email": "carl@customer.example", "assigned_to": "a/b"},
        {"email": "carl@customer.example", "replaces": "carl"},
        {"email": "carl@customer.example", "name": "x" * 201},
        {"email": "carl@customer.example", "unheard_of": 1},
    ],
)
def test_a_contact_that_is_not_as_described_is_refused(backend: Crm, body: dict[str, object]) -> None:
    put(backend, "", name="Office")

    refused(put(backend, "/contacts/carl", **body), 400, "invalid_request")

    refused(backend.ask("GET", "records", "/contacts/carl"), 404, "not_found")


@pytest.mark.parametrize("role", ["user", "admin", "operator"])
def test_only_the_backend_may(office: Office, role: str) -> None:
    crm = office.endpoints.crm(office.user, office.location, role)

    for method, path in (("GET", ""), ("PUT", "/users/x"), ("DELETE", f"/contacts/{office.contact}")):
        body = {"email": "x@crm.example"} if method == "PUT" else None
        refused(crm.ask(method, "records", path, body=body), 403, "forbidden")


def test_i6_a_location_outside_the_token_looks_like_none(endpoints: Endpoints, backend: Crm) -> None:
    other = new_office(endpoints, connected=False)
    put(backend, "", name="Office")

    outside = backend.in_location(other.location).ask("GET", "records", f"/contacts/{other.contact}")
    unknown = backend.ask("GET", "records", f"/contacts/{other.contact}")

    for answer in (outside, unknown):
        refused(answer, 404, "not_found")
    assert {**outside.json()["error"], "correlation_id": ""} == {**unknown.json()["error"], "correlation_id": ""}
    refused(backend.ask("GET", "records", "/contacts/a%2Fb"), 404, "not_found")
