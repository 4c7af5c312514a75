"""`make demo`: the main job, played on a stack of its own and told in plain words."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.client.wire import RefusedError
from tests.sandbox import letters
from tests.sandbox.cast import of_senders
from tests.sandbox.letters import Letter
from tests.sandbox.main_job import Fate, MainJob, Row
from tests.sandbox.plan import REPOSITORY
from tests.sandbox.rule_words import words
from tests.sandbox.stack import Options, running

WENT_WELL, WENT_WRONG = 0, 1
OWN_MAIL = REPOSITORY / "tests" / "mail"


def demo(mail: Path | None) -> int:
    """Plays the main job on a file or folder of mails, or on the project's own → 0 only if all went as it should."""
    played, began = letters.read(mail or OWN_MAIL), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="demo-") as folder, running(Options(Path(folder), seeded=False)) as stack:
        print(f"A stack runs, {time.monotonic() - began:.1f} s after its start.", flush=True)
        try:
            cast = of_senders(played)
            print(cast.told, flush=True)
            faults = _play(MainJob.begin(stack.endpoints, cast), played)
        except (AssertionError, RefusedError) as error:
            faults = [str(error)]
    for fault in faults:
        print(f"Not as it should be: {fault}")
    print(f"\n{'Something went wrong.' if faults else 'All as it should be.'}")
    return WENT_WRONG if faults else WENT_WELL


def _play(job: MainJob, played: Sequence[Letter]) -> list[str]:
    connection = job.connect()
    print(f"\n1. {job.cast.user.name} connects {connection['address']}: {connection['state']}.", flush=True)
    print(f"\n2. {len(played)} {'mail arrives' if len(played) == 1 else 'mails arrive'}:\n", flush=True)
    fates, faults = [], []
    for fate in job.deliver(played):
        print(_line(fate, job), flush=True)
        fates.append(fate)
        faults += _differences(fate)
    return faults + _converse(job, fates)


def _line(fate: Fate, job: MainJob) -> str:
    where = words(fate.item["rule"])
    if fate.message is not None:
        files = len(fate.message["attachments"])
        where = f"with {job.cast.name_of(fate.message['conversation'])}"
        where += f", {files} {'file' if files == 1 else 'files'}" if files else ""
    return f"   {fate.letter.name[:32]:<32}  {fate.decision.replace('_', ' '):<8}  {where}".rstrip()


def _differences(fate: Fate) -> list[str]:
    seen: Row = {**(fate.message or {}), **fate.item}
    wrong = {key: value for key, value in fate.letter.expected.items() if seen.get(key) != value}
    told = [f"{fate.letter.name}: {key} is {seen.get(key)!r}, not {value!r}." for key, value in wrong.items()]
    return told or ([f"{fate.letter.name} was not seen."] if fate.decision == "not_seen" else [])


def _converse(job: MainJob, fates: Sequence[Fate]) -> list[str]:
    stored = [fate.message for fate in fates if fate.message is not None]
    asked = next((one for one in reversed(stored) if one["direction"] == "inbound" and not one["automatic"]), None)
    if asked is None:
        return ["no mail of a contact was stored, so there was nothing to answer."]
    reply = job.reply(asked)
    copies = job.in_sent(reply)
    print(f'\n3. {job.cast.user.name} answers "{asked["subject"]}" from the CRM: {reply["status"]}.', flush=True)
    print(f"   Gmail has it under Sent {_times(len(copies))}, {_thread(copies, asked)}.", flush=True)
    faults = [] if reply["status"] == "sent" else [f"the answer is {reply['status']}: {reply['failure']}."]
    if [row["threadId"] for row in copies] != [asked["gmail"]["thread_id"]]:
        faults.append("the answer is not exactly once under Sent, in the thread of the mail that it answers.")
    if faults:
        return faults
    back = job.answer(reply, asked["from"]["address"])
    same = back["conversation"] == asked["conversation"] and back["gmail"]["thread_id"] == asked["gmail"]["thread_id"]
    print(f"\n4. {job.cast.name_of(asked['conversation'])} writes back: {_place(same)}.", flush=True)
    return [] if same else ["the contact's answer is not where it belongs."]


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _thread(copies: Sequence[Row], asked: Row) -> str:
    same = all(row["threadId"] == asked["gmail"]["thread_id"] for row in copies)
    return "in the same thread" if same else "but in another thread"


def _place(same: bool) -> str:
    return "in the same conversation and thread" if same else "but not in the same conversation and thread"
