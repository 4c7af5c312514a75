"""The calls around mail that goes through the provider: who may send it, and its recipients' ledger."""

import flask
import pytest

from shared.domain.identifiers import UserId
from shared.domain.session import Role, Session
from shared.entrypoint.http import serve
from tests.unit.entrypoint.requests import content, error, request
from tests.unit.entrypoint.test_sends import Bench
from tests.unit.inbound import HERE
from tests.unit.outbound import CARL, PROVIDER

BULK = {"kind": "bulk", "to": [{"address": CARL}, {"address": "x@elsewhere.example"}], "subject": "News", "text": "Hi"}


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.sends = type(made.sends)(
        made.sends.store, made.sends.blobs, made.sends.topics, made.sends.patience, made.sends.token, PROVIDER
    )
    made.session = Session(UserId("crm"), frozenset({HERE}), Role.SERVICE)
    return made


def recipients(bench: Bench, name: str, query: str = "") -> flask.Response:
    asked = request(
        "GET", f"/locations/{HERE}/messages/{name}/recipients{query}", headers={"Authorization": "Bearer x"}
    )
    return serve(asked, bench.sends.routes, lambda: bench.gate)


@pytest.mark.parametrize("role", [Role.USER, Role.ADMIN, Role.SERVICE])
@pytest.mark.parametrize("kind", ["bulk", "workflow"])
def test_R51_users_admins_and_the_backend_send_bulk_and_workflow_mail(bench: Bench, role: Role, kind: str) -> None:
    bench.session = Session(UserId("ada"), frozenset({HERE}), role)

    answer = bench.post({**BULK, "kind": kind})

    assert (answer.status_code, set(content(answer))) == (202, {"id", "conversation", "status", "warnings"})


def test_R51_the_backend_sends_no_individual_mail_and_leaves_no_file(bench: Bench) -> None:
    head = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhi\r\n'

    assert error(bench.post({**BULK, "kind": "individual"}, files=head))["code"] == "forbidden"
    assert not bench.world.blobs.contents


def test_an_operator_sends_nothing_at_all(bench: Bench) -> None:
    bench.session = Session(UserId("op"), frozenset({HERE}), Role.OPERATOR)

    assert error(bench.post(BULK))["code"] == "forbidden"


def test_an_unknown_kind_is_refused(bench: Bench) -> None:
    assert error(bench.post({**BULK, "kind": "letter"}))["code"] == "invalid_request"


def test_R56_the_ledger_says_how_it_stands_with_each_recipient(bench: Bench) -> None:
    name = content(bench.post(BULK))["id"]
    before = content(recipients(bench, name))
    bench.world.deliver(name)

    first, second = content(recipients(bench, name))["items"]

    assert [row["status"] for row in before["items"]] == ["queued", "queued"]
    assert first == {"address": CARL, "status": "sent", "message": name, "failure": None}
    assert second == {"address": "x@elsewhere.example", "status": "sent", "message": None, "failure": None}


def test_the_ledger_has_pages(bench: Bench) -> None:
    name = content(bench.post(BULK))["id"]

    first = content(recipients(bench, name, "?limit=1"))
    second = content(recipients(bench, name, f"?limit=1&cursor={first['next_cursor']}"))

    assert [row["address"] for page in (first, second) for row in page["items"]] == [
        CARL,
        "x@elsewhere.example",
    ]


def test_what_was_not_sent_from_here_has_no_ledger(bench: Bench) -> None:
    assert error(recipients(bench, "nothing"))["code"] == "not_found"


def test_R56_the_backend_retries_what_it_sent_and_nobody_else_does(bench: Bench) -> None:
    name = content(bench.post(BULK))["id"]
    bench.world.deliver(name)

    mine = bench.retry(name, {})
    bench.session = Session(UserId("ada"), frozenset({HERE}), Role.USER)
    others = bench.retry(name, {})

    assert (error(mine)["code"], error(others)["code"]) == ("not_retryable", "forbidden")
