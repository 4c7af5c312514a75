"""The people of a mail, for the oracle: who is internal, who is a contact and since when, who is excluded."""

from typing import Any


def same_person(address: str) -> str:
    """An address without what Gmail ignores in it: for internal people only."""
    local, _, domain = address.partition("@")
    local = local.split("+")[0]
    if domain in {"gmail.com", "googlemail.com"}:
        return local.replace(".", "") + "@gmail.com"
    return f"{local}@{domain}"


def is_internal(location: dict[str, Any], address: str) -> bool:
    """Users, connected mailboxes with their aliases, staff, internal domains."""
    policy = location["policy"]
    if address.split("@")[1] in policy["internal_domains"]:
        return True
    inside = location["internal"] | set(policy["staff"])
    return same_person(address) in {same_person(one) for one in inside}


def contacts_of(location: dict[str, Any], address: str, at: Any = None) -> list[dict[str, Any]]:
    """Who has the address, or had it at a time, the oldest first."""
    every = location["policy"]["contact_addresses"] == "all"
    having = [one for one in location["contacts"] if one["email"] == address or (every and address in one["others"])]
    having = [one for one in having if at is None or one["created"] <= at]
    return sorted(having, key=lambda one: (one["created"], one["id"]))


def may_become(location: dict[str, Any], address: str, at: Any) -> bool:
    """Whether a mail of that time makes somebody a contact: nobody is one twice.

    Who was made one by a younger mail, which happened to be read first, is one from the older mail on.
    """
    having = [one for one in location["contacts"] if address in {one["email"], *one["others"]}]
    made = any(one["id"] == f"new:{address}" for one in having)
    return not any(one["created"] <= at for one in having) and (made or not having)


def owner_at(location: dict[str, Any], address: str, at: Any) -> dict[str, Any] | None:
    """The contact of an address, if there was one when the mail came."""
    return next(iter(contacts_of(location, address, at)), None)


def everybody(mail: dict[str, Any]) -> list[str]:
    """From, To, Cc, Bcc, each once."""
    return list(dict.fromkeys([mail["from"], *mail["to"], *mail["cc"], *mail["bcc"]]))


def excluded(mail: dict[str, Any], lists: list[str]) -> bool:
    """Whether an address, a domain or a label of the mail is on the list."""
    for one in lists:
        if one.startswith("label:"):
            if one[6:].lower() in {label.lower() for label in mail["labels"]}:
                return True
        elif any(one in {address, address.split("@")[1]} for address in everybody(mail)):
            return True
    return False
