"""Refusals in Google's words: status, reason, canonical status and the JSON envelope around them."""

from tests.sandbox.gmail_simulator.clock import rfc3339
from tests.sandbox.gmail_simulator.wire import Json, to_json

CANONICAL = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_DEFAULT_REASON = {
    400: "badRequest",
    401: "authError",
    403: "forbidden",
    404: "notFound",
    409: "aborted",
    429: "rateLimitExceeded",
    501: "notImplemented",
}
_TEXTS = {
    "authError": "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or "
    "other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
    "backendError": "Backend Error",
    "badRequest": "Bad Request",
    "dailyLimitExceeded": "Daily Limit Exceeded",
    "domainPolicy": "The domain administrators have disabled Gmail apps.",
    "failedPrecondition": "Precondition check failed.",
    "forbidden": "Forbidden",
    "insufficientPermissions": "Request had insufficient authentication scopes.",
    "invalidArgument": "Request contains an invalid argument.",
    "notFound": "Requested entity was not found.",
    "quotaExceeded": "Resource has been exhausted (e.g. check quota).",
    "rateLimitExceeded": "Resource has been exhausted (e.g. check quota).",
    "userRateLimitExceeded": "User Rate Limit Exceeded",
    "accessNotConfigured": "Gmail API has not been used in project 1 before or it is disabled.",
}
_USAGE_LIMITS = {"dailyLimitExceeded", "rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"}


class GoogleError(Exception):
    """One refusal: its HTTP status and everything of Google's error body."""

    def __init__(
        self,
        status: int,
        message: str,
        reason: str,
        *,
        short: str | None = None,
        place: tuple[str, str] | None = None,
        canonical: str | None = None,
        details: list[Json] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.reason = status, message, reason
        self._short, self._place, self._details = short, place, details
        self._canonical = canonical or CANONICAL.get(status, "UNKNOWN")
        self.headers: dict[str, str] = {}

    def body(self) -> bytes:
        """The envelope: code, message, errors[], status and details where there are any."""
        domain = "usageLimits" if self.reason in _USAGE_LIMITS else "global"
        one: Json = {"message": self._short or self.message, "domain": domain, "reason": self.reason}
        if self._place:
            one["location"], one["locationType"] = self._place
        error: Json = {"code": self.status, "message": self.message, "errors": [one], "status": self._canonical}
        if self._details:
            error["details"] = self._details
        return to_json({"error": error})


def invalid(message: str, reason: str = "invalidArgument") -> GoogleError:
    """400 INVALID_ARGUMENT."""
    return GoogleError(400, message, reason)


def bad_field(field: str, message: str) -> GoogleError:
    """400 for a field or parameter that the API does not know or cannot read."""
    violation = {"field": field, "description": message} if field else {"description": message}
    details = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}]
    return GoogleError(400, message, "badRequest", details=details)


def not_found() -> GoogleError:
    """404 for an unknown id, an expired history id, another mailbox's thread."""
    return GoogleError(404, _TEXTS["notFound"], "notFound")


def no_credentials() -> GoogleError:
    """401 for a request without an access token."""
    message = "Request is missing required authentication credential. Expected OAuth 2 access token."
    error = GoogleError(401, message, "required", short="Login Required.", place=("Authorization", "header"))
    error.headers["WWW-Authenticate"] = 'Bearer realm="https://accounts.google.com/"'
    return error


def bad_credentials() -> GoogleError:
    """401 for an access token that is unknown, expired or revoked."""
    place = ("Authorization", "header")
    error = GoogleError(401, _TEXTS["authError"], "authError", short="Invalid Credentials", place=place)
    error.headers["WWW-Authenticate"] = 'Bearer realm="https://accounts.google.com/", error="invalid_token"'
    return error


def insufficient_scopes(method: str) -> GoogleError:
    """403 for a token whose scopes do not cover the method (a discovery id)."""
    name = "".join(part[:1].upper() + part[1:] for part in method.split(".")[2:])
    metadata = {"service": "gmail.googleapis.com", "method": f"caribou.api.proto.MailboxService.{name}"}
    details = [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            "domain": "googleapis.com",
            "metadata": metadata,
        }
    ]
    message = _TEXTS["insufficientPermissions"]
    error = GoogleError(403, message, "insufficientPermissions", short="Insufficient Permission", details=details)
    error.headers["WWW-Authenticate"] = 'Bearer realm="https://accounts.google.com/", error="insufficient_scope"'
    return error


def delegation_denied(user: str) -> GoogleError:
    """403 for a userId that is not the token's own mailbox."""
    return GoogleError(403, f"Delegation denied for {user}", "forbidden")


def retry_after(status: int, until: float, *, subject: str = "", reason: str = "rateLimitExceeded") -> GoogleError:
    """403 or 429 whose text, not a header, says when to come back (two spaces, as Gmail writes it)."""
    about = f" ({subject})" if subject else ""
    return GoogleError(status, f"User-rate limit exceeded{about}.  Retry after {rfc3339(until)}", reason)


def injected(status: int, reason: str | None, until: float | None) -> GoogleError:
    """The body Google would send with this status and reason; `until` adds its "Retry after" text."""
    why = reason or _DEFAULT_REASON.get(status, "backendError")
    if until is not None:
        return retry_after(status, until, reason=why)
    if why == "insufficientPermissions":
        return insufficient_scopes("gmail.users.messages.get")
    if why == "authError":
        return bad_credentials()
    canonical = "FAILED_PRECONDITION" if why == "failedPrecondition" else None
    return GoogleError(status, _TEXTS.get(why, why), why, canonical=canonical)
