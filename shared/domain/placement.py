"""Where one mail belongs in one location: the order of decision, step by step, each with the rule that it follows.

The order is the product's promise about privacy: a step that leaves a mail out comes before every step that could take
it in, and no step sees more than headers.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from shared.domain.addresses import Address, Person, address_key
from shared.domain.case import Case, View, since
from shared.domain.claims import closed
from shared.domain.identifiers import ContactId, created_contact_id
from shared.domain.machines import answers_to_nobody
from shared.domain.mail import NEVER, Mail
from shared.domain.message import Authenticated

__all__ = ["ORDER", "PEOPLE_KEPT", "Placement", "Step", "View", "place", "trace"]

PEOPLE_KEPT = 100


@dataclass(frozen=True, slots=True)
class Step:
    """A rule of the order of decision: it `passed` the mail on, or `decided`."""

    rule: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the mail goes and by which rule; no conversation means left out."""

    rule: str
    conversation: ContactId | None = None
    references: tuple[ContactId, ...] = ()
    ambiguous: tuple[ContactId, ...] = ()
    known: tuple[str, ...] = ()
    """The people of the thread after this mail, as address keys, for who may join it next."""
    creates: Person | None = None
    """Who becomes a contact by this mail, under the id in `conversation`."""
    trace: tuple[Step, ...] = ()
    """The rules that were asked, in their order; the last one decided (R70)."""
    present: bool = True
    """Whether the contact is on the mail; if not, it counts only while there still is such a contact (R39)."""


def place(mail: Mail, view: View) -> Placement:
    """The order of decision for one mail and one connection; the mail is no send of our own (step 1, R10)."""
    case, asked = Case(mail, view), ["R10"]
    for rule, step in STEPS:
        if decided := step(case):
            asked += [] if decided.rule == rule else [rule]
            return replace(_completed(decided, case), trace=_trace(asked, decided.rule))
        asked.append(rule)
    return Placement("R23", trace=_trace(asked, "R23"))


def _never(case: Case) -> Placement | None:
    return Placement("R19") if case.mail.labels & NEVER else None


def _before_the_connection(case: Case) -> Placement | None:
    return Placement("R05") if case.mail.internal_at < since(case.view.link.connected_at) else None


def _no_one_sender(case: Case) -> Placement | None:
    return Placement("R35") if case.mail.sender is None else None


def _excluded(case: Case) -> Placement | None:
    """Whoever is named, on whichever side of the mail, or perhaps named: it stays out."""
    people = [*(person.address for person in case.mail.people), *case.mail.doubtful]
    lists = (case.view.policy.excluded, case.view.link.excluded)
    return Placement("R24") if any(one.name(people, case.view.labels) for one in lists) else None


def _nobody_outside(case: Case) -> Placement | None:
    return None if case.people else _report(case) or Placement("R22")


def _claimed_elsewhere(case: Case) -> Placement | None:
    """R40 keeps what began in another location's CRM out even where every location mirrors the rest."""
    mirrors = case.view.policy.multi_location
    if not closed(case.view.thread, case.view.location, mirrors):
        return None
    return Placement("R40" if mirrors == "mirror_always" else "R42")


def _pinned(case: Case) -> Placement | None:
    pin, known = _pin(case)
    if pin is None or not _may_reply(case):
        return None
    present = any(pin == owner for _, owner in case.everyone)
    familiar = {address_key(person.address) for person in case.people} <= known
    return Placement("R11", conversation=pin, present=present) if present or familiar else None


def _pin(case: Case) -> tuple[ContactId | None, frozenset[str]]:
    """The conversation that the mail's thread goes on in, and who was known in it before.

    By Gmail's thread; where Gmail began a new one because the subject changed, by the mail that it answers, if the
    sender was on that mail: who merely quotes its id does not get in (R11, R35).
    """
    thread, answered = case.view.thread, case.view.replied_to
    here = case.view.location
    if thread and here in thread.pins:
        earlier = here in thread.since and case.mail.internal_at < since(thread.since[here])
        known = frozenset(thread.people.get(here, ()))
        return (None, frozenset()) if earlier else (case.view.home(thread.pins[here]), known)
    if answered and answered.conversation and not answered.purged and case.mail.sender:
        persons = [*([answered.sender] if answered.sender else []), *answered.to, *answered.cc, *answered.bcc]
        were = {person.address for person in persons}
        if case.mail.sender.address in were:
            return case.view.home(answered.conversation), frozenset(map(address_key, were))
    return None, frozenset()


def _may_reply(case: Case) -> bool:
    """Where strangers' replies are left out, the sender is the user, a colleague or a contact."""
    sender = case.mail.sender
    if case.view.policy.unknown_repliers == "sync" or case.mail.outbound or sender is None:
        return True
    return bool(case.owners.get(sender.address)) or case.inside(sender.address)


def _outbound(case: Case) -> Placement | None:
    mail, policy = case.mail, case.view.policy
    if not mail.outbound:
        return None
    readers = [person for person in (*mail.to, *mail.cc, *mail.bcc) if person.address in case.owners]
    if first := next((person for person in readers if case.owners[person.address]), None):
        return _owned("R13", first.address, case, allowed=policy.gmail_outbound == "known_contact")
    if policy.contact_creation in {"sent", "sent_and_received"}:
        outside = next((person for person in mail.to if person.address in case.owners), None)
        if created := _creating("R13", outside, case):
            return created
    return _before_the_contact(readers, case)


def _inbound(case: Case) -> Placement | None:
    sender, policy = case.mail.sender, case.view.policy
    if case.mail.outbound or sender is None or sender.address not in case.owners:
        return None
    if owners := case.owners[sender.address]:
        assigned = case.record(sender.address, owners[0]).assigned_to == case.view.link.user
        allowed = policy.trigger == "known_contact" and (assigned or not policy.require_assignment)
        return _owned("R12", sender.address, case, allowed=allowed)
    if policy.contact_creation == "sent_and_received" and (created := _creating("R12", sender, case)):
        return created
    return _before_the_contact([sender], case)


def _owned(rule: str, address: Address, case: Case, *, allowed: bool) -> Placement:
    """The oldest contact's, if the policy allows it, or R62: the user filed mail with that contact before."""
    first, *others = case.owners[address]
    if not allowed:
        filed_at = case.record(address, first).filed_by.get(case.view.link.user)
        if filed_at is None or case.mail.internal_at < since(filed_at):
            return Placement(rule)
        rule = "R62"
    return Placement(rule, conversation=first, ambiguous=tuple(others))


def _creating(rule: str, person: Person | None, case: Case) -> Placement | None:
    """The mail makes a contact of the person, unless a machine wrote it or reads there, or the address is taken."""
    doubtful = case.mail.automatic or case.mail.authenticated is Authenticated.FAIL
    if person is None or doubtful or answers_to_nobody(person.address) or case.directory.taken(person.address):
        return None
    return Placement(rule, conversation=created_contact_id(person.address), creates=person)


def _before_the_contact(people: Iterable[Person], case: Case) -> Placement | None:
    """Left out, if somebody there is a contact by now but was none when the mail came."""
    younger = any(person.address in case.owners and case.younger(person.address) for person in people)
    return Placement("R12") if younger else None


def _report(case: Case) -> Placement | None:
    """A report about a mail from the CRM, from no contact: it marks that mail and is not kept itself (R23).

    Not from a colleague, though perhaps from the mail server of an internal domain.
    """
    sender = case.mail.sender
    if case.view.reported is None or sender is None or case.mail.outbound or case.owners.get(sender.address):
        return None
    return Placement("R57") if answers_to_nobody(sender.address) or not case.inside(sender.address) else None


def _colleagues(case: Case) -> Placement | None:
    """A colleague's mail with our user among its readers: the colleague's own connection brings it."""
    sender = case.mail.sender
    colleague = sender is not None and case.inside(sender.address) and not case.mail.outbound
    return Placement("R22") if colleague else None


STEPS: tuple[tuple[str, Callable[[Case], Placement | None]], ...] = (
    ("R19", _never),
    ("R05", _before_the_connection),
    ("R35", _no_one_sender),
    ("R24", _excluded),
    ("R22", _nobody_outside),
    ("R42", _claimed_elsewhere),
    ("R11", _pinned),
    ("R13", _outbound),
    ("R12", _inbound),
    ("R57", _report),
    ("R22", _colleagues),
)
"""The steps in the order in which they are asked; the first that has an answer decides."""
ORDER = ("R10", "R19", "R05", "R35", "R24", "R22", "R42", "R11", "R13", "R12", "R62", "R57", "R23")
"""The rules in the order in which they are asked, for decisions of which only the rule is kept."""


def trace(rule: str) -> tuple[Step, ...]:
    """The order of decision up to the rule that decided; only that one where it is not of the order."""
    return _trace(ORDER[: ORDER.index(rule)] if rule in ORDER else (), rule) if rule else ()


def _trace(passed: Iterable[str], decided: str) -> tuple[Step, ...]:
    return (*(Step(rule, "passed") for rule in passed), Step(decided, "decided"))


def _completed(placed: Placement, case: Case) -> Placement:
    """With references for the other contacts (R32), and who is known in the thread from now on."""
    if placed.conversation is None:
        return placed
    others = [owners[0] for owners in case.owners.values() if owners and owners[0] != placed.conversation]
    references = tuple(dict.fromkeys(others)) if case.view.policy.reference_cc else ()
    return replace(placed, references=references, known=_known(placed, case))


def _known(placed: Placement, case: Case) -> tuple[str, ...]:
    """Who is known in the thread from now on: nobody more by a mail of another conversation (R25, R33)."""
    thread, here = case.view.thread, case.view.location
    before = thread.people.get(here, ()) if thread else ()
    pin = case.view.home(thread.pins[here]) if thread and here in thread.pins else None
    if pin is not None and placed.rule != "R11" and placed.conversation != pin:
        return before
    now = (address_key(person.address) for person in case.people)
    return tuple(dict.fromkeys([*before, *now]))[:PEOPLE_KEPT]
