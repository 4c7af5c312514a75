"""The consent page in a browser: an account to choose, a box for each permission, Continue or Cancel."""

from collections.abc import Iterable, Mapping
from html import escape

from tests.sandbox.gmail_simulator.accounts import Account
from tests.sandbox.gmail_simulator.authorization import AuthorizationError, AuthorizationRequest
from tests.sandbox.gmail_simulator.grants import IDENTITY

_TEXTS = {
    "https://mail.google.com/": "Read, compose, send and permanently delete all your email from Gmail",
    "https://www.googleapis.com/auth/gmail.readonly": "View your email messages and settings",
    "https://www.googleapis.com/auth/gmail.send": "Send email on your behalf",
    "https://www.googleapis.com/auth/gmail.modify": "Read, compose and send emails from your Gmail account",
    "https://www.googleapis.com/auth/gmail.compose": "Manage drafts and send emails",
    "https://www.googleapis.com/auth/gmail.metadata": "View your email message metadata, but not the email body",
    "https://www.googleapis.com/auth/gmail.labels": "See and edit your email labels",
}
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;background:#f0f4f9;color:#1f1f1f;margin:0;display:grid;place-items:center;
min-height:100vh}
main{background:#fff;border-radius:24px;padding:36px;max-width:30rem;width:calc(100% - 2rem);box-sizing:border-box}
h1{font-weight:400;font-size:1.6rem;margin:.2rem 0 1rem}
fieldset{border:1px solid #c4c7c5;border-radius:12px;margin:0 0 1rem;padding:.6rem 1rem}
label{display:flex;gap:.7rem;padding:.4rem 0;align-items:baseline}
small{color:#5f6368;display:block;overflow-wrap:anywhere}
nav{display:flex;justify-content:flex-end;gap:1rem}
button{font:inherit;border-radius:20px;padding:.5rem 1.4rem;border:1px solid #747775;background:#fff;color:#0b57d0}
button[value=continue]{background:#0b57d0;color:#fff;border-color:#0b57d0}
"""


def _page(title: str, body: str) -> str:
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><main><p><small>Simulated Google sign-in</small></p><h1>{escape(title)}</h1>{body}</main></body></html>"
    )


def consent_page(request: AuthorizationRequest, accounts: Iterable[Account], query: Mapping[str, str]) -> str:
    """The page as HTML; its form sends the query back together with the person's choices."""
    known = list(accounts)
    if not known:
        return _page("No account yet", "<p>Create one first: POST /control/mailboxes.</p>")
    hidden = "".join(
        f'<input type="hidden" name="q.{escape(name)}" value="{escape(value)}">' for name, value in query.items()
    )
    chosen = request.login_hint.lower()
    at = next((i for i, a in enumerate(known) if chosen in {a.email.lower(), a.sub}), 0)
    people = "".join(_person(account, ticked=i == at) for i, account in enumerate(known))
    boxes = "".join(_box(scope) for scope in request.scopes if scope not in IDENTITY)
    return _page(
        f"{request.client.id} wants access to your Google Account",
        f'<form method="post" action="/o/oauth2/v2/auth">{hidden}'
        f"<fieldset><legend>Choose an account</legend>{people}</fieldset>"
        f"<fieldset><legend>Select what {escape(request.client.id)} can access</legend>{boxes}"
        "<small>Your name and email address are shared with it.</small></fieldset>"
        '<nav><button name="action" value="cancel" formnovalidate>Cancel</button>'
        '<button name="action" value="continue">Continue</button></nav></form>',
    )


def _person(account: Account, *, ticked: bool) -> str:
    mark = " checked" if ticked else ""
    return (
        f'<label><input type="radio" name="email" value="{escape(account.email)}" required{mark}>'
        f"<span>{escape(account.name or account.email)}<small>{escape(account.email)}</small></span></label>"
    )


def _box(scope: str) -> str:
    return (
        f'<label><input type="checkbox" name="scope" value="{escape(scope)}" checked>'
        f"<span>{escape(_TEXTS.get(scope, scope))}<small>{escape(scope)}</small></span></label>"
    )


def error_page(error: AuthorizationError) -> str:
    """Google's own page for a request that it cannot answer."""
    what = f"<p>Error {error.status}: {escape(error.code)}</p><p>{escape(error.message)}</p>"
    return _page("Access blocked: Authorization Error", what)
