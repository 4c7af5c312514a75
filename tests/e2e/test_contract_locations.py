"""One mailbox in two locations, each with the same contact (R08, R40, R41)."""

from dataclasses import dataclass

import pytest

from tests.e2e.driver import Crm, Endpoints, Office, connect, mail, new_id, new_office, until


@dataclass(frozen=True, slots=True)
class Pair:
    """The office, and the same user with the same mailbox and contact in a second location."""

    office: Office
    second: Crm
    contact: str

    def subjects(self) -> list[str]:
        """What the second location has of the contact, oldest first."""
        return [one["subject"] for one in reversed(self.second.messages(self.contact))]


@pytest.fixture
def pair(endpoints: Endpoints) -> Pair:
    office = new_office(endpoints)
    location, contact = new_id("loc"), new_id("contact")
    backend = endpoints.crm("backend", location, "service")
    backend.put_location(name="Second office")
    backend.put_user(office.user, office.mailbox)
    backend.put_contact(contact, office.contact_email)
    crm = endpoints.crm(office.user, location)
    connect(endpoints, crm, office.mailbox)
    return Pair(office, crm, contact)


def test_R41_mail_that_the_contact_or_the_user_begins_shows_in_both(pair: Pair) -> None:
    office = pair.office
    office.stored(office.arrives("From them")["id"])
    office.gmail.send(office.mailbox, mail(office.mailbox, office.contact_email, "From me", "Hello"))
    until(lambda: pair.subjects() == ["From them", "From me"], within_s=20, what="both mails in the second location")


def test_R40_mail_that_the_crm_begins_and_its_replies_show_only_where_it_began(pair: Pair) -> None:
    office = pair.office
    asked = {"to": [{"address": office.contact_email}], "subject": "An offer", "text": "Take it."}
    sent = office.settled(office.crm.send(new_id("key"), asked)["id"])

    reply = office.arrives("Re: An offer", in_reply_to=sent["message_id"], references=sent["message_id"])

    assert office.stored(reply["id"])["gmail"]["thread_id"] == sent["gmail"]["thread_id"]
    (item,) = pair.second.explain(gmail_id=reply["id"])
    assert (item["decision"], item["rule"]) == ("left_out", "R42")
    assert pair.subjects() == []


def test_R08_the_one_goes_on_when_the_other_is_disconnected(pair: Pair) -> None:
    office = pair.office
    assert office.crm.disconnect()["state"] == "disconnected"
    office.arrives("Only for the second")
    until(lambda: pair.subjects() == ["Only for the second"], within_s=20, what="the mail in the second location")
    assert office.crm.messages(office.contact) == []
