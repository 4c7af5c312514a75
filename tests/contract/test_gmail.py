"""The Gmail port: one suite on the fake, and on the real adapter against a server that behaves as Gmail does."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any, Protocol

import pytest

from shared.adapters.gmail.access import GoogleClient, GoogleMailboxes
from shared.domain.history import ChangeKind
from shared.domain.identifiers import GmailId, MailboxId
from shared.domain.mailbox import Grant, Mailbox
from shared.errors import CursorExpired, Gone, GrantLost, PageExpired, Remedy, Transient
from shared.ports.gmail import FullMail, Gmail, MailHeaders
from tests.fakes.gmail import FakeGmailAccess, FakeMailbox
from tests.fakes.sealer import FakeSealer
from tests.simulator.running import Running, start


def letter(subject: str = "Hello", *, attachment: bytes = b"") -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "Bob <bob@client.example>", "ada@agency.example", subject
    made["Message-ID"] = f"<{time.monotonic_ns()}@client.example>"
    made.set_content("How are you?")
    if attachment:
        made.add_attachment(attachment, maintype="application", subtype="octet-stream", filename="a.bin")
    return made


class Account(Protocol):
    """What happens in the mailbox, and the port that sees it."""

    @property
    def gmail(self) -> Gmail: ...
    def arrives(self, mail: EmailMessage, labels: Sequence[str] = ("INBOX", "UNREAD")) -> GmailId: ...
    def relabels(self, name: GmailId, add: Sequence[str], remove: Sequence[str]) -> None: ...
    def forgets_history(self) -> None: ...
    def labelled(self, mail: EmailMessage, label: str) -> GmailId: ...


@dataclass
class FakeAccount:
    gmail: FakeMailbox

    def arrives(self, mail: EmailMessage, labels: Sequence[str] = ("INBOX", "UNREAD")) -> GmailId:
        return self.gmail.deliver(mail.as_string(), labels=labels)

    def relabels(self, name: GmailId, add: Sequence[str], remove: Sequence[str]) -> None:
        self.gmail.label(name, add=add, remove=remove)

    def forgets_history(self) -> None:
        self.gmail.forget_history()

    def labelled(self, mail: EmailMessage, label: str) -> GmailId:
        made = f"Label_{len(self.gmail.own_labels) + 1}"
        self.gmail.own_labels[made] = label
        return self.arrives(mail, ["INBOX", made])


@dataclass
class SimulatedAccount:
    running: Running
    email: str
    gmail: Gmail
    access: GoogleMailboxes
    mailbox: Mailbox

    def arrives(self, mail: EmailMessage, labels: Sequence[str] = ("INBOX", "UNREAD")) -> GmailId:
        return GmailId(self.running.deliver(self.email, mail, labels=",".join(labels))["id"])

    def relabels(self, name: GmailId, add: Sequence[str], remove: Sequence[str]) -> None:
        self.running.act(f"mailboxes/{self.email}/labels", {"id": name, "add": list(add), "remove": list(remove)})

    def forgets_history(self) -> None:
        self.running.act(f"mailboxes/{self.email}/expire_history", {})

    def labelled(self, mail: EmailMessage, label: str) -> GmailId:
        return self.arrives(mail, ["INBOX", label])


@pytest.fixture(scope="module")
def google() -> Iterator[Running]:
    running, end = start()
    running.act("quota", {"units_per_minute": None})
    yield running
    end()


@pytest.fixture
def simulated(google: Running) -> Iterator[SimulatedAccount]:
    email = google.account()
    token = google.tokens(email, prompt="consent")["refresh_token"]
    sealer = FakeSealer()
    client = GoogleClient("sandbox-client", "sandbox-secret", f"{google.url}/token", f"{google.url}/")
    access = GoogleMailboxes(client, sealer, lambda: datetime.now(UTC))
    name = MailboxId(email.partition("@")[0])
    sealed = sealer.seal(token, owner=name, purpose="refresh-token")
    mailbox = Mailbox(name, google.subject(email), email, grant=Grant(sealed, 1))  # type: ignore[arg-type]
    yield SimulatedAccount(google, email, access.open(mailbox), access, mailbox)
    google.control("DELETE", "faults")
    google.control("DELETE", "calls")


@pytest.fixture(params=["fake", "real"])
def account(request: pytest.FixtureRequest) -> Account:
    if request.param == "fake":
        return FakeAccount(FakeGmailAccess().add("ada@agency.example", lambda: datetime.now(UTC)))
    return request.getfixturevalue("simulated")  # type: ignore[no-any-return]


def test_the_history_shows_what_came_after_the_cursor_in_order(account: Account) -> None:
    before = account.gmail.profile().history_id
    names = [account.arrives(letter(f"Number {number}")) for number in range(3)]
    page = account.gmail.history(before, None)
    assert [change.gmail_id for change in page.changes if change.kind is ChangeKind.ADDED] == names
    assert page.history_id == account.gmail.profile().history_id
    assert all(before < change.history_id <= page.history_id for change in page.changes)
    assert account.gmail.history(page.history_id, None).changes == ()


def test_label_changes_name_only_the_labels_that_changed(account: Account) -> None:
    name = account.arrives(letter(), ["SPAM", "UNREAD"])
    before = account.gmail.profile().history_id
    account.relabels(name, ["STARRED"], ["SPAM"])
    kinds = {(change.kind, label) for change in account.gmail.history(before, None).changes for label in change.labels}
    assert kinds == {(ChangeKind.LABELS_ADDED, "STARRED"), (ChangeKind.LABELS_REMOVED, "SPAM")}


def test_a_history_id_that_gmail_forgot_is_an_expired_cursor(account: Account) -> None:
    before = account.gmail.profile().history_id
    account.arrives(letter())
    account.forgets_history()
    with pytest.raises(CursorExpired):
        account.gmail.history(before, None)


def test_headers_come_in_the_order_asked_and_a_missing_mail_stands_in_its_place(account: Account) -> None:
    names = [account.arrives(letter(f"Number {number}")) for number in range(12)]
    told = account.gmail.headers([*names[:6], GmailId("19999999aaaaaaaa"), *names[6:]])
    assert isinstance(told.pop(6), Gone)
    read = [one for one in told if isinstance(one, MailHeaders)]
    assert [one.gmail_id for one in read] == names
    assert [one.headers.first("subject") for one in read] == [f"Number {number}" for number in range(12)]
    assert read[0].labels == {"INBOX", "UNREAD"}
    assert (datetime.now(UTC) - read[0].internal_at).total_seconds() < 60


def test_the_whole_mail_has_gmails_tree_of_its_parts_and_files_apart(account: Account) -> None:
    content = bytes(range(256)) * 700
    name = account.arrives(letter(attachment=content))
    (full,) = account.gmail.fulls([name])
    assert isinstance(full, FullMail)
    files = [part for part in full.payload["parts"] if part["filename"]]
    blocks = list(account.gmail.attachment(name, files[0]["body"]["attachmentId"]))
    assert b"".join(blocks) == content


def test_a_search_finds_what_came_since_newest_first_with_spam_only_if_asked_for_it(account: Account) -> None:
    first = account.arrives(letter("One"))
    spam = account.arrives(letter("Spam"), ["SPAM"])
    found = account.gmail.search("after:1000000000", None)
    assert [one for one, _ in found.ids] == [first]
    assert found.next_page is None
    everything = account.gmail.search("after:1000000000", None, include_spam_trash=True)
    assert {one for one, _ in everything.ids} == {first, spam}


def test_a_mail_that_is_not_there_any_more_is_gone(account: Account) -> None:
    with pytest.raises(Gone):
        account.gmail.full(GmailId("19999999aaaaaaaa"))


def test_R24_the_labels_have_the_names_that_the_user_gave_them(account: Account) -> None:
    for label in ("Private", "Private/Täx"):
        (read,) = account.gmail.headers([account.labelled(letter(), label)])
        assert isinstance(read, MailHeaders)
        named = account.gmail.labels()
        assert {named[one] for one in read.labels} == {"INBOX", label}


def test_the_aliases_include_the_account_itself(account: Account) -> None:
    _, aliases = account.gmail.aliases()
    assert [alias.address for alias in aliases] == [account.gmail.profile().address]


def test_R23_of_a_mail_whose_headers_are_read_nothing_of_the_body_is_asked_for(simulated: SimulatedAccount) -> None:
    name = simulated.arrives(letter())
    simulated.gmail.headers([name])
    calls = simulated.running.items("calls", email=simulated.email, method="gmail.users.messages.get")
    assert [call["format"] for call in calls] == ["metadata"]


def test_at_most_ten_requests_are_under_way_at_once(simulated: SimulatedAccount) -> None:
    names = [simulated.arrives(letter()) for _ in range(30)]
    simulated.running.act("quota", {"concurrent": 10})
    assert all(isinstance(one, MailHeaders) for one in simulated.gmail.headers(names))


def test_f20_a_read_that_fails_in_passing_is_repeated(simulated: SimulatedAccount) -> None:
    name = simulated.arrives(letter())
    fault = {"method": "gmail.users.messages.get", "email": simulated.email, "times": 1}
    simulated.running.act("faults", [{**fault, "status": 503, "reason": "backendError"}])
    assert isinstance(simulated.gmail.headers([name])[0], MailHeaders)
    simulated.running.act("faults", [{**fault, "drop": True}])
    assert isinstance(simulated.gmail.headers([name])[0], MailHeaders)


def test_f18_a_rate_limit_carries_the_time_that_gmail_names(simulated: SimulatedAccount) -> None:
    name = simulated.arrives(letter())
    fault = {"method": "gmail.users.messages.get", "email": simulated.email, "status": 429, "retry_after": 300}
    simulated.running.act("faults", [{**fault, "reason": "rateLimitExceeded"}])
    with pytest.raises(Transient) as trouble:
        simulated.gmail.headers([name])
    assert trouble.value.retry_at
    assert 200 < (trouble.value.retry_at - datetime.now(UTC)).total_seconds() <= 301


@pytest.mark.parametrize(
    ("status", "reason", "remedy"),
    [(403, "insufficientPermissions", Remedy.RECONNECT), (403, "domainPolicy", Remedy.ADMINISTRATOR)],
)
def test_f19_refusals_say_who_must_act(simulated: SimulatedAccount, status: int, reason: str, remedy: Remedy) -> None:
    fault = {"method": "gmail.users.history.list", "email": simulated.email, "status": status, "reason": reason}
    simulated.running.act("faults", [fault])
    with pytest.raises(GrantLost) as lost:
        simulated.gmail.history(1, None)
    assert lost.value.remedy is remedy


def test_f21_an_access_token_that_is_refused_is_renewed_once_and_the_read_goes_on(simulated: SimulatedAccount) -> None:
    names = [simulated.arrives(letter()) for _ in range(5)]
    simulated.gmail.headers(names)
    simulated.running.act("clock", {"advance_s": 4_000})
    assert all(isinstance(one, MailHeaders) for one in simulated.gmail.headers(names))


def test_f22_a_password_change_ends_the_grant(simulated: SimulatedAccount) -> None:
    simulated.running.act(f"mailboxes/{simulated.email}/password", {})
    with pytest.raises(GrantLost) as lost:
        simulated.access.open(simulated.mailbox).profile()
    assert lost.value.remedy is Remedy.RECONNECT


def test_f24_trouble_at_the_token_endpoint_is_not_the_users(simulated: SimulatedAccount) -> None:
    simulated.running.act("faults", [{"method": "oauth.token", "status": 503, "times": 1}])
    with pytest.raises(Transient):
        simulated.gmail.profile()


def test_f12_a_page_that_can_no_longer_be_had_is_said_to_be_just_that(simulated: SimulatedAccount) -> None:
    with pytest.raises(PageExpired):
        simulated.gmail.history(simulated.gmail.profile().history_id, "nonsense")


def test_a_watch_lasts_a_week_and_can_be_stopped(simulated: SimulatedAccount) -> None:
    watch = simulated.gmail.watch("projects/p/topics/gmail")
    assert 6.9 < (watch.expires_at - datetime.now(UTC)).total_seconds() / 86_400 < 7.2
    simulated.gmail.stop()


def test_f20_half_an_answer_is_never_taken_for_a_mail(simulated: SimulatedAccount) -> None:
    name = simulated.arrives(letter())
    fault: dict[str, Any] = {"method": "gmail.users.messages.get", "email": simulated.email, "times": 5}
    simulated.running.act("faults", [{**fault, "drop": "truncate"}])
    with pytest.raises(Transient):
        simulated.gmail.headers([name])
