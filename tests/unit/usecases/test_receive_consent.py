"""What Google's redirect may do: once, in time, and only for a state that was given out."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from shared.domain.connection import SCOPES, Intent
from shared.errors import Conflict, Rejected, Transient
from shared.ports.store import Replace, Write
from tests.unit.usecases.office import ANNS, BOB, THERE, Office, state_of, told

READ, SEND = SCOPES[2], SCOPES[3]


@pytest.mark.parametrize("state", ["", "unknown", "x" * 5_000, "é", "../x"])
def test_t01_a_state_that_nobody_was_given_asks_nothing_of_google(state: str) -> None:
    office = Office()
    office.begin()

    with pytest.raises(Rejected, match="invalid_request"):
        office.come_back(state, code="code")

    assert office.grants.exchanges == 0


def test_t01_a_state_works_once() -> None:
    office = Office()
    state = state_of(office.begin())
    office.come_back(state, code=office.grants.consent(state, ANNS))

    with pytest.raises(Rejected, match="invalid_request"):
        office.come_back(state, code=office.grants.consent(state, ANNS))

    assert office.grants.exchanges == 1


def test_t01_of_two_browsers_at_the_same_moment_one_comes_first() -> None:
    office = Office()
    state = state_of(office.begin())
    code = office.grants.consent(state, ANNS)
    raced: list[bool] = []

    def other_first(_: Sequence[Write]) -> None:
        if not raced:
            raced.append(True)
            office.come_back(state, code=code)

    office.store.before_commit = other_first

    with pytest.raises(Rejected, match="invalid_request"):
        office.come_back(state, code=code)

    assert office.grants.exchanges == 1


def test_t01_a_state_ends_after_ten_minutes() -> None:
    office = Office()
    state = state_of(office.begin())
    code = office.grants.consent(state, ANNS)
    office.clock.advance(minutes=10)

    with pytest.raises(Rejected, match="invalid_request"):
        office.come_back(state, code=code)

    assert office.grants.exchanges == 0


def test_the_grant_waits_sealed_and_the_code_is_kept_as_a_digest_only() -> None:
    office = Office()

    back = office.consented()

    name, _, code = back["connect_code"].partition(".")
    assert code not in office.dump()
    assert f"pending_consents/{name}" in office.store.documents
    fields = office.store.documents[f"pending_consents/{name}"][0]
    assert fields["grant"] != ANNS
    assert "verifier" not in fields
    assert office.status().state == "none"


@pytest.mark.parametrize(
    ("granted", "missing"),
    [
        ((*SCOPES[:2], READ), SEND),
        ((*SCOPES[:2], SEND), READ),
        (SCOPES[:2], f"{READ} {SEND}"),
        ((*SCOPES[:2], SEND, f"{READ}.metadata"), READ),
    ],
)
def test_r03_t07_an_unticked_box_connects_nothing_keeps_nothing_and_is_named(
    granted: tuple[str, ...], missing: str
) -> None:
    office = Office()

    back = office.consented(scopes=granted)

    assert back == {"error": "insufficient_permission", "missing": missing}
    assert office.grants.revoked == [ANNS]
    assert not [path for path in office.store.documents if path.startswith("pending_consents")]


@pytest.mark.parametrize(
    ("granted", "missing"),
    [((), " ".join(SCOPES)), (SCOPES[2:], " ".join(SCOPES[:2])), ((SEND,), " ".join(SCOPES[:3]))],
)
def test_r03_a_partial_grant_of_nobody_known_is_named_and_dropped_for_it_might_be_anybodys(
    granted: tuple[str, ...], missing: str
) -> None:
    office = Office()

    back = office.consented(scopes=granted)

    assert back == {"error": "insufficient_permission", "missing": missing}
    assert office.grants.revoked == []


def test_r03_google_may_name_the_email_scope_in_short_and_in_any_order() -> None:
    back = Office().consented(scopes=(SEND, "email", "openid", READ))

    assert "connect_code" in back


def test_r03_a_partial_grant_is_dropped_not_revoked_where_the_account_is_in_use() -> None:
    office = Office()
    office.connect()

    office.consented(user=BOB, location=THERE, scopes=SCOPES[:3])

    assert office.grants.revoked == []
    assert office.mailbox().usable


def test_a_refusal_at_google_is_told_and_ends_the_consent() -> None:
    office = Office()
    state = state_of(office.begin())

    assert told(office.come_back(state, error="access_denied")) == {"error": "access_denied"}

    with pytest.raises(Rejected, match="invalid_request"):
        office.come_back(state, code="code")


def test_f24_trouble_at_the_token_endpoint_is_told_as_such() -> None:
    office = Office()

    def down(_: str) -> None:
        raise Transient("token endpoint: 503")

    office.grants.fail = down

    assert office.consented() == {"error": "unavailable"}


def test_a_code_that_google_refuses_or_that_brings_no_refresh_token_connects_nothing() -> None:
    office = Office()
    first, second = state_of(office.begin()), state_of(office.begin())
    code = office.grants.consent(second, ANNS)
    office.grants.without_refresh_token(code)

    assert told(office.come_back(first, code="made up")) == {"error": "unavailable"}
    assert told(office.come_back(second, code=code)) == {"error": "unavailable"}


def test_t02_a_code_of_another_consent_is_no_good() -> None:
    office = Office()
    mine, theirs = state_of(office.begin()), state_of(office.begin(user=BOB))
    code = office.grants.consent(theirs, "bob@gmail.com")

    assert told(office.come_back(mine, code=code)) == {"error": "unavailable"}


@pytest.mark.parametrize("error", [Conflict(), Transient("store: 503")])
def test_r03_a_grant_that_could_not_be_kept_is_given_back_and_said_so(error: Exception) -> None:
    office = Office()
    state = state_of(office.begin())
    code = office.grants.consent(state, ANNS)

    def refuse(writes: Sequence[Write]) -> None:
        if any(isinstance(write, Replace) and getattr(write.value, "grant", "") for write in writes):
            raise error

    office.store.before_commit = refuse

    assert told(office.come_back(state, code=code)) == {"error": "unavailable"}
    assert len(office.grants.revoked) == 1


def test_r03_a_grant_that_could_not_be_kept_is_not_revoked_where_the_account_is_in_use() -> None:
    office = Office()
    office.connect()
    state = state_of(office.begin(intent=Intent.UPDATE))
    code = office.grants.consent(state, ANNS)

    def refuse(writes: Sequence[Write]) -> None:
        if any(isinstance(write, Replace) and getattr(write.value, "grant", "") for write in writes):
            raise Conflict

    office.store.before_commit = refuse

    assert told(office.come_back(state, code=code)) == {"error": "unavailable"}
    assert office.grants.revoked == []


def test_a_code_is_good_for_five_minutes() -> None:
    office = Office()
    back = office.consented()
    office.clock.advance(minutes=4, seconds=59)
    kept = office.store.documents[f"pending_consents/{back['connect_code'].partition('.')[0]}"][0]

    assert kept["expires_at"] - office.clock.now() == timedelta(seconds=1)


def test_t05_a_page_that_is_no_longer_allowed_is_not_returned_to() -> None:
    office = Office()
    state = state_of(office.begin())
    code = office.grants.consent(state, ANNS)
    office.return_urls = frozenset({"https://new.example/connected"})

    with pytest.raises(Rejected, match="invalid_request"):
        office.come_back(state, code=code)

    assert office.grants.exchanges == 0
