"""The order of decision a second time, from the rule book alone: plain dicts and conditions, no parsing, no store.

It is told what every mail is (clean addresses, which mailbox has it, under which labels), and says for each location
where it belongs and by which rule. It shares nothing with the product but the words.
"""

from typing import Any

from tests.rules.oracle_people import contacts_of, everybody, excluded, is_internal, may_become, owner_at

FIRST_VALUES: dict[str, Any] = {
    "trigger": "known_contact",
    "require_assignment": False,
    "gmail_outbound": "known_contact",
    "contact_creation": "auto_bcc",
    "contact_addresses": "primary",
    "multi_location": "mirror_until_reply",
    "unknown_repliers": "sync",
    "reference_cc": True,
    "internal_domains": [],
    "staff": [],
    "exclusions": [],
}
PRESETS: dict[str, dict[str, Any]] = {
    "known_contacts": {},
    "populate_contacts": {"contact_creation": "sent_and_received"},
    "assigned_contacts": {"require_assignment": True, "multi_location": "mirror_always"},
    "crm_threads": {"gmail_outbound": "thread_only", "unknown_repliers": "leave_out"},
    "crm_started": {"trigger": "crm_started", "gmail_outbound": "thread_only"},
    "privacy_first": {"trigger": "crm_started", "gmail_outbound": "thread_only", "require_assignment": True},
}
NEVER = {"DRAFT", "CHAT", "SPAM", "TRASH"}


def new_location(preset: str, settings: dict[str, Any]) -> dict[str, Any]:
    """A location with nobody in it. `contacts` are dicts of id, email, others, created, assigned and filed_by."""
    policy = FIRST_VALUES | PRESETS[preset] | settings
    return {"policy": policy, "contacts": [], "internal": set(), "messages": {}, "connected": {}}


def new_world(locations: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """All that is remembered between two mails; `threads` by mailbox and thread."""
    return {"locations": locations, "threads": {}, "lies_in": {}}


def thread_of(world: dict[str, Any], mailbox: str, thread: str) -> dict[str, Any]:
    """What is known of a Gmail thread of one mailbox."""
    fresh: dict[str, Any] = {"claimed_by": None, "begun_in": None, "pins": {}, "people": {}}
    known: dict[str, Any] = world["threads"].setdefault((mailbox, thread), fresh)
    return known


def continued(world: dict[str, Any], mailbox: str, mail: dict[str, Any]) -> dict[str, Any]:
    """The mail's thread; one that Gmail began for a changed subject is whose the answered mail's thread is (R40)."""
    thread = thread_of(world, mailbox, mail["thread"])
    if thread["pins"] or thread["claimed_by"]:
        return thread
    for name, location in world["locations"].items():
        named = location["messages"].get(mail["answers"])
        before = world["lies_in"].get((name, mailbox, mail["answers"]))
        if named and before and not named["forged"] and mail["from"] in named["everybody"]:
            owned = thread_of(world, mailbox, before)
            return thread | {"claimed_by": owned["claimed_by"], "begun_in": owned["begun_in"]}
    return thread


def decide(world: dict[str, Any], where: str, mailbox: str, mail: dict[str, Any]) -> dict[str, Any]:
    """The decision for one connection, and what it leaves behind for later mail."""
    location = world["locations"][where]
    connection = location["connected"][mailbox]
    policy = location["policy"]
    reasons = {
        "R19": NEVER & set(mail["labels"]),
        "R05": mail["at"] < connection["since"],
        "R35": mail["from"] is None,
    }
    if rule := next((rule for rule, holds in reasons.items() if holds), None):
        return out(rule)
    if excluded(mail, policy["exclusions"] + connection["exclusions"]):
        return out("R24")
    people = [one for one in everybody(mail) if not is_internal(location, one)]
    if not people:
        return out("R22")
    thread = continued(world, mailbox, mail)
    mirrors_always = policy["multi_location"] == "mirror_always"
    if thread["claimed_by"] not in {None, where} and not mirrors_always:
        return out("R42")
    if thread["begun_in"] not in {None, where}:
        return out("R40")
    answer = by_thread(location, thread, where, mail, people) or by_people(location, connection, mail, people)
    if "conversation" in answer:
        keep(location, thread, where, mail, people, answer)
        world["lies_in"][where, mailbox, mail["name"]] = mail["thread"]
        world["threads"][mailbox, mail["thread"]] |= {} if mail["forged"] else thread
    return answer


def by_thread(
    location: dict[str, Any], thread: dict[str, Any], where: str, mail: dict[str, Any], people: list[str]
) -> dict[str, Any] | None:
    """The conversation that the thread is in, if the mail may join it."""
    known = thread["people"].get(where, set())
    pin = thread["pins"].get(where)
    if pin is None:
        named = location["messages"].get(mail["answers"])
        if not named or named["forged"] or mail["from"] not in named["everybody"]:
            return None
        pin, known = named["conversation"], named["people"]
    there = any(pin == one["id"] for address in people for one in contacts_of(location, address, mail["at"]))
    if not there and not set(people) <= known:
        return None
    if location["policy"]["unknown_repliers"] == "leave_out":
        sender = mail["from"]
        if not is_internal(location, sender) and not contacts_of(location, sender, mail["at"]):
            return None
    return into(location, pin, "R11", mail, people)


def by_people(
    location: dict[str, Any], connection: dict[str, Any], mail: dict[str, Any], people: list[str]
) -> dict[str, Any]:
    """Steps 7 to 9: sent by the user, written by somebody outside, or by a colleague."""
    creating = location["policy"]["contact_creation"]
    if mail["automatic"] or mail["forged"]:
        creating = "never"
    if "SENT" in mail["labels"]:
        return sent(location, connection, mail, people, creating)
    if is_internal(location, mail["from"]):
        return out("R22")
    return written(location, connection, mail, people, creating)


def sent(
    location: dict[str, Any], connection: dict[str, Any], mail: dict[str, Any], people: list[str], creating: str
) -> dict[str, Any]:
    """The first contact in To, else in Cc, else in Bcc; else the first in To may become one."""
    outside = [address for field in ("to", "cc", "bcc") for address in mail[field] if address in people]
    owners = [owner for address in outside if (owner := owner_at(location, address, mail["at"]))]
    if owners:
        filed = connection["user"] in owners[0]["filed_by"]
        if location["policy"]["gmail_outbound"] == "known_contact" or filed:
            return into(location, owners[0]["id"], "R13", mail, people)
        return out("R13")
    first = next((address for address in mail["to"] if address in people), None)
    if first and creating in {"sent", "sent_and_received"} and may_become(location, first, mail["at"]):
        return created(location, first, "R13", mail, people)
    return out("R12" if any(contacts_of(location, one) for one in outside) else "R23")


def written(
    location: dict[str, Any], connection: dict[str, Any], mail: dict[str, Any], people: list[str], creating: str
) -> dict[str, Any]:
    """The sender's contact, if the policy lets the mail in; else the sender may become one."""
    policy, sender = location["policy"], mail["from"]
    if creating == "sent_and_received" and may_become(location, sender, mail["at"]):
        return created(location, sender, "R12", mail, people)
    if not contacts_of(location, sender):
        return out("R23")
    owner = owner_at(location, sender, mail["at"])
    if owner is None:
        return out("R12")
    assigned = owner["assigned"] == connection["user"] or not policy["require_assignment"]
    filed = connection["user"] in owner["filed_by"]
    if filed or (assigned and policy["trigger"] == "known_contact"):
        return into(location, owner["id"], "R12", mail, people)
    return out("R12")


def out(rule: str) -> dict[str, Any]:
    """Left out."""
    return {"rule": rule}


def created(
    location: dict[str, Any], address: str, rule: str, mail: dict[str, Any], people: list[str]
) -> dict[str, Any]:
    """Into the conversation of somebody who becomes a contact by this mail."""
    name = f"new:{address}"
    card = {"id": name, "email": address, "others": [], "created": mail["at"], "assigned": None, "filed_by": []}
    location["contacts"] = [one for one in location["contacts"] if one["id"] != name] + [card]
    return into(location, name, rule, mail, people)


def into(
    location: dict[str, Any], conversation: str, rule: str, mail: dict[str, Any], people: list[str]
) -> dict[str, Any]:
    """Stored, with a reference for every other contact on it."""
    others = [owner["id"] for one in people if (owner := owner_at(location, one, mail["at"]))]
    references = [one for one in dict.fromkeys(others) if one != conversation]
    return {
        "conversation": conversation,
        "rule": rule,
        "references": references if location["policy"]["reference_cc"] else [],
    }


def keep(
    location: dict[str, Any],
    thread: dict[str, Any],
    where: str,
    mail: dict[str, Any],
    people: list[str],
    answer: dict[str, Any],
) -> None:
    """One message however often it is seen; the thread stays where it is, and knows who was on its mail."""
    fresh = {
        "conversation": answer["conversation"],
        "rule": answer["rule"],
        "references": answer["references"],
        "people": set(people),
        "everybody": set(everybody(mail)),
        "forged": mail["forged"],
    }
    message = location["messages"].setdefault(mail["name"], fresh)
    answer["conversation"] = message["conversation"]
    if not mail["forged"]:
        pin(thread, where, answer["conversation"], people)


def pin(thread: dict[str, Any], where: str, conversation: str, people: list[str]) -> None:
    """A thread is in the conversation of its first mail; only mail of that conversation makes people known in it."""
    if thread["pins"].setdefault(where, conversation) == conversation:
        thread["people"][where] = thread["people"].get(where, set()) | set(people)


def crm_send(
    world: dict[str, Any], where: str, mailbox: str, mail: dict[str, Any], conversation: str
) -> dict[str, Any] | None:
    """A send of the CRM's own: in its location alone, its thread claimed; None where another location has that."""
    location = world["locations"][where]
    thread = thread_of(world, mailbox, mail["thread"])
    if thread["claimed_by"] not in {None, where}:
        return None
    people = [one for one in everybody(mail) if not is_internal(location, one)]
    thread["claimed_by"] = where
    if mail["answers"] is None:
        thread["begun_in"] = where
    answer = into(location, conversation, "R10", mail, people)
    keep(location, thread, where, mail, people, answer)
    world["lies_in"][where, mailbox, mail["name"]] = mail["thread"]
    return answer
