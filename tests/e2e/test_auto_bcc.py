"""Auto-BCC on the running stack: any mail client files mail with its contact, and nobody else does."""

from typing import Any

from tests.e2e.driver import Endpoints, Office, connect, mail, new_id, new_office, until

Row = dict[str, Any]


def own_address(office: Office) -> str:
    return str(office.crm.connection()["auto_bcc"])


def filed(office: Office, subject: str) -> Row:
    """The message with that subject, in whatever conversation it is."""

    def look() -> Row | None:
        everything = (one for row in office.crm.conversations() for one in office.crm.messages(row["id"]))
        return next((one for one in everything if one["subject"] == subject), None)

    return until(look, within_s=20.0, what=f"a message with the subject {subject}")


def held(office: Office) -> Row:
    return until(lambda: next(iter(office.crm.quarantine()), None), within_s=20.0, what="a mail in the quarantine")


def test_R60_R61_R64_a_user_without_a_connection_files_mail_from_gmail(endpoints: Endpoints) -> None:
    office = new_office(endpoints, connected=False)
    assert office.crm.connection()["state"] == "none"
    stranger = f"{new_id('stranger')}@customer.example"
    letter = mail(office.mailbox, f"Sam Stranger <{stranger}>", "Offer", "As we said.", bcc=own_address(office))
    letter.add_attachment(b"%PDF-1", maintype="application", subtype="pdf", filename="offer.pdf")

    office.gmail.send(office.mailbox, letter)

    message = filed(office, "Offer")
    assert (message["direction"], message["origin"], message["status"]) == ("outbound", "auto_bcc", "sent")
    assert [one["address"] for one in message["bcc"]] == [own_address(office)]
    (row,) = office.crm.conversations()
    assert row["contact"] == {"id": message["conversation"], "name": "Sam Stranger", "email": stranger}
    (file,) = message["attachments"]
    assert office.crm.attachment(message["id"], file["id"]).body == b"%PDF-1"
    told = until(
        lambda: {one["type"] for one in endpoints.happened(location=office.location)} & {"contact.created"},
        within_s=10.0,
        what="the event of the contact",
    )
    assert told


def test_R20_F62_by_sync_and_by_capture_it_is_one_message(endpoints: Endpoints, office: Office) -> None:
    date = "Mon, 02 Nov 2026 09:30:00 +0000"
    letter = mail(office.mailbox, office.contact_email, "Both ways", "Once.", bcc=own_address(office), date=date)

    sent = office.gmail.send(office.mailbox, letter)

    message = office.stored(sent["id"])
    assert message["gmail"]["id"] == sent["id"]
    assert [one["address"] for one in message["bcc"]] == [own_address(office)]
    again = endpoints.capture(letter.as_bytes(), own_address(office))
    assert again.status == 200
    assert len(office.crm.messages(office.contact)) == 1
    (row,) = office.crm.conversations()
    assert row["message_count"] == 1


def test_R62_in_a_location_where_only_the_crm_starts_filing_lets_later_mail_in(endpoints: Endpoints) -> None:
    office = new_office(endpoints, connected=False)
    office.backend.put_location(name="Office", preset="crm_started")
    connect(endpoints, office.crm, office.mailbox)
    before = office.arrives("Before")
    office.decided(before["id"], "left_out")
    office.gmail.send(
        office.mailbox, mail(office.mailbox, office.contact_email, "Filed", "Please.", bcc=own_address(office))
    )
    filed(office, "Filed")

    after = office.arrives("After")

    assert office.stored(after["id"])["conversation"] == office.contact
    assert {one["subject"] for one in office.crm.messages(office.contact)} == {"Filed", "After"}


def test_R63_T23_a_mail_that_only_claims_to_be_the_users_is_held_and_shown_to_them_alone(
    endpoints: Endpoints,
) -> None:
    office = new_office(endpoints, connected=False)
    spoof = mail(office.mailbox, office.contact_email, "Spoof", "Pay me.")

    answer = endpoints.capture(spoof.as_bytes(), own_address(office), authentication="fail")

    assert answer.status == 200
    item = held(office)
    assert set(item) == {"id", "reason", "from", "to", "subject", "received_at", "expires_at"}
    assert (item["reason"], item["subject"], item["from"]["address"]) == ("not_authenticated", "Spoof", office.mailbox)
    assert office.crm.conversations() == []
    assert office.crm.settle(item["id"], "file").status == 409
    assert office.backend.ask("GET", "conversations", "/quarantine").status == 403
    assert office.crm.settle(item["id"], "drop").status == 204
    assert office.crm.quarantine() == []


def test_R63_what_found_no_contact_is_filed_once_there_is_one(endpoints: Endpoints) -> None:
    office = new_office(endpoints, connected=False)
    office.backend.put_location(name="Office", policy={"contact_creation": "never"})
    stranger = f"{new_id('stranger')}@customer.example"
    office.gmail.send(office.mailbox, mail(office.mailbox, stranger, "Later", "Hm.", bcc=own_address(office)))
    item = held(office)
    assert item["reason"] == "no_contact"
    assert office.crm.settle(item["id"], "file").status == 422

    office.backend.put_contact("sam", stranger)
    answer = office.crm.settle(item["id"], "file")

    assert (answer.status, answer.json()["conversation"]) == (200, "sam")
    assert office.crm.quarantine() == []


def test_R60_T22_after_a_rotation_the_old_address_answers_as_before_and_files_nothing(endpoints: Endpoints) -> None:
    office = new_office(endpoints, connected=False)
    old = own_address(office)
    letter = mail(office.mailbox, office.contact_email, "Old", "Hm.").as_bytes()

    rotated = office.crm.rotate_auto_bcc()

    assert rotated["auto_bcc"] not in {old, None}
    to_old = endpoints.capture(letter, old)
    to_nobody = endpoints.capture(letter, f"{'a' * 32}@in.crm.example")
    assert (to_old.status, to_old.json()) == (to_nobody.status, to_nobody.json()) == (200, {"status": "accepted"})
    assert office.crm.conversations() == office.crm.quarantine() == []
    to_new = endpoints.capture(letter, rotated["auto_bcc"])
    assert (to_new.status, to_new.json()) == (200, {"status": "accepted"})
    assert filed(office, "Old")["conversation"] == office.contact


def test_R01_somebody_logged_in_as_the_user_sees_the_address_and_cannot_rotate_it(endpoints: Endpoints) -> None:
    office = new_office(endpoints, connected=False)
    acting = endpoints.crm(office.user, office.location, act={"sub": "admin"})

    assert acting.connection()["auto_bcc"] == own_address(office)
    assert acting.ask("POST", "connections", "/connection/auto_bcc", body={}).status == 403


def test_R39_the_address_of_a_user_who_was_removed_files_nothing(endpoints: Endpoints) -> None:
    office = new_office(endpoints, connected=False)
    own = own_address(office)
    office.backend.ask("DELETE", "records", f"/users/{office.user}")

    answer = endpoints.capture(mail(office.mailbox, office.contact_email, "Gone", "Hm.").as_bytes(), own)

    assert answer.status == 200
    assert office.backend.conversations() == []


def test_F44_files_of_25_mb_are_filed_whole_and_more_than_a_mail_may_have_is_told(endpoints: Endpoints) -> None:
    office = new_office(endpoints, connected=False)
    own = own_address(office)
    letter = mail(office.mailbox, office.contact_email, "Large", "See the file.")
    letter.add_attachment(bytes(26_214_400), maintype="application", subtype="octet-stream", filename="zeros.bin")

    assert endpoints.capture(letter.as_bytes(), own).status == 200
    (file,) = filed(office, "Large")["attachments"]
    assert (file["size"], file["state"]) == (26_214_400, "ready")

    assert endpoints.capture(letter.as_bytes() + b"\n" * 3_000_000, own).status == 200
    assert held(office)["reason"] == "too_large"
    assert endpoints.capture(letter.as_bytes() + b"\n" * 6_000_000, own).status == 413
