"""Settings: the only place that reads the environment, and only when a setting is asked for."""

import os
from functools import cache
from urllib.parse import urlsplit

DEFAULTS = {
    "FIRESTORE_DATABASE": "(default)",
    "GMAIL_API_URL": "https://gmail.googleapis.com/",
    "OAUTH_AUTHORIZE_URL": "https://accounts.google.com/o/oauth2/v2/auth",
    "OAUTH_TOKEN_URL": "https://oauth2.googleapis.com/token",
    "OAUTH_REVOKE_URL": "https://oauth2.googleapis.com/revoke",
    "OAUTH_CERTS_URL": "https://www.googleapis.com/oauth2/v1/certs",
    "PUSH_CERTS_URL": "https://www.googleapis.com/oauth2/v1/certs",
    "GMAIL_UNITS_PER_MINUTE": "6000",
    "CRM_ORIGINS": "",
    "SMTP_HOST": "",
    "SMTP_PORT": "587",
    "SMTP_SECURITY": "starttls",
    "SMTP_USERNAME": "",
    "SMTP_PASSWORD": "",
    "SMTP_FROM": "",
    "SMTP_FROM_NAME": "",
    "SMTP_SECRETS": "",
    "SMTP_CA_CERTIFICATES": "",
    "AUTO_BCC_DOMAIN": "",
    "INBOUND_SENDGRID_KEYS": "",
    "EVENTS_WEBHOOK_URL": "",
    "EVENTS_WEBHOOK_SECRET": "",
}
"""Where nothing is set; every other setting must be."""


class Missing(Exception):
    """A setting that the function needs is not set."""


def setting(name: str) -> str:
    """The setting, by its name in `infra/functions.json`."""
    value = os.environ.get(name) or DEFAULTS.get(name)
    if value is None:
        raise Missing(name)
    return value


def listed(name: str) -> frozenset[str]:
    """A setting that is a list with commas."""
    return frozenset(part.strip() for part in setting(name).split(",") if part.strip())


def emulated(name: str) -> str | None:
    """The address of an emulator, where a client library would look for one."""
    return os.environ.get(f"{name}_EMULATOR_HOST")


def deployed() -> tuple[str, str, str]:
    """Project, function and revision, as the platform tells every function; empty where it is not the platform."""
    names = ("GOOGLE_CLOUD_PROJECT", "K_SERVICE", "K_REVISION")
    project, function, revision = (os.environ.get(name, "") for name in names)
    return project, function, revision


@cache
def clock_url() -> str | None:
    """A clock that tests can move; refused unless Gmail is a simulator on this very machine."""
    url = os.environ.get("CLOCK_URL")
    if url and urlsplit(setting("GMAIL_API_URL")).hostname not in {"127.0.0.1", "localhost", "::1"}:
        raise Missing("CLOCK_URL is only for a Gmail API on this machine")
    return url
