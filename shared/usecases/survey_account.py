"""What a Google account is like when it is connected: address, aliases, newest history id, and what it sent lately."""

from shared.domain.connection import Identity
from shared.domain.identifiers import mailbox_id
from shared.domain.linking import Account
from shared.domain.send_window import CONSUMER_LIMIT, WINDOW, WORKSPACE_LIMIT
from shared.errors import Refused, Rejected
from shared.ports.gmail import Gmail
from shared.ports.world import Clock


def survey(gmail: Gmail, identity: Identity, *, clock: Clock) -> Account:
    """The account, its history id taken first, so that nothing after `at` is missed and nothing before it counts (R05).

    Raises `GrantLost`, `Transient`, and `Rejected` where Gmail refuses the account.
    """
    try:
        profile = gmail.profile()
        at = clock.now()
        name, aliases = gmail.aliases()
        most = WORKSPACE_LIMIT if identity.hosted_domain else CONSUMER_LIMIT
        since = int((at - WINDOW).timestamp())
        sent = _found(gmail, f"in:sent after:{since}", most)
    except Refused as error:
        raise Rejected("invalid_request", f"Gmail does not serve this account: {error.reason}.") from error
    return Account(
        id=mailbox_id(identity.subject),
        identity=identity,
        address=profile.address,
        name=name,
        aliases=aliases,
        history_id=profile.history_id,
        sent=sent,
        at=at.replace(microsecond=at.microsecond // 1000 * 1000),
    )


def _found(gmail: Gmail, query: str, most: int) -> int:
    """How many mails a search finds, as far as `most`."""
    count, page = 0, None
    while count < most:
        answer = gmail.search(query, page)
        count += len(answer.ids)
        page = answer.next_page
        if not page:
            break
    return min(count, most)
