"""Two versions of the code at once: each reads what the other wrote, and neither erases what it does not know."""

import dataclasses
import types
from collections.abc import Iterator
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest

from shared.adapters.firestore.codec import decoded, encoded
from shared.domain import keys
from shared.domain.connection import Intent
from shared.domain.identifiers import ContactId
from shared.usecases.delete_contact import delete_contact
from tests.rules.company import Company
from tests.rules.letters import Letter
from tests.unit.outbound import Outbound
from tests.unit.usecases.office import ANNS, HERE, THERE

CARL = "carl@customer.example"
UNKNOWN = "of_the_next_version"


def records(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """The document's fields, and each map of fields inside it."""
    if isinstance(value, dict):
        yield path, value
        for name, one in value.items():
            yield from records(one, f"{path}/{name}")


RECORDS = {"links", "tally", "watch", "grant", "catch_up", "sources", "pins", "provider", "body", "sender", "trouble"}
"""Fields whose value is a record, or holds records by name: a next version may know more of those."""


def marked(store: Any) -> int:
    """A newer version has written to every document, and to every record inside."""
    count = 0
    for path, (fields, _) in list(store.documents.items()):
        for where, record in records(fields):
            parts = where.split("/")[1:]
            inside = not parts or (parts[0] in RECORDS and len(parts) == (2 if _by_name(parts[0]) else 1))
            if inside and UNKNOWN not in record:
                record[UNKNOWN] = f"kept {path}{where}"
                count += 1
    return count


def _by_name(field: str) -> bool:
    return field in {"links", "sources"}


def erased(store: Any, before: dict[str, Any]) -> list[str]:
    """Where a document that is still there has lost what the newer version wrote."""
    lost = []
    for path, fields in before.items():
        if path not in store.documents:
            continue
        now = dict(records(store.documents[path][0]))
        for where, record in records(fields):
            if UNKNOWN in record and where in now and now[where].get(UNKNOWN) != record[UNKNOWN]:
                lost.append(f"{path}{where}")
    return lost


def snapshot(store: Any) -> dict[str, Any]:
    return {path: fields for path, (fields, _) in store.documents.items()}


def company() -> Company:
    made = Company()
    made.contact("carl", CARL)
    made.contact("carl-there", CARL, THERE)
    made.connect(location=THERE)
    made.post(Letter("first", CARL, (ANNS,), subject="First", thread="t"))
    made.send(CARL, key="before")
    made.capture_address()
    return made


def test_f46_this_version_reads_what_the_next_one_wrote_and_erases_nothing_of_it() -> None:
    """All that changes a document is done, with unknown fields in all of them; what is made anew begins anew."""
    made = company()
    assert marked(made.store) > 30
    before = snapshot(made.store)
    made.post(Letter("second", CARL, (ANNS,), subject="Second", thread="t"))
    made.gmail.label(made.copies["first"][ANNS], add=["STARRED"], remove=["UNREAD"])
    made.send(CARL, key="after")
    made.post(Letter("third", ANNS, (CARL,), subject="Third", thread="t"))
    made.clock.advance(days=6)
    made.drain(5)
    made.contact("carl", CARL, others=("carl@home.example",))
    made.policy("known_contacts", staff=["x@y.example"])
    made.lose_grant()
    made.post(Letter("fourth", CARL, (ANNS,), subject="Fourth", thread="t"))
    made.connect(intent=Intent.RECONNECT)
    made.sync()
    delete_contact(made.store, HERE, ContactId("carl"), patience=made.patience)
    made.gmail.forget_history()
    made.post(Letter("fifth", CARL, (ANNS,), subject="Fifth"))
    made.drain(90)
    assert "Second" in made.conversation("carl")
    assert erased(made.store, before) == []


def test_f46_a_next_version_that_knows_one_more_state_stops_this_one_only_where_it_meets_it() -> None:
    sending = Outbound()
    name = sending.accept().id
    path = keys.outbox(name).path
    fields, version = sending.store.documents[path]
    sending.store.documents[path] = {**fields, "state": "resting"}, version
    before = dict(sending.store.documents)
    with pytest.raises(ValueError, match="resting"):
        sending.deliver(name)
    assert dict(sending.store.documents) == before
    sending.store.documents[path] = fields, version
    sending.drain(3)
    assert sending.shown(name).status == "sent"


def kinds() -> dict[str, type[Any]]:
    """Every type of document, and every record inside one."""
    found: dict[str, type[Any]] = {}

    def meet(kind: Any) -> None:
        for one in get_args(kind):
            meet(one)
        if dataclasses.is_dataclass(kind) and isinstance(kind, type) and kind.__name__ not in found:
            found[kind.__name__] = kind
            for hint in get_type_hints(kind).values():
                meet(hint)

    for made in vars(keys).values():
        if isinstance(made, keys.Collection | keys.Key):
            meet(made.kind)
        elif isinstance(made, types.FunctionType) and made.__module__ == keys.__name__:
            for one in get_args(get_type_hints(made).get("return", int)):
                meet(one)
    return found


KINDS = kinds()


def test_there_are_documents_to_look_at() -> None:
    assert {"Mailbox", "Message", "OutboxEntry", "Link", "Source", "Conversation", "Person"} <= {*KINDS}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_f46_a_record_that_may_be_missing_may_also_be_there_in_part(name: str) -> None:
    """A version that adds a record writes of it only what differs from its first values, beside what there was."""
    for field in dataclasses.fields(KINDS[name]):
        made = field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default
        if dataclasses.is_dataclass(made) and not isinstance(made, type):
            assert decoded({}, type(made)) == made, f"{name}.{field.name}"


@pytest.mark.parametrize("name", sorted(KINDS))
def test_f46_a_field_that_was_added_since_is_missing_in_what_the_version_before_wrote(name: str) -> None:
    """Each field with a first value has it where a document lacks the field; that includes every new one."""
    kind = KINDS[name]
    hints = get_type_hints(kind)
    needed = {one.name: _some(hints[one.name]) for one in dataclasses.fields(kind) if _required(one)}
    whole = decoded(needed, kind)
    for field in dataclasses.fields(kind):
        if not _required(field):
            first = field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default
            assert getattr(whole, field.name) == first
    assert decoded({**encoded(whole), UNKNOWN: {"a": [1]}}, kind) == whole


def _required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _some(hint: Any) -> Any:
    """A value that a document might have there."""
    origin = get_origin(hint)
    if origin in {types.UnionType, Union}:
        return None
    if origin in {tuple, list}:
        return []
    if origin is dict:
        return {}
    kind = getattr(hint, "__supertype__", hint)
    if dataclasses.is_dataclass(kind):
        inner = get_type_hints(kind)
        return {one.name: _some(inner[one.name]) for one in dataclasses.fields(kind) if _required(one)}
    if hasattr(kind, "__members__"):
        return next(iter(kind)).value
    return {"int": 1, "bool": True, "datetime": "2026-03-01T00:00:00Z"}.get(kind.__name__, "x")
