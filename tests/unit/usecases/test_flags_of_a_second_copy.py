"""The flags of a mail that was there before Gmail's copy of it, or another account's, is met (R17)."""

import pytest

from shared.domain import keys
from tests.rules.company import Company
from tests.rules.letters import Letter
from tests.unit.usecases.office import ANNS, BOB, HERE

CARLS, BOBS = "carl@customer.example", "bob@gmail.com"


def flagged(world: Company, *, read: bool, starred: bool) -> None:
    """What the one message shows, and that somebody was told of it once."""
    (message,) = world.messages()
    assert (message.read, message.starred) == (read, starred)
    told = [one.details for one in world.topics.announced if one.type == "message.state"]
    assert told == [{"message": message.id, "read": read, "starred": starred}]


def unread(world: Company) -> int:
    row = keys.conversation(HERE, world.contact("carl", CARLS))
    kept = world.store.read(row).value(row)
    assert kept
    return kept.unread


@pytest.mark.parametrize("page", [100, 1])
@pytest.mark.parametrize("pushed", [True, False])
def test_R17_R20_what_a_user_changes_on_gmails_copy_of_a_filed_mail_is_shown(page: int, *, pushed: bool) -> None:
    """Whether the copy and the change are heard of one by one, or both at once."""
    world = Company()
    world.gmail.page = page
    world.contact("carl", CARLS)
    letter = Letter("m", ANNS, (CARLS,), bcc=(world.capture_address(),), at=world.clock.now())
    world.files(letter)
    world.post(letter, sync=pushed)
    world.gmail.label(world.copies["m"][ANNS], add=["UNREAD", "STARRED"])
    world.push()
    flagged(world, read=False, starred=True)


@pytest.mark.parametrize("pushed", [True, False])
def test_R17_R20_so_is_what_another_user_changes_on_their_own_copy(*, pushed: bool) -> None:
    world = Company()
    world.account(BOBS)
    world.connect(BOBS, user=BOB)
    world.contact("carl", CARLS)
    world.post(Letter("m", CARLS, (ANNS, BOBS)), sync=False)
    world.push()
    assert unread(world) == 1
    if pushed:
        world.push(BOBS)
    world.mailboxes.accounts[BOBS].label(world.copies["m"][BOBS], remove=["UNREAD"])
    world.push(BOBS)
    flagged(world, read=True, starred=False)
    assert unread(world) == 0


def test_R17_how_another_copy_arrived_changes_nothing() -> None:
    """With a star, by a filter of theirs: nobody has changed anything."""
    world = Company()
    world.contact("carl", CARLS)
    letter = Letter(
        "m", ANNS, (CARLS,), bcc=(world.capture_address(),), at=world.clock.now(), labels=("SENT", "STARRED")
    )
    world.files(letter)
    world.post(letter)
    (message,) = world.messages()
    assert (message.read, message.starred) == (True, False)
    assert world.events("message.state") == []
