"""What holds for any mail in any order under any policy, tried on drawn companies, the same ones each time."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.rules.company import PRESETS, Company
from tests.rules.letters import BEGIN, Letter
from tests.rules.situations import CARL, CREW, DORA, EVE, SALES
from tests.unit.usecases.office import ANN, ANNS, BOB, HERE, THERE

FIXED = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=80,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
BOBS = "bob@agency.example"
FAY = "fay@elsewhere.example"
OUTSIDE = (CARL, DORA, EVE, FAY)
INSIDE = (ANNS, BOBS, SALES, CREW, "bob@crm.example", "amy@office.example")
EXTRA = ("extra1@copies.example", "extra2@copies.example")
BEFORE_THE_THREAD = ("R19", "R05", "R35", "R24")
POLICY: dict[str, Any] = {
    "internal_domains": ["office.example"],
    "staff": [CREW],
    "exclusions": ["lawyer@secret.example", "label:Private"],
}


@dataclass(frozen=True)
class Drawn:
    """A policy, and the mails that come under it."""

    preset: str
    policy: dict[str, Any]
    letters: tuple[Letter, ...]


def fits(policy: dict[str, Any]) -> bool:
    """Whether the settings do not contradict each other."""
    creates = policy["contact_creation"]
    if creates in {"sent", "sent_and_received"} and policy["gmail_outbound"] == "thread_only":
        return False
    return creates != "sent_and_received" or (policy["trigger"] == "known_contact" and not policy["require_assignment"])


POLICIES = st.fixed_dictionaries(
    {
        "trigger": st.sampled_from(["known_contact", "crm_started"]),
        "require_assignment": st.booleans(),
        "gmail_outbound": st.sampled_from(["known_contact", "thread_only"]),
        "contact_creation": st.sampled_from(["auto_bcc", "sent", "sent_and_received", "never"]),
        "contact_addresses": st.sampled_from(["primary", "all"]),
        "multi_location": st.sampled_from(["mirror_until_reply", "mirror_always"]),
        "unknown_repliers": st.sampled_from(["sync", "leave_out"]),
        "reference_cc": st.booleans(),
    }
).filter(fits)


@st.composite
def drawn_letters(draw: st.DrawFn, people: Sequence[str], *, threads: bool = True, most: int = 8) -> tuple[Letter, ...]:
    """Mails a minute apart; answers name an earlier one, in its thread or under another subject."""
    letters: list[Letter] = []
    some = st.lists(st.sampled_from(people), max_size=2, unique=True)
    for number in range(draw(st.integers(1, most))):
        old = draw(st.sampled_from(letters)) if threads and letters and draw(st.booleans()) else None
        own_thread = old is None or draw(st.integers(0, 3)) == 0
        name = f"mail-{number}"
        letters.append(
            Letter(
                name,
                draw(st.sampled_from(people)),
                tuple(draw(some)) or (draw(st.sampled_from(people)),),
                tuple(draw(some)),
                tuple(draw(some)),
                thread=name if old is None or own_thread else old.thread,
                answers=old.name if old else "",
                labels=draw(st.sampled_from([(), (), (), (), ("SPAM",), ("INBOX", "Label_1")])),
                forged=draw(st.integers(0, 9)) == 0,
                headers=draw(st.sampled_from([{}, {}, {}, {"Auto-Submitted": "auto-replied"}, {"List-Id": "<n>"}])),
                at=BEGIN + timedelta(minutes=number + 1),
            )
        )
    return tuple(letters)


@st.composite
def companies(draw: st.DrawFn, people: Sequence[str] = OUTSIDE + INSIDE, *, threads: bool = True) -> Drawn:
    return Drawn(draw(st.sampled_from(PRESETS)), draw(POLICIES), draw(drawn_letters(people, threads=threads)))


def build(drawn: Drawn) -> Company:
    """Ann in both locations, Bob in one; Carl and Dora are contacts, Dora is Ann's."""
    made = Company(drawn.preset, connected=False, **POLICY)
    made.alias(SALES)
    made.account(BOBS)
    for account in made.mailboxes.accounts.values():
        account.own_labels["Label_1"] = "Private"
    made.policy("known_contacts", HERE, **{**POLICY, **drawn.policy})
    made.policy(drawn.preset, THERE, **POLICY)
    made.connect()
    made.connect(location=THERE)
    made.connect(BOBS, user=BOB)
    for place in (HERE, THERE):
        made.contact(f"carl-{place}", CARL, place, created_at=BEGIN, others=[FAY] if place == HERE else [])
        made.contact(f"dora-{place}", DORA, place, created_at=BEGIN, assigned_to=ANN)
        made.contact(f"crew-{place}", CREW, place, created_at=BEGIN, assigned_to=ANN)
    return made


def played(drawn: Drawn, order: Sequence[int] | None = None) -> Company:
    made = build(drawn)
    for at in order if order is not None else range(len(drawn.letters)):
        made.post(drawn.letters[at])
    return made


def fates(made: Company, letter: Letter) -> dict[tuple[str, str], str]:
    """By location and mailbox; contacts that a mail has made go by their address."""
    found: dict[tuple[str, str], str] = {}
    for place in (HERE, THERE):
        names = {name: contact.email for name, contact in made.contacts(place).items()}
        for account in made.copies[letter.name]:
            conversation, _, rule = made.fate(letter, place, account).partition(" by ")
            found[place, account] = f"{names.get(conversation, conversation)} by {rule}"  # type: ignore[call-overload]
    return found


@FIXED
@given(companies())
def test_R20_R30_a_mail_is_never_in_two_conversations_of_a_location(drawn: Drawn) -> None:
    made = played(drawn)

    for place in (HERE, THERE):
        counted = Counter(one.message_id for one in made.messages(place))
        assert set(counted.values()) <= {1}, counted


@FIXED
@given(companies(threads=False), st.randoms(use_true_random=False))
def test_R12_R13_R20_the_order_of_arrival_means_nothing_for_mail_of_different_threads(drawn: Drawn, draw: Any) -> None:
    order = list(range(len(drawn.letters)))
    draw.shuffle(order)

    first, second = played(drawn), played(drawn, order)

    for letter in drawn.letters:
        assert fates(first, letter) == fates(second, letter), letter


@FIXED
@given(companies(), st.randoms(use_true_random=False))
def test_R19_R22_R24_R30_R35_R41_R42_the_order_of_arrival_changes_only_what_hangs_together(
    drawn: Drawn, draw: Any
) -> None:
    """A mail that shares its thread with no other and neither answers nor is answered has one fate in every order.

    For the others only their thread may make a difference (R11, R30): what is decided before it is looked at stays.
    Under `contact_creation` a thread can decide who becomes a contact, so there only the second half holds.
    """
    order = list(range(len(drawn.letters)))
    draw.shuffle(order)
    together = Counter(one.thread for one in drawn.letters) + Counter(
        name for one in drawn.letters if one.answers for name in (one.thread, one.answers)
    )
    creates = any("sent" in place for place in (drawn.policy["contact_creation"], drawn.preset)) or (
        drawn.preset == "populate_contacts"
    )

    first, second = played(drawn), played(drawn, order)

    for letter in drawn.letters:
        one, two = fates(first, letter), fates(second, letter)
        alone = together[letter.thread] == 1 and together[letter.name] == 1
        for key in one:
            early = any(one[key] == f"out by {rule}" for rule in BEFORE_THE_THREAD)
            if (alone and not creates) or early:
                assert two[key] == one[key], (letter, key)


@FIXED
@given(companies(), st.data())
def test_R32_being_in_copy_makes_nobody_a_contact(drawn: Drawn, data: st.DataObject) -> None:
    fuller = tuple(
        replace(one, cc=(*one.cc, *data.draw(st.sampled_from([(), EXTRA[:1], EXTRA])))) for one in drawn.letters
    )

    made = played(replace(drawn, letters=fuller))

    addressed = {address for one in fuller for address in (one.sender, *one.to)}
    for place in (HERE, THERE):
        created = {one.email for one in made.contacts(place).values()} - {CARL, DORA, CREW}
        assert not created & set(EXTRA)
        assert created <= addressed


@FIXED
@given(companies(INSIDE))
def test_R22_mail_among_internal_people_is_never_stored(drawn: Drawn) -> None:
    made = played(drawn)

    assert made.messages(HERE) == []
    assert not made.bodies_asked(BOBS)


@FIXED
@given(companies())
def test_R23_the_body_of_a_mail_that_is_left_out_is_never_asked_for(drawn: Drawn) -> None:
    made = played(drawn)

    for account in (ANNS, BOBS):
        stored = {
            copies[account]
            for letter in drawn.letters
            if account in (copies := made.copies[letter.name])
            and any(made.found(copies[account], place, account) for place in (HERE, THERE))
        }
        assert made.bodies_asked(account) <= stored


@FIXED
@given(companies(), st.integers(1, 8))
def test_R18_R20_reading_the_same_history_again_changes_nothing(drawn: Drawn, since: int) -> None:
    """Every notification twice, and late: a message, its conversation and its counts are what they were."""
    made = played(drawn)
    before = {place: made.messages(place) for place in (HERE, THERE)}

    for _ in range(2):
        made.sync()
        made.drain(since)

    assert {place: made.messages(place) for place in (HERE, THERE)} == before
