"""Contacts that come, go, merge, change hands or turn colleagues while their mail is read."""

from collections.abc import Callable

import pytest

from shared.domain.addresses import Address
from shared.domain.identifiers import ContactId, UserId
from shared.domain.location import User
from shared.usecases.delete_contact import delete_contact
from shared.usecases.put_contact import ContactDraft, put_contact
from shared.usecases.put_user import put_user
from tests.rules.company import Company
from tests.rules.letters import Letter
from tests.unit.usecases.office import ANN, ANNS, HERE

CARL = "carl@customer.example"


def _colleague(made: Company) -> None:
    put_user(made.store, HERE, User(UserId("carl"), Address(CARL)), patience=made.patience)


def _reassigned(made: Company) -> None:
    made.contact("carl", CARL, assigned_to=UserId("bob"))


def _merged(made: Company) -> None:
    draft = ContactDraft(ContactId("carla"), Address(CARL), replaces=ContactId("carl"), assigned_to=ANN)
    put_contact(made.store, HERE, draft, patience=made.patience)


CHANGES: dict[str, tuple[Callable[[Company], object], dict[str, list[str]]]] = {
    "deleted": (lambda made: delete_contact(made.store, HERE, ContactId("carl"), patience=made.patience), {}),
    "another address": (lambda made: made.contact("carl", "carl@elsewhere.example"), {}),
    "a colleague now": (_colleague, {}),
    "reassigned": (_reassigned, {}),
    "merged": (_merged, {"carla": ["Hello"]}),
    "one more": (lambda made: made.contact("anna", CARL), {"carl": ["Hello"]}),
}


@pytest.mark.parametrize("call", ["headers", "full"])
@pytest.mark.parametrize("what", CHANGES)
def test_f40_whatever_changes_about_a_contact_while_its_mail_is_read_one_state_decides(what: str, call: str) -> None:
    """What is left out by then leaves nothing; how long a look at people counts is three seconds (see `take_in`)."""
    made = Company("assigned_contacts")
    made.contact("carl", CARL, assigned_to=ANN)
    change, expected = CHANGES[what]
    left = [change]

    def meanwhile(name: str, _what: str) -> None:
        if name == call and left:
            made.clock.advance(seconds=10)
            left.pop()(made)

    made.gmail.fail = meanwhile
    made.post(Letter("l", CARL, (ANNS,), subject="Hello", text="canary " * 30_000))
    made.drain(3)
    assert not left
    found = {name: made.conversation(name) for name in ("carl", "carla", "anna")}
    assert {name: there for name, there in found.items() if there} == expected
    kept = repr(made.blobs.contents) + repr(
        [fields for path, (fields, _) in made.store.documents.items() if "/messages/" in path]
    )
    assert ("canary" in kept or bool(made.blobs.contents)) is bool(expected)


def test_f40_a_contact_that_is_added_while_mail_is_read_begins_with_the_next_mail() -> None:
    made = Company()
    left = [lambda: made.contact("dora", "dora@new.example")]

    def meanwhile(name: str, _what: str) -> None:
        if name == "headers" and left:
            made.clock.advance(seconds=10)
            left.pop()()

    made.gmail.fail = meanwhile
    made.post(Letter("early", "dora@new.example", (ANNS,), subject="Early"))
    made.post(Letter("late", "dora@new.example", (ANNS,), subject="Late"))
    assert made.conversation("dora") == ["Late"]
    assert made.copies["early"][ANNS] not in made.bodies_asked()
