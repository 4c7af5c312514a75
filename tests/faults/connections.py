"""Acts in which connections begin, change and end, and mail is filed by auto-BCC."""

from tests.faults.invariants import private
from tests.faults.plant import Plant
from tests.faults.worlds import CARL, DORA, NEW, eligible
from tests.unit.usecases.office import ANNS, HERE, THERE


def connecting(plant: Plant) -> None:
    plant.connects()
    plant.comes(eligible("welcome"), {HERE: "carl"})
    plant.comes(private("early", ANNS))
    plant.minutes(2)


def updating(plant: Plant) -> None:
    plant.account(NEW)
    plant.comes(eligible("before"), {HERE: "carl"}, pushed=False)
    plant.deliver()
    plant.minutes(1)
    plant.clock.advance(minutes=61)
    plant.minutes(6)
    plant.connects(NEW, intent="update")
    plant.comes(eligible("to-new", to=(NEW,)), {HERE: "carl"})
    plant.comes(eligible("canary-to-old", to=(ANNS,)))
    plant.minutes(2)


def disconnecting(plant: Plant) -> None:
    """The location here ends; the other one goes on with the same account."""
    plant.comes(eligible("kept"), {HERE: "carl"})
    plant.minutes(5)
    plant.insist("connections", "DELETE", "/connection")
    plant.comes(eligible("canary-too-late"))
    plant.comes(eligible("dora-writes", DORA), {THERE: "dora"})
    plant.minutes(2)


def leaving(plant: Plant) -> None:
    """The last connection ends, and with it the grant."""
    plant.sends_mail("last", {"to": [{"address": CARL}], "subject": "sent-last", "text": "Bye."})
    plant.deliver()
    plant.insist("connections", "DELETE", "/connection")
    calls = len(plant.gmail.asked)
    plant.comes(eligible("canary-nobody-listens"))
    plant.minutes(4)
    plant.hour()
    asked = [name for name, _ in plant.gmail.asked[calls:] if name != "stop"]
    plant.watched += [f"I9 {asked} of Gmail after the disconnect"] if asked else []


def left(plant: Plant) -> list[str]:
    """Nothing of the grant is left, here or at Google."""
    grant = (mailbox := plant.known_mailbox(ANNS)) and mailbox.grant
    found = ["I9 the grant is still there"] if grant and grant.sealed else []
    return found if plant.durable.grants.revoked else [*found, "I9 the grant was never revoked"]


def filing(plant: Plant) -> None:
    used = plant.capture_address()
    both = eligible("by-bcc", ANNS, (CARL,), bcc=(used,), at=plant.clock.now())
    plant.brings(both, used)
    plant.comes(both, {HERE: "carl"})
    plant.brings(eligible("forged", ANNS, (CARL,)), used, proof="dmarc=fail")
    plant.brings(eligible("to-somebody-new", ANNS, ("new@customer.example",), bcc=(used,)), used)
    plant.minutes(2)


def filed(plant: Plant) -> list[str]:
    """The new contact has the mail, and the one that was not proved waits."""
    there = [one for one in plant.messages() if one.subject == "subject-to-somebody-new"]
    found = [] if len(there) == 1 else [f"I4 {len(there)} messages of the mail to somebody new"]
    held = plant.held()
    return found if len(held) == 1 else [*found, f"I4 {len(held)} mails are in quarantine"]
