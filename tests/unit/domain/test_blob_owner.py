"""Whose a blob is, by its name."""

import pytest

from shared.domain.blob_owner import OfHeld, OfMessage, OfSend, Owner, owner_of
from shared.domain.identifiers import LocationId, MessageId

HERE = LocationId("here")
ONE = MessageId("one")


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("locations/here/messages/one/body.json", OfMessage(HERE, ONE)),
        ("locations/here/messages/one/attachments/part-1-2", OfMessage(HERE, ONE)),
        ("locations/here/messages/one/two/0a1b/body.json", OfMessage(HERE, ONE, MessageId("two"))),
        ("locations/here/messages/one/two/0a1b/attachments/part-1-2", OfMessage(HERE, ONE, MessageId("two"))),
        ("locations/here/outbox/one/x-y/0", OfSend(HERE, ONE, "locations/here/outbox/one/x-y")),
        ("locations/here/outbox/one/x-y/given.json", OfSend(HERE, ONE, "locations/here/outbox/one/x-y")),
        ("quarantine/here/one", OfHeld(HERE, "one")),
        ("", None),
        ("body.json", None),
        ("locations/here/messages/one", None),
        ("locations/here/outbox/one/0", None),
        ("locations/here/others/one/body.json", None),
        ("quarantine/here/one/more", None),
        ("locations/../messages/one/body.json", None),
        ("locations/here/messages/__one__/body.json", None),
        ("locations/here/outbox/a b/x/0", None),
        ("quarantine/here/one.eml", None),
    ],
)
def test_f28_a_name_tells_the_document_that_would_name_it(name: str, owner: Owner | None) -> None:
    assert owner_of(name) == owner
