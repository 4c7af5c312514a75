"""What is left after a connection has ended: its sends end at once, its grant surely; no crash loses any of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from shared.domain import keys
from shared.domain.connection import Ending, Intent
from shared.domain.identifiers import ContactId, LocationId, MessageId
from shared.domain.message import Message, Status
from shared.domain.outbox import EntryState, OutboxEntry
from shared.errors import GrantLost, Refused, Remedy, Transient
from shared.ports.store import Create, Delete, Put, Query, Replace, Write
from shared.ports.world import Event
from shared.usecases.deliver_entry import deliver_entry
from shared.usecases.delivery import Delivery
from shared.usecases.drop_grants import drop_grants
from tests.fakes.blobs import FakeBlobs
from tests.unit.usecases.office import ANN, ANNS, BOB, HERE, THERE, Office, id_of

OTHER = "other@gmail.com"


@pytest.fixture
def office() -> Office:
    """Ann is connected; some time has passed since."""
    made = Office()
    made.account(OTHER)
    made.connect()
    made.clock.advance(minutes=5)
    return made


def accepted(office: Office, name: str, state: EntryState, location: LocationId = HERE, **more: object) -> MessageId:
    """One of Ann's mails, as far as it got."""
    made = OutboxEntry(
        id=MessageId(name),
        location=location,
        user=ANN,
        mailbox=id_of(ANNS),
        request_digest="d",
        accepted_at=office.clock.now(),
        conversation=ContactId("carl"),
        state=state,
        queued_at=office.clock.now(),
        **more,  # type: ignore[arg-type]
    )
    message = Message(made.id, made.conversation, status=Status.QUEUED)
    office.store.commit([Put(keys.outbox(made.id), made), Put(keys.message(location, made.id), message)])
    return made.id


def delivered(office: Office) -> dict[str, str]:
    """What the messages say once everything that was published is delivered → id: status and failure."""
    ports = Delivery(office.store, office.topics, FakeBlobs(), office.mailboxes, office.sealer, office.patience)
    for name in office.topics.delivered:
        deliver_entry(name, ports)
    shown = [one.value for one in office.store.find(Query(keys.messages(HERE)))]
    return {one.id: f"{one.status} {one.failure.code if one.failure else ''}".strip() for one in shown}


def sweep(office: Office) -> dict[str, int]:
    return dict(drop_grants(store=office.store, google=office.google, topics=office.topics, patience=office.patience))


def endings(office: Office) -> list[Ending]:
    return [one.value for one in office.store.find(Query(keys.ENDINGS))]


def later(office: Office) -> datetime:
    office.clock.advance(hours=3)
    return office.clock.now()


@pytest.mark.parametrize("how", ["disconnect", "update"])
def test_R39_R37_queued_sends_fail_and_doubtful_ones_become_unknown_at_once(office: Office, how: str) -> None:
    now, far = office.clock.now(), later(office)
    accepted(office, "queued", EntryState.QUEUED, settle_at=far)
    accepted(office, "waiting", EntryState.QUEUED, not_before=far, settle_at=far)
    accepted(office, "claimed", EntryState.CLAIMED, claimed_at=now, settle_at=far, attempt=1)
    accepted(office, "doubtful", EntryState.CALLING, called_at=now, call_ended_at=now, settle_at=far, attempt=1)

    if how == "disconnect":
        office.disconnect()
    else:
        office.connect(OTHER, intent=Intent.UPDATE)

    assert delivered(office) == {
        "queued": "failed disconnected",
        "waiting": "failed disconnected",
        "claimed": "failed disconnected",
        "doubtful": "unknown unknown",
    }
    kinds = [event.type for event in office.topics.announced]
    assert (kinds.count("message.failed"), kinds.count("message.unknown")) == (3, 1)


def test_R39_a_call_that_goes_on_is_left_to_its_own_end(office: Office) -> None:
    far = later(office)
    name = accepted(office, "calling", EntryState.CALLING, called_at=far, settle_at=far)

    office.disconnect()

    assert office.topics.delivered == []
    entry = office.store.read(keys.outbox(name)).value(keys.outbox(name))
    assert entry
    assert entry.settle_at == far


def test_I9_a_worker_that_has_claimed_a_send_cannot_call_after_the_disconnect(office: Office) -> None:
    key = keys.outbox(accepted(office, "claimed", EntryState.CLAIMED, claimed_at=office.clock.now()))
    held = office.store.read(key).stored(key)
    assert held

    office.disconnect()

    after = office.store.read(key).stored(key)
    assert after
    assert (after.value.state, after.version) != (held.value.state, held.version)


def test_R08_sends_of_the_other_location_and_of_other_users_go_on(office: Office) -> None:
    office.connect(location=THERE)
    accepted(office, "elsewhere", EntryState.QUEUED, THERE)
    key = keys.outbox(accepted(office, "bobs", EntryState.QUEUED))
    stored = office.store.read(key).stored(key)
    assert stored
    office.store.commit([Replace(stored, replace(stored.value, user=BOB))])

    office.disconnect()

    assert office.topics.delivered == []


def test_R07_sends_of_the_next_life_are_not_touched_by_the_end_of_the_last(office: Office) -> None:
    def down(events: Sequence[Event]) -> None:
        raise Transient("topics: 503")

    announce = office.topics.announce
    office.topics.announce = down  # type: ignore[method-assign]
    office.disconnect()
    office.topics.announce = announce  # type: ignore[method-assign]
    office.clock.advance(minutes=1)
    office.connect(intent=Intent.RECONNECT)
    accepted(office, "young", EntryState.QUEUED)
    office.clock.advance(minutes=5)

    assert sweep(office)["endings"] == 1
    assert office.topics.delivered == []
    assert office.status().state == "connected"


def test_R36_a_crash_right_after_the_end_leaves_no_grant_alive_and_no_send_waiting(office: Office) -> None:
    far = later(office)
    accepted(office, "queued", EntryState.QUEUED, not_before=far, settle_at=far)

    class Killed(BaseException):
        """The process ends."""

    def die(writes: Sequence[Write]) -> None:
        if any(isinstance(write, Put) and "endings/" in write.key.path for write in writes):
            raise Killed

    office.store.after_commit = die
    with pytest.raises(Killed):
        office.disconnect()
    office.store.after_commit = lambda _: None
    assert (office.status().state, office.grants.revoked) == ("disconnected", [])

    assert sweep(office) == {"consents": 0, "endings": 0}
    office.clock.advance(minutes=3)
    assert sweep(office) == {"consents": 0, "endings": 1}

    assert office.grants.revoked == [ANNS]
    assert office.mailboxes.accounts[ANNS].calls["stop"] == 1
    assert delivered(office) == {"queued": "failed disconnected"}
    assert "connection.disconnected" in [event.type for event in office.topics.announced]
    assert endings(office) == []


def test_T10_a_revocation_that_failed_is_repeated_and_the_token_is_of_no_use_meanwhile(office: Office) -> None:
    sealed = office.mailbox().grant

    def deaf(_name: str) -> None:
        raise Transient("503")

    office.grants.fail = deaf
    assert office.disconnect() == "revoke: Transient"
    (left,) = endings(office)
    assert sealed
    assert left.grant not in {"", sealed.sealed}
    with pytest.raises(Refused):
        office.sealer.unseal(left.grant, owner=id_of(ANNS), purpose="refresh-token")

    office.clock.advance(hours=1)
    sweep(office)
    assert len(endings(office)) == 1
    office.grants.fail = lambda _: None
    sweep(office)

    assert (office.grants.revoked, endings(office)) == ([ANNS], [])


def test_T10_a_token_that_google_never_takes_back_is_dropped_after_three_days(office: Office) -> None:
    def deaf(_name: str) -> None:
        raise Transient("503")

    office.grants.fail = deaf
    office.disconnect()
    office.clock.advance(days=3, hours=1)

    sweep(office)

    assert endings(office) == []


def test_R03_a_grant_that_was_given_since_is_not_revoked_with_the_old_one(office: Office) -> None:
    def deaf(_name: str) -> None:
        raise Transient("503")

    office.grants.fail = deaf
    office.disconnect()
    office.grants.fail = lambda _: None
    office.clock.advance(hours=1)
    office.connect(intent=Intent.RECONNECT)

    sweep(office)

    assert (office.grants.revoked, endings(office)) == ([], [])
    assert office.mailbox().usable


def test_T10_a_dead_grant_is_not_asked_about_for_ever(office: Office) -> None:
    def lost(_name: str, _what: str) -> None:
        raise GrantLost(Remedy.RECONNECT, "invalid_grant")

    office.mailboxes.accounts[ANNS].fail = lost
    assert office.disconnect() == "stop: GrantLost"
    assert endings(office) == []


def test_T10_a_token_that_cannot_be_read_any_more_keeps_nobody_from_disconnecting(office: Office) -> None:
    def unreadable(sealed: str, *, owner: str, purpose: str) -> str:
        raise Refused("sealed", "no such key")

    office.sealer.unseal = unreadable  # type: ignore[method-assign]
    assert office.disconnect() == ""
    assert (office.status().state, endings(office)) == ("disconnected", [])


def test_R75_the_word_of_the_end_is_told_again_if_it_was_lost(office: Office) -> None:
    office.topics.announced.clear()
    announce = office.topics.announce

    def down(events: Sequence[Event]) -> None:
        raise Transient("topics: 503")

    office.topics.announce = down  # type: ignore[method-assign]
    assert office.disconnect() == "topics: 503"
    office.topics.announce = announce  # type: ignore[method-assign]
    office.clock.advance(hours=1)

    sweep(office)

    assert [event.type for event in office.topics.announced] == ["connection.disconnected"]
    assert office.grants.revoked == [ANNS]


def test_R37_the_old_mailbox_ends_with_the_switch_and_is_not_told_as_a_disconnect(office: Office) -> None:
    office.topics.announced.clear()

    office.connect(OTHER, intent=Intent.UPDATE)

    assert [event.type for event in office.topics.announced] == ["connection.connected"]
    assert (office.grants.revoked, endings(office)) == ([ANNS], [])


def test_R08_R37_an_update_in_one_location_leaves_the_other_its_mailbox(office: Office) -> None:
    office.connect(location=THERE)

    office.connect(OTHER, intent=Intent.UPDATE)

    assert list(office.mailbox().links) == [THERE]
    assert office.mailbox().usable
    assert (office.grants.revoked, office.mailboxes.accounts[ANNS].calls["stop"]) == ([], 0)
    assert (office.status().address, office.status(location=THERE).address) == (OTHER, ANNS)


def test_R37_work_in_flight_of_the_old_mailbox_cannot_commit_after_the_switch(office: Office) -> None:
    key = keys.mailbox(id_of(ANNS))
    held = office.store.read(key).stored(key)
    office.connect(OTHER, intent=Intent.UPDATE)
    after = office.store.read(key).stored(key)
    assert held
    assert after
    assert after.version > held.version
    assert (after.value.usable, after.value.holder) == (False, "")


@pytest.mark.parametrize("trouble", ["refused", "in use", "partial"])
def test_R37_a_switch_that_fails_leaves_the_old_mailbox_and_its_watch_alone(office: Office, trouble: str) -> None:
    from shared.domain.connection import SCOPES
    from shared.errors import Rejected
    from tests.unit.usecases.office import state_of

    before = office.mailbox()
    if trouble == "in use":
        office.connect(OTHER, user=BOB)
        with pytest.raises(Rejected, match="mailbox_in_use"):
            office.connect(OTHER, intent=Intent.UPDATE)
        assert office.mailbox(OTHER).usable
    elif trouble == "refused":
        office.come_back(state_of(office.begin(intent=Intent.UPDATE)), error="access_denied")
    else:
        assert "error" in office.consented(OTHER, intent=Intent.UPDATE, scopes=SCOPES[:3])

    assert office.mailbox() == before
    assert office.mailboxes.accounts[ANNS].calls["stop"] == 0
    assert ANNS not in office.grants.revoked
    assert endings(office) == []


def test_R37_an_update_back_to_the_first_mailbox_is_a_life_of_its_own(office: Office) -> None:
    office.connect(OTHER, intent=Intent.UPDATE)
    account = office.mailboxes.accounts[ANNS]
    account.deliver("Subject: in the gap\n\nx")
    office.clock.advance(hours=1)

    office.connect(intent=Intent.UPDATE)

    connection = office.connection()
    assert (connection.mailbox, connection.epoch, connection.superseded) == (id_of(ANNS), 3, (id_of(OTHER),))
    assert office.mailbox().cursor == account.newest
    assert (office.mailbox().links[HERE].epoch, office.mailbox().links[HERE].connected_at) == (3, office.clock.now())
    assert office.mailbox(OTHER).links == {}
    assert office.grants.revoked == [ANNS, OTHER]


def test_an_end_that_is_cut_off_writes_nothing(office: Office) -> None:
    def down(writes: Sequence[Write]) -> None:
        if any(isinstance(write, Create | Put) for write in writes):
            raise Transient("store: 503")

    office.store.before_commit = down
    with pytest.raises(Transient):
        office.disconnect()
    office.store.before_commit = lambda _: None
    assert (office.status().state, endings(office)) == ("connected", [])


def test_an_ending_that_cannot_be_deleted_now_is_done_once_more(office: Office) -> None:
    def down(writes: Sequence[Write]) -> None:
        if any(isinstance(write, Delete) and "endings/" in write.key.path for write in writes):
            raise Transient("store: 503")

    office.store.before_commit = down
    assert office.disconnect() == "store: 503"
    office.store.before_commit = lambda _: None
    office.clock.advance(hours=1)
    assert sweep(office)["endings"] == 1
    assert endings(office) == []


def test_R03_R08_a_revocation_that_comes_late_waits_for_a_consent_that_is_being_completed(office: Office) -> None:
    """Google would end the new grant with the old one, and nobody would know before the next refresh."""

    def deaf(_name: str) -> None:
        raise Transient("503")

    office.grants.fail = deaf
    office.disconnect()
    office.grants.fail = lambda _: None
    back = office.consented()
    office.clock.advance(minutes=3)

    sweep(office)
    assert office.grants.revoked == []
    assert office.complete(back["connect_code"]).status.state == "connected"
    sweep(office)

    assert (office.grants.revoked, endings(office)) == ([], [])


def test_R36_a_consent_that_nobody_completes_keeps_no_grant_alive(office: Office) -> None:
    office.consented(intent=Intent.RECONNECT)

    office.disconnect()
    assert office.grants.revoked == []
    for _ in range(30):
        office.clock.advance(minutes=1)
        sweep(office)

    assert set(office.grants.revoked) == {ANNS}
    assert endings(office) == []
