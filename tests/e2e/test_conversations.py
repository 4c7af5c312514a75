"""What a CRM's page shows of the mail, and why a mail is not there, on the running stack."""

from email.message import EmailMessage

from tests.client.wire import call, ok
from tests.e2e.driver import Endpoints, Office, connect, mail, new_id, new_office, until

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
HTML = """<p onclick="alert(1)">Hello <b>there</b></p><script>alert(1)</script>
<img src="cid:logo@customer.example" alt="Logo"><img src="https://tracker.example/pixel.gif">"""


def with_files(office: Office) -> EmailMessage:
    """A mail with a picture in its HTML, a file with a difficult name, and a page that a browser would run."""
    made = mail(f"Carl Contact <{office.contact_email}>", office.mailbox, "Pläne", "Hello there\n")
    made.add_alternative(HTML, subtype="html")
    (html,) = [part for part in made.walk() if part.get_content_type() == "text/html"]
    html.add_related(PNG, "image", "png", cid="<logo@customer.example>")
    made.add_attachment(b"col\n1\n", "text", "csv", filename='Grüße "a/b".csv')
    made.add_attachment(b"<script>alert(1)</script>", "text", "html", filename="page.html")
    return made


def test_a_mail_is_shown_with_safe_html_and_its_files(office: Office) -> None:
    arrived = office.gmail.deliver(office.mailbox, with_files(office))
    seen = office.stored(arrived["id"])
    assert (seen["subject"], seen["from"]) == ("Pläne", {"name": "Carl Contact", "address": office.contact_email})
    assert seen["text"].strip() == "Hello there"
    assert "<b>there</b>" in seen["html"]
    assert "script" not in seen["html"]
    assert "onclick" not in seen["html"]
    assert ' src="https://tracker' not in seen["html"]
    assert seen == office.crm.message(seen["id"])

    files = {one["filename"] or one["content_id"]: one for one in seen["attachments"]}
    picture = next(one for one in seen["attachments"] if one["content_type"] == "image/png")
    place = f"/locations/{office.location}/messages/{seen['id']}/attachments/{picture['id']}"
    assert f'src="{place}"' in seen["html"]
    answer = office.crm.attachment(seen["id"], picture["id"])
    assert (answer.body, answer.headers["Content-Type"]) == (PNG, "image/png")

    page = office.crm.attachment(seen["id"], files["page.html"]["id"])
    assert page.headers["Content-Type"] == "application/octet-stream"
    assert page.headers["Content-Disposition"].startswith("attachment")
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in page.headers["Content-Security-Policy"]
    table = next(one for one in seen["attachments"] if one["content_type"] == "text/csv")
    answer = office.crm.attachment(seen["id"], table["id"])
    assert (answer.body.replace(b"\r\n", b"\n"), answer.headers["Content-Type"]) == (b"col\n1\n", "text/csv")
    assert "filename*=UTF-8''" in answer.headers["Content-Disposition"]


def test_r17_a_conversation_counts_what_is_unread_until_it_is_read(office: Office) -> None:
    for subject in ("One", "Two"):
        office.stored(office.arrives(subject)["id"])
    (row,) = office.crm.conversations()
    assert (row["id"], row["subject"], row["message_count"], row["unread"]) == (office.contact, "Two", 2, 2)
    assert row["contact"] == {"id": office.contact, "name": "Carl Contact", "email": office.contact_email}
    office.crm.mark_read(office.contact)
    (row,) = office.crm.conversations()
    assert (row["message_count"], row["unread"]) == (2, 0)
    assert all(one["read"] for one in office.crm.messages(office.contact))
    office.stored(office.arrives("Three")["id"])
    assert office.crm.conversations()[0]["unread"] == 1


def test_lists_come_in_pages_with_the_latest_first(office: Office) -> None:
    names = [new_id("contact") for _ in range(5)]
    for name in names:
        office.backend.put_contact(name, f"{name}@customer.example")
    for name in names:
        arrived = office.arrives(name, sender=f"{name}@customer.example")
        office.decided(arrived["id"], "stored")
        office.gmail.advance(1)
    found: list[str] = []
    cursor: str | None = None
    while True:
        answer = ok(office.crm.ask("GET", "conversations", "/conversations", limit=2, cursor=cursor), "conversations")
        found += [one["id"] for one in answer["items"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
        assert len(answer["items"]) == 2
    assert found == names[::-1]
    since = office.crm.conversations()[1]["last_message_at"]
    assert [one["id"] for one in office.crm.conversations(changed_since=since)] == names[:2:-1]


def test_r32_a_contact_in_cc_has_a_read_only_reference(office: Office) -> None:
    other = new_id("contact")
    office.backend.put_contact(other, f"{other}@customer.example")
    seen = office.stored(office.arrives("Both", cc=f"{other}@customer.example")["id"])
    assert seen["reference"] is False
    (reference,) = office.crm.messages(other)
    assert (reference["id"], reference["conversation"], reference["reference"]) == (seen["id"], office.contact, True)


def test_r70_a_mail_is_explained_by_any_of_its_names(office: Office) -> None:
    stranger = f"{new_id('stranger')}@elsewhere.example"
    message_id = f"<{new_id('mail')}@elsewhere.example>"
    left = office.gmail.deliver(office.mailbox, mail(stranger, office.mailbox, "Offer", "Buy", message_id=message_id))
    kept = office.arrives("Question", cc=stranger)
    stored = office.decided(kept["id"], "stored")
    item = office.decided(left["id"], "left_out")
    assert item["rule"] == item["trace"][-1]["rule"] == "R23"
    assert [step["outcome"] for step in item["trace"]] == ["passed"] * (len(item["trace"]) - 1) + ["decided"]
    assert office.crm.explain(message_id=message_id) == [item]
    assert office.crm.explain(address=stranger) == [stored, item]
    assert office.crm.message(stored["message"])["gmail"]["id"] == kept["id"]
    assert office.crm.explain(gmail_id="abc123")[0]["decision"] == "not_seen"


def test_r05_mail_from_before_the_connection_is_explained_as_such(endpoints: Endpoints) -> None:
    office = new_office(endpoints, connected=False)
    early = office.arrives("Early")
    assert office.crm.ask("GET", "conversations", "/explain", gmail_id=early["id"]).code == "not_connected"
    office.gmail.advance(60)
    connect(endpoints, office.crm, office.mailbox)
    item = office.crm.explain(gmail_id=early["id"])[0]
    assert (item["decision"], item["rule"]) == ("left_out", "R05")


def test_t13_another_locations_mail_does_not_exist(endpoints: Endpoints, office: Office) -> None:
    seen = office.stored(office.arrives("Secret")["id"])
    other = new_office(endpoints, connected=False)
    paths = [
        "/conversations",
        f"/conversations/{office.contact}/messages",
        f"/messages/{seen['id']}",
        f"/messages/{seen['id']}/attachments/part-1",
        f"/explain?gmail_id={seen['gmail']['id']}",
    ]
    for path in paths:
        denied = other.crm.in_location(office.location).ask("GET", "conversations", path)
        nothing = other.crm.in_location("no-such-place").ask("GET", "conversations", path)
        for answer in (denied, nothing):
            assert (answer.status, answer.code) == (404, "not_found")
        told = [answer.json()["error"] | {"correlation_id": ""} for answer in (denied, nothing)]
        assert told[0] == told[1]
    for path in paths[1:4]:
        assert other.crm.ask("GET", "conversations", path).status == 404
    assert (
        call("GET", f"{endpoints.functions['conversations']}/locations/{office.location}/conversations").status == 401
    )
    operator = endpoints.crm("op", office.location, "operator")
    assert operator.ask("GET", "conversations", "/conversations").status == 403
    admin = endpoints.crm("boss", office.location, "admin")
    assert admin.message(seen["id"])["gmail"] is None
    assert admin.ask("GET", "conversations", paths[4]).status == 403


def test_r01_who_is_logged_in_as_the_user_reads_and_changes_nothing(endpoints: Endpoints, office: Office) -> None:
    office.stored(office.arrives("Question")["id"])
    acting = endpoints.crm(office.user, office.location, act={"sub": "support"})
    assert len(acting.messages(office.contact)) == 1
    assert acting.ask("POST", "conversations", f"/conversations/{office.contact}/read").status == 403
    assert office.crm.conversations()[0]["unread"] == 1


def test_a_flag_set_in_gmail_shows_in_the_conversation(office: Office) -> None:
    seen = office.stored(office.arrives("Question")["id"])
    assert (seen["read"], seen["starred"]) == (False, False)
    office.gmail.act(office.mailbox, "labels", id=seen["gmail"]["id"], add=["STARRED"], remove=["UNREAD"])

    def shown() -> bool:
        now = office.crm.message(seen["id"])
        return (now["read"], now["starred"], office.crm.conversations()[0]["unread"]) == (True, True, 0)

    until(shown, what="the flags")
