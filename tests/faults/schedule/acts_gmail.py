"""How Gmail is odd: mail that is not there yet, mail that can't be read, histories that lag, end, come in bits."""

from datetime import timedelta

from hypothesis import strategies as st

from shared.errors import GrantLost, PageExpired, Refused, Remedy, Transient
from shared.ports.gmail import HistoryPage
from tests.faults.schedule.acts_mail import accounts, picks
from tests.faults.schedule.cast import ACCOUNTS
from tests.faults.schedule.play import Play, act


@act(pick=picks)
def gmail_hides(play: Play, pick: int) -> None:
    """A mail is announced, but asked for it Gmail does not have it for a while."""
    copy = play.pick([one for one in play.there() if one.open], pick)
    if copy:
        copy.odd = copy.fleeting = True
        play.hidden.append((copy.account, play.account(copy.account).mails.pop(copy.gmail_id)))


@act(weight=2, when=lambda play: bool(play.hidden))
def gmail_shows_again(play: Play) -> None:
    email, mail = play.hidden.pop(0)
    play.account(email).mails[mail.id] = mail


@act(pick=picks)
def mail_raises(play: Play, pick: int) -> None:
    """A mail on which the product stumbles each time."""
    copy = play.pick([one for one in play.there() if one.open], pick)
    if copy:
        copy.odd = True
        play.poisoned.add(copy.gmail_id)


@act(when=lambda play: bool(play.poisoned))
def mails_can_be_read(play: Play) -> None:
    play.poisoned.clear()


@act(email=accounts, told=st.booleans())
def history_expires(play: Play, email: str, told: bool) -> None:
    """Whatever was left out lately may be looked at once more by a list."""
    account = play.account(email)
    account.forget_history()
    for copy in play.expected.copies:
        if copy.account != email:
            continue
        copy.flags_sure = False
        if not play.expected.known(copy):
            copy.open = copy.relisted = copy.odd = copy.fleeting = True
            for outcomes in copy.allowed.values():
                outcomes.add("")
    if told:
        play.plant.notifies(email)
        play.plant.deliver()


@act(email=accounts, by=st.sampled_from([0, 0, 3, 6, 12]))
def history_lags(play: Play, email: str, by: int) -> None:
    play.account(email).lag = by


@act(email=accounts, size=st.sampled_from([1, 2, 3, 100]), expires=st.booleans())
def pages_are_small(play: Play, email: str, size: int, expires: bool) -> None:
    """A few records a page; and once a page can no longer be had."""
    account, left = play.account(email), [1] if expires else []
    account.page = size

    def odd(token: str | None, page: HistoryPage) -> HistoryPage:
        if token is not None and left:
            left.pop()
            raise PageExpired
        return page

    account.odd_history = odd


TROUBLES = ("429 soon", "429 later", "503", "503 twice", "refused")


@act(weight=2, email=accounts, kind=st.sampled_from(TROUBLES))
def gmail_is_in_trouble(play: Play, email: str, kind: str) -> None:
    """What it answers to the next call or two."""
    now = play.plant.clock.now()
    errors: dict[str, list[Exception]] = {
        "429 soon": [Transient("gmail: 429", retry_at=now + timedelta(minutes=2))],
        "429 later": [Transient("gmail: 403 rateLimitExceeded", retry_at=now + timedelta(minutes=45))],
        "503": [Transient("gmail: 503")],
        "503 twice": [Transient("gmail: 503"), Transient("gmail: 503")],
        "refused": [Refused("badRequest", "Gmail refused the request (400).")],
    }
    play.trouble.setdefault(email, []).extend(errors[kind])


@act(email=st.sampled_from(ACCOUNTS), remedy=st.sampled_from(list(Remedy)))
def grant_is_lost(play: Play, email: str, remedy: Remedy) -> None:
    """The user changed their password, or an administrator blocks the app."""
    mailbox = play.plant.known_mailbox(email)
    if mailbox and mailbox.grant:
        play.plant.durable.accounts.refused[mailbox.grant.sealed] = GrantLost(remedy, "invalid_grant")
