"""What mail does while a connection breaks, is mended, ends and begins anew."""

from tests.e2e.driver import Office, connect, mail, new_id, new_office, until


def state(office: Office, wanted: str) -> None:
    until(lambda: office.crm.connection()["state"] == wanted, what=f"state {wanted}")


def subjects(office: Office) -> list[str]:
    return [one["subject"] for one in office.crm.messages(office.contact)]


def test_r06_r07_a_changed_password_is_shown_and_told_and_reconnecting_brings_the_gap(office: Office) -> None:
    since = office.crm.connection()["connected_at"]
    office.gmail.act(office.mailbox, "password")
    gap = office.arrives("In the gap")
    state(office, "reauth_required")

    problem = office.crm.connection()["problem"]
    assert problem["code"] == "reauth_required"
    assert problem["action"]
    until(lambda: office.endpoints.happened("connection.reauth_required", office.location))
    before = len(office.gmail.calls(office.mailbox))
    office.arrives("Also in the gap")
    office.endpoints.run_schedule("reconcile_mailboxes")
    office.endpoints.run_schedule("renew_watches")

    connected = connect(office.endpoints, office.crm, office.mailbox, intent="reconnect")

    assert (connected["state"], connected["problem"], connected["connected_at"]) == ("connected", None, since)
    assert office.stored(gap["id"])["subject"] == "In the gap"
    until(lambda: "Also in the gap" in subjects(office))
    calls = office.gmail.calls(office.mailbox)[before:]
    assert calls[0]["method"] == "oauth.token"
    assert len(office.endpoints.happened("connection.reauth_required", office.location)) == 1


def test_r36_f37_what_comes_after_a_disconnect_stays_out_for_good(office: Office) -> None:
    before = office.arrives("Before")
    office.stored(before["id"])
    office.crm.disconnect()
    office.arrives("After the end")

    assert subjects(office) == ["Before"]
    connect(office.endpoints, office.crm, office.mailbox)
    again = office.arrives("Again")
    office.stored(again["id"])

    assert sorted(subjects(office)) == ["Again", "Before"]


def test_r37_after_an_update_only_the_new_mailbox_counts(office: Office) -> None:
    first = office.arrives("To the old address")
    office.stored(first["id"])
    other = f"{new_id('other')}@agency.example"
    office.gmail.add_mailbox(other)
    connect(office.endpoints, office.crm, other, intent="update")

    office.arrives("To the old address again")
    office.gmail.deliver(other, mail(office.contact_email, other, "To the new address", "Hello"))
    until(lambda: "To the new address" in subjects(office))

    assert sorted(subjects(office)) == ["To the new address", "To the old address"]


def test_r08_f38_ending_one_location_leaves_the_other_working(office: Office) -> None:
    second = new_office(office.endpoints, connected=False)
    second.backend.put_user(office.user, office.mailbox)
    second.backend.put_contact(office.contact, office.contact_email)
    crm = office.endpoints.crm(office.user, second.location)
    connect(office.endpoints, crm, office.mailbox)
    both = office.arrives("For both")
    office.stored(both["id"])
    until(lambda: len(crm.messages(office.contact)) == 1)

    office.crm.disconnect()
    office.arrives("For one")

    until(lambda: len(crm.messages(office.contact)) == 2)
    assert subjects(office) == ["For both"]


def test_r02_r06_an_administrators_block_is_shown_as_such(office: Office) -> None:
    office.gmail.fault("gmail.users.history.list", email=office.mailbox, status=403, reason="domainPolicy", times=5)
    office.arrives("Unseen")

    state(office, "blocked")

    assert office.crm.connection()["problem"]["code"] == "blocked"
    until(lambda: office.endpoints.happened("connection.blocked", office.location))
