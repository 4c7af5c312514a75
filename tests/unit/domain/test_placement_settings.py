"""The order of decision under every setting of a policy."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.addresses import Address, address_key
from shared.domain.headers import Headers
from shared.domain.identifiers import ContactId, GmailId, LocationId, MessageId, ThreadId, UserId, created_contact_id
from shared.domain.location import AddressEntry, IndexedContact
from shared.domain.mail import Mail, read_mail
from shared.domain.mailbox import Link
from shared.domain.message import Authenticated, Message, Thread
from shared.domain.placement import ORDER, Placement, View, place, trace
from shared.domain.policy import CHOICES, PRESETS, Policy, chosen
from shared.errors import Rejected
from tests.unit.domain.test_placement import (
    ADA,
    BOB,
    CAROL,
    CONNECTED,
    ENTRIES,
    GRACE,
    HERE,
    LATER,
    STRANGER,
    contact,
    outcome,
    pinned,
    view,
)

THERE = LocationId("there")
FILED = LATER - timedelta(minutes=1)
NEW = created_contact_id(STRANGER)
SENT = "SENT"
FAILED = "mx.google.com; dmarc=fail (p=NONE) header.from=other.example"


def mail(sender: str, to: str = ADA, *, labels: str = "INBOX UNREAD", **headers: str) -> Mail:
    fields = [("From", sender), ("To", to), ("Subject", "Hello"), ("Message-ID", "<1@x.example>")]
    fields += [(name.replace("_", "-"), value) for name, value in headers.items()]
    return read_mail(
        gmail_id=GmailId("g"),
        thread_id=ThreadId("t"),
        labels=frozenset(labels.split()),
        internal_at=LATER,
        history_id=9,
        headers=Headers(tuple((name, value) for name, value in fields if value)),
    )


def under(preset: str = "known_contacts", settings: dict[str, object] | None = None, **changes: Any) -> View:
    return view(policy=chosen(preset, settings or {}), **changes)


def indexed(**changes: Any) -> dict[str, AddressEntry]:
    """The index with Bob's record changed."""
    record: IndexedContact = replace(contact(BOB), **changes)
    return {**ENTRIES, address_key(BOB): AddressEntry(contacts={ContactId("bob"): record})}


FROM_BOB, TO_BOB = mail(BOB), mail(ADA, BOB, labels=SENT)
FROM_STRANGER, TO_STRANGER = mail(STRANGER), mail(ADA, STRANGER, labels=SENT)


@pytest.mark.parametrize(
    ("preset", "from_bob", "to_bob", "from_stranger", "to_stranger"),
    [
        ("known_contacts", ("R12", "bob"), ("R13", "bob"), ("R23", None), ("R23", None)),
        ("populate_contacts", ("R12", "bob"), ("R13", "bob"), ("R12", NEW), ("R13", NEW)),
        ("assigned_contacts", ("R12", None), ("R13", "bob"), ("R23", None), ("R23", None)),
        ("crm_threads", ("R12", "bob"), ("R13", None), ("R23", None), ("R23", None)),
        ("crm_started", ("R12", None), ("R13", None), ("R23", None), ("R23", None)),
        ("privacy_first", ("R12", None), ("R13", None), ("R23", None), ("R23", None)),
    ],
)
def test_R12_R13_R23_what_each_preset_takes_in(
    preset: str, from_bob: object, to_bob: object, from_stranger: object, to_stranger: object
) -> None:
    mails = (FROM_BOB, TO_BOB, FROM_STRANGER, TO_STRANGER)
    assert [outcome(place(one, under(preset))) for one in mails] == [from_bob, to_bob, from_stranger, to_stranger]


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("one", [FROM_BOB, TO_BOB], ids=["received", "sent"])
def test_R11_under_every_preset_a_pinned_thread_goes_on(preset: str, one: Mail) -> None:
    assert outcome(place(one, under(preset, thread=pinned("bob", BOB)))) == ("R11", "bob")


def test_R13_gmail_begun_mail_syncs_where_only_inbound_mail_must_be_crm_started() -> None:
    assert outcome(place(TO_BOB, under(settings={"trigger": "crm_started"}))) == ("R13", "bob")
    assert outcome(place(FROM_BOB, under(settings={"trigger": "crm_started"}))) == ("R12", None)


def test_R12_an_assigned_contacts_mail_is_that_users() -> None:
    mine, anothers = indexed(assigned_to=UserId("ada")), indexed(assigned_to=UserId("grace"))
    assert outcome(place(FROM_BOB, under("assigned_contacts", entries=mine))) == ("R12", "bob")
    assert outcome(place(FROM_BOB, under("assigned_contacts", entries=anothers))) == ("R12", None)
    assert outcome(place(TO_BOB, under("assigned_contacts", entries=anothers))) == ("R13", "bob")


@pytest.mark.parametrize("preset", ["crm_threads", "crm_started", "privacy_first", "assigned_contacts"])
def test_R62_mail_with_a_contact_that_the_user_filed_syncs_both_ways_whatever_the_policy(preset: str) -> None:
    filed = under(preset, entries=indexed(filed_by={UserId("grace"): FILED, UserId("ada"): FILED}))
    assert place(FROM_BOB, filed).conversation == place(TO_BOB, filed).conversation == "bob"


def test_R62_is_the_rule_only_where_the_policy_would_not_have_allowed_it() -> None:
    filed = indexed(filed_by={UserId("ada"): FILED})
    assert outcome(place(FROM_BOB, under("crm_started", entries=filed))) == ("R62", "bob")
    assert outcome(place(TO_BOB, under("crm_started", entries=filed))) == ("R62", "bob")
    assert outcome(place(FROM_BOB, under(entries=filed))) == ("R12", "bob")
    assert outcome(place(TO_BOB, under(entries=filed))) == ("R13", "bob")


def test_R62_mail_from_before_the_filing_stays_out() -> None:
    filed = indexed(filed_by={UserId("ada"): LATER + timedelta(minutes=1)})
    assert outcome(place(FROM_BOB, under("crm_started", entries=filed))) == ("R12", None)
    assert outcome(place(TO_BOB, under("crm_started", entries=filed))) == ("R13", None)


def test_R62_what_another_user_filed_opens_nothing() -> None:
    theirs = indexed(filed_by={UserId("grace"): FILED})
    assert outcome(place(FROM_BOB, under("crm_started", entries=theirs))) == ("R12", None)


# who replies


@pytest.mark.parametrize(
    ("sender", "headers", "answer"),
    [
        (STRANGER, {"Cc": BOB}, ("R23", None)),
        (CAROL, {"Cc": BOB}, ("R11", "bob")),
        (GRACE, {"Cc": BOB}, ("R11", "bob")),
        (BOB, {"Cc": STRANGER}, ("R11", "bob")),
    ],
)
def test_R11_unknown_repliers_leave_out_wants_a_contact_or_a_colleague(
    sender: str, headers: dict[str, str], answer: object
) -> None:
    known = pinned("bob", BOB, STRANGER)
    assert outcome(place(mail(sender, **headers), under("crm_threads", thread=known))) == answer
    assert place(mail(sender, **headers), under(thread=known)).conversation == "bob"


def test_R11_the_user_may_go_on_from_whatever_address_gmail_sent_it() -> None:
    old_alias = mail("ada@old.example", BOB, labels=SENT)
    assert outcome(place(old_alias, under("crm_threads", thread=pinned("bob", BOB)))) == ("R11", "bob")


def test_R25_R33_a_mail_of_another_conversation_makes_nobody_known_in_the_thread() -> None:
    forward = mail(ADA, f"{CAROL}, {STRANGER}", labels=SENT)
    placed = place(forward, under(thread=pinned("bob", BOB)))
    assert (placed.conversation, placed.known) == ("carol", (address_key(BOB),))
    again = place(mail(ADA, f"{BOB}, {STRANGER}", labels=SENT), under(thread=pinned("bob", BOB)))
    assert (again.conversation, again.known) == ("bob", (address_key(BOB), address_key(STRANGER)))


# addresses


def secondary(created: Any = CONNECTED) -> dict[str, AddressEntry]:
    other = Address("bob@home.example")
    record = IndexedContact(address=other, primary=False, created_at=created)
    return {**ENTRIES, address_key(other): AddressEntry(contacts={ContactId("bob"): record})}


def test_R15_other_addresses_count_where_all_of_them_do() -> None:
    home = mail("bob@home.example")
    assert outcome(place(home, under(entries=secondary()))) == ("R23", None)
    assert outcome(place(home, under(settings={"contact_addresses": "all"}, entries=secondary()))) == ("R12", "bob")


def test_R15_R31_the_oldest_has_a_shared_address_be_it_the_first_or_another_of_its_addresses() -> None:
    older = contact(BOB, created=CONNECTED - timedelta(days=9), primary=False)
    shared = AddressEntry(contacts={ContactId("bob"): contact(BOB), ContactId("zoe"): older})
    entries = {**ENTRIES, address_key(BOB): shared}
    placed = place(FROM_BOB, under(settings={"contact_addresses": "all"}, entries=entries))
    assert (placed.conversation, placed.ambiguous) == ("zoe", ("bob",))
    assert place(FROM_BOB, under(entries=entries)).conversation == "bob"


# inside and outside


@pytest.mark.parametrize(
    "settings",
    [
        {"internal_domains": ["client.example"]},
        {"internal_domains": ["Client.Example."]},
        {"staff": ["bob@client.example"]},
        {"staff": ["bob+work@client.example"]},
    ],
)
def test_R21_R22_staff_and_internal_domains_are_nobodys_contacts(settings: dict[str, object]) -> None:
    assert outcome(place(FROM_BOB, under(settings=settings))) == ("R22", None)
    assert outcome(place(TO_BOB, under(settings=settings))) == ("R22", None)


def test_R22_subdomains_of_an_internal_domain_are_internal() -> None:
    policy: dict[str, object] = {"internal_domains": ["client.example"]}
    assert outcome(place(mail("x@eu.client.example"), under(settings=policy))) == ("R22", None)
    assert outcome(place(mail("x@notclient.example"), under(settings=policy))) == ("R23", None)


def test_R60_an_auto_bcc_address_is_nobody() -> None:
    drop = "k7x@in.crm.example"
    there = view(capture_domain="in.crm.example")
    assert outcome(place(mail(ADA, drop, labels=SENT), there)) == ("R22", None)
    populate = under("populate_contacts", capture_domain="in.crm.example")
    assert outcome(place(mail(ADA, f"{drop}, {STRANGER}", labels=SENT), populate)) == ("R13", NEW)
    placed = place(mail(BOB, f"{ADA}, {drop}"), there)
    assert placed.known == (address_key(BOB),)


# exclusions


@pytest.mark.parametrize(
    ("exclusion", "one"),
    [
        (BOB, FROM_BOB),
        (BOB, TO_BOB),
        ("client.example", FROM_BOB),
        ("BOB+news@client.example", FROM_BOB),
        ("example.org", mail(BOB, Cc="x@mail.example.org")),
        ("eve@other.example", mail(ADA, BOB, labels=SENT, Cc=STRANGER)),
        ("eve@other.example", mail(ADA, BOB, labels=SENT, Bcc=STRANGER)),
        ("eve@other.example", mail(BOB, f"{ADA}, {STRANGER}")),
        ("lawyer@gmail.com", mail(BOB, f"{ADA}, law.yer@googlemail.com")),
    ],
)
def test_R24_mail_with_an_excluded_person_anywhere_on_it_stays_out(exclusion: str, one: Mail) -> None:
    thread = pinned("bob", BOB)
    assert outcome(place(one, under(settings={"exclusions": [exclusion]}, thread=thread))) == ("R24", None)
    own = Link(UserId("ada"), CONNECTED, 1, exclusions=chosen("known_contacts", {"exclusions": [exclusion]}).exclusions)
    assert outcome(place(one, view(link=own, thread=thread))) == ("R24", None)
    assert place(one, view(thread=thread)).conversation == "bob"


@pytest.mark.parametrize(
    ("exclusion", "labels", "out"),
    [
        ("label:Private", {"private", "INBOX"}, True),
        ("label:private", {"Private/Doctors"}, True),
        ("label:Private/Doctors", {"Private"}, False),
        ("label:Private", {"Privately"}, False),
        ("label:CATEGORY_PROMOTIONS", {"CATEGORY_PROMOTIONS"}, True),
        ("label:Stra\u00dfe", {"STRASSE"}, True),
        ("label:Private", set(), False),
        ("private.example", {"private.example"}, False),
    ],
)
def test_R24_labels_are_compared_by_name_with_those_beneath_them(exclusion: str, labels: set[str], out: bool) -> None:
    placed = place(FROM_BOB, under(settings={"exclusions": [exclusion]}, labels=frozenset(labels)))
    assert outcome(placed) == (("R24", None) if out else ("R12", "bob"))


# several locations


@pytest.mark.parametrize(
    ("setting", "begun_in", "answer"),
    [
        ("mirror_until_reply", None, ("R42", None)),
        ("mirror_until_reply", THERE, ("R42", None)),
        ("mirror_always", None, ("R11", "bob")),
        ("mirror_always", THERE, ("R40", None)),
    ],
)
def test_R40_R42_mirror_always_goes_on_after_anothers_reply_but_not_in_what_its_crm_began(
    setting: str, begun_in: LocationId | None, answer: object
) -> None:
    thread = replace(pinned("bob", BOB), claimed_by=THERE, begun_in=begun_in)
    there = under(settings={"multi_location": setting}, thread=thread)
    assert outcome(place(FROM_BOB, there)) == outcome(place(TO_BOB, there)) == answer


def test_R42_the_claiming_location_goes_on() -> None:
    thread = replace(pinned("bob", BOB), claimed_by=HERE, begun_in=HERE)
    assert outcome(place(FROM_BOB, under(thread=thread))) == ("R11", "bob")


# references


def test_R32_references_only_where_they_are_wanted() -> None:
    both = mail(ADA, BOB, labels=SENT, Cc=CAROL)
    assert place(both, under()).references == ("carol",)
    assert place(both, under(settings={"reference_cc": False})).references == ()


# contacts that mail makes


def created(one: Mail, settings: dict[str, object], **changes: Any) -> Placement:
    return place(one, under(settings=settings, **changes))


@pytest.mark.parametrize(
    ("creation", "from_stranger", "to_stranger"),
    [
        ("auto_bcc", ("R23", None), ("R23", None)),
        ("never", ("R23", None), ("R23", None)),
        ("sent", ("R23", None), ("R13", NEW)),
        ("sent_and_received", ("R12", NEW), ("R13", NEW)),
    ],
)
def test_R23_whom_mail_makes_a_contact(creation: str, from_stranger: object, to_stranger: object) -> None:
    received, sent = (created(one, {"contact_creation": creation}) for one in (FROM_STRANGER, TO_STRANGER))
    assert (outcome(received), outcome(sent)) == (from_stranger, to_stranger)
    for placed in (received, sent):
        assert (placed.creates.address if placed.creates else None) == (STRANGER if placed.conversation else None)


EVERYBODY: dict[str, object] = {"contact_creation": "sent_and_received"}


def test_R32_the_first_outsider_in_to_becomes_the_contact_and_nobody_else() -> None:
    one = mail(ADA, f"{GRACE}, {STRANGER}, mia@other.example", labels=SENT, Cc="kim@other.example")
    placed = created(one, EVERYBODY)
    assert (placed.conversation, placed.references) == (NEW, ())
    assert placed.known == tuple(map(address_key, map(Address, (STRANGER, "mia@other.example", "kim@other.example"))))


@pytest.mark.parametrize(
    "one",
    [
        mail(ADA, "", labels=SENT, Cc=STRANGER),
        mail(ADA, GRACE, labels=SENT, Bcc=STRANGER),
        mail(ADA, STRANGER, labels=SENT, Precedence="bulk"),
        mail(ADA, "no-reply@other.example", labels=SENT),
        mail(STRANGER, List_Id="<news.other.example>"),
        mail(STRANGER, Auto_Submitted="auto-replied"),
        mail(STRANGER, Return_Path="<>"),
        mail(STRANGER, Authentication_Results=FAILED),
        mail("mailer-daemon@googlemail.com"),
        mail("calendar-noreply@other.example"),
        mail(GRACE, ADA, Cc=STRANGER),
    ],
)
def test_R32_R35_R57_no_contact_is_made_of_copies_machines_lists_or_forgeries(one: Mail) -> None:
    placed = created(one, EVERYBODY)
    assert (placed.conversation, placed.creates) == (None, None)


@pytest.mark.parametrize("one", [FROM_STRANGER, TO_STRANGER], ids=["received", "sent"])
def test_R12_no_second_contact_is_made_for_an_address_whose_contact_is_younger(one: Mail) -> None:
    younger = AddressEntry(contacts={ContactId("eve"): contact(STRANGER, created=LATER + timedelta(hours=1))})
    placed = created(one, EVERYBODY, entries={**ENTRIES, address_key(STRANGER): younger})
    assert (outcome(placed), placed.creates) == (("R12", None), None)


@pytest.mark.parametrize("one", [FROM_STRANGER, TO_STRANGER], ids=["received", "sent"])
def test_R15_no_contact_is_made_of_another_ones_second_address(one: Mail) -> None:
    other = AddressEntry(contacts={ContactId("eve"): contact(STRANGER, primary=False)})
    placed = created(one, EVERYBODY, entries={**ENTRIES, address_key(STRANGER): other})
    assert (outcome(placed), placed.creates) == (("R23", None), None)


def test_R30_no_contact_is_made_where_somebody_on_the_mail_is_one() -> None:
    placed = created(mail(ADA, STRANGER, labels=SENT, Cc=BOB), EVERYBODY)
    assert (outcome(placed), placed.creates) == (("R13", "bob"), None)


def test_R12_sent_mail_from_before_its_readers_contact_says_so() -> None:
    young = indexed(created_at=LATER + timedelta(hours=1))
    assert outcome(place(TO_BOB, view(entries=young))) == ("R12", None)


def test_R35_the_forgery_among_them_is_one() -> None:
    assert mail(STRANGER, Authentication_Results=FAILED).authenticated is Authenticated.FAIL


def test_R35_a_failed_sender_is_placed_where_it_claims_to_belong() -> None:
    forged = mail(BOB, Authentication_Results="mx.google.com; dmarc=fail (p=NONE) header.from=client.example")
    assert outcome(place(forged, under("populate_contacts"))) == ("R12", "bob")


# delivery reports

REPORTED = Message(MessageId("sent"))


@pytest.mark.parametrize(
    ("one", "answer"),
    [
        (mail("mailer-daemon@googlemail.com"), ("R57", None)),
        (mail("postmaster@other.example"), ("R57", None)),
        (mail("mailer-daemon@agency.example"), ("R57", None)),
        (FROM_STRANGER, ("R57", None)),
        (FROM_BOB, ("R12", "bob")),
        (TO_STRANGER, ("R23", None)),
        (mail("Grace@agency.example"), ("R22", None)),
    ],
)
def test_R57_a_report_about_our_mail_marks_that_and_is_not_kept(one: Mail, answer: object) -> None:
    settings: dict[str, object] = {"internal_domains": ["agency.example"]}
    thread = pinned("carol", CAROL)
    assert outcome(place(one, under(settings=settings, reported=REPORTED, thread=thread))) == answer
    assert place(one, under(settings=settings, thread=thread)).rule != "R57"


# traces


@pytest.mark.parametrize(
    ("one", "there", "rules"),
    [
        (mail(BOB, labels="SPAM"), view(), "R10 R19"),
        (mail(""), view(), "R10 R19 R05 R35"),
        (FROM_BOB, under(settings={"exclusions": [BOB]}), "R10 R19 R05 R35 R24"),
        (mail(GRACE), view(), "R10 R19 R05 R35 R24 R22"),
        (FROM_BOB, view(thread=pinned("bob", BOB)), "R10 R19 R05 R35 R24 R22 R42 R11"),
        (TO_BOB, view(), "R10 R19 R05 R35 R24 R22 R42 R11 R13"),
        (FROM_BOB, view(), "R10 R19 R05 R35 R24 R22 R42 R11 R13 R12"),
        (
            FROM_BOB,
            under("crm_started", entries=indexed(filed_by={UserId("ada"): FILED})),
            "R10 R19 R05 R35 R24 R22 R42 R11 R13 R12 R62",
        ),
        (FROM_STRANGER, view(reported=REPORTED), "R10 R19 R05 R35 R24 R22 R42 R11 R13 R12 R57"),
    ],
)
def test_R70_the_trace_has_every_rule_that_was_asked_in_its_order(one: Mail, there: View, rules: str) -> None:
    *passed, decided = place(one, there).trace
    assert [step.rule for step in (*passed, decided)] == rules.split()
    assert {step.outcome for step in passed} <= {"passed"}
    assert decided.outcome == "decided"


def test_R70_a_rule_alone_gives_the_same_trace() -> None:
    for one in (FROM_BOB, TO_BOB, mail(GRACE), mail(BOB, labels="SPAM")):
        placed = place(one, view())
        assert trace(placed.rule) == placed.trace
    assert [step.rule for step in trace("R71")] == ["R71"]
    assert trace("") == ()


# whatever the policy


SETTINGS = st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in CHOICES.items()})
SENDERS = st.sampled_from(["", ADA, GRACE, BOB, CAROL, STRANGER, "mailer-daemon@x.example", "a@b.c, d@e.f"])
READERS = st.lists(st.sampled_from([ADA, GRACE, BOB, CAROL, STRANGER, "Kim <kim@other.example>"]), max_size=4)
LABELS = st.sampled_from(["INBOX", "SENT", "INBOX SENT", "SPAM", "DRAFT SENT"])
THREADS = st.sampled_from(
    [
        None,
        pinned("bob", BOB),
        pinned("bob", BOB, STRANGER),
        Thread(ThreadId("t"), claimed_by=THERE),
        replace(pinned("carol", CAROL), claimed_by=THERE, begun_in=THERE),
    ]
)


@given(SETTINGS, SENDERS, READERS, READERS, LABELS, THREADS)
def test_R23_whatever_the_policy_nothing_is_taken_in_that_a_rule_keeps_out(
    settings: dict[str, object], sender: str, to: list[str], cc: list[str], labels: str, thread: Thread | None
) -> None:
    try:
        policy = chosen("known_contacts", settings)
    except Rejected:
        policy = Policy()
    one = mail(sender, ", ".join(to), labels=labels, Cc=", ".join(cc))
    placed = place(one, view(policy=policy, thread=thread))
    assert placed.trace[-1] == trace(placed.rule)[-1]
    assert [step.outcome for step in placed.trace] == ["passed"] * (len(placed.trace) - 1) + ["decided"]
    assert {step.rule for step in placed.trace} <= {*ORDER, "R40"}
    if placed.conversation is None:
        return
    outside = {person.address for person in one.people} - {ADA, GRACE}
    assert outside
    assert one.sender is not None
    assert not one.labels & {"SPAM", "DRAFT"}
    assert placed.rule in {"R11", "R12", "R13"}
    assert bool(placed.creates) == (placed.conversation not in {"bob", "carol"})
    assert placed.conversation not in placed.references
    if placed.creates:
        assert policy.contact_creation in {"sent", "sent_and_received"}
        assert placed.creates.address in {person.address for person in (one.sender, *one.to)}
        assert not outside & {BOB, CAROL} or not one.outbound
