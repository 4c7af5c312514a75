"""The worlds in which the scenarios begin, and the mail that belongs in them."""

from typing import Any

from tests.faults.plant import Plant
from tests.rules.letters import Letter
from tests.unit.usecases.office import ANNS, HERE, THERE

CARL, DORA = "carl@customer.example", "dora@customer.example"
NEW = "ann.new@gmail.com"
FILE = {"Content-Disposition": 'attachment; filename="report.bin"'}


def staffed(plant: Plant) -> None:
    """Carl is a contact here, Dora there; nobody has connected."""
    plant.contact("carl", CARL)
    plant.contact("dora", DORA, THERE)


def connected(plant: Plant) -> None:
    """Ann has connected her account here, and had a mail of Carl's."""
    staffed(plant)
    plant.connects()
    plant.comes(eligible("first"), {HERE: "carl"})
    plant.deliver()


def connected_twice(plant: Plant) -> None:
    """Ann's account serves both locations."""
    connected(plant)
    plant.connects(location=THERE)
    plant.deliver()


def eligible(name: str, sender: str = CARL, to: tuple[str, ...] = (ANNS,), **more: Any) -> Letter:
    """A mail with a subject of its own."""
    return Letter(name, sender, to, subject=f"subject-{name}", **more)


def shared(plant: Plant) -> None:
    connected_twice(plant)
    plant.contact("carl-there", CARL, THERE)
    plant.comes(eligible("shared", thread="shared"), {HERE: "carl", THERE: "carl-there"})
    plant.deliver()


def subscribed(plant: Plant) -> None:
    """The CRM has a receiver of events."""
    connected(plant)
    plant.durable.queues.subscribed = True
