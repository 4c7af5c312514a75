"""The rule book in our own words, and the tests that prove each rule, found by the ids in their names."""

import ast
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import wrap
from typing import Final

TESTS: Final = Path(__file__).parents[1]
_IDS: Final = re.compile(r"(?<![A-Za-z0-9])[Rr](\d\d)(?![A-Za-z0-9])")
_FIRST, _SECOND, _WIDTH = 5, 52, 120

BOOK: Final[dict[str, str]] = {
    "R01": "Users connect their own Gmail, each in each of their locations; nobody does it for another.",
    "R02": "Consumer accounts and Workspace accounts work alike, but for the daily limit.",
    "R03": "Consent asks for reading and sending only; without all of it nothing is kept, and the user is told why.",
    "R04": "The profile shows the connection: address, state, times, sends left, auto-BCC address, problem and remedy.",
    "R05": "Mail older than the connection stays out, whatever its thread.",
    "R06": "A lost grant stops all calls to Gmail, and is shown and announced with who must act.",
    "R07": "Reconnecting catches up on the gap; connecting again after a disconnect does not.",
    "R08": "One account may serve several locations of its user; each connection lives and ends alone.",
    "R10": "A send from the CRM is in Gmail's Sent folder and in the conversation, once.",
    "R11": "A thread that is in a conversation goes on there, in both directions.",
    "R12": "A contact's mail to the user goes into the contact's conversation, from the contact's creation on.",
    "R13": "What the user sends to a contact from Gmail goes into the contact's conversation.",
    "R14": "A reply is in the same thread on both sides.",
    "R15": "A contact is matched by the primary address alone, unless the location says by all.",
    "R16": "A contact's mail to others that reaches the user counts as the contact's.",
    "R17": "Read and starred follow Gmail, the last change wins, and nothing is deleted on the other side.",
    "R18": "Pushed changes show at once; what a lost push hid is found by the timer.",
    "R19": "Spam, trash, drafts and chats stay out until they stop being that.",
    "R20": "One mail is one message in a location, however often and by whatever way it comes.",
    "R21": "Mail among a location's users stays out, even where they are contacts too.",
    "R22": "Mail between internal people only stays out: users, mailboxes, aliases, internal domains, staff.",
    "R23": "Mail without a contact stays out, and its body is never asked for.",
    "R24": "Excluded addresses, domains and labels stay out, the location's and the user's.",
    "R25": "A contact who joins a thread brings neither its past nor the mail that later goes round them.",
    "R30": "The first contact in To owns sent mail, and the thread stays with them: never two conversations.",
    "R31": "Of contacts with one address the oldest counts; the message names the others.",
    "R32": "People in copy are shown and never created; contacts there get a reference, or own it.",
    "R33": "Mail forwarded to a contact is that contact's, whatever thread Gmail puts it in.",
    "R34": "Only Gmail's SENT label makes mail the user's own; aliases are the user's too.",
    "R35": "A sender in doubt matches nobody; failed authentication is marked, creates nobody and claims nothing.",
    "R36": "A disconnect stops everything at once, replies included, and keeps what is there.",
    "R37": "An update switches to another account with no gap; the old address is silent from then on.",
    "R38": "A reply to a thread of the old account goes out of the new one, in the same conversation.",
    "R39": "Removed users and locations end like a disconnect; deleted contacts match nothing, their mail stays.",
    "R40": "What the CRM begins stays in its location, replies included.",
    "R41": "What a contact or the user begins in Gmail shows wherever contact and mailbox both are.",
    "R42": "The first reply from a CRM location claims the thread for it, until the claim ends.",
    "R50": "Individual mail leaves through the user's Gmail and its aliases, or the provider if they never connected.",
    "R51": "Bulk and workflow mail leaves through the provider, outside the daily limit.",
    "R52": "Bulk mail has the provider's sender, or where allowed the user's own domain, never a consumer one.",
    "R53": "Files up to 25 MB in all and 100 recipients; more is refused before anything is sent.",
    "R54": "500 individual mails in any 24 hours, 2,000 for Workspace, counting those sent in Gmail.",
    "R55": "A send is accepted once per key and sent once; what cannot be known is said, not guessed.",
    "R56": "A failed send says why, can be tried again, and never leaves another way by itself.",
    "R57": "Bounces mark the mail that they are about; automatic answers are marked; neither creates contacts.",
    "R60": "Each user has a secret address per location that files whatever is sent to it.",
    "R61": "Filed mail creates the contact it was written to, and nobody from its copies.",
    "R62": "After that the user's mail with the contact syncs, whatever the policy asks for.",
    "R63": "Filing is accepted from the user's own proven addresses only; the rest is quarantined and shown.",
    "R64": "A filed message shows the filing address in its Bcc.",
    "R65": "The sender's server always gets a proper answer for the filing address.",
    "R70": "The mailbox's user can ask why a mail is stored or not, and gets the rules in their order.",
    "R73": "Every id that was seen ends as stored, left out, gone or parked, and gaps are repaired.",
}


@dataclass(frozen=True, slots=True)
class Proof:
    """A test, and the file that it is in."""

    file: str
    test: str


def ids(name: str) -> list[str]:
    """The rules that a test's name says it proves, each once."""
    return list(dict.fromkeys(f"R{number}" for number in _IDS.findall(name.replace("_", " "))))


@cache
def proofs(tests: Path = TESTS) -> dict[str, list[Proof]]:
    """The tests by rule, in the book's order; rules that nothing proves have none, rules of no book are not here."""
    found: dict[str, list[Proof]] = {rule: [] for rule in BOOK}
    for file in sorted(tests.rglob("test_*.py")):
        shown = str(file.relative_to(tests.parent))
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for rule in ids(node.name):
                    found.get(rule, []).append(Proof(shown, node.name))
    return found


def table(found: dict[str, list[Proof]]) -> list[str]:
    """All rules with the number of their tests and the files that have them, in lines for a terminal."""
    lines = [_row("Rule", ["What it promises"], ["Proved by"])[0], "-" * _WIDTH]
    for rule, tests in found.items():
        files = Counter(Path(one.file).stem.removeprefix("test_") for one in tests)
        shown = ", ".join(f"{name} {count}" for name, count in files.items())
        said = f"{len(tests)}: {shown}" if tests else "NOTHING"
        lines += _row(rule, wrap(BOOK[rule], _SECOND), wrap(said, _WIDTH - _FIRST - _SECOND - 2))
    return lines


def _row(rule: str, said: list[str], proved: list[str]) -> list[str]:
    height = max(len(said), len(proved))
    columns = zip([rule, *[""] * (height - 1)], _filled(said, height), _filled(proved, height), strict=True)
    return [f"{one:{_FIRST}}{two:{_SECOND}}  {three}".rstrip() for one, two, three in columns]


def _filled(lines: list[str], height: int) -> list[str]:
    return lines + [""] * (height - len(lines))


def chapter(rule: str, tests: list[Proof]) -> list[str]:
    """One rule with the full names of its tests."""
    return [f"{rule}  {BOOK[rule]}", *(f"  {one.file}::{one.test}" for one in tests)]
