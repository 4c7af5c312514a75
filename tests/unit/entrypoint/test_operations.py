"""The calls of `operations`: for operators alone, and never with a word of anybody's mail."""

import itertools
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import pytest

from shared.domain import keys
from shared.domain.identifiers import GmailId, LocationId, MailboxId
from shared.domain.outbox import EntryState
from shared.domain.session import Role
from shared.errors import Transient
from shared.ports.store import Put, Query
from tests.unit.entrypoint.requests import content, error
from tests.unit.inbound import ADA, HERE, letter
from tests.unit.operators import Desk
from tests.unit.outbound import CARL
from tests.unit.usecases.test_parked_by_operators import lose

BOX = "/mailboxes/mailbox-ada"
CALLS = [
    ("GET", "/status", None),
    ("GET", "/mailboxes", None),
    ("GET", BOX, None),
    ("GET", "/parked", None),
    ("GET", "/sends?state=queued", None),
    ("GET", "/acts", None),
    ("POST", f"{BOX}/parked/m1-ada/replay", {}),
    ("POST", f"{BOX}/parked/m1-ada/drop", {"why": "x"}),
    ("POST", f"{BOX}/relist", {"since": "2026-03-01T00:00:00Z"}),
    ("POST", f"{BOX}/reconcile", {}),
]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
@pytest.mark.parametrize("role", [Role.USER, Role.ADMIN, Role.SERVICE])
def test_T13_nobody_but_an_operator_sees_or_does_anything(
    desk: Desk, role: Role, method: str, path: str, body: object
) -> None:
    name = desk.parked()
    before = dict(desk.world.store.documents)
    desk.role, desk.locations = role, frozenset({HERE})
    answer = desk.ask(path.replace("m1-ada", name), method=method, body=body)
    assert (answer.status_code, error(answer)["code"]) == (403, "forbidden")
    assert desk.world.store.documents == before


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_an_operators_token_needs_no_location(desk: Desk, method: str, path: str, body: object) -> None:
    name = desk.parked()
    desk.world.clock.advance(minutes=1)
    assert desk.ask(path.replace("m1-ada", name), method=method, body=body).status_code in {200, 202}


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_R01_whoever_is_logged_in_as_an_operator_only_reads(desk: Desk, method: str, path: str, body: object) -> None:
    name = desk.parked()
    desk.impersonated = True
    answer = desk.ask(path.replace("m1-ada", name), method=method, body=body)
    assert answer.status_code == (200 if method == "GET" else 403)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/mailboxes/nobody", None),
        ("GET", "/mailboxes/__x__", None),
        ("GET", "/mailboxes/a@b.example", None),
        ("GET", "/", None),
        ("GET", "/locations/here/mailboxes", None),
        ("POST", f"{BOX}/parked/unseen/replay", {}),
        ("POST", f"{BOX}/parked/unseen/drop", {"why": "x"}),
        ("POST", "/mailboxes/nobody/parked/unseen/drop", {"why": "x"}),
        ("POST", "/mailboxes/nobody/relist", {"since": "2026-03-01T00:00:00Z"}),
        ("POST", "/mailboxes/nobody/reconcile", {}),
        ("POST", f"{BOX}/forget", {}),
        ("DELETE", BOX, None),
    ],
)
def test_what_is_not_there_is_404(desk: Desk, method: str, path: str, body: object) -> None:
    answer = desk.ask(path, method=method, body=body)
    assert (answer.status_code, error(answer)["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("replay", None),
        ("replay", []),
        ("replay", {"now": True}),
        ("drop", {}),
        ("drop", {"why": ""}),
        ("drop", {"why": "   "}),
        ("drop", {"why": "x" * 201}),
        ("drop", {"why": "two\nlines"}),
        ("drop", {"why": "from carl@customer.example"}),
        ("drop", {"why": "x", "by": "somebody"}),
        ("relist", {}),
        ("relist", {"since": "yesterday"}),
        ("relist", {"since": "2026-03-01T00:00:00"}),
        ("relist", {"since": "2026-03-01T00:00:00Z", "until": 5}),
        ("relist", {"since": "2027-03-01T00:00:00Z"}),
        ("relist", {"since": "0001-01-01T00:00:00+05:00"}),
        ("relist", {"since": "2026-03-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}),
        ("reconcile", {"cursor": 5}),
    ],
)
def test_what_is_not_as_described_is_refused_and_does_nothing(desk: Desk, path: str, body: object) -> None:
    name = desk.parked()
    before = dict(desk.world.store.documents)
    whole = f"{BOX}/parked/{name}/{path}" if path in {"replay", "drop"} else f"{BOX}/{path}"
    answer = desk.ask(whole, method="POST", body=body, raw=b"" if body is None else None)
    assert (answer.status_code, error(answer)["code"]) == (400, "invalid_request")
    assert "regex" not in str(error(answer)["message"]), "a person is to read it"
    assert desk.world.store.documents == before


@pytest.mark.parametrize(
    "path",
    [
        "/status?limit=1",
        "/mailboxes?state=",
        "/mailboxes?state=paused&state=leased",
        "/mailboxes?state=Connected",
        "/mailboxes?limit=0",
        "/mailboxes?cursor=x",
        "/parked?mailbox=a@b.example",
        "/parked?mailbox=",
        "/parked?reason=",
        f"/parked?reason={'x' * 201}",
        "/parked?state=x",
        "/sends",
        "/sends?state=sent",
        "/acts?mailbox=x",
        f"{BOX}?full=yes",
    ],
)
def test_a_query_that_is_not_as_described_is_refused(desk: Desk, path: str) -> None:
    assert error(desk.ask(path))["code"] == "invalid_request"


def paged(desk: Desk, path: str, limit: int) -> list[list[Any]]:
    found, cursor = [], ""
    for _ in range(50):
        page = desk.read(f"{path}{'&' if '?' in path else '?'}limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
        found.append(page["items"])
        cursor = page["next_cursor"]
        if cursor is None:
            return found
    raise AssertionError("the list does not end")


def parked_many(desk: Desk, count: int) -> list[GmailId]:
    names = [desk.world.gmail.deliver(letter(CARL, subject=f"S{number}")) for number in range(count)]
    desk.refuse(*names)
    desk.world.push()
    return names


def test_lists_come_in_pages_that_have_each_item_once(desk: Desk) -> None:
    names = parked_many(desk, 7)
    pages = paged(desk, "/parked", 3)
    assert [len(page) for page in pages] == [3, 3, 1]
    assert sorted(item["gmail_id"] for page in pages for item in page) == sorted(names)
    for name in names[:5]:
        desk.world.clock.advance(minutes=1)
        desk.post(f"{BOX}/parked/{name}/drop", {"why": "x"})
    acts = [item for page in paged(desk, "/acts", 2) for item in page]
    assert [one["gmail_id"] for one in acts] == names[:5][::-1]
    sends = [desk.world.accept(key=f"k{number}").id for number in range(5)]
    assert sorted(one["id"] for page in paged(desk, "/sends?state=queued", 2) for one in page) == sorted(sends)


@pytest.mark.parametrize(
    ("state", "fields"),
    [
        ("", {}),
        ("connected", {}),
        ("disconnected", {"grant": None, "links": {}}),
        ("unhandled", {"unhandled_since": True}),
    ],
)
def test_mailboxes_come_in_pages(desk: Desk, state: str, fields: dict[str, Any]) -> None:
    mailbox = desk.world.mailbox
    for number in range(6):
        at = desk.world.clock.now() - timedelta(minutes=number // 2)
        given: dict[str, Any] = {name: at if value is True else value for name, value in fields.items()}
        one = replace(mailbox, id=MailboxId(f"box-{number}"), **given)
        desk.world.store.commit([Put(keys.mailbox(one.id), one)])
    pages = paged(desk, f"/mailboxes?state={state}" if state else "/mailboxes", 2)
    found = [item["id"] for page in pages for item in page]
    extra = [] if state in {"disconnected", "unhandled"} else ["mailbox-ada"]
    assert sorted(found) == sorted([*(f"box-{number}" for number in range(6)), *extra])
    assert all(len(page) <= 2 for page in pages)


def test_a_cursor_leads_on_in_its_own_list_alone(desk: Desk) -> None:
    parked_many(desk, 3)
    cursor = desk.read("/parked?limit=1")["next_cursor"]
    assert error(desk.ask(f"/parked?limit=1&reason=x&cursor={cursor}"))["code"] == "invalid_request"
    assert error(desk.ask(f"/acts?limit=1&cursor={cursor}"))["code"] == "invalid_request"


def test_parked_mail_is_found_by_mailbox_and_by_reason(desk: Desk) -> None:
    (name,) = parked_many(desk, 1)
    (item,) = desk.read("/parked?mailbox=mailbox-ada&reason=unreadable:%20Refused")["items"]
    at = desk.world.clock.now()
    assert item == {
        "mailbox": "mailbox-ada", "gmail_id": name, "reason": "unreadable: Refused", "attempts": 1,
        "since": _told(at), "retry_at": _told(at + timedelta(minutes=1)),
    }  # fmt: skip
    for other in ("mailbox=nobody", "reason=other", "mailbox=mailbox-ada&reason=other"):
        assert desk.read(f"/parked?{other}")["items"] == []


def _told(at: Any) -> str:
    return str(at.isoformat().replace("+00:00", "Z"))


def test_what_is_parked_is_replayed_and_dropped_by_two_calls(desk: Desk) -> None:
    kept, given_up = parked_many(desk, 2)
    desk.refuse()
    assert desk.post(f"{BOX}/parked/{kept}/replay")["gmail_id"] == kept
    told = desk.post(f"{BOX}/parked/{given_up}/drop", {"why": " Ticket 12 "})
    assert (told["by"], told["why"], told["reason"]) == ("olga", "Ticket 12", "unreadable: Refused")
    assert desk.post(f"{BOX}/parked/{given_up}/drop", {"why": "again"}) == told
    desk.world.wake()
    assert desk.world.conversation("carl") == ["S0"]
    seen = desk.read("/status")
    assert seen["coverage"] == {
        "percent": 100.0, "seen": 2, "stored": 1, "left_out": 0, "gone": 0, "dropped": 1, "parked": 0
    }  # fmt: skip
    assert seen["parked"] == {"count": 0, "stuck": 0, "reasons": [], "beyond": 0}
    acts = [(one["act"], one["by"], one["gmail_id"], one["why"]) for one in desk.read("/acts")["items"]]
    assert sorted(acts) == [("dropped", "olga", given_up, "Ticket 12"), ("replayed", "olga", kept, None)]


def test_a_mailbox_is_due_at_once_and_published(desk: Desk) -> None:
    desk.world.push()
    desk.world.topics.woken.clear()
    told = desk.post(f"{BOX}/reconcile")
    assert desk.world.topics.woken == ["mailbox-ada"]
    assert told["wakes_at"] == _told(desk.world.clock.now())
    assert desk.world.mailbox.wake_at == desk.world.clock.now()
    assert [one["act"] for one in desk.read("/acts")["items"]] == ["reconciled"]


@pytest.mark.parametrize("state", ["leased", "paused"])
def test_a_mailbox_that_is_held_or_paused_keeps_its_time(desk: Desk, state: str) -> None:
    until = desk.world.clock.now() + timedelta(seconds=50)
    fields: dict[str, Any] = {"holder": "w", "lease_until": until} if state == "leased" else {
        "reads_paused_until": until, "pause_reason": "gmail: rate limit"
    }  # fmt: skip
    mailbox = replace(desk.world.mailbox, wake_at=until, **fields)
    desk.world.store.commit([Put(keys.mailbox(mailbox.id), mailbox)])
    told = desk.post(f"{BOX}/reconcile")
    assert (told["activities"], told["wakes_at"]) == ([state], _told(until))
    assert desk.world.mailbox == mailbox


def test_a_wake_up_that_cannot_be_published_is_left_to_the_timer(desk: Desk) -> None:
    desk.world.push()

    def down(_: object) -> None:
        raise Transient("topics: down")

    desk.world.topics.before_publish = down
    assert desk.post(f"{BOX}/reconcile")["wakes_at"] == _told(desk.world.clock.now())


@pytest.mark.parametrize(("state", "code"), [("lost", "reauth_required"), ("ended", "not_connected")])
def test_a_mailbox_that_cannot_be_read_is_not_reconciled(desk: Desk, state: str, code: str) -> None:
    lose(desk, state)
    answer = desk.ask(f"{BOX}/reconcile", method="POST", body={})
    assert (answer.status_code, error(answer)["code"]) == (409, code)
    told = desk.read(BOX)
    assert told["state"] == ("reauth_required" if state == "lost" else "disconnected")


def test_a_window_is_taken_with_any_offset_and_told_in_utc(desk: Desk) -> None:
    desk.world.clock.advance(hours=2)
    now = desk.world.clock.now()
    since = (now - timedelta(hours=1)).astimezone(timezone(timedelta(hours=5))).isoformat()
    assert since.endswith("+05:00")
    told = desk.post(f"{BOX}/relist", {"since": since, "until": None})
    assert "relisting" in told["activities"]
    assert told["relist"] == {
        "since": _told(now - timedelta(hours=1)), "until": None, "through": None, "asked_at": _told(now)
    }  # fmt: skip


CANARY = itertools.count()
SENDS = [f"/sends?state={state}" for state in ("queued", "claimed", "calling", "in_doubt", "unknown", "failed")]
EVERYTHING = ["/status", "/mailboxes", BOX, "/parked?reason=unreadable:%20Refused", "/acts", *SENDS]


def canary() -> str:
    return f"Canary{next(CANARY)}"


def test_I2_no_answer_has_an_address_a_token_or_a_word_of_any_mail(desk: Desk) -> None:
    """Mail stored, left out, parked and dropped, sends in every state, a lost grant: none of it but ids."""
    world, words = desk.world, [canary() for _ in range(6)]
    for number, sender in enumerate((CARL, f"{words[0]}@stranger.example")):
        raw = letter(f"{words[1]} <{sender}>", subject=words[2], text=words[3], Message_ID=f"<{words[4]}{number}@x>")
        world.gmail.deliver(raw)
    world.push()
    first, second = parked_many(desk, 2)
    desk.post(f"{BOX}/parked/{first}/drop", {"why": "no use"})
    mail = {"subject": words[2], "text": words[3], "to": [{"address": CARL, "name": words[5]}]}
    for number, state in enumerate(EntryState):
        name = world.accept(mail, key=f"k{number}").id
        entry = world.entry(name)
        called = world.clock.now() - timedelta(hours=2)
        changed = replace(entry, state=state, called_at=called, session=f"sealed {words[4]}", folder=f"x/{words[4]}")
        world.store.commit([Put(keys.outbox(name), changed)])
    answers = [desk.ask(path).get_data(as_text=True) for path in EVERYTHING]
    assert [answer for answer in answers if '"items":[]' in answer] == []
    answers += [desk.ask(f"{BOX}/parked/{second}/{act}", method="POST", body=body).get_data(as_text=True)
                for act, body in (("replay", {}), ("drop", {"why": "no use"}))]  # fmt: skip
    lose(desk, "lost")
    answers += [desk.ask(path).get_data(as_text=True) for path in EVERYTHING]
    answers.append(desk.ask(f"{BOX}/reconcile", method="POST", body={}).get_data(as_text=True))

    secrets = [*words, ADA, CARL, "@", "sealed", "sub-ada", "Hello"]
    assert [(secret, answer) for secret in secrets for answer in answers if secret.lower() in answer.lower()] == []


def test_a_status_of_a_deployment_that_is_well_needs_nobody(desk: Desk) -> None:
    desk.world.gmail.deliver(letter(CARL))
    desk.world.push()
    mailbox = replace(desk.world.mailbox, watch_expires_at=desk.world.clock.now() + timedelta(days=6))
    desk.world.store.commit([Put(keys.mailbox(mailbox.id), mailbox)])
    told = desk.read("/status")
    assert told["attention"] == []
    assert (told["mailboxes"]["connected"], told["coverage"]["percent"]) == (1, 100.0)


def test_a_status_names_what_needs_somebody(desk: Desk) -> None:
    desk.parked(for_good=True)
    assert "mail_parked" in [need["code"] for need in desk.read("/status")["attention"]]
    assert len(desk.world.store.find(Query(keys.PARKED))) == 1


def test_a_location_in_the_token_makes_no_difference(desk: Desk) -> None:
    desk.locations = frozenset({LocationId("elsewhere")})
    assert content(desk.ask("/mailboxes"))["items"][0]["id"] == "mailbox-ada"
