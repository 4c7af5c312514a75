"""`make demo`: the main job, played on a stack of its own and told in plain words."""

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from tests.client.wire import RefusedError
from tests.sandbox import letters, parked
from tests.sandbox.cast import cast_for
from tests.sandbox.expectation import differences
from tests.sandbox.letters import Letter
from tests.sandbox.main_job import Fate, MainJob, Row
from tests.sandbox.plan import REPOSITORY
from tests.sandbox.rule_words import words
from tests.sandbox.stack import Options, running

WENT_WELL, WENT_WRONG = 0, 1
WIDEST = 48
OWN_MAIL = REPOSITORY / "tests" / "mail"


def demo(mail: Path | None) -> int:
    """Plays the main job on a file or folder of mails, or on the project's own → 0 only if all went as it should."""
    played, began = letters.read(mail or OWN_MAIL, told=mail is None), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="demo-") as folder, running(Options(Path(folder), seeded=False)) as stack:
        print(f"A stack runs, {time.monotonic() - began:.1f} s after its start.", flush=True)
        try:
            cast = cast_for(played)
            print(cast.told, flush=True)
            faults = _play(MainJob.begin(stack.endpoints, cast), played, partial(parked.reason, stack.plan))
        except (AssertionError, RefusedError) as error:
            faults = [str(error)]
    for fault in faults:
        print(f"Not as it should be: {fault}")
    print(f"\n{'Something went wrong.' if faults else 'All as it should be.'}")
    return WENT_WRONG if faults else WENT_WELL


def _play(job: MainJob, played: Sequence[Letter], parked_because: Callable[[str], str]) -> list[str]:
    connection = job.connect()
    print(f"\n1. {job.cast.user.name} connects {connection['address']}: {connection['state']}.", flush=True)
    print(f"\n2. {len(played)} {'mail arrives' if len(played) == 1 else 'mails arrive'}:\n", flush=True)
    fates, faults = [], []
    width = min(max(len(letter.name) for letter in played), WIDEST)
    for fate in job.deliver(played):
        where = parked_because(fate.gmail_id) if fate.decision == "parked" else _where(fate, job)
        name, decision = fate.letter.name[:width], fate.decision.replace("_", " ")
        print(f"   {name:<{width}}  {decision:<8}  {where}".rstrip(), flush=True)
        fates.append(fate)
        faults += _differences(fate, job)
    counted = Counter(fate.decision.replace("_", " ") for fate in fates)
    print(f"\n   {', '.join(f'{count} {decision}' for decision, count in counted.items())}.", flush=True)
    return faults + _converse(job, fates)


def _where(fate: Fate, job: MainJob) -> str:
    if fate.message is None:
        return words(fate.item["rule"])
    files = len(fate.message["attachments"])
    told = f"with {job.cast.contact(fate.message['conversation']).name}"
    return f"{told}, {files} {'file' if files == 1 else 'files'}" if files else told


def _differences(fate: Fate, job: MainJob) -> list[str]:
    if fate.decision == "not_seen":
        return [f"{fate.letter.name} was not seen."]
    expected = fate.letter.expected
    if expected is None:
        return []
    told = list(differences(expected, fate.item, fate.message))
    told += [f"{contact} has no reference to it" for contact in expected.reference_for if not job.refers(contact, fate)]
    return [f"{fate.letter.name}: {one}." for one in told]


def _converse(job: MainJob, fates: Sequence[Fate]) -> list[str]:
    stored = [fate.message for fate in fates if fate.message is not None]
    asked = next((message for message in reversed(stored) if job.may_be_answered(message)), None)
    if asked is None:
        return ["no mail of a contact was stored, so there was nothing to answer."]
    reply = job.reply(asked)
    copies = job.in_sent(reply)
    print(f'\n3. {job.cast.user.name} answers "{asked["subject"]}" from the CRM: {reply["status"]}.', flush=True)
    if reply["status"] != "sent":
        return [f"the answer is {reply['status']}: {reply['failure']}."]
    print(f"   Gmail has it under Sent {_times(len(copies))}, {_thread(copies, asked)}.", flush=True)
    # Gmail takes a mail into a thread only if it names a Message-ID of it.
    if len(copies) != 1 or (asked["message_id"] and copies[0]["threadId"] != asked["gmail"]["thread_id"]):
        return ["the answer is not exactly once under Sent, in the thread of the mail that it answers."]
    back = job.answer(reply, asked["from"]["address"])
    same = back["conversation"] == asked["conversation"] and back["gmail"]["thread_id"] == copies[0]["threadId"]
    print(f"\n4. {job.cast.contact(asked['conversation']).name} writes back: {_place(same)}.", flush=True)
    return [] if same else ["the contact's answer is not where it belongs."]


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _thread(copies: Sequence[Row], asked: Row) -> str:
    if all(row["threadId"] == asked["gmail"]["thread_id"] for row in copies):
        return "in the same thread"
    return "in another thread" if asked["message_id"] else "in a new thread, since that mail has no Message-ID"


def _place(same: bool) -> str:
    return "in the same conversation and thread" if same else "but not in the same conversation and thread"
