"""messages.list: the search box's language, paging, and what an empty result looks like."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.simulator.running import Json, Running, mail

DAY = 86_400


@pytest.fixture(scope="module")
def office(one_simulator: Running) -> tuple[Running, Any, dict[str, str]]:
    """A mailbox with one of each; names to Gmail ids."""
    gmail = one_simulator
    email = gmail.account()
    now = gmail.simulator.clock.now()

    def at(days: float) -> str:
        return str(int((now - days * DAY) * 1000))

    attached = mail("zoe@supplier.example", email, "Invoice 17", Message_ID="<inv-17@supplier.example>")
    attached.add_attachment(b"x", maintype="application", subtype="pdf", filename="invoice.pdf")
    there = {
        "old": gmail.deliver(email, mail("carl@customer.example", email, "Old news"), internal_date=at(40)),
        "offer": gmail.deliver(
            email, mail("Carl C <carl@customer.example>", email, "Big offer", Cc="dan@x.example"), internal_date=at(3)
        ),
        "invoice": gmail.deliver(email, attached, labels="INBOX,Work/Bills", internal_date=at(2)),
        "spam": gmail.deliver(email, mail("spam@bad.example", email, "Win"), labels="SPAM", internal_date=at(1)),
        "sent": gmail.act(f"mailboxes/{email}/send", bytes(mail(email, "carl@customer.example", "Re: Big offer"))),
    }
    users = gmail.users(email)
    return gmail, users, {str(row["id"]): name for name, row in there.items()}


def search(office: tuple[Running, Any, dict[str, str]], q: str, **more: Any) -> list[str]:
    _, users, names = office
    answer = users.messages().list(userId="me", q=q, **more).execute()
    return [names[one["id"]] for one in answer.get("messages", [])]


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("", ["sent", "invoice", "offer", "old"]),
        ("in:sent", ["sent"]),
        ("IN:inbox", ["invoice", "offer", "old"]),
        ("in:anywhere", ["sent", "spam", "invoice", "offer", "old"]),
        ("in:spam", ["spam"]),
        ("from:carl", ["offer", "old"]),
        ("from:me", ["sent"]),
        ("to:carl@customer.example", ["sent"]),
        ("cc:dan", ["offer"]),
        ("to:me subject:invoice", ["invoice"]),
        ('subject:"big offer"', ["sent", "offer"]),
        ("subject:(big offer) -in:sent", ["offer"]),
        ("from:(carl OR zoe)", ["invoice", "offer", "old"]),
        ("from:zoe OR from:carl in:inbox", ["invoice", "offer", "old"]),
        ("{from:zoe subject:old}", ["invoice", "old"]),
        ("from:zoe | subject:old", ["invoice", "old"]),
        ("rfc822msgid:<inv-17@supplier.example>", ["invoice"]),
        ("rfc822msgid:inv-17@supplier.example", ["invoice"]),
        ("label:work/bills", ["invoice"]),
        ("label:work-bills", ["invoice"]),
        ("has:attachment", ["invoice"]),
        ("filename:pdf", ["invoice"]),
        ("is:unread", ["offer", "old"]),
        ("is:read -in:sent", ["invoice"]),
        ("-in:sent -has:attachment", ["offer", "old"]),
        ("older_than:1m", ["old"]),
        ("newer_than:5d in:inbox", ["invoice", "offer"]),
        ("offer", ["sent", "offer"]),
        ("larger:1m", []),
        ("nonsense:x", []),
        ("label:nope", []),
        ("after:tomorrow", []),
        ('subject:"open', []),
        ("(from:carl", []),
        ("from:carl)", []),
        ("OR from:carl", []),
    ],
)
def test_a_query_finds_what_the_search_box_would(
    office: tuple[Running, Any, dict[str, str]], q: str, expected: list[str]
) -> None:
    assert search(office, q) == expected


def test_after_and_before_take_seconds_and_pacific_dates(office: tuple[Running, Any, dict[str, str]]) -> None:
    gmail = office[0]
    now = gmail.simulator.clock.now()
    assert search(office, f"after:{int(now - 4 * DAY)} in:inbox") == ["invoice", "offer"]
    assert search(office, f"before:{int(now - 4 * DAY)}") == ["old"]
    pacific = datetime.fromtimestamp(now, timezone(timedelta(hours=-8))) - timedelta(days=20)
    assert search(office, f"before:{pacific:%Y/%m/%d}") == ["old"]
    assert search(office, f"after:{pacific:%Y-%m-%d} in:inbox") == ["invoice", "offer"]


def test_spam_shows_only_when_asked_for(office: tuple[Running, Any, dict[str, str]]) -> None:
    assert "spam" in search(office, "", includeSpamTrash=True)
    assert search(office, "", labelIds=["SPAM"]) == ["spam"]
    assert search(office, "", labelIds=["INBOX", "UNREAD"]) == ["offer", "old"]


def test_an_empty_result_has_no_messages_member(office: tuple[Running, Any, dict[str, str]]) -> None:
    answer: Json = office[1].messages().list(userId="me", q="from:nobody").execute()
    assert answer == {"resultSizeEstimate": 0}


def test_pages_go_from_newest_to_oldest_even_while_mail_arrives(gmail: Running) -> None:
    email = gmail.account()
    there = [gmail.deliver(email)["id"] for _ in range(7)]
    messages = gmail.users(email).messages()
    request, found = messages.list(userId="me", maxResults=3), []
    while request is not None:
        answer = request.execute()
        found += [one["id"] for one in answer["messages"]]
        gmail.deliver(email)
        request = messages.list_next(request, answer)
    assert found == there[::-1]


def test_a_new_message_may_show_late_in_lists(gmail: Running) -> None:
    email = gmail.account()
    gmail.act("behaviour", {"list_lag_s": 60})
    gmail.deliver(email)
    messages = gmail.users(email).messages()
    assert "messages" not in messages.list(userId="me").execute()
    gmail.act("clock", {"advance_s": 61})
    assert len(messages.list(userId="me").execute()["messages"]) == 1
