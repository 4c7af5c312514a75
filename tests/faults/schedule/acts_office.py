"""What users and the CRM's backend do: connect, disconnect, keep contacts, change the policy."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from shared.domain.identifiers import LocationId, UserId
from shared.domain.session import Role
from tests.faults.schedule.cast import BOBS, NEWS, PEOPLE, SEATS
from tests.faults.schedule.play import Play, act
from tests.rules import oracle
from tests.unit.usecases.office import ANN, ANNS, BOB, HERE, THERE

POLICIES: dict[str, tuple[str, dict[str, Any]]] = {
    "first": ("known_contacts", {}),
    "assigned": ("assigned_contacts", {}),
    "threads": ("crm_threads", {}),
    "exclusion": ("known_contacts", {"exclusions": [PEOPLE["eve"]]}),
    "mirror": ("known_contacts", {"multi_location": "mirror_always"}),
    "limit": ("known_contacts", {"daily_limit": 3}),
}
seats = st.sampled_from([*SEATS, SEATS[0]])
places = st.sampled_from([HERE, THERE])
people = st.sampled_from(list(PEOPLE))


def _own(user: UserId, other: bool) -> str:
    return BOBS if user == BOB else NEWS if other else ANNS


@act(weight=3, changes=True, seat=seats, other=st.sampled_from([False, False, False, True]))
def connects(play: Play, seat: tuple[LocationId, UserId], other: bool) -> None:
    """A user connects, connects again, or goes over to another account, which takes them a moment."""
    at, user = seat
    play.plant.clock.advance(seconds=1)
    email, now = _own(user, other), play.connected(at, user)
    intent = "connect" if now is None else "reconnect" if now == email else "update"
    for _ in range(3):
        if play.plant._went_through(email, user, at, intent):
            assert play.connected(at, user) == email
            play.counts["connected"] += 1
            return
        play.plant.clock.advance(seconds=20)


@act(changes=True, seat=seats, when=lambda play: any(play.shown.values()))
def disconnects(play: Play, seat: tuple[LocationId, UserId]) -> None:
    at, user = seat
    answer = play.plant.insist("connections", "DELETE", "/connection", user=user, location=at)
    assert answer.status_code in {200, 404}, answer.get_data(as_text=True)
    assert play.connected(at, user) is None


@act(changes=True, gone=st.booleans())
def bob_leaves(play: Play, gone: bool) -> None:
    """Bob is removed from the location, or comes there again."""
    kept = play.plant.insist("records", "DELETE", "/users/bob", role=Role.SERVICE)
    assert kept.status_code == 204
    assert play.connected(HERE, BOB) is None
    play.absent.add(BOB)
    if not gone:
        body = {"email": "bob@crm.example", "name": "Bob"}
        assert play.plant.insist("records", "PUT", "/users/bob", body, role=Role.SERVICE).status_code in {200, 201}
        play.absent.discard(BOB)


@act(changes=True, at=places, who=people)
def contact_is_put(play: Play, at: LocationId, who: str) -> None:
    """A contact as it was, or anew."""
    card = play.expected.contact(at, PEOPLE[who])
    name = card["id"] if card else play.name(f"{who}-")
    body = {"email": PEOPLE[who], "assigned_to": card["assigned"] if card else None}
    _put(play, at, name, body)
    play.knows(at, name, who)


@act(changes=True, at=places, who=people)
def contact_is_merged(play: Play, at: LocationId, who: str) -> None:
    """Another contact of the same address takes this one's place."""
    card = play.expected.contact(at, PEOPLE[who])
    if card is None:
        return
    name = play.name(f"{who}-")
    _put(play, at, name, {"email": PEOPLE[who], "replaces": card["id"], "assigned_to": card["assigned"]})
    location = play.expected.world["locations"][at]
    location["contacts"] = [one for one in location["contacts"] if one["id"] != card["id"]]
    play.expected.merged(at, card["id"], name)
    play.knows(at, name, who)


@act(changes=True, at=places, who=people)
def contact_is_deleted(play: Play, at: LocationId, who: str) -> None:
    card = play.expected.contact(at, PEOPLE[who])
    if card is None:
        return
    answer = play.plant.insist("records", "DELETE", f"/contacts/{card['id']}", location=at, role=Role.SERVICE)
    assert answer.status_code == 204
    location = play.expected.world["locations"][at]
    location["contacts"] = [one for one in location["contacts"] if one["id"] != card["id"]]


@act(changes=True, at=places, who=people, user=st.sampled_from([None, ANN, BOB]))
def contact_is_assigned(play: Play, at: LocationId, who: str, user: UserId | None) -> None:
    card = play.expected.contact(at, PEOPLE[who])
    if card:
        _put(play, at, card["id"], {"email": PEOPLE[who], "assigned_to": user})
        play.knows(at, card["id"], who)


@act(changes=True, at=places, chosen=st.sampled_from([*POLICIES, "first", "first"]))
def policy_changes(play: Play, at: LocationId, chosen: str) -> None:
    preset, settings = POLICIES[chosen]
    body = {"name": "Office", "preset": preset, "policy": settings}
    assert play.plant.insist("records", "PUT", "", body, location=at, role=Role.SERVICE).status_code == 200
    policy = oracle.FIRST_VALUES | oracle.PRESETS[preset] | settings
    play.expected.world["locations"][at]["policy"] = policy


def _put(play: Play, at: LocationId, name: str, body: dict[str, Any]) -> None:
    answer = play.plant.insist("records", "PUT", f"/contacts/{name}", body, location=at, role=Role.SERVICE)
    assert answer.status_code in {200, 201}, msgspec.json.decode(answer.get_data())
