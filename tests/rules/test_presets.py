"""Preset by situation: into whose conversation a mail goes and by which rule, or by which rule it stays out."""

from datetime import timedelta
from typing import NamedTuple

import pytest

from shared.domain.identifiers import UserId
from tests.rules.company import PRESETS
from tests.rules.letters import BEGIN, Letter
from tests.rules.situations import (
    BOBS,
    CARL,
    CREW,
    DORA,
    EVE,
    SALES,
    Situation,
    after,
    answer,
    company,
    plain,
)
from tests.unit.usecases.office import ANN, ANNS, BOB


class Row(NamedTuple):
    """A situation, and the fate of its mail by preset, in the order of `PRESETS`."""

    what: str
    happens: Situation
    fates: tuple[str, ...]
    assigned_to: UserId | None = None


def row(what: str, happens: Situation, *fates: str, assigned_to: UserId | None = None) -> Row:
    return Row(what, happens, fates, assigned_to)


def every(what: str, happens: Situation, fate: str) -> Row:
    """The same under all of them."""
    return Row(what, happens, (fate,) * len(PRESETS))


IN, OUT, NOBODY = "carl by R12", "out by R12", "out by R23"
QUESTION = Letter("first", CARL, (ANNS,), subject="A question", thread="t")
SENT = Letter("first", ANNS, (CARL,), subject="A plan", thread="t")

TABLE = [
    # a contact writes
    row("a contact writes", plain(CARL), IN, IN, OUT, IN, OUT, OUT),
    row("an assigned contact writes", plain(CARL), IN, IN, IN, IN, OUT, OUT, assigned_to=ANN),
    row("a colleague's contact writes", plain(CARL), IN, IN, OUT, IN, OUT, OUT, assigned_to=BOB),
    row("a contact writes to others, Ann in Cc", plain(CARL, EVE, cc=(ANNS,)), IN, IN, OUT, IN, OUT, OUT),
    row("a contact writes to others, Ann in Bcc", plain(CARL, EVE, bcc=(ANNS,)), IN, IN, OUT, IN, OUT, OUT),
    row("a contact writes to Ann's alias", plain(CARL, SALES), IN, IN, OUT, IN, OUT, OUT),
    row("a contact writes, another in Cc", plain(CARL, ANNS, cc=(DORA,)), IN, IN, OUT, IN, OUT, OUT),
    row(
        "a machine answers for a contact",
        plain(CARL, headers={"Auto-Submitted": "auto-replied"}),
        IN,
        IN,
        OUT,
        IN,
        OUT,
        OUT,
    ),
    row("somebody claims to be a contact", plain(CARL, forged=True), IN, IN, OUT, IN, OUT, OUT),
    # the user writes from Gmail
    row("Ann writes to a contact", plain(ANNS, CARL), *["carl by R13"] * 3, *["out by R13"] * 3),
    row("Ann writes from an alias", plain(SALES, CARL), *["carl by R13"] * 3, *["out by R13"] * 3),
    row("Ann writes to two contacts", plain(ANNS, DORA, CARL), *["dora by R13"] * 3, *["out by R13"] * 3),
    row("Ann writes, a contact in Cc", plain(ANNS, BOBS, cc=(CARL,)), *["carl by R13"] * 3, *["out by R13"] * 3),
    row("Ann writes, a contact in Bcc", plain(ANNS, BOBS, bcc=(CARL,)), *["carl by R13"] * 3, *["out by R13"] * 3),
    # strangers
    row("a stranger writes", plain(EVE), NOBODY, "new by R12", *[NOBODY] * 4),
    row("Ann writes to a stranger", plain(ANNS, EVE), NOBODY, "new by R13", *[NOBODY] * 4),
    row("a stranger writes, a contact in Cc", plain(EVE, ANNS, cc=(CARL,)), NOBODY, "new by R12", *[NOBODY] * 4),
    every("a contact's other address writes", plain("carl@home.example"), NOBODY),
    every("a newsletter comes", plain(EVE, headers={"List-Id": "<news.example>"}), NOBODY),
    every("somebody claims to be a stranger", plain(EVE, forged=True), NOBODY),
    # threads
    every("a contact answers the CRM", answer(CARL), "carl by R11"),
    every("Ann goes on in Gmail with what the CRM began", answer(ANNS, CARL), "carl by R11"),
    every("another contact answers with Carl in Cc", answer(DORA, ANNS, cc=(CARL,)), "carl by R11"),
    row(
        "a stranger answers with Carl in Cc",
        answer(EVE, ANNS, cc=(CARL,)),
        "carl by R11",
        "carl by R11",
        "carl by R11",
        NOBODY,
        "carl by R11",
        "carl by R11",
    ),
    row("a stranger answers without Carl", answer(EVE), NOBODY, "new by R12", *[NOBODY] * 4),
    row(
        "Ann answers a contact in Gmail",
        after(QUESTION, Letter("mail", ANNS, (CARL,), subject="Re: A question", thread="t")),
        "carl by R11",
        "carl by R11",
        "carl by R13",
        "carl by R11",
        "out by R13",
        "out by R13",
    ),
    row(
        "a contact answers what Ann began in Gmail",
        after(SENT, Letter("mail", CARL, (ANNS,), subject="Re: A plan", thread="t")),
        "carl by R11",
        "carl by R11",
        "carl by R11",
        IN,
        OUT,
        OUT,
    ),
    row(
        "Ann forwards a contact's mail to another contact",
        after(QUESTION, Letter("mail", ANNS, (DORA,), subject="Fwd: A question", thread="t")),
        *["dora by R13"] * 3,
        *["out by R13"] * 3,
    ),
    # what never syncs
    every("a colleague writes", plain("bob@crm.example"), "out by R22"),
    every("somebody of an internal domain writes", plain("amy@office.example"), "out by R22"),
    every("staff who is a contact writes", plain(CREW), "out by R22"),
    every("a colleague writes to a contact, Ann in Cc", plain("bob@crm.example", CARL, cc=(ANNS,)), "out by R22"),
    every("Ann writes to a colleague", plain(ANNS, "bob@crm.example", CREW), "out by R22"),
    every("a contact's mail is spam", plain(CARL, labels=("SPAM",)), "out by R19"),
    every("a contact's mail is in the trash", plain(CARL, labels=("TRASH",)), "out by R19"),
    every("Ann drafts a mail", plain(ANNS, CARL, labels=("DRAFT",)), "out by R19"),
    every("a mail from before the connection", plain(CARL, at=BEGIN - timedelta(days=1)), "out by R05"),
    every("an excluded address is on it", plain(CARL, ANNS, cc=("lawyer@secret.example",)), "out by R24"),
    every("an excluded domain writes", plain("teller@bank.example"), "out by R24"),
    every("an excluded label is on it", plain(CARL, labels=("INBOX", "Label_1")), "out by R24"),
    every("the sender is in doubt", plain(EVE, raw_from=f'"{CARL}" <{EVE}>', forged=True), "out by R35"),
    every("nobody is the sender", plain(CARL, raw_from="undisclosed"), "out by R35"),
    every("somebody claims to be Ann", plain(ANNS, CARL, only=(ANNS,), forged=True, labels=("INBOX",)), "unseen"),
]
CASES = [(one, preset, fate) for one in TABLE for preset, fate in zip(PRESETS, one.fates, strict=True)]


@pytest.mark.parametrize(("row", "preset", "fate"), CASES, ids=[f"{case[1]}: {case[0].what}" for case in CASES])
def test_R12_R13_R16_R19_R21_R22_R23_R24_R30_R33_R34_R35_under_every_preset(row: Row, preset: str, fate: str) -> None:
    made = company(preset, assigned=row.assigned_to)

    letter = made.post(row.happens(made))

    found = made.fate(letter)
    if fate.startswith("new by"):
        (created,) = set(made.contacts()) - {"carl", "dora", "crew"}
        found = found.replace(created, "new")
    assert found == fate
    stored = fate.partition(" by")[0] not in {"out", "unseen"}
    assert (made.copies[letter.name].get(ANNS) in made.bodies_asked()) is stored
