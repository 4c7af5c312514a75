"""Access tokens that end, and what Google answers when they are renewed."""

import base64
import json
from datetime import timedelta

import pytest

from shared.domain.connection import SCOPES
from shared.domain.identifiers import GmailId
from shared.errors import GrantLost, Remedy, Transient
from shared.ports.gmail import MailHeaders
from tests.faults.wire import MAIL, NOW, Step, Wire, access, answer, gmail, mailbox


def test_f21_a_token_that_is_refused_amid_a_batch_is_renewed_once_and_the_batch_goes_on() -> None:
    def mails(bearer: list[str]) -> Step:
        return answer(200, MAIL) if bearer[-1] == "Bearer a2" else answer(401, {"error": {"code": 401}})

    wire = Wire(lambda: mails(wire.bearers))
    assert all(isinstance(one, MailHeaders) for one in gmail(wire).headers([GmailId("m1")] * 8))
    assert len(wire.forms) == 2


def test_f21_two_instances_that_renew_at_once_disturb_neither_each_other_nor_what_is_kept() -> None:
    """Each has an access token of its own; nothing of it is written anywhere."""
    wire = Wire(lambda: answer(200, {"emailAddress": "ada@agency.example", "historyId": "7"}))
    kept = mailbox()
    before = repr(kept)
    for one in (access(wire), access(wire)):
        one.open(kept).profile()
        one.open(kept).profile()
    assert [form["refresh_token"] for form in wire.forms] == ["refresh-1", "refresh-1"]
    assert wire.bearers == ["Bearer a1", "Bearer a1", "Bearer a2", "Bearer a2"]
    assert repr(kept) == before


def test_f21_a_newer_grant_has_a_token_of_its_own() -> None:
    wire = Wire(lambda: answer(200, {"emailAddress": "ada@agency.example", "historyId": "7"}))
    one = access(wire)
    for version in (1, 2, 1):
        one.open(mailbox(version)).profile()
    assert [form["refresh_token"] for form in wire.forms] == ["refresh-1", "refresh-2"]


def id_token(subject: object) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"sub": subject}).encode()).decode().rstrip("=")
    return f"e30.{claims}.c2ln"


def renewed(**told: object) -> Wire:
    wire = Wire(lambda: answer(200, {"emailAddress": "ada@agency.example", "historyId": "7"}))
    wire.renewals = [{"access_token": "a", "expires_in": 3600, **told}]
    return wire


@pytest.mark.parametrize("more", [{}, {"refresh_token": None}, {"refresh_token": "another"}])
def test_f23_the_refresh_token_that_is_kept_stays_the_one_that_is_used(more: dict[str, object]) -> None:
    clock = [NOW]
    wire = renewed(**more)
    one = access(wire, lambda: clock[0]).open(mailbox())
    one.profile()
    clock[0] += timedelta(hours=2)
    one.profile()
    assert [form["refresh_token"] for form in wire.forms] == ["refresh-1", "refresh-1"]


@pytest.mark.parametrize("left", [SCOPES[:2], SCOPES[:3], (*SCOPES[:2], SCOPES[3]), ("openid",)])
def test_f23_a_grant_that_became_less_is_for_the_user_to_renew(left: tuple[str, ...]) -> None:
    wire = renewed(scope=" ".join(left))
    with pytest.raises(GrantLost) as lost:
        gmail(wire).profile()
    assert (lost.value.remedy, lost.value.reason) == (Remedy.RECONNECT, "insufficientPermissions")
    assert wire.calls == 0


@pytest.mark.parametrize("scope", [" ".join(SCOPES), " ".join(reversed(SCOPES)), " ".join((*SCOPES, "more")), ""])
def test_f23_a_grant_that_is_as_it_was_or_more_goes_on(scope: str) -> None:
    assert gmail(renewed(scope=scope)).profile().history_id == 7


@pytest.mark.parametrize("subject", ["somebody-else", "google-sub2", 7])
def test_f23_a_grant_that_is_somebody_elses_is_refused_before_anything_is_read(subject: object) -> None:
    wire = renewed(id_token=id_token(subject))
    with pytest.raises(GrantLost) as lost:
        gmail(wire).profile()
    assert lost.value.remedy is Remedy.RECONNECT
    assert wire.calls == 0


@pytest.mark.parametrize("token", [id_token("google-sub"), "", "no token", "a.b.c", "a.!!.c"])
def test_f23_without_another_name_in_the_answer_the_grant_is_the_mailboxes(token: str) -> None:
    assert gmail(renewed(id_token=token)).profile().history_id == 7


@pytest.mark.parametrize(
    "told",
    [
        *(b"", b"<html>", b"[]", b"null", b"{}", b"\xff", b'{"access_token": "a"}'),
        b'{"access_token": null, "expires_in": 1}',
        b'{"access_token": "", "expires_in": 3600}',
        b'{"access_token": "a", "expires_in": "soon"}',
    ],
)
def test_f24_what_is_no_token_is_passing_trouble(told: bytes) -> None:
    wire = Wire(lambda: answer(200, b"{}"))
    wire.renewals = [told]
    with pytest.raises(Transient) as trouble:
        gmail(wire).profile()
    assert trouble.value.reason == "token endpoint: not an answer"
    assert wire.calls == 0
