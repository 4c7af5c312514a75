"""Who let which client do what: codes, refresh tokens and access tokens."""

import random
from dataclasses import dataclass, field
from enum import StrEnum

from tests.sandbox.gmail_simulator.accounts import Account
from tests.sandbox.gmail_simulator.clock import Clock

ACCESS_LIFE_S = 3599
CODE_LIFE_S = 600
LIVE_REFRESH_TOKENS = 100
EMAIL_SCOPE = "https://www.googleapis.com/auth/userinfo.email"
PROFILE_SCOPE = "https://www.googleapis.com/auth/userinfo.profile"
_SHORT = {"email": EMAIL_SCOPE, "profile": PROFILE_SCOPE}
IDENTITY = frozenset({"openid", EMAIL_SCOPE, PROFILE_SCOPE})
MAIL_SCOPE_PREFIXES = ("https://mail.google.com/", "https://www.googleapis.com/auth/gmail.")


def full_scopes(scope: str) -> tuple[str, ...]:
    """The scopes of a space-separated list, `email` and `profile` by their URLs."""
    return tuple(dict.fromkeys(_SHORT.get(one, one) for one in scope.split()))


@dataclass(frozen=True, slots=True)
class Client:
    """A registered OAuth client; no redirect_uris means any loopback one, no project any project's topics."""

    id: str
    secret: str
    redirect_uris: tuple[str, ...] = ()
    project: str | None = None


class GrantEnd(StrEnum):
    """Why tokens stopped working."""

    REVOKED = "revoked"
    PASSWORD = "password"


@dataclass(slots=True)
class Grant:
    """One consent of one person to one client."""

    account: Account
    client: Client
    scopes: tuple[str, ...]
    offline: bool
    live: bool = True
    refresh_token: str | None = None

    @property
    def reads_mail(self) -> bool:
        """Whether a change of password ends it."""
        return any(scope.startswith(MAIL_SCOPE_PREFIXES) for scope in self.scopes)


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code and what it is bound to."""

    grant: Grant
    redirect_uri: str
    challenge: str | None
    nonce: str | None
    expires_at: float


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a bearer token stands for."""

    grant: Grant
    scopes: frozenset[str]
    expires_at: float


@dataclass(slots=True)
class Grants:
    """All codes and tokens; chance makes them unguessable enough for tests, and repeatable."""

    chance: random.Random
    clock: Clock
    codes: dict[str, Code] = field(default_factory=dict)
    _refresh: dict[str, Grant] = field(default_factory=dict)
    _access: dict[str, AccessToken] = field(default_factory=dict)
    _consented: set[tuple[str, str]] = field(default_factory=set)

    def _token(self, prefix: str, size: int) -> str:
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        return prefix + "".join(self.chance.choices(alphabet, k=size))

    def consented(self, account: Account, client: Client) -> bool:
        """Whether this person has agreed to this client before, and not revoked it since."""
        return (account.sub, client.id) in self._consented

    def issue_code(self, grant: Grant, redirect_uri: str, challenge: str | None, nonce: str | None) -> str:
        """A code that can be exchanged once within ten minutes."""
        made = self._token("4/0A", 60)
        self.codes[made] = Code(grant, redirect_uri, challenge, nonce, self.clock.now() + CODE_LIFE_S)
        self._consented.add((grant.account.sub, grant.client.id))
        return made

    def issue_refresh(self, grant: Grant) -> str:
        """A refresh token; beyond a hundred for one person and client the oldest stops working."""
        grant.refresh_token = self._token("1//0", 90)
        self._refresh[grant.refresh_token] = grant
        same = [t for t, g in self._refresh.items() if g.account is grant.account and g.client is grant.client]
        for token in same[:-LIVE_REFRESH_TOKENS]:
            del self._refresh[token]
        return grant.refresh_token

    def issue_access(self, grant: Grant) -> str:
        """An access token for an hour."""
        made = self._token("ya29.", 120)
        self._access[made] = AccessToken(grant, frozenset(grant.scopes), self.clock.now() + ACCESS_LIFE_S)
        return made

    def access(self, token: str) -> AccessToken | None:
        """What a bearer token stands for, if it works now."""
        found = self._access.get(token)
        if found is None or not found.grant.live or found.expires_at <= self.clock.now():
            return None
        return found

    def refresh(self, token: str) -> Grant | None:
        """The grant of a refresh token, if it works now."""
        found = self._refresh.get(token)
        return found if found is not None and found.live else None

    def owner(self, token: str) -> Grant | None:
        """The grant that a refresh or access token came from, whether or not it still works."""
        held = self._access.get(token)
        return self._refresh.get(token) or (held.grant if held else None)

    def revoke(self, token: str) -> bool:
        """Ends every grant of that token's person to that token's project; False if the token is not known."""
        grant = self.owner(token)
        if grant is None or not grant.live:
            return False
        self.end(grant.account, GrantEnd.REVOKED, grant.client)
        return True

    def end(self, account: Account, why: GrantEnd, client: Client | None = None) -> None:
        """Ends an account's grants: to one client's project, or those that a change of password ends."""
        grants = [*self._refresh.values(), *(token.grant for token in self._access.values())]
        for grant in grants:
            same_project = client is None or (grant.client.project or grant.client.id) == (client.project or client.id)
            if grant.account is account and same_project and (why is GrantEnd.REVOKED or grant.reads_mail):
                grant.live = False
                if why is GrantEnd.REVOKED:
                    self._consented.discard((account.sub, grant.client.id))
