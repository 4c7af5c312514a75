"""What the CRM sends, and what becomes of it on the way."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from shared.domain.identifiers import LocationId, UserId
from shared.domain.message import Message, Status
from shared.domain.session import Role
from tests.faults.schedule.acts_mail import picks, pushes
from tests.faults.schedule.acts_office import people, places
from tests.faults.schedule.cast import PEOPLE, SEATS, Sent
from tests.faults.schedule.play import Play, act
from tests.rules import oracle
from tests.sandbox.provider_faults import ProviderFault
from tests.unit.usecases.office import BOB, id_of

WAITS = {"not_connected", "reauth_required", "thread_claimed", "daily_limit_reached", "no_contact"}
"""Refusals that the company's state explains."""
seats = st.sampled_from([*SEATS, SEATS[0], SEATS[0]])


@act(
    weight=4,
    seat=seats,
    who=people,
    shape=st.sampled_from(["plain", "file", "answer", "answer"]),
    pick=picks,
    pushed=pushes,
)
def crm_sends(play: Play, seat: tuple[LocationId, UserId], who: str, shape: str, pick: int, pushed: str) -> None:
    """An individual mail: new, with a file, or in answer to one that is in a conversation."""
    at, user = seat
    name, account = play.name("s"), play.connected(at, user)
    mail: dict[str, Any] = {"to": [{"address": PEOPLE[who]}], "subject": f"sent-{name}", "text": "Take it."}
    answered = _answerable(play, at, PEOPLE[who], pick) if shape == "answer" else None
    if answered:
        play.answered.add(f"{answered.id}-{at}")
        mail |= {"reply_to": answered.id, "subject": f"Re: {answered.subject}"}
    file = b"a file" if shape == "file" else None
    play.expected.unsettle()
    answer = _asked(play, f"key-{name}", mail, at, user, file)
    if answer.status_code == 202:
        play.keys_used.append((f"key-{name}", mail, at, user, file))
        _accepted(play, msgspec.json.decode(answer.get_data()), mail, at, user, account, answered)
    else:
        _explained(play, answer, at, user)
    if pushed == "now":
        play.plant.deliver()


def _answerable(play: Play, at: LocationId, person: str, pick: int) -> Message | None:
    """A stored mail with that person which was not answered from here yet: each answer's subject is its own."""
    found = [
        one
        for one in play.plant.messages(at)
        if one.subject.startswith("subject-")
        and f"{one.id}-{at}" not in play.answered
        and not any(f"{one.subject}" == sent.subject.removeprefix("Re: ") for sent in play.sent.values())
        and person in {str(one.sender.address) if one.sender else "", *(str(to.address) for to in one.to)}
    ]
    found.sort(key=lambda one: (one.at or play.plant.clock.now(), one.id))
    return found[-1 - pick % len(found)] if found else None


def _asked(
    play: Play, key: str, mail: dict[str, Any], at: LocationId, user: UserId, file: bytes | None, role: Role = Role.USER
) -> Any:
    files = [file] if file else []
    return play.plant.asks_to_send_mail(key, mail, *files, user=user, location=at, role=role)


def _accepted(
    play: Play,
    told: dict[str, Any],
    mail: dict[str, Any],
    at: LocationId,
    user: UserId,
    account: str | None,
    answered: Message | None,
) -> None:
    play.counts["accepted"] += 1
    name = str(told["id"])
    if account is None:
        play.plant.runs[name] = tuple(one["address"] for one in mail["to"])
        play.provided.append((at, mail["subject"]))
        return
    play.plant.sends[name] = mail["subject"]
    source = answered.sources.get(id_of(account)) if answered else None
    thread = str(source.thread_id) if source else ""
    parent = (answered.message_id or "").strip("<>").partition("@")[0] if answered else None
    to = mail["to"][0]["address"]
    play.sent[name] = Sent(name, mail["subject"], at, user, to, account, told["conversation"], thread, parent)
    if thread:
        known = oracle.thread_of(play.expected.world, account, thread)
        if known["claimed_by"] not in {None, at}:
            play.expected.unsure_threads.add((account, thread))
        known["claimed_by"] = at
        play.expected.look()


def _explained(play: Play, answer: Any, at: LocationId, user: UserId) -> None:
    """Only what the state of the company explains is refused."""
    code = msgspec.json.decode(answer.get_data())["error"]["code"]
    policy = play.expected.world["locations"][at]["policy"]
    limit = WAITS if policy.get("daily_limit") else WAITS - {"daily_limit_reached"}
    limit = {*limit, "not_found"} if user in play.absent else limit
    assert code in limit, (answer.status_code, code)
    play.counts[f"refused {code}"] += 1


@act(pick=picks, when=lambda play: bool(play.keys_used))
def crm_repeats(play: Play, pick: int) -> None:
    """The same mail under the same key: the same answer, and nothing else happens."""
    key, mail, at, user, file = play.keys_used[-1 - pick % len(play.keys_used)]
    answer = _asked(play, key, mail, at, user, file)
    assert answer.status_code == 202, answer.get_data(as_text=True)
    known = {*play.plant.sends, *play.plant.runs}
    assert msgspec.json.decode(answer.get_data())["id"] in known


@act(at=places, three=st.booleans(), pushed=pushes)
def crm_sends_to_many(play: Play, at: LocationId, three: bool, pushed: str) -> None:
    """A bulk mail by the provider."""
    name = play.name("b")
    to = [*PEOPLE.values(), "nobody@customer.example"][: 4 if three else 2]
    mail = {"kind": "bulk", "to": [{"address": one} for one in to], "subject": f"sent-{name}", "text": "News."}
    answer = _asked(play, f"key-{name}", mail, at, BOB, None, Role.SERVICE)
    if answer.status_code == 202:
        play.counts["bulk"] += 1
        accepted = str(msgspec.json.decode(answer.get_data())["id"])
        play.plant.runs[accepted] = tuple(to)
        play.keys_used.append((f"key-{name}", mail, at, BOB, None))
    else:
        _explained(play, answer, at, BOB)
    if pushed == "now":
        play.plant.deliver()


FAULTS = (
    {"at": "mail", "status": 451},
    {"at": "rcpt", "status": 450, "recipient": PEOPLE["carl"]},
    {"at": "rcpt", "status": 550, "recipient": PEOPLE["dora"]},
    {"at": "end", "drop": "before"},
    {"at": "end", "drop": "after"},
    {"at": "end", "status": 452},
)


@act(fault=st.sampled_from(FAULTS))
def provider_is_in_trouble(play: Play, fault: dict[str, Any]) -> None:
    play.plant.durable.provider.faults.append(ProviderFault(**fault, times=1))


@act(weight=2, pick=picks, when=lambda play: bool(play.plant.sends))
def user_tries_again(play: Play, pick: int) -> None:
    """A mail that failed; or one of unknown fate, of which the user says what is in their Sent folder."""
    waiting = [
        (sent, message.status)
        for sent in play.sent.values()
        if (message := play.plant.sent_message(sent.id)) and message.status in {Status.FAILED, Status.UNKNOWN}
    ]
    if not waiting:
        return
    sent, status = waiting[-1 - pick % len(waiting)]
    out = any(f"Subject: {sent.subject}\n" in one.raw.replace("\r", "") for one in play.plant.ever_sent(sent.account))
    if sent.thread:
        play.expected.unsure_threads.add((sent.account, sent.thread))
    body = {"was_sent": out} if status is Status.UNKNOWN else {}
    path = f"/messages/{sent.id}/retry"
    answer = play.plant.insist("send_email", "POST", path, body, user=sent.user, location=sent.at)
    codes = {202} if out else {202, 409, 429}
    assert answer.status_code in {*codes, 409}, answer.get_data(as_text=True)
    now = play.connected(sent.at, sent.user)
    if answer.status_code == 202 and now and not out:
        sent.account, sent.thread = now, sent.thread if now == sent.account else ""
    play.counts["retried"] += answer.status_code == 202
