"""Every refusal that the contract knows, provoked at its function: its status, its sentence, what to do about it."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

import flask
import pytest

from shared.domain.connection import Intent
from shared.domain.identifiers import LocationId
from shared.domain.session import Role
from shared.errors import CODES, Transient
from tests.rules.company import Company
from tests.rules.desk import Desk
from tests.rules.letters import Letter
from tests.rules.situations import CARL, EVE
from tests.unit.entrypoint.requests import error
from tests.unit.usecases.office import ANNS, BOB, HERE, PAGE, THERE

MAIL: dict[str, Any] = {"to": [{"address": CARL}], "subject": "An offer", "text": "Take it."}
CONSENT = "/connection/consent"
LIMIT = 26_214_400


class Refusal(NamedTuple):
    """What provokes it, its status, and the names in its details."""

    provoke: Callable[[Desk], flask.Response]
    status: int
    details: frozenset[str] = frozenset()


def begins(desk: Desk, intent: str) -> flask.Response:
    return desk.ask("connections", "POST", CONSENT, {"return_to": PAGE, "intent": intent})


def completes(desk: Desk, code: str) -> flask.Response:
    return desk.ask("connections", "POST", "/connection/complete", {"connect_code": code})


def nobody(desk: Desk) -> flask.Response:
    desk.session = None
    return desk.ask("conversations", "GET", "/conversations")


def lost(desk: Desk) -> flask.Response:
    desk.company.lose_grant()
    desk.company.post(Letter("m", CARL, (ANNS,)))
    return desk.send(MAIL)


def anothers_account(desk: Desk) -> flask.Response:
    code = desk.company.consented(user=BOB)["connect_code"]
    return completes(desk.acts_as(BOB), code)


def another_account(desk: Desk) -> flask.Response:
    desk.company.account("other@gmail.com")
    code = desk.company.consented("other@gmail.com", intent=Intent.RECONNECT)["connect_code"]
    return completes(desk, code)


def claimed(desk: Desk) -> flask.Response:
    made = desk.company
    made.connect(location=THERE)
    made.contact("carl", CARL, THERE)
    asked = made.post(Letter("q", CARL, (ANNS,), subject="Question", thread="t"))
    reply = {**MAIL, "subject": "Re: Question"}
    assert desk.send({**reply, "reply_to": made.shown(asked).id}).status_code == 202
    return desk.send({**reply, "reply_to": made.shown(asked, THERE).id}, "key-2", location=THERE)


def retried(desk: Desk) -> flask.Response:
    name = desk.company.send(CARL)
    return desk.ask("send_email", "POST", f"/messages/{name}/retry", {})


def used_key(desk: Desk) -> flask.Response:
    assert desk.send(MAIL).status_code == 202
    return desk.send({**MAIL, "subject": "Another"})


def used_up(desk: Desk) -> flask.Response:
    desk.company.policy("known_contacts", daily_limit=1)
    assert desk.send(MAIL).status_code == 202
    return desk.send(MAIL, "key-2")


def broken(desk: Desk) -> flask.Response:
    def breaks(_: object) -> None:
        raise RuntimeError("secret of the store")

    desk.company.store.before_commit = breaks
    return desk.send(MAIL)


def unreachable(desk: Desk) -> flask.Response:
    def fails(*_: object) -> None:
        raise Transient("store: deadline exceeded")

    desk.company.store.read = fails  # type: ignore[method-assign,assignment]
    return desk.ask("conversations", "GET", "/conversations")


def putting(policy: dict[str, object]) -> Callable[[Desk], flask.Response]:
    def put(desk: Desk) -> flask.Response:
        return desk.acts_as(role=Role.SERVICE).ask("records", "PUT", "", {"name": "Office", "policy": policy})

    return put


REFUSALS: dict[str, Refusal] = {
    "invalid_request": Refusal(lambda desk: desk.send({**MAIL, "colour": "red"}), 400),
    "unauthenticated": Refusal(nobody, 401),
    "forbidden": Refusal(lambda desk: desk.ask("records", "PUT", "", {"name": "Mine"}), 403),
    "not_found": Refusal(lambda desk: desk.ask("conversations", "GET", "/messages/nothing"), 404),
    "reauth_required": Refusal(lost, 409, frozenset({"problem"})),
    "not_connected": Refusal(lambda desk: begins(desk.acts_as(BOB), "reconnect"), 409),
    "already_connected": Refusal(lambda desk: begins(desk, "connect"), 409),
    "mailbox_in_use": Refusal(anothers_account, 409),
    "different_mailbox": Refusal(another_account, 409),
    "thread_claimed": Refusal(claimed, 409),
    "not_retryable": Refusal(retried, 409),
    "code_expired": Refusal(lambda desk: completes(desk, "0123456789abcdef.nothing"), 410),
    "too_large": Refusal(
        lambda desk: desk.send(MAIL, files=(("a", b"x" * (LIMIT + 1)),)), 413, frozenset({"size", "limit"})
    ),
    "no_contact": Refusal(lambda desk: desk.send({**MAIL, "to": [{"address": EVE}]}), 422),
    "idempotency_key_reused": Refusal(used_key, 422),
    "invalid_policy": Refusal(putting({"trigger": "whenever"}), 422, frozenset({"setting"})),
    "too_many_recipients": Refusal(
        lambda desk: desk.send({**MAIL, "bcc": [{"address": f"x{n}@customer.example"} for n in range(100)]}),
        422,
        frozenset({"recipients", "limit"}),
    ),
    "daily_limit_reached": Refusal(used_up, 429, frozenset({"limit", "retry_at"})),
    "internal": Refusal(broken, 500),
    "unavailable": Refusal(unreachable, 503),
}
JARGON = re.compile(
    r"\b(?:exception|traceback|null|dict|struct|msgspec|firestore|grpc|batch|precondition|outbox|epoch|cursor|"
    r"enum|regex|oauth|sub|payload|rejected|transient)\b|[0-9a-f]{12,}|@|\{|\bR\d\d\b",
    re.IGNORECASE,
)


@pytest.fixture
def desk() -> Desk:
    company = Company()
    company.contact("carl", CARL)
    return Desk(company)


def test_every_code_of_the_contract_is_provoked_here() -> None:
    assert set(REFUSALS) == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_a_refusal_says_what_is_wrong_and_what_to_do_in_words_for_people(desk: Desk, code: str) -> None:
    refusal = REFUSALS[code]

    answer = refusal.provoke(desk)

    told = error(answer)
    assert (answer.status_code, told["code"]) == (refusal.status, code)
    assert CODES[code][0] == refusal.status
    for text in (told["message"], told["action"]):
        by_name = code in {"invalid_request", "invalid_policy"}
        assert re.fullmatch(r"[A-Za-z0-9].*\." if by_name else r"[A-Z0-9].*\.", text), text
        assert by_name or not JARGON.search(text), text
    assert set(told["details"]) == refusal.details


@pytest.mark.parametrize("code", ["daily_limit_reached", "unavailable"])
def test_R54_what_may_be_tried_again_says_when(desk: Desk, code: str) -> None:
    answer = REFUSALS[code].provoke(desk)

    assert int(answer.headers["Retry-After"]) > 0
    if code == "daily_limit_reached":
        retry_at = datetime.fromisoformat(error(answer)["details"]["retry_at"])
        assert (retry_at - desk.company.clock.now()).total_seconds() == int(answer.headers["Retry-After"])


def test_R53_too_large_says_the_size_and_the_limit(desk: Desk) -> None:
    told = error(REFUSALS["too_large"].provoke(desk))

    assert told["details"] == {"size": LIMIT + 1, "limit": LIMIT}


@pytest.mark.parametrize(
    ("policy", "setting"),
    [
        ({"no_such_setting": 1}, "no_such_setting"),
        ({"staff": "ann@crm.example"}, "staff"),
        ({"internal_domains": ["gmail.com"]}, "internal_domains"),
        ({"exclusions": ["not an address"]}, "exclusions"),
        ({"daily_limit": 0}, "daily_limit"),
        ({"contact_creation": "sent", "gmail_outbound": "thread_only"}, "contact_creation"),
        ({"contact_creation": "sent_and_received", "require_assignment": True}, "contact_creation"),
        ({"contact_creation": "sent_and_received", "trigger": "crm_started"}, "contact_creation"),
        ({"visibility": "metadata"}, "visibility"),
    ],
)
def test_R24_a_policy_that_cannot_be_is_refused_by_the_setting(
    desk: Desk, policy: dict[str, object], setting: str
) -> None:
    told = error(putting(policy)(desk))

    assert (told["code"], told["details"]["setting"]) == ("invalid_policy", setting)
    assert setting in told["message"]


def test_a_bug_says_nothing_of_itself(desk: Desk) -> None:
    told = error(REFUSALS["internal"].provoke(desk))

    assert "secret" not in repr(told)
    assert told["correlation_id"]


@pytest.mark.parametrize("path", ["/messages/nothing", "/conversations/nothing/messages"])
def test_T13_what_may_not_be_seen_is_answered_as_what_is_not_there(desk: Desk, path: str) -> None:
    absent = error(desk.ask("conversations", "GET", path))
    hidden = error(desk.ask("conversations", "GET", path, location=LocationId("elsewhere")))

    assert {**absent, "correlation_id": ""} == {**hidden, "correlation_id": ""}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", CONSENT, {"return_to": PAGE, "intent": "connect"}),
        ("POST", "/connection/complete", {"connect_code": "a.b"}),
        ("DELETE", "/connection", None),
        ("PUT", "/connection/settings", {"exclusions": [], "signature": False}),
    ],
)
@pytest.mark.parametrize("how", ["impersonated", Role.ADMIN, Role.SERVICE, Role.OPERATOR])
def test_R01_nobody_changes_a_connection_for_its_user(
    desk: Desk, method: str, path: str, body: object, how: str
) -> None:
    if how == "impersonated":
        desk.acts_as(impersonated=True)
    else:
        desk.acts_as(role=Role(how))

    assert error(desk.ask("connections", method, path, body))["code"] == "forbidden"
    assert desk.company.status().state == "connected"
    assert desk.company.connection(location=HERE).address == ANNS


def test_R01_who_is_logged_in_as_the_user_may_look(desk: Desk) -> None:
    assert desk.acts_as(impersonated=True).read("connections", "/connection")["address"] == ANNS
