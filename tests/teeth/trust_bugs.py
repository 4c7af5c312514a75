"""Bugs by which something is kept, shown or done that is nobody's business."""

from tests.teeth.bug import bug

TRUST_BUGS = (
    bug(
        "drafts-stored",
        "drafts are taken for mail",
        "domain/mail.py",
        'NEVER = frozenset({"DRAFT", "CHAT", "SPAM", "TRASH"})',
        'NEVER = frozenset({"CHAT", "SPAM", "TRASH"})',
    ),
    bug(
        "body-before-decision",
        "the bodies of all mails are fetched, and then it is decided",
        "usecases/fetch_mail.py",
        '    work.counts["headers"] += len(wanted)\n',
        '    work.counts["headers"] += len(wanted)\n    work.gmail.fulls(wanted)\n',
    ),
    bug(
        "subject-logged",
        "the reason of a mail that could not be read is logged with its text",
        "usecases/fetch_mail.py",
        'self.failed[gmail_id] = f"unreadable: {type(error).__name__}"',
        'self.failed[gmail_id] = f"unreadable: {error}"',
    ),
    bug(
        "answers-with-exceptions",
        "an unexpected failure is answered with its own text",
        "entrypoint/answers.py",
        'rejected = Rejected("internal", "Something went wrong on our side.")',
        'rejected = Rejected("internal", str(error))',
    ),
    bug(
        "other-tenants",
        "a token opens every location",
        "entrypoint/http.py",
        '    if "location" in path and path["location"] not in session.locations:\n        raise missing()\n',
        "",
    ),
    bug(
        "disconnect-in-passing",
        "a worker commits what it read before the disconnect",
        "usecases/take_in.py",
        "    if work.mailbox.links != ends.mailbox.links:\n        raise Changed\n",
        "",
        "usecases/hold_mailbox.py",
        "    if not alone and (same or now.mailbox.links != held.mailbox.links or now.mailbox.trouble):",
        "    if not alone and same:",
    ),
    bug(
        "new-grant-condemned",
        "a worker with an old grant condemns the new one",
        "domain/mailbox.py",
        "    if not mailbox.grant or mailbox.grant.version != grant_version:",
        "    if not mailbox.grant:",
    ),
    bug(
        "grant-outlives-connection",
        "the grant is never given back to Google",
        "usecases/finish_ending.py",
        "        google.grants.revoke(token)\n",
        "        pass\n",
    ),
    bug(
        "grant-in-plain-text",
        "refresh tokens are kept as they are",
        "adapters/sealing/sealer.py",
        "    def seal(self, plain: str, *, owner: str, purpose: str) -> str:\n",
        "    def seal(self, plain: str, *, owner: str, purpose: str) -> str:\n        return plain\n\n"
        "    def sealed(self, plain: str, *, owner: str, purpose: str) -> str:\n",
        "adapters/sealing/sealer.py",
        "    def unseal(self, sealed: str, *, owner: str, purpose: str) -> str:\n",
        "    def unseal(self, sealed: str, *, owner: str, purpose: str) -> str:\n        return sealed\n\n"
        "    def unsealed(self, sealed: str, *, owner: str, purpose: str) -> str:\n",
    ),
    bug(
        "claim-ignored",
        "a thread that another location has claimed goes on in both",
        "domain/placement.py",
        "    if not closed(case.view.thread, case.view.location, mirrors):\n        return None\n",
        "    if mirrors:\n        return None\n",
    ),
    bug(
        "old-mail-imported",
        "mail that is older than the connection comes in",
        "domain/placement.py",
        'return Placement("R05") if case.mail.internal_at < since(case.view.link.connected_at) else None',
        "return None",
    ),
    bug(
        "forged-mail-filed",
        "auto-BCC mail is filed whoever it is from",
        "domain/filing.py",
        "    if not claim.proved:",
        "    if not claim:",
    ),
)
