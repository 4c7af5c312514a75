"""What each name of `infra/functions.json` is in the local stack."""

import base64
import json
import secrets
from collections.abc import Mapping

from tests.sandbox.certificate import LOOPBACK, write_certificate
from tests.sandbox.plan import PROJECT, Plan
from tests.sandbox.provider import PASSWORD, USERNAME
from tests.sandbox.trouble import TroubleError

PUSH_SERVICE_ACCOUNT = f"push@{PROJECT}.iam.gserviceaccount.com"
CRM_AUDIENCE = "gmail-sync"
AUTO_BCC_DOMAIN = "in.crm.example"
RECEIVER = "mx.crm.example"
EVENTS_SECRET = "events_webhook_secret"
CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-secret"


def environment(plan: Plan, function: str) -> dict[str, str]:
    """What one function finds in its environment: what the table names, and where the emulators and the clock are."""
    row, values = plan.table.functions[function], _values(plan)
    own = {"PUSH_AUDIENCE": plan.url(function)}
    named = {name: _value(name, own | values) for name in (*row.environment, *row.secrets)}
    local = {
        "FIRESTORE_EMULATOR_HOST": plan.seen("firestore"),
        "PUBSUB_EMULATOR_HOST": plan.seen("pubsub"),
        "CLOCK_URL": f"{plan.url('gmail')}/control/clock",
        # As the platform tells every function which one it is.
        "K_SERVICE": function,
        "K_REVISION": f"{function}-00001-run",
        # The clock is refused to whoever has no Gmail API on this machine.
        "GMAIL_API_URL": f"http://{plan.seen('gmail')}/",
    }
    return named | local


def _value(name: str, values: Mapping[str, str]) -> str:
    if name not in values:
        raise TroubleError(f"infra/functions.json names {name}, which tests/sandbox/settings.py has no value for.")
    return values[name]


def _values(plan: Plan) -> dict[str, str]:
    gmail, issuer = f"http://{plan.seen('gmail')}", plan.url("issuer")
    kept = plan.run_dir / "secrets"
    google = {
        "GMAIL_API_URL": f"{gmail}/",
        "GMAIL_UNITS_PER_MINUTE": "6000",
        "OAUTH_AUTHORIZE_URL": f"{gmail}/o/oauth2/v2/auth",
        "OAUTH_TOKEN_URL": f"{gmail}/token",
        "OAUTH_REVOKE_URL": f"{gmail}/revoke",
        "OAUTH_CERTS_URL": f"{gmail}/oauth2/v1/certs",
        "OAUTH_CLIENT_ID": CLIENT_ID,
        "PUSH_CERTS_URL": f"{gmail}/oauth2/v1/certs",
        "PUSH_SERVICE_ACCOUNT": PUSH_SERVICE_ACCOUNT,
    }
    if "oauth_callback" in plan.ports:
        google["OAUTH_REDIRECT_URL"] = f"{plan.url('oauth_callback')}/"
    crm = {
        "CRM_ISSUER": issuer,
        "CRM_AUDIENCE": CRM_AUDIENCE,
        "CRM_JWKS_URL": f"{issuer}/.well-known/jwks.json",
        "CRM_ORIGINS": plan.url("crm"),
        "RETURN_URLS": plan.return_to,
    }
    own = {
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "FIRESTORE_DATABASE": "(default)",
        "AUTO_BCC_DOMAIN": AUTO_BCC_DOMAIN,
        "INBOUND_SECRET": f"file://{kept / 'inbound_secret'}",
        "INBOUND_AUTHSERV_ID": RECEIVER,
        "INBOUND_SENDGRID_KEYS": "",
        "EVENTS_WEBHOOK_URL": f"{plan.url('events')}/webhook",
        "EVENTS_WEBHOOK_SECRET": f"file://{kept / EVENTS_SECRET}",
        "BLOBS_URL": f"file://{plan.run_dir / 'blobs'}",
        "KEYSET": f"file://{kept / 'keyset.json'}",
        "OAUTH_CLIENT_SECRET": f"file://{kept / 'oauth_client_secret'}",
    }
    values = google | crm | own | _provider(plan) | plan.table.topics
    if unknown := set(plan.changed) - set(values):
        raise TroubleError(f"There is no setting {min(unknown)} to change; there are {', '.join(sorted(values))}.")
    return values | plan.changed


def _provider(plan: Plan) -> dict[str, str]:
    kept = plan.run_dir / "secrets"
    return {
        "SMTP_HOST": LOOPBACK,
        "SMTP_PORT": str(plan.ports["smtp"]),
        "SMTP_SECURITY": "starttls",
        "SMTP_USERNAME": USERNAME,
        "SMTP_PASSWORD": f"file://{kept / 'smtp_password'}",
        "SMTP_FROM": "mailer@provider.example",
        "SMTP_FROM_NAME": "Agency Mailer",
        "SMTP_SECRETS": f"file://{kept}",
        "SMTP_CA_CERTIFICATES": f"file://{kept / 'provider.pem'}",
    }


def write_secrets(plan: Plan) -> None:
    """New secrets for this run, readable by their owner only."""
    kept = plan.run_dir / "secrets"
    kept.mkdir(mode=0o700)
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    (kept / "keyset.json").write_text(json.dumps({"primary": "k1", "keys": {"k1": key}}))
    (kept / "oauth_client_secret").write_text(CLIENT_SECRET)
    (kept / "inbound_secret").write_text(f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}")
    (kept / EVENTS_SECRET).write_text(f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}")
    (kept / "smtp_password").write_text(PASSWORD)
    write_certificate(kept)
