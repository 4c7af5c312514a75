"""Who may attach which account, what becomes of the mailbox, and what an update or a reconnection keeps."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from shared.domain import keys
from shared.domain.addresses import Address
from shared.domain.connection import Intent
from shared.domain.decisions import Parked
from shared.domain.identifiers import GmailId, LocationId, UserId
from shared.domain.linking import NO_WATCH
from shared.domain.mailbox import Alias
from shared.errors import GrantLost, Refused, Rejected, Remedy, Transient
from shared.ports.store import Put, Where, Write
from shared.usecases.condemn_mailbox import condemn
from shared.usecases.delete_user import delete_user
from tests.unit.usecases.office import ANN, ANNS, BOB, HERE, THERE, Office, id_of

OTHER = "other@gmail.com"


def in_trouble(office: Office, email: str = ANNS, remedy: Remedy = Remedy.RECONNECT) -> None:
    version = office.mailbox(email).granted
    now = office.clock.now()
    assert condemn(office.store, office.topics, id_of(email), version, remedy=remedy, reason="gone", now=now)


def test_connecting_takes_the_baseline_then_writes_watches_and_wakes() -> None:
    office = Office()
    account = office.mailboxes.accounts[ANNS]
    account.more_aliases = (Alias(Address("sales@shop.example"), "Sales"),)

    completed = office.connect()

    mailbox = office.mailbox()
    assert completed.problems == ()
    assert completed.status.state == "connected"
    assert (completed.status.address, completed.status.connected_at) == (ANNS, office.clock.now())
    assert mailbox.cursor == account.newest
    assert mailbox.links[HERE].connected_at == office.clock.now()
    assert mailbox.watch_expires_at == office.clock.now() + timedelta(days=7)
    assert office.topics.woken == [mailbox.id]
    assert [event.type for event in office.topics.announced] == ["connection.connected"]
    assert [name for name, _ in account.asked] == ["profile", "aliases", "search", "watch"]
    assert office.internal(ANNS) == {f"mailbox:{mailbox.id}": ANNS}
    assert office.internal("sales@shop.example") == {f"alias:{mailbox.id}:sales@shop.example": "sales@shop.example"}
    place = keys.mailbox_address(Address(ANNS))
    found = office.store.read(place).value(place)
    assert found
    assert found.mailbox == mailbox.id


def test_i10_the_grant_is_sealed_for_its_mailbox_and_the_consent_is_gone() -> None:
    office = Office()
    office.connect()

    grant = office.mailbox().grant

    assert grant
    assert office.sealer.unseal(grant.sealed, owner=id_of(ANNS), purpose="refresh-token") == ANNS
    assert not [path for path in office.store.documents if path.startswith("pending_consents")]


@pytest.mark.parametrize(("user", "location"), [(BOB, HERE), (ANN, THERE), (BOB, THERE)])
def test_t02_a_code_is_of_no_use_to_anybody_else(user: UserId, location: LocationId) -> None:
    office = Office()
    back = office.consented()

    with pytest.raises(Rejected, match="not_found"):
        office.complete(back["connect_code"], user=user, location=location)

    assert office.complete(back["connect_code"]).status.state == "connected"
    assert office.status(user=user, location=location).state == "none"


@pytest.mark.parametrize("change", ["{name}.wrong", "{name}.", "unknown.{code}", "", ".", "a/b.c", "{code}"])
def test_a_wrong_code_is_expired_and_changes_nothing(change: str) -> None:
    office = Office()
    name, _, code = office.consented()["connect_code"].partition(".")

    with pytest.raises(Rejected, match="code_expired"):
        office.complete(change.format(name=name, code=code))

    assert office.status().state == "none"


def test_a_code_works_once_and_for_five_minutes() -> None:
    office = Office()
    used = office.consented()["connect_code"]
    office.complete(used)
    with pytest.raises(Rejected, match="code_expired"):
        office.complete(used)

    late = office.consented("bob@gmail.com", user=BOB)["connect_code"]
    office.clock.advance(minutes=5)
    with pytest.raises(Rejected, match="code_expired"):
        office.complete(late, user=BOB)


def test_two_completions_with_one_code_make_one_connection() -> None:
    office = Office()
    code = office.consented()["connect_code"]
    raced: list[bool] = []

    def other_first(_: Sequence[Write]) -> None:
        if not raced:
            raced.append(True)
            office.complete(code)

    office.store.before_commit = other_first

    with pytest.raises(Rejected, match="code_expired"):
        office.complete(code)

    assert office.mailbox().granted == 1
    assert office.grants.revoked == []
    assert office.status().state == "connected"


def test_a_second_account_is_refused_and_its_grant_given_back() -> None:
    office = Office()
    office.account(OTHER)
    begun = office.consented(OTHER)
    office.connect()

    with pytest.raises(Rejected, match="already_connected"):
        office.complete(begun["connect_code"])

    assert office.grants.revoked == [OTHER]
    assert office.connection().mailbox == id_of(ANNS)


def test_r03_a_second_grant_of_the_connected_account_is_dropped_not_revoked() -> None:
    office = Office()
    second = office.consented()
    office.connect()

    with pytest.raises(Rejected, match="already_connected"):
        office.complete(second["connect_code"])

    assert office.grants.revoked == []
    assert office.mailbox().usable


def test_r08_within_a_location_a_mailbox_belongs_to_one_user() -> None:
    office = Office()
    office.connect()

    with pytest.raises(Rejected, match="mailbox_in_use"):
        office.connect(user=BOB)

    assert office.grants.revoked == []
    assert office.status(user=BOB).state == "none"


def test_r08_f38_two_locations_share_one_grant_and_one_cursor() -> None:
    office = Office()
    office.connect()
    cursor, since = office.mailbox().cursor, office.clock.now()
    office.mailboxes.accounts[ANNS].deliver("Subject: x\n\nx")
    office.clock.advance(hours=1)

    office.connect(location=THERE)

    mailbox = office.mailbox()
    assert mailbox.cursor == cursor
    assert {place: link.connected_at for place, link in mailbox.links.items()} == {
        HERE: since,
        THERE: office.clock.now(),
    }
    assert mailbox.granted == 2
    assert len(office.internal(ANNS, location=THERE)) == 1


def test_r07_reconnecting_after_trouble_resumes_where_it_stopped() -> None:
    office = Office()
    office.connect()
    before, since = office.mailbox(), office.connection()
    in_trouble(office)
    assert office.status().state == "reauth_required"
    office.mailboxes.accounts[ANNS].deliver("Subject: x\n\nx")
    office.clock.advance(days=2)

    office.connect(intent=Intent.RECONNECT)

    mailbox = office.mailbox()
    assert (mailbox.cursor, mailbox.links) == (before.cursor, before.links)
    assert office.connection() == since
    assert mailbox.trouble is None
    assert mailbox.grant
    assert mailbox.grant.version == 2
    assert office.status().state == "connected"


def test_connecting_the_same_account_while_it_is_in_trouble_is_reconnecting() -> None:
    office = Office()
    office.connect()
    since = office.connection()
    in_trouble(office)

    office.connect()

    assert office.connection() == since
    assert office.mailbox().usable


def test_r06_one_new_consent_helps_every_location_and_tells_each() -> None:
    office = Office()
    office.connect()
    office.connect(location=THERE)
    in_trouble(office)
    office.topics.announced.clear()

    office.connect(intent=Intent.RECONNECT)

    assert {office.status(location=place).state for place in (HERE, THERE)} == {"connected"}
    assert {event.location for event in office.topics.announced} == {HERE, THERE}


def test_r07_f37_connecting_after_a_disconnect_starts_afresh() -> None:
    office = Office()
    office.connect()
    office.disconnect()
    account = office.mailboxes.accounts[ANNS]
    account.deliver("Subject: in the gap\n\nx")
    office.clock.advance(days=1)

    office.connect(intent=Intent.RECONNECT)

    mailbox, connection = office.mailbox(), office.connection()
    assert mailbox.cursor == account.newest
    assert mailbox.links[HERE].connected_at == connection.connected_at == office.clock.now()
    assert mailbox.links[HERE].epoch == connection.epoch == 2
    assert mailbox.grant
    assert mailbox.grant.version == 2


def park(office: Office, *names: str) -> None:
    mailbox, now = id_of(ANNS), office.clock.now()
    for name in names:
        parked = Parked(mailbox, GmailId(name), "x", 1, now, now)
        office.store.commit([Put(keys.parked(mailbox, parked.gmail_id), parked)])


def parked(office: Office) -> int:
    return office.store.count(keys.PARKED, [Where("mailbox", "==", id_of(ANNS))])


def test_r07_what_was_parked_in_a_former_life_is_forgotten_with_its_count() -> None:
    office = Office()
    office.connect()
    park(office, *(f"m{number}" for number in range(205)))
    office.disconnect()
    office.clock.advance(days=1)

    office.connect(intent=Intent.RECONNECT)

    assert (parked(office), office.mailbox().tally.parked) == (0, 0)


def test_r07_what_is_parked_stays_where_the_mailbox_goes_on() -> None:
    office = Office()
    office.connect()
    park(office, "m1")

    office.connect(location=THERE)
    office.connect(intent=Intent.UPDATE)

    assert parked(office) == 1


def test_r07_reconnecting_with_another_account_is_refused_and_its_grant_given_back() -> None:
    office = Office()
    office.account(OTHER)
    office.connect()
    in_trouble(office)

    with pytest.raises(Rejected, match="different_mailbox"):
        office.connect(OTHER, intent=Intent.RECONNECT)

    assert office.grants.revoked == [OTHER]
    assert office.status().state == "reauth_required"


def test_r37_an_update_moves_the_connection_in_one_step_and_ends_the_old_mailbox() -> None:
    office = Office()
    office.account(OTHER)
    office.connect()
    office.clock.advance(hours=1)

    office.connect(OTHER, intent=Intent.UPDATE)

    connection = office.connection()
    assert (connection.mailbox, connection.epoch, connection.superseded) == (id_of(OTHER), 2, (id_of(ANNS),))
    assert office.mailbox(OTHER).links[HERE].connected_at == office.clock.now()
    old = office.mailbox()
    assert (old.links, old.grant, old.watch_expires_at) == ({}, None, None)
    assert office.grants.revoked == [ANNS]
    assert office.mailboxes.accounts[ANNS].calls["stop"] == 1
    assert office.internal(ANNS) == {}


def test_r37_an_update_to_an_alias_of_the_old_mailbox_keeps_it_internal() -> None:
    office = Office()
    office.account(OTHER)
    office.mailboxes.accounts[ANNS].more_aliases = (Alias(Address(OTHER)),)
    office.connect()

    office.connect(OTHER, intent=Intent.UPDATE)

    assert office.internal(OTHER) == {f"mailbox:{id_of(OTHER)}": OTHER}


def test_r37_a_failed_update_leaves_the_old_mailbox_working() -> None:
    office = Office()
    office.account(OTHER)
    office.connect()
    before = office.mailbox()

    def down(name: str, _: str) -> None:
        if name == "profile":
            raise Transient("gmail: 503")

    office.mailboxes.accounts[OTHER].fail = down
    back = office.consented(OTHER, intent=Intent.UPDATE)
    with pytest.raises(Transient):
        office.complete(back["connect_code"])

    assert office.mailbox() == before
    office.mailboxes.accounts[OTHER].fail = lambda _name, _what: None
    assert office.complete(back["connect_code"]).status.address == OTHER


def test_r37_an_update_to_the_same_account_keeps_its_place() -> None:
    office = Office()
    office.connect()
    since = office.connection()
    office.clock.advance(hours=1)

    office.connect(intent=Intent.UPDATE)

    assert office.connection() == since


def test_f34_a_watch_that_fails_is_no_fault_of_the_users() -> None:
    office = Office()

    def no_topic(name: str, _: str) -> None:
        if name == "watch":
            raise Transient("deployment: Gmail may not publish to the topic")

    office.mailboxes.accounts[ANNS].fail = no_topic

    completed = office.connect()

    assert completed.status.state == "connected"
    assert completed.problems == ("watch: deployment: Gmail may not publish to the topic",)
    assert office.mailbox().watch_expires_at == NO_WATCH
    assert office.mailbox().wake_at == office.clock.now()


def test_f34_a_watch_of_another_topic_is_stopped_first() -> None:
    office = Office()
    account = office.mailboxes.accounts[ANNS]

    def elsewhere(name: str, _: str) -> None:
        if name == "watch" and not account.calls["stop"]:
            raise Refused("watch_elsewhere", "Another topic has this mailbox's watch.")

    account.fail = elsewhere

    assert office.connect().problems == ()
    assert account.calls["watch"] == 2


def test_a_grant_that_died_before_it_was_used_connects_nothing() -> None:
    office = Office()
    back = office.consented()

    def lost(_name: str, _what: str) -> None:
        raise GrantLost(Remedy.RECONNECT, "invalid_grant")

    office.mailboxes.accounts[ANNS].fail = lost

    with pytest.raises(GrantLost):
        office.complete(back["connect_code"])

    assert office.status().state == "none"
    with pytest.raises(Rejected, match="code_expired"):
        office.complete(back["connect_code"])


def test_an_account_that_gmail_does_not_serve_is_refused_with_the_reason() -> None:
    office = Office()

    def refuse(_name: str, _what: str) -> None:
        raise Refused("notAGmailAccount", "no")

    office.mailboxes.accounts[ANNS].fail = refuse

    with pytest.raises(Rejected, match="notAGmailAccount"):
        office.connect()


def test_r54_what_was_sent_in_the_last_day_counts_against_the_limit() -> None:
    office = Office()
    account = office.mailboxes.accounts[ANNS]
    for _ in range(3):
        account.deliver("Subject: x\n\nx", labels=("SENT",))
    account.deliver("Subject: x\n\nx")
    account.deliver("Subject: x\n\nx", labels=("SENT",), at=office.clock.now() - timedelta(hours=25))

    status = office.connect().status

    assert status.sends
    assert (status.sends.limit, status.sends.left) == (500, 497)


def test_r02_r54_workspace_accounts_may_send_more() -> None:
    status = Office().connect(hosted_domain="shop.example").status

    assert status.sends
    assert status.sends.limit == 2_000


def test_f36_whoever_is_removed_while_they_connect_ends_up_disconnected() -> None:
    office = Office()
    code = office.consented()["connect_code"]
    raced: list[bool] = []

    def removed_meanwhile(_: Sequence[Write]) -> None:
        if not raced:
            raced.append(True)
            delete_user(
                HERE,
                ANN,
                by=ANN,
                store=office.store,
                google=office.google,
                topics=office.topics,
                patience=office.patience,
            )

    office.store.before_commit = removed_meanwhile

    with pytest.raises(Rejected, match="not_found"):
        office.complete(code)

    assert office.mailbox().links == {}
    assert office.mailbox().grant is None


def test_lost_topics_leave_the_connection_standing_and_due() -> None:
    office = Office()

    def refuse(_: str) -> None:
        raise Transient("topics: 503")

    office.topics.before_publish = refuse

    completed = office.connect()

    assert completed.problems == ("topics: topics: 503",)
    assert office.mailbox().wake_at == office.clock.now()


def test_r08_of_two_users_who_connect_one_mailbox_at_once_one_gets_it() -> None:
    office = Office()
    anns, bobs = office.consented()["connect_code"], office.consented(user=BOB)["connect_code"]
    raced: list[bool] = []

    def other_first(_: Sequence[Write]) -> None:
        if not raced:
            raced.append(True)
            office.complete(bobs, user=BOB)

    office.store.before_commit = other_first

    with pytest.raises(Rejected, match="mailbox_in_use"):
        office.complete(anns)

    assert office.mailbox().links[HERE].user == BOB
    assert office.grants.revoked == []
    assert office.status(user=BOB).state == "connected"


def test_t08_a_consent_whose_grant_was_moved_is_of_no_use() -> None:
    office = Office()
    first, second = office.consented()["connect_code"], office.consented()["connect_code"]
    paths = [f"pending_consents/{code.partition('.')[0]}" for code in (first, second)]
    office.store.documents[paths[0]][0]["grant"] = office.store.documents[paths[1]][0]["grant"]

    with pytest.raises(Rejected, match="code_expired"):
        office.complete(first)


def test_f21_a_newer_consent_keeps_its_own_watch() -> None:
    office = Office()
    later: list[object] = []

    def reconnected(name: str, _: str) -> None:
        if name == "watch":
            office.mailboxes.accounts[ANNS].fail = lambda _name, _what: None
            office.connect(intent=Intent.RECONNECT)
            later.append(office.mailbox().watch_expires_at)
            office.clock.advance(hours=-1)

    office.mailboxes.accounts[ANNS].fail = reconnected

    office.connect()

    assert [office.mailbox().watch_expires_at] == later
