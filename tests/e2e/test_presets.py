"""Each preset of a location's policy, by the mail in which it differs from the others."""

import pytest

from tests.e2e.driver import Office, mail, until

PRESETS = (
    "known_contacts",
    "populate_contacts",
    "assigned_contacts",
    "crm_threads",
    "crm_started",
    "privacy_first",
)


def received(office: Office, sender: str) -> str:
    """A mail to the user → its Gmail id."""
    return str(office.arrives(sender=sender)["id"])


def sent(office: Office, to: str) -> str:
    """A mail that the user sends in Gmail → its Gmail id."""
    return str(office.gmail.send(office.mailbox, mail(office.mailbox, to, "Hello", "How are you?"))["id"])


def ends(office: Office, gmail_id: str) -> tuple[str, str]:
    """What became of a mail: `stored` or `left_out`, and by which rule."""

    def look() -> tuple[str, str] | None:
        (item,) = office.crm.explain(gmail_id=gmail_id)
        return (item["decision"], item["rule"]) if item["decision"] in {"stored", "left_out"} else None

    return until(look, within_s=20, what=f"a decision on {gmail_id}")


@pytest.mark.parametrize(
    ("preset", "of_contact", "to_contact", "of_stranger"),
    [
        ("known_contacts", ("stored", "R12"), ("stored", "R13"), ("left_out", "R23")),
        ("populate_contacts", ("stored", "R12"), ("stored", "R13"), ("stored", "R12")),
        ("assigned_contacts", ("left_out", "R12"), ("stored", "R13"), ("left_out", "R23")),
        ("crm_threads", ("stored", "R12"), ("left_out", "R13"), ("left_out", "R23")),
        ("crm_started", ("left_out", "R12"), ("left_out", "R13"), ("left_out", "R23")),
        ("privacy_first", ("left_out", "R12"), ("left_out", "R13"), ("left_out", "R23")),
    ],
)
def test_R12_R13_R23_what_a_preset_takes_in(
    office: Office, preset: str, of_contact: object, to_contact: object, of_stranger: object
) -> None:
    document = office.backend.put_location(name="Office", preset=preset)
    assert document["policy_version"] == (1 if preset == "known_contacts" else 2)

    names = [
        received(office, office.contact_email),
        sent(office, office.contact_email),
        received(office, f"stranger-of-{office.location}@nowhere.example"),
    ]

    assert [ends(office, name) for name in names] == [of_contact, to_contact, of_stranger]


@pytest.mark.parametrize("preset", PRESETS)
def test_R11_what_the_crm_begins_goes_on_under_every_preset(office: Office, preset: str) -> None:
    office.backend.put_location(name="Office", preset=preset)
    asked = {"to": [{"address": office.contact_email}], "subject": "An offer", "text": "Take it."}
    offer = office.settled(office.crm.send(f"key-{office.location}", asked)["id"])

    reply = office.arrives("Re: An offer", in_reply_to=offer["message_id"], references=offer["message_id"])

    assert ends(office, reply["id"]) == ("stored", "R11")


def test_R24_R22_own_lists_keep_mail_out_and_explain_says_so(office: Office) -> None:
    lawyer, staff = f"ann@lawyer-{office.location}.example", f"sam@staff-{office.location}.example"
    office.backend.put_contact("lawyer", lawyer)
    office.backend.put_contact("staff", staff)
    lists = {"exclusions": [lawyer.partition("@")[2]], "internal_domains": [staff.partition("@")[2].upper()]}
    office.backend.put_location(name="Office", policy=lists)

    names = [received(office, one) for one in (lawyer, staff, office.contact_email)]

    assert [ends(office, name) for name in names] == [("left_out", "R24"), ("left_out", "R22"), ("stored", "R12")]
    (item,) = office.crm.explain(gmail_id=names[0])
    assert [step["rule"] for step in item["trace"]] == ["R10", "R19", "R05", "R35", "R24"]
    assert item["policy_version"] == 2
