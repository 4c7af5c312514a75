"""Acts in which mail comes in, is missed, cannot be read, or belongs to contacts that change."""

from shared.domain.session import Role
from tests.faults.invariants import private
from tests.faults.plant import Plant
from tests.faults.worlds import CARL, FILE, eligible
from tests.unit.usecases.office import ANNS, HERE


def mail_comes(plant: Plant) -> None:
    """Mail of a contact and of strangers, in both directions, some of which changes again at once."""
    plant.comes(eligible("question", thread="talk"), {HERE: "carl"})
    plant.comes(private("advert", ANNS))
    plant.comes(eligible("mine", ANNS, (CARL,), thread="talk", answers="question"), {HERE: "carl"})
    plant.comes(eligible("filed", headers=FILE), {HERE: "carl"}, pushed=False)
    plant.comes(private("stranger", ANNS), pushed=False)
    plant.deliver()
    plant.gmail.label(plant.copy_of(plant.posts[-2].letter), remove=("UNREAD",), add=("STARRED",))
    draft = plant.gmail.deliver(
        eligible("canary-draft", ANNS, (CARL,)).raw(plant.clock.now(), sent=True), labels=("DRAFT",)
    )
    plant.gmail.delete(draft)
    plant.notifies(ANNS)
    plant.minutes(2)


def history_expires(plant: Plant) -> None:
    plant.comes(eligible("gap"), {HERE: "carl"}, pushed=False)
    plant.comes(private("gap-stranger", ANNS), pushed=False)
    plant.comes(eligible("gap-two"), {HERE: "carl"}, pushed=False)
    plant.gmail.forget_history()
    plant.notifies(ANNS)
    plant.deliver()
    plant.comes(eligible("after"), {HERE: "carl"})
    plant.minutes(2)


def reconciling(plant: Plant) -> None:
    plant.comes(eligible("unheard"), {HERE: "carl"}, pushed=False)
    plant.comes(private("unheard-stranger", ANNS), pushed=False)
    plant.clock.advance(minutes=61)
    plant.minutes(3)


def renewing(plant: Plant) -> None:
    plant.clock.advance(days=6)
    plant.hour()
    plant.comes(eligible("renewed"), {HERE: "carl"})
    plant.clock.advance(days=8)
    plant.hour()
    plant.minutes(2)


def parking(plant: Plant) -> None:
    """One mail that cannot be read at first, among others that can."""
    post = plant.comes(eligible("poison"), {HERE: "carl"}, pushed=False)
    poison, left = plant.copy_of(post.letter), [ValueError("canary-text-of-an-exception")] * 2

    def fail(call: str, what: str) -> None:
        if (call, what) == ("full", poison) and left:
            raise left.pop()

    plant.gmail.fail = fail
    plant.comes(eligible("healthy"), {HERE: "carl"})
    plant.minutes(4)


def keeping_records(plant: Plant) -> None:
    """Contacts that come, are merged and go, while their mail comes in."""
    plant.insist("records", "PUT", "/contacts/eve", {"email": "eve@customer.example"}, role=Role.SERVICE)
    plant.comes(eligible("eve-writes", "eve@customer.example"), {HERE: "evelyn"})
    plant.minutes(5)
    body = {"email": "eve@customer.example", "replaces": "eve"}
    plant.insist("records", "PUT", "/contacts/evelyn", body, role=Role.SERVICE)
    plant.comes(eligible("evelyn-writes", "eve@customer.example"), {HERE: "evelyn"})
    plant.minutes(5)
    plant.insist("records", "DELETE", "/contacts/evelyn", role=Role.SERVICE)
    plant.comes(eligible("canary-gone", "eve@customer.example"))
    plant.minutes(2)
