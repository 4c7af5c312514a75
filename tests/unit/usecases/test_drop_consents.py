"""Consents that nobody completed: their grants are given back to Google, and nobody else's."""

from datetime import timedelta

import pytest

from shared.domain.connection import Intent
from shared.errors import Transient
from shared.usecases import drop_consents as dropping
from shared.usecases.drop_consents import drop_consents
from tests.unit.usecases.office import ANN, ANNS, BOB, Office

BOBS = "bob@gmail.com"


def run(office: Office) -> int:
    return drop_consents(store=office.store, grants=office.grants, sealer=office.sealer, patience=office.patience)


def pending(office: Office) -> list[str]:
    return [path for path in office.store.documents if path.startswith("pending_consents/")]


def test_r03_the_grant_of_a_consent_that_nobody_completed_is_revoked() -> None:
    office = Office()
    office.consented()
    office.clock.advance(minutes=15, seconds=1)

    assert run(office) == 1

    assert (len(office.grants.revoked), pending(office)) == (1, [])
    assert run(office) == 0
    assert len(office.grants.revoked) == 1


def test_a_consent_that_may_still_be_completed_is_left_alone() -> None:
    office = Office()
    back = office.consented()
    office.clock.advance(minutes=4)
    assert run(office) == 0

    assert office.complete(back["connect_code"]).status.state == "connected"
    office.clock.advance(days=1)
    assert (run(office), office.grants.revoked) == (0, [])


def test_r03_a_grant_of_an_account_that_is_in_use_is_dropped_and_not_revoked() -> None:
    office = Office()
    office.connect()
    office.consented(intent=Intent.UPDATE)
    office.clock.advance(hours=1)

    assert run(office) == 1

    assert (office.grants.revoked, pending(office)) == ([], [])


def test_a_consent_that_never_came_back_has_nothing_to_revoke() -> None:
    office = Office()
    office.begin()
    office.clock.advance(hours=1)

    assert (run(office), office.grants.revoked, pending(office)) == (1, [], [])


def test_a_revocation_that_fails_is_tried_again_and_stops_no_other() -> None:
    office = Office()
    office.account(BOBS)
    office.consented()
    office.clock.advance(seconds=1)
    office.consented(BOBS, user=BOB)
    office.clock.advance(hours=1)
    left = [Transient("revoke: 503")]

    def once(call: str) -> None:
        if call == "revoke" and left:
            raise left.pop()

    office.grants.fail = once

    assert (run(office), len(pending(office))) == (1, 1)
    assert (run(office), len(pending(office)), len(office.grants.revoked)) == (1, 0, 2)


def test_more_than_a_page_is_dropped_in_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dropping, "PAGE", 2)
    office = Office()
    for _ in range(5):
        office.begin(user=ANN)
    office.clock.advance(hours=1)

    assert (run(office), pending(office)) == (5, [])


def test_what_is_not_reached_in_time_is_left_to_the_next_run() -> None:
    office = Office()
    for email in (ANNS, BOBS):
        office.account(email)
        office.consented(email)
    office.clock.advance(hours=1)

    def slow(_: str) -> None:
        office.clock.time += timedelta(seconds=21)

    office.grants.fail = slow

    assert (run(office), len(pending(office))) == (1, 1)
    assert (run(office), len(pending(office))) == (1, 0)


def test_r03_a_consent_that_was_left_lying_is_not_revoked_while_a_younger_one_is_completed() -> None:
    office = Office()
    office.consented()
    office.clock.advance(minutes=15)
    back = office.consented()

    assert run(office) == 1
    assert office.grants.revoked == []
    assert office.complete(back["connect_code"]).status.state == "connected"


def test_r03_a_partial_consent_ends_nothing_that_another_tab_is_about_to_complete() -> None:
    office = Office()
    back = office.consented()

    partial = office.consented(scopes=("openid",))

    assert partial["error"] == "insufficient_permission"
    assert office.grants.revoked == []
    assert office.complete(back["connect_code"]).status.state == "connected"
