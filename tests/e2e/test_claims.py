"""A thread that two locations see: the first reply claims it, the other one sees a marker, its user moves it (R42)."""

import pytest

from tests.e2e.driver import Crm, Endpoints, Office, Row, connect, new_id, new_office, ok, until


class Pair:
    """One user's mailbox in two locations; `both` has a token for the two, seen from the first."""

    def __init__(self, office: Office) -> None:
        self.office, self.contact = office, new_id("contact")
        self.second = new_id("loc")
        backend = office.endpoints.crm("backend", self.second, "service")
        backend.put_location(name="Second office")
        backend.put_user(office.user, office.mailbox)
        backend.put_contact(self.contact, office.contact_email)
        self.there = office.endpoints.crm(office.user, self.second)
        connect(office.endpoints, self.there, office.mailbox)
        token = office.endpoints.token(office.user, [office.location, self.second])
        self.both = office.endpoints.crm_with(token, office.location)

    def question(self) -> tuple[Row, Row]:
        """The contact's mail, as each location has it."""
        here = self.office.stored(self.office.arrives("Question", message_id=f"<{new_id('q')}@customer.example>")["id"])
        until(lambda: self.subjects() == ["Question"], what="the question in the second location")
        return here, self.there.messages(self.contact)[0]

    def subjects(self) -> list[str]:
        """What the second location has of the contact, oldest first."""
        return [one["subject"] for one in reversed(self.there.messages(self.contact))]

    def answers(self, asked: Row, subject: str = "Re: Question") -> str:
        """The contact writes in the thread again → Gmail's id."""
        about = {"in_reply_to": asked["message_id"], "references": asked["message_id"]}
        return str(self.office.arrives(subject, **about)["id"])

    def marker(self, crm: Crm, message: Row) -> Row | None:
        """What a reader sees of another location's claim."""
        marker: Row | None = crm.message(message["id"])["claimed_elsewhere"]
        return marker


@pytest.fixture
def pair(endpoints: Endpoints) -> Pair:
    return Pair(new_office(endpoints))


def reply(office: Office, asked: Row) -> Row:
    to = {"to": [{"address": office.contact_email}], "subject": "Re: Question", "text": "Yes.", "reply_to": asked["id"]}
    return office.settled(office.crm.send(new_id("key"), to)["id"])


def test_R42_a_reply_claims_the_thread_and_the_other_location_sees_a_marker(pair: Pair) -> None:
    office = pair.office
    here, there = pair.question()
    assert pair.marker(pair.there, there) is None

    reply(office, here)

    assert pair.marker(office.crm, here) is None
    both = pair.both.in_location(pair.second)
    assert pair.marker(both, there) == {"location": office.location}
    assert pair.marker(pair.there, there) == {"location": None}
    colleague = office.endpoints.crm(new_id("user"), pair.second)
    assert pair.marker(colleague, there) == {"location": None}
    assert both.messages(pair.contact)[0]["claimed_elsewhere"] == {"location": office.location}
    refused = pair.there.post_mail(
        new_id("key"),
        {
            "to": [{"address": office.contact_email}],
            "subject": "Re: Question",
            "text": "Me too.",
            "reply_to": there["id"],
        },
    )
    assert (refused.status, refused.json()["error"]["code"]) == (409, "thread_claimed")
    assert office.location not in refused.body.decode()

    again = pair.answers(here)
    office.stored(again)
    (item,) = pair.there.explain(gmail_id=again)
    assert (item["decision"], item["rule"]) == ("left_out", "R42")
    assert pair.subjects() == ["Question"]
    told = until(lambda: office.endpoints.happened("thread.claimed", pair.second))
    assert told[0]["data"] == {"conversation": pair.contact, "claimed": "elsewhere"}
    assert office.location not in str(told)


def test_R42_the_user_moves_the_thread_and_releases_it(pair: Pair) -> None:
    office = pair.office
    here, there = pair.question()
    reply(office, here)
    assert pair.there.move_claim(there["id"], pair.second).status == 404
    assert pair.both.move_claim(here["id"], "nowhere").status == 404

    moved = ok(pair.both.move_claim(here["id"], pair.second), "the move")

    assert moved["claimed_elsewhere"] == {"location": pair.second}
    assert pair.marker(pair.there, there) is None
    pair.answers(here, "Re: Re: Question")
    until(lambda: "Re: Re: Question" in pair.subjects(), what="the answer in the second location")
    assert "Re: Re: Question" not in [one["subject"] for one in office.crm.messages(office.contact)]

    released = ok(pair.both.move_claim(here["id"], None), "the release")

    assert released["claimed_elsewhere"] is None
    office.stored(pair.answers(here, "Re: Re: Re: Question"))
    until(lambda: "Re: Re: Re: Question" in pair.subjects(), what="the answer in both")
    until(lambda: office.endpoints.happened("thread.released", office.location))


def test_R01_R42_who_is_logged_in_as_the_user_moves_nothing(pair: Pair) -> None:
    here, _ = pair.question()
    locations = [pair.office.location, pair.second]
    token = pair.office.endpoints.token(pair.office.user, locations, act={"sub": "admin"})
    posing = pair.office.endpoints.crm_with(token, pair.office.location)

    assert posing.message(here["id"])["claimed_elsewhere"] is None
    assert posing.move_claim(here["id"], None).status == 403
    assert posing.ask("POST", "conversations", f"/messages/{here['id']}/flags", body={"read": True}).status == 403


def test_R39_R42_the_claim_ends_with_the_connection(pair: Pair) -> None:
    office = pair.office
    here, there = pair.question()
    reply(office, here)

    office.crm.disconnect()

    assert pair.marker(pair.there, there) is None
    pair.answers(here)
    until(lambda: pair.subjects() == ["Question", "Re: Question"], what="the answer in the second location")


def test_R17_the_last_change_of_a_flag_wins_from_whichever_side_it_comes(office: Office) -> None:
    arrived = office.arrives("Flags")["id"]
    message = office.stored(arrived)

    seen = office.crm.flag(message["id"], read=True, starred=True)
    assert (seen["read"], seen["starred"], office.crm.conversations()[0]["unread"]) == (True, True, 0)
    (row,) = (row for row in office.gmail.messages(office.mailbox) if row["id"] == arrived)
    assert {"UNREAD", "INBOX"} <= set(row["labelIds"])
    assert "STARRED" not in row["labelIds"]

    office.gmail.act(office.mailbox, "labels", id=arrived, remove=["UNREAD"])
    office.gmail.act(office.mailbox, "labels", id=arrived, add=["UNREAD"])
    until(lambda: not office.crm.message(message["id"])["read"], what="unread again, as Gmail has it")
    assert office.crm.message(message["id"])["starred"]
    until(lambda: len(office.endpoints.happened("message.state", office.location)) >= 2)
