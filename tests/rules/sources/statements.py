"""What several help pages say alike, each as a check of one company under the page's preset."""

from datetime import timedelta
from typing import Any

import pytest

from shared.domain.connection import Intent
from shared.domain.identifiers import MessageId
from shared.domain.message import Status
from shared.errors import Rejected
from tests.rules.company import Company
from tests.rules.letters import BEGIN, Letter
from tests.rules.situations import CARL, DORA, EVE, answering, company, in_a_thread_of_the_crm
from tests.unit.outbound import file_part
from tests.unit.usecases.office import ANN, ANNS, BOB

NEW = "ann@agency.example"
CRM = "ann@crm.example"
LIMIT = 26_214_400
MAIL: dict[str, Any] = {"to": [{"address": CARL}], "subject": "An offer", "text": "Take it."}


def place(preset: str) -> Company:
    """The contacts are the user's own, where a page asks for that."""
    return company(preset, assigned=ANN if preset == "assigned_contacts" else None)


def sent(made: Company, account: str = ANNS) -> int:
    """How many mails lie in an account's Sent folder."""
    return sum("SENT" in mail.labels for mail in made.mailboxes.accounts[account].mails.values())


def crm_mail_is_in_the_sent_folder(preset: str) -> None:
    made = place(preset)
    made.send(CARL)
    made.drain()
    assert sent(made) == 1
    assert made.conversation("carl") == ["An offer"]


def gmail_mail_is_in_the_conversation(preset: str) -> None:
    made = place(preset)
    assert made.fate(made.post(Letter("m", ANNS, (CARL,)))) == "carl by R13"


def gmail_mail_outside_of_threads_stays_in_gmail(preset: str) -> None:
    made = place(preset)
    assert made.fate(made.post(Letter("m", ANNS, (CARL,)))) == "out by R13"


def replies_stay_in_one_thread_on_both_sides(preset: str) -> None:
    made = place(preset)
    reply = made.post(answering(made, CARL))
    made.send(CARL, key="key-2", reply_to=MessageId(made.shown(reply).id), subject="Re: An offer")
    made.post(Letter("again", ANNS, (CARL,), subject="Re: An offer", thread="crm", answers=reply.name))
    assert len(made.conversation("carl")) == 4
    assert len({one.thread_id for message in made.messages() for one in message.sources.values()}) == 1


def a_saved_contacts_mail_is_in_the_conversation(preset: str) -> None:
    made = place(preset)
    assert made.fate(made.post(Letter("m", CARL, (ANNS,)))) == "carl by R12"
    assert made.conversation("carl") == ["Hello"]


def mail_of_users_stays_out_even_where_they_are_contacts(preset: str) -> None:
    made = place(preset)
    made.contact("bob-too", "bob@crm.example", assigned_to=ANN)
    assert made.fate(made.post(Letter("in", "bob@crm.example", (ANNS,)))) == "out by R22"
    assert made.fate(made.post(Letter("out", ANNS, ("bob@crm.example",)))) == "out by R22"


def files_of_25_mb_are_the_most(preset: str) -> None:
    made = place(preset)
    assert made.asks_to_send(MAIL, file_part("a", bytes(LIMIT)), key="key-1").conversation == "carl"
    with pytest.raises(Rejected, match="too_large"):
        made.asks_to_send(MAIL, file_part("a", bytes(LIMIT + 1)), key="key-2")


def five_hundred_a_day_for_individual_mail_alone(preset: str) -> None:
    """The limit is Google's: it rolls over 24 hours."""
    made = place(preset)
    status = made.status()
    assert status.sends
    assert (status.sends.limit, status.sends.left) == (500, 500)
    made.policy(preset, daily_limit=1)
    made.send(CARL)
    with pytest.raises(Rejected, match="daily_limit_reached"):
        made.send(CARL, key="key-2")
    made.send(CARL, key="key-3", kind="bulk")
    made.send(CARL, key="key-4", kind="workflow")
    made.drain()
    assert len(made.provider.taken) == 2
    made.clock.advance(hours=25)
    made.send(CARL, key="key-2")
    assert sent(made) == 2


def bulk_and_workflow_mail_leaves_through_the_provider(preset: str) -> None:
    made = place(preset)
    for kind in ("bulk", "workflow"):
        made.send(CARL, key=kind, kind=kind)
    made.drain()
    assert (sent(made), len(made.provider.taken)) == (0, 2)


def auto_bcc_files_and_then_syncs(preset: str) -> None:
    made = place(preset)
    made.files(Letter("f", CRM, (EVE,), subject="Filed"))
    (name,) = [one.id for one in made.contacts().values() if one.email == EVE]
    made.post(Letter("in", EVE, (ANNS,), subject="In"))
    made.post(Letter("out", ANNS, (EVE,), subject="Out"))
    assert made.conversation(name) == ["Filed", "In", "Out"]


def auto_bcc_shows_in_bcc(preset: str) -> None:
    made = place(preset)
    made.files(Letter("f", CRM, (CARL,)))
    (message,) = made.messages()
    assert made.capture_address() in [one.address for one in message.bcc]


def auto_bcc_is_logged_without_a_delivery_error(preset: str) -> None:
    """The pages warn of Gmail's notice; here the receiver takes the mail properly, which gives no cause for one."""
    made = place(preset)
    assert made.files(Letter("f", CRM, (CARL,)))["filed"] == 1
    assert made.conversation("carl") == ["Hello"]


def an_update_switches_without_a_disconnect(preset: str) -> None:
    made = place(preset)
    made.account(NEW)
    began = in_a_thread_of_the_crm(made)
    made.clock.advance(minutes=1)
    made.connect(NEW, intent=Intent.UPDATE)
    old = made.post(Letter("old", CARL, (ANNS,), subject="Re: An offer", thread="crm", answers=began.name))
    made.send(CARL, key="key-2", subject="From the new one")
    assert made.fate(old) == "unseen"
    assert (sent(made), sent(made, NEW)) == (1, 1)
    assert made.conversation("carl") == ["An offer", "From the new one"]


def a_disconnect_stops_the_sync_and_keeps_what_there_is(preset: str) -> None:
    made = place(preset)
    began = in_a_thread_of_the_crm(made)
    made.disconnect()
    made.post(Letter("late", CARL, (ANNS,), subject="Re: An offer", thread="crm", answers=began.name))
    made.post(Letter("new", CARL, (ANNS,)))
    with pytest.raises(Rejected):
        made.send(CARL, key="key-2")
    assert made.conversation("carl") == ["An offer"]
    assert made.status().state == "disconnected"


def mail_of_before_the_connection_stays_out(preset: str) -> None:
    made = place(preset)
    assert made.fate(made.post(Letter("m", CARL, (ANNS,), at=BEGIN - timedelta(hours=1)))) == "out by R05"


def the_address_book_is_not_imported(preset: str) -> None:
    assert set(place(preset).contacts()) == {"carl", "dora", "crew"}


def people_in_copy_are_shown_and_not_created(preset: str) -> None:
    made = place(preset)
    name = made.send(CARL, cc=[{"address": EVE}, {"address": DORA}], bcc=[{"address": "gus@elsewhere.example"}])
    message = made.message(name)
    assert message
    assert [one.address for one in message.cc] == [EVE, DORA]
    assert set(made.contacts()) == {"carl", "dora", "crew"}
    assert (message.conversation, message.referenced_by) == ("carl", ("dora",))


def mail_to_others_with_the_user_on_it_is_the_contacts(preset: str) -> None:
    made = place(preset)
    for field in ("cc", "bcc"):
        letter = made.post(Letter(field, CARL, (EVE,), **{field: (ANNS,)}))  # type: ignore[arg-type]
        assert made.fate(letter) == "carl by R12"


def the_first_recipient_has_the_conversation(preset: str) -> None:
    made = place(preset)
    mail = {**MAIL, "to": [{"address": DORA}, {"address": CARL}]}
    accepted = made.asks_to_send(mail, key="key-1")
    message = made.message(accepted.id)
    assert message
    assert (message.conversation, message.referenced_by) == ("dora", ("carl",))


def a_forward_is_a_sent_mail_of_whom_it_goes_to(preset: str) -> None:
    made = place(preset)
    made.post(Letter("q", CARL, (ANNS,), subject="Question", thread="t"))
    forward = made.post(Letter("f", ANNS, (DORA,), subject="Fwd: Question", thread="t"))
    assert made.fate(forward) == "dora by R13"


def of_doubles_the_oldest_has_the_mail(preset: str) -> None:
    made = place(preset)
    for name, age in (("young", 1), ("old", 9)):
        made.contact(name, "twin@customer.example", assigned_to=ANN, created_at=BEGIN - timedelta(days=age))
    mail = {**MAIL, "to": [{"address": "twin@customer.example"}]}
    assert made.asks_to_send(mail, key="key-1").conversation == "old"


def a_changed_password_is_said_and_reconnecting_catches_up(preset: str) -> None:
    """A page may say that it has to be connected again; here that keeps the place, and nothing is lost."""
    made = place(preset)
    began = in_a_thread_of_the_crm(made)
    made.lose_grant()
    missed = made.post(Letter("a", CARL, (ANNS,), subject="Re: An offer", thread="crm", answers=began.name))
    status = made.status()
    assert status.state == "reauth_required"
    assert status.problem
    assert made.events("connection.reauth_required")
    made.mailboxes.refused.clear()
    made.connect(intent=Intent.RECONNECT)
    made.sync()
    assert made.fate(missed) == "carl by R11"


def one_users_connection_is_nobody_elses(preset: str) -> None:
    made = place(preset)
    assert made.status().state == "connected"
    assert made.status(user=BOB).state == "none"
    made.account("bob@gmail.com")
    made.post(Letter("m", CARL, ("bob@gmail.com",)))
    assert made.messages() == []


def missing_permissions_connect_nothing(preset: str) -> None:
    made = Company(preset, connected=False)
    told = made.consented(scopes=("openid", "https://www.googleapis.com/auth/userinfo.email"))
    assert told["error"] == "insufficient_permission"
    assert made.status().state == "none"


def any_account_of_the_browser_may_be_chosen(preset: str) -> None:
    made = Company(preset, connected=False)
    made.account("other@gmail.com")
    assert made.connect("other@gmail.com").status.address == "other@gmail.com"


def a_crm_mail_has_the_connected_address(preset: str) -> None:
    made = place(preset)
    message = made.message(made.send(CARL))
    assert message
    assert message.sender
    assert (message.sender.address, message.status) == (ANNS, Status.SENT)
