"""Blobs that no document names are cleared away, and no others."""

from dataclasses import replace
from datetime import timedelta
from email import message_from_string
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from shared.domain import keys
from shared.domain.bodies import INLINE_BYTES
from shared.errors import Transient
from shared.ports.form import FormPart
from shared.ports.store import Put
from shared.usecases import sweep_blobs as sweeping
from shared.usecases.sweep_blobs import AGE, PAGE, PAGES, sweep_blobs, swept
from tests.unit.inbound import HERE, World, letter
from tests.unit.outbound import CARL, Outbound
from tests.unit.usecases.mailroom import Mailroom

LONG = "long " * INLINE_BYTES
LATER = AGE + timedelta(seconds=1)


def sweep(world: World | Mailroom) -> int:
    return sweep_blobs(store=world.store, shelf=world.blobs, clock=world.clock)


def later(world: World | Mailroom) -> int:
    world.clock.time += LATER
    return sweep(world)


def a_file(content: bytes = b"content") -> FormPart:
    return FormPart("file", "a.bin", "image/png", None, iter([content]))


def orphans(world: World, count: int) -> list[str]:
    names = [f"locations/here/messages/lost-{at:04}/body.json" for at in range(count)]
    for name in names:
        world.blobs.write(name, [b"x"])
    return names


def test_f28_what_a_document_names_stays_however_old_it_is() -> None:
    world, room = Outbound(), Mailroom()
    world.gmail.deliver(letter(CARL, text=LONG))
    world.push()
    world.send({"text": LONG}, a_file())
    bulk = {"kind": "bulk", "to": [{"address": CARL}, {"address": "zoe@customer.example"}], "text": LONG}
    world.deliver(world.accept(bulk, a_file(), key="bulk").id)
    room.policy(contact_creation="never")
    room.bring(room.letter())
    kept, held = dict(world.blobs.contents), dict(room.blobs.contents)
    assert {name.split("/")[2] for name in kept} == {"messages", "outbox"}
    assert [name.split("/")[0] for name in held] == ["quarantine"]

    assert [later(world), later(world), later(room)] == [0, 0, 0]

    assert (world.blobs.contents, room.blobs.contents) == (kept, held)


@pytest.mark.parametrize(
    "name",
    [
        "locations/here/messages/lost/body.json",
        "locations/here/messages/lost/attachments/part-1",
        "locations/here/outbox/lost/request/0",
        "locations/elsewhere/outbox/lost/request/given.json",
        "quarantine/here/lost",
    ],
)
def test_f28_what_no_document_names_goes_after_a_day(name: str) -> None:
    world = World()
    world.blobs.write(name, [b"x"])
    world.clock.time += AGE
    assert sweep(world) == 0

    world.clock.advance(seconds=1)

    assert sweep(world) == 1
    assert world.blobs.contents == {}


def test_f28_the_files_of_a_request_that_died_go_and_those_of_its_repetition_stay() -> None:
    world = Outbound()
    dead = f"locations/{HERE}/outbox/{world.entry_id()}/another-request/0"
    world.blobs.write(dead, [b"content"])
    name = world.accept(None, a_file()).id

    assert later(world) == 1

    assert dead not in world.blobs.contents
    (file,) = world.shown(name).attachments
    assert world.blobs.contents[file.blob] == b"content"


def test_f28_a_file_that_the_message_of_that_name_does_not_list_goes() -> None:
    world = Outbound()
    world.gmail.deliver(letter(CARL, text=LONG))
    world.push()
    (message,) = world.messages()
    extra = f"locations/{HERE}/messages/{message.id}/attachments/part-9"
    world.blobs.write(extra, [b"x"])

    assert later(world) == 1
    assert list(world.blobs.contents) == [message.body.blob]


def with_picture(sender: str, picture: bytes) -> str:
    mail = message_from_string(
        letter(sender, subject=picture.decode(), Message_ID="<same@client.example>"), policy=SMTP
    )
    assert isinstance(mail, EmailMessage)
    mail.add_attachment(picture, maintype="image", subtype="png", filename="a.png")
    return mail.as_string()


@pytest.mark.parametrize("pushes", [1, 2])
def test_f28_mails_that_bear_one_message_id_keep_their_own_files_however_they_come(pushes: int) -> None:
    world = Outbound()
    world.contact("eve", "eve@customer.example")
    world.gmail.deliver(with_picture(CARL, b"carls"))
    if pushes == 2:
        world.push()
    world.gmail.deliver(with_picture("eve@customer.example", b"eves"))
    world.push()

    assert later(world) == 0

    files = {message.subject: message.attachments[0].blob for message in world.messages()}
    assert {subject: world.blobs.contents[blob] for subject, blob in files.items()} == {
        "carls": b"carls",
        "eves": b"eves",
    }


def test_f28_two_workers_that_fetch_mails_of_one_message_id_at_once_do_not_write_over_each_other() -> None:
    world = Outbound()
    world.contact("eve", "eve@customer.example")
    carls = world.gmail.deliver(with_picture(CARL, b"carls"))

    def another_worker(call: str, what: str) -> None:
        """It had the mailbox for a while; its mail is stored under the name that the first one's was to have."""
        if (call, what) == ("full", carls):
            world.gmail.fail = lambda *_: None
            other = World()
            other.contact("eve", "eve@customer.example")
            other.gmail.deliver(with_picture("eve@customer.example", b"eves"))
            other.push()
            (message,) = other.messages()
            world.store.commit([Put(keys.message(HERE, message.id), message)])
            world.blobs.contents |= other.blobs.contents

    world.gmail.fail = another_worker
    world.push()
    world.push()

    files = {message.subject: message.attachments[0].blob for message in world.messages()}
    assert {subject: world.blobs.contents[blob] for subject, blob in files.items()} == {
        "carls": b"carls",
        "eves": b"eves",
    }


def test_f28_the_blobs_of_a_purged_message_go() -> None:
    world = Outbound()
    world.gmail.deliver(letter(CARL, text=LONG))
    world.push()
    (message,) = world.messages()
    world.store.commit([Put(keys.message(HERE, message.id), replace(message, purged=True))])

    assert later(world) == 1


def test_names_that_are_not_ours_are_nobodys_to_judge() -> None:
    world = World()
    for name in ("backup", "exports/2026/all", "locations/here/__odd__/x"):
        world.blobs.write(name, [b"x"])

    assert later(world) == 0
    assert len(world.blobs.contents) == 3


def test_f28_a_blob_that_is_written_anew_while_the_sweep_looks_stays() -> None:
    world = World()
    (name,) = orphans(world, 1)
    world.clock.time += LATER
    reading = world.store.read

    def meanwhile(*wanted: object) -> object:
        answer = reading(*wanted)  # type: ignore[arg-type]
        world.blobs.write(name, [b"anew"])
        return answer

    world.store.read = meanwhile  # type: ignore[method-assign, assignment]

    assert sweep(world) == 0
    assert world.blobs.contents == {name: b"anew"}


def test_f28_a_run_is_bounded_and_the_next_one_goes_on_until_the_round_is_done() -> None:
    world = World()
    orphans(world, PAGE * PAGES + 5)
    world.clock.time += LATER

    assert [sweep(world) for _ in range(3)] == [PAGE * PAGES, 5, 0]
    orphans(world, 1)
    assert later(world) == 1


def test_f28_a_run_stops_when_its_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    orphans(world, 3 * PAGE)
    world.clock.time += LATER
    monkeypatch.setattr(sweeping, "BUDGET", timedelta(seconds=-1))

    assert [sweep(world), sweep(world), sweep(world)] == [PAGE] * 3


@pytest.mark.parametrize("at", range(3))
def test_f28_a_run_that_dies_is_gone_on_with(at: int) -> None:
    world = World()
    orphans(world, 2 * PAGE + 5)
    world.clock.time += LATER
    left = at

    def dies(_: object) -> None:
        nonlocal left
        left -= 1
        if left == -1:
            raise Transient("died")

    world.store.after_commit = dies
    with pytest.raises(Transient):
        sweep(world)

    world.store.after_commit = lambda _: None
    sweep(world)
    sweep(world)
    assert world.blobs.contents == {}


def test_a_store_that_is_away_leaves_the_sweep_to_the_next_run() -> None:
    world = World()
    orphans(world, 1)
    world.clock.time += LATER

    def refused(_: object) -> None:
        raise Transient("away")

    world.store.before_commit = refused
    assert swept(store=world.store, shelf=world.blobs, clock=world.clock) == 0
