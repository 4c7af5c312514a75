"""How the function proves to Google who it is: one token for all, renewed in time."""

import threading
from typing import Any

import google.auth
import pytest
import urllib3
from google.auth.credentials import Credentials
from google.auth.exceptions import DefaultCredentialsError, RefreshError

from shared.adapters.pubsub.authorization import SCOPE, OwnAuthorization
from shared.errors import Transient


class Account(Credentials):
    """A service account whose token a test lets expire."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.renewed = 0
        self.broken = False

    def refresh(self, request: Any) -> None:
        if self.broken:
            raise RefreshError("canary")  # type: ignore[no-untyped-call]
        self.renewed += 1
        self.token = f"t{self.renewed}"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    made = Account()

    def default(scopes: list[str], request: object) -> tuple[Account, str]:
        assert scopes == [SCOPE]
        assert request
        return made, "project"

    monkeypatch.setattr(google.auth, "default", default)
    return made


def test_one_token_serves_until_it_expires(account: Account) -> None:
    authorization = OwnAuthorization(urllib3.PoolManager())
    assert [authorization() for _ in range(3)] == ["Bearer t1"] * 3
    account.token = None
    assert authorization() == "Bearer t2"


def test_many_threads_fetch_one_token(account: Account) -> None:
    authorization = OwnAuthorization(urllib3.PoolManager())
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(authorization())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["Bearer t1"] * 8


def test_F24_a_token_that_cannot_be_had_is_a_passing_trouble(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    account.broken = True
    with pytest.raises(Transient) as caught:
        OwnAuthorization(urllib3.PoolManager())()
    assert "canary" not in str(caught.value)

    def nobody(**_: object) -> None:
        raise DefaultCredentialsError("canary")  # type: ignore[no-untyped-call]

    monkeypatch.setattr(google.auth, "default", nobody)
    with pytest.raises(Transient):
        OwnAuthorization(urllib3.PoolManager())()
