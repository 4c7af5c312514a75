"""Consent: what a client asks of a person, and where the person's answer goes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from tests.sandbox.gmail_simulator.accounts import Account
from tests.sandbox.gmail_simulator.grants import Client, Grant, full_scopes
from tests.sandbox.gmail_simulator.world import World

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class AuthorizationError(Exception):
    """A request that Google shows an error page for instead of a consent page; nothing is redirected."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A valid request for consent."""

    client: Client
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    nonce: str | None
    challenge: str | None
    offline: bool
    prompt: frozenset[str]
    login_hint: str


def read_authorization(clients: Mapping[str, Client], query: Mapping[str, str]) -> AuthorizationRequest:
    """The request in the query of an authorize URL; AuthorizationError for one that Google refuses."""
    client = clients.get(query.get("client_id", ""))
    if client is None:
        raise AuthorizationError(401, "invalid_client", "The OAuth client was not found.")
    redirect_uri = query.get("redirect_uri", "")
    if not _may_return(client, redirect_uri):
        raise AuthorizationError(400, "redirect_uri_mismatch", f"The redirect URI {redirect_uri} is not registered.")
    if query.get("response_type") != "code":
        raise AuthorizationError(400, "unsupported_response_type", "Only response_type=code is offered.")
    scopes = full_scopes(query.get("scope", ""))
    if not scopes:
        raise AuthorizationError(400, "invalid_request", "Missing required parameter: scope")
    challenge = query.get("code_challenge")
    if challenge is not None and query.get("code_challenge_method", "plain") != "S256":
        raise AuthorizationError(400, "invalid_request", "code_challenge_method must be S256.")
    return AuthorizationRequest(
        client=client,
        redirect_uri=redirect_uri,
        scopes=scopes,
        state=query.get("state"),
        nonce=query.get("nonce"),
        challenge=challenge,
        offline=query.get("access_type") == "offline",
        prompt=frozenset(query.get("prompt", "").split()),
        login_hint=query.get("login_hint", ""),
    )


def _may_return(client: Client, redirect_uri: str) -> bool:
    if client.redirect_uris:
        return redirect_uri in client.redirect_uris
    try:
        parts = urlsplit(redirect_uri)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.hostname in _LOOPBACK and not parts.fragment


def approve(world: World, request: AuthorizationRequest, account: Account, granted: Iterable[str]) -> str:
    """The person agrees to these scopes: the URL to go back to, with a code."""
    wanted = set(granted)
    scopes = tuple(scope for scope in request.scopes if scope in wanted)
    first = not world.grants.consented(account, request.client)
    refreshable = request.offline and (first or "consent" in request.prompt)
    grant = Grant(account, request.client, scopes, refreshable)
    code = world.grants.issue_code(grant, request.redirect_uri, request.challenge, request.nonce)
    shuffled = world.chance.sample(scopes, len(scopes))
    answer = {"code": code, "scope": " ".join(shuffled), "authuser": "0"}
    if account.hosted_domain:
        answer["hd"] = account.hosted_domain
    return _back(request, {**answer, "prompt": "consent" if first or "consent" in request.prompt else "none"})


def deny(request: AuthorizationRequest) -> str:
    """The person refuses: the URL to go back to."""
    return _back(request, {"error": "access_denied"})


def _back(request: AuthorizationRequest, answer: Mapping[str, str]) -> str:
    state = {} if request.state is None else {"state": request.state}
    sign = "&" if urlsplit(request.redirect_uri).query else "?"
    return f"{request.redirect_uri}{sign}{urlencode({**state, **answer})}"
