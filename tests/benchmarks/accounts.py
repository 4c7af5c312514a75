"""Simulated Gmail accounts full of mail, each with a consent to the product."""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.benchmarks.ground import Ground
from tests.client.wire import POOL, call, ok
from tests.sandbox.settings import CLIENT_ID, CLIENT_SECRET

SCOPES = "openid email https://www.googleapis.com/auth/gmail.readonly https://www.googleapis.com/auth/gmail.send"


@dataclass(frozen=True, slots=True)
class Account:
    """An account: Google's name for it, its tokens, the history id before the first of its mails, and the newest."""

    email: str
    subject: str
    refresh_token: str
    access_token: str
    before: int
    newest: int
    ids: tuple[str, ...]


def make(ground: Ground, email: str, mails: Iterable[bytes]) -> Account:
    """A new account that has consented, and then got the mails."""
    ground.gmail.add_mailbox(email)
    redirect = f"{ground.plan.url('oauth_callback')}/"
    query = {
        "client_id": CLIENT_ID,
        "redirect_uri": redirect,
        "response_type": "code",
        "scope": SCOPES,
        "access_type": "offline",
        "prompt": "consent",
        "state": "benchmark",
    }
    back = ground.gmail.consent(f"{ground.plan.url('gmail')}/o/oauth2/v2/auth?{urlencode(query)}", email)
    told = _tokens(ground, parse_qs(urlsplit(back).query)["code"][0], redirect)
    account = Account(email, _subject(told["id_token"]), told["refresh_token"], told["access_token"], 0, 0, ())
    before = _history_id(ground, account)
    return more(ground, replace(account, before=before, newest=before), mails)


def more(ground: Ground, account: Account, mails: Iterable[bytes]) -> Account:
    """The account with more mails, which are all that came after its `before`."""
    delivered = [ground.gmail.deliver(account.email, mail) for mail in mails]
    newest = int(delivered[-1]["historyId"]) if delivered else account.newest
    ids = tuple(str(one["id"]) for one in delivered)
    return replace(account, before=account.newest, newest=newest, ids=ids)


def _tokens(ground: Ground, code: str, redirect: str) -> dict[str, str]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uri": redirect,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = POOL.request("POST", f"{ground.plan.url('gmail')}/token", body=urlencode(form), headers=headers)
    if answer.status != 200:
        raise AssertionError(f"no tokens: {answer.status} {answer.data!r}")
    return dict(answer.json())


def _subject(id_token: str) -> str:
    claims = id_token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"])


def _history_id(ground: Ground, account: Account) -> int:
    url = f"{ground.plan.url('gmail')}/gmail/v1/users/me/profile"
    return int(ok(call("GET", url, token=account.access_token), "profile")["historyId"])
