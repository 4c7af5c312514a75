"""Acts in which mail goes out, through Gmail and the provider, and what became of it is told."""

from shared.domain.message import Status
from shared.domain.session import Role
from shared.errors import Doubtful
from tests.faults.plant import Plant
from tests.faults.worlds import CARL, eligible
from tests.unit.outbound import once
from tests.unit.usecases.office import ANNS, BOB, HERE


def sending(plant: Plant) -> None:
    first = plant.posts[0]
    plant.sends_mail("offer", {"to": [{"address": CARL}], "subject": "sent-offer", "text": "Take it."}, b"a file")
    plant.deliver()
    answered = next(one for one in plant.messages() if one.subject == first.letter.subject)
    reply = {"to": [{"address": CARL}], "subject": "sent-reply", "text": "Yes.", "reply_to": answered.id}
    plant.sends_mail("reply", reply)
    plant.notifies(ANNS)
    plant.minutes(3)


def doubting(plant: Plant) -> None:
    """Gmail accepts a mail, its answer is lost, and its upload session says nothing: only the sync can tell."""
    way_out = plant.durable.accounts.sender(plant.mailbox())
    way_out.after, way_out.forgets = once(Doubtful("the answer was lost")), True
    plant.sends_mail("doubted", {"to": [{"address": CARL}], "subject": "sent-doubted", "text": "Is it?"})
    plant.deliver()
    plant.notifies(ANNS)
    plant.minutes(3)


def settled(plant: Plant) -> list[str]:
    """Where there is a copy with our marker it was met, so nobody has to be asked."""
    states = [message.status for name in plant.sends if (message := plant.sent_message(name))]
    out = any("sent-doubted" in mail.raw for mail in plant.gmail.mails.values())
    return [f"I3 the doubted send ended as {states}"] if out and states != [Status.SENT] else []


def running(plant: Plant) -> None:
    people = [CARL, "unknown@customer.example", "third@customer.example"]
    mail = {
        "kind": "bulk",
        "to": [{"address": one} for one in people],
        "subject": "sent-bulk",
        "text": "News.",
    }
    plant.sends_mail("bulk", mail, user=BOB, role=Role.SERVICE)
    plant.minutes(4)


def telling(plant: Plant) -> None:
    """Events go out while the receiver is down for a few minutes."""
    plant.comes(eligible("told"), {HERE: "carl"})
    plant.deliver()
    plant.durable.webhook.status = 500
    plant.comes(eligible("told-later"), {HERE: "carl"})
    plant.sends_mail("told-too", {"to": [{"address": CARL}], "subject": "sent-told", "text": "And this."})
    plant.minutes(2)
    plant.durable.webhook.status = 204
    plant.minutes(4)


def claiming(plant: Plant) -> None:
    """Carl is a contact in both locations, until the reply from here claims the thread."""
    answered = next(one for one in plant.messages() if one.subject == "subject-shared")
    reply = {"to": [{"address": CARL}], "subject": "subject-shared", "text": "Ours.", "reply_to": answered.id}
    plant.sends_mail("claim", reply | {"subject": "Re: subject-shared"})
    plant.minutes(2)
    plant.comes(eligible("shared-goes-on", thread="shared", answers="shared"), {HERE: "carl"})
    plant.minutes(2)
