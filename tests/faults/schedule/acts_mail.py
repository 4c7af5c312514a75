"""Mail that people write to each other in Gmail, and what the user does with it there."""

from dataclasses import replace

from hypothesis import strategies as st

from tests.faults.invariants import private
from tests.faults.schedule.acts_office import people
from tests.faults.schedule.cast import ACCOUNTS, BOBS, PEOPLE
from tests.faults.schedule.copies import Copy
from tests.faults.schedule.play import Play, act
from tests.rules.letters import Letter
from tests.unit.usecases.office import ANNS

FILE = {"Content-Disposition": 'attachment; filename="report.bin"'}
accounts = st.sampled_from([ANNS, ANNS, ANNS, *ACCOUNTS])
picks = st.integers(0, 3)
pushes = st.sampled_from(["now", "now", "now", "later", "lost"])


def _push(play: Play, pushed: str) -> None:
    if pushed == "now":
        play.plant.deliver()


def eligible(play: Play, sender: str, *to: str, **more: object) -> Letter:
    """A mail whose subject is like no other's."""
    name = play.name("m")
    plain = Letter(name, sender, to, subject=f"subject-{name}", thread=f"thread-{name}")
    return replace(plain, **more)  # type: ignore[arg-type]


def answering(old: Letter) -> dict[str, object]:
    """What a reply has of the mail that it answers."""
    return {"thread": old.thread, "answers": old.name}


def with_people(play: Play, account: str) -> list[Copy]:
    """Mail of the account in which somebody known is."""
    known = set(PEOPLE.values())
    return [one for one in play.expected.copies if one.account == account and known & _everybody(one.letter)]


def _everybody(letter: Letter) -> set[str]:
    return {letter.sender, *letter.to, *letter.cc}


@act(
    weight=5,
    who=people,
    inbox=accounts,
    shape=st.sampled_from(["plain", "plain", "file", "cc", "both", "spam", "second"]),
    pushed=pushes,
)
def contact_writes(play: Play, who: str, inbox: str, shape: str, pushed: str) -> None:
    """A mail of its own thread: with a file, with the user in Cc, to two users, into spam, from another address."""
    letter = eligible(play, PEOPLE[who], inbox)
    match shape:
        case "file":
            letter = replace(letter, headers=FILE)
        case "cc":
            letter = replace(letter, to=("somebody@else.example",), cc=(inbox,))
        case "both":
            letter = replace(letter, to=(ANNS, BOBS))
        case "spam":
            letter = replace(letter, labels=("SPAM", "UNREAD"))
        case "second":
            letter = replace(letter, sender=f"{who}@home.example")
    play.posts(letter, pushed=pushed != "lost")
    _push(play, pushed)


@act(weight=3, inbox=accounts, pick=picks, stranger=st.sampled_from([False, False, True]), pushed=pushes)
def contact_answers(play: Play, inbox: str, pick: int, stranger: bool, pushed: str) -> None:
    """A mail in a thread that is there, of somebody in it, or of somebody else with them in Cc."""
    old = play.pick(with_people(play, inbox), pick)
    if old is None:
        return
    who = min(set(PEOPLE.values()) & _everybody(old.letter))
    letter = eligible(play, who, inbox, **answering(old.letter))
    if stranger:
        letter = replace(letter, sender="joins@else.example", cc=(who,))
    play.posts(letter, pushed=pushed != "lost")
    _push(play, pushed)


@act(weight=2, inbox=accounts, pushed=pushes)
def stranger_writes(play: Play, inbox: str, pushed: str) -> None:
    play.posts(private(play.name("p"), inbox), pushed=pushed != "lost")
    _push(play, pushed)


@act(weight=2, outbox=accounts, who=st.sampled_from([*PEOPLE, ""]), pick=picks, reply=st.booleans(), pushed=pushes)
def user_writes(play: Play, outbox: str, who: str, pick: int, reply: bool, pushed: str) -> None:
    """From Gmail, to a contact or to somebody private."""
    old = play.pick([one for one in with_people(play, outbox) if PEOPLE.get(who) in _everybody(one.letter)], pick)
    if not who:
        name = play.name("p")
        letter = replace(private(name), sender=outbox, to=(f"canary-{name}@secret.example",))
    else:
        letter = eligible(play, outbox, PEOPLE[who], **(answering(old.letter) if old and reply else {}))
    play.posts(letter, pushed=pushed != "lost")
    _push(play, pushed)


@act(outbox=accounts, who=people, secret=st.booleans())
def user_saves_a_draft(play: Play, outbox: str, who: str, secret: bool) -> None:
    """One that is to be sent as it is, or that will be sent as another mail."""
    name = play.name("d")
    subject = f"canary-subject-{name}" if secret else f"subject-{name}"
    letter = Letter(name, outbox, (PEOPLE[who],), subject=subject, thread=f"thread-{name}", labels=("DRAFT",))
    if secret:
        letter = replace(letter, text=f"canary-body-{name}")
    play.posts(letter, pushed=True)
    play.drafts.append((outbox, play.plant.copies[name][outbox], letter))


@act(pick=picks, pushed=pushes, when=lambda play: bool(play.drafts))
def user_sends_a_draft(play: Play, pick: int, pushed: str) -> None:
    """The same mail with another label, or another mail in its place."""
    outbox, gmail_id, letter = play.drafts.pop(pick % len(play.drafts))
    copy = next(one for one in play.expected.copies if one.gmail_id == gmail_id and one.account == outbox)
    if letter.text.startswith("canary"):
        copy.odd = copy.fleeting = True
        if gmail_id in play.account(outbox).mails:
            play.plant.deletes(outbox, gmail_id)
        play.posts(eligible(play, outbox, *letter.to), pushed=pushed != "lost")
    elif gmail_id in play.account(outbox).mails:
        _relabel(play, copy, add=("SENT",), remove=("DRAFT",))
        play.plant.notifies(outbox)
    _push(play, pushed)


def _relabel(play: Play, copy: Copy, *, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> None:
    """Labels change; what they kept out is decided anew where they do no more."""
    play.account(copy.account).label(copy.gmail_id, add=add, remove=remove)
    fresh = bool({"SPAM", "TRASH"} & set(remove) or "SENT" in add)
    if fresh and not play.expected.known(copy):
        play.expected.reopened(copy)
    play.expected.look()


@act(pick=picks, to=st.sampled_from(["SPAM", "TRASH"]), pushed=pushes)
def user_moves_away(play: Play, pick: int, to: str, pushed: str) -> None:
    copy = play.pick([one for one in play.there() if "DRAFT" not in one.letter.labels], pick)
    if copy and to not in _labels(play, copy):
        _relabel(play, copy, add=(to,), remove=("INBOX",))
        play.plant.notifies(copy.account)
        _push(play, pushed)


@act(weight=2, pick=picks, pushed=pushes)
def user_rescues(play: Play, pick: int, pushed: str) -> None:
    """Out of spam or trash."""
    copy = play.pick([one for one in play.there() if {"SPAM", "TRASH"} & _labels(play, one)], pick)
    if copy:
        away = tuple(sorted({"SPAM", "TRASH"} & _labels(play, copy)))
        _relabel(play, copy, add=("INBOX",), remove=away)
        play.plant.notifies(copy.account)
        _push(play, pushed)


def _labels(play: Play, copy: Copy) -> set[str]:
    return set(play.account(copy.account).mails[copy.gmail_id].labels)


@act(weight=2, pick=picks, flag=st.sampled_from(["UNREAD", "STARRED"]), pushed=pushes)
def user_flags(play: Play, pick: int, flag: str, pushed: str) -> None:
    """Read or unread, with a star or without, in Gmail."""
    copy = play.pick(play.there(), pick)
    if copy:
        have = flag in _labels(play, copy)
        _relabel(play, copy, **{"remove" if have else "add": (flag,)})
        for key in [key for key in play.flags if key[0] == copy.letter.name]:
            read, starred = play.flags[key]
            play.flags[key] = (have, starred) if flag == "UNREAD" else (read, not have)
        play.plant.notifies(copy.account)
        _push(play, pushed)


@act(pick=picks)
def user_deletes(play: Play, pick: int) -> None:
    copy = play.pick(play.there(), pick)
    if copy:
        copy.odd = copy.fleeting = True
        play.plant.deletes(copy.account, copy.gmail_id)
        play.plant.notifies(copy.account)
