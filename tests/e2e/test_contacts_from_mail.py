"""Under `populate_contacts` the people that users write with become contacts, on the running stack (S0)."""

from typing import Any

from tests.e2e.driver import Office, mail, new_id, ok, until

Row = dict[str, Any]


def conversation_with(office: Office, address: str) -> Row:
    """The conversation of the contact with that address, once it is there."""

    def look() -> Row | None:
        return next((one for one in office.crm.conversations() if one["contact"]["email"] == address), None)

    return until(look, what=f"the conversation with {address}")


def created(office: Office) -> list[str]:
    return [one["data"]["contact"] for one in office.endpoints.happened("contact.created", office.location)]


def test_r12_strangers_who_write_or_are_written_to_become_contacts_that_the_crm_takes_over(office: Office) -> None:
    office.backend.put_location(name="Office", preset="populate_contacts")
    eve, dan = (f"{new_id('person')}@other.example" for _ in range(2))
    office.arrives("First", sender=f"Eve Other <{eve}>")
    office.gmail.send(
        office.mailbox, mail(office.mailbox, dan, "To Dan", "Hello", cc=f"{new_id('copy')}@other.example")
    )

    made = conversation_with(office, eve)
    assert made["contact"]["name"] == "Eve Other"
    assert conversation_with(office, dan)["subject"] == "To Dan"
    assert len(office.crm.conversations()) == 2
    name = made["contact"]["id"]
    until(lambda: name in created(office), what="contact.created")

    office.backend.put_contact("crm-eve", eve, name="Eve O.", replaces=name)
    office.arrives("Second", sender=f"Eve Other <{eve}>")

    def both() -> bool:
        subjects = sorted(one["subject"] for one in office.crm.messages("crm-eve"))
        return subjects == ["First", "Second"]

    until(both, what="both mails in the CRM's own contact")
    assert created(office).count(name) >= 1
    assert len({*created(office)}) == 2


def test_r39_a_contact_that_was_deleted_is_not_made_again(office: Office) -> None:
    office.backend.put_location(name="Office", preset="populate_contacts")
    eve = f"{new_id('person')}@other.example"
    office.arrives("First", sender=eve)
    name = conversation_with(office, eve)["contact"]["id"]
    ok(office.backend.ask("DELETE", "records", f"/contacts/{name}"), "the contact's end")
    again = office.arrives("Second", sender=eve)
    assert office.decided(again["id"], "left_out")["rule"] == "R23"
