"""Mail too large for a document, and workers that die between a blob and the document that names it."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from pathlib import Path

import pytest
import urllib3

from tests.e2e.driver import File, Row, new_id, until
from tests.e2e.faults.watched import Watched
from tests.sandbox.faults import crash
from tests.sandbox.fronts import Fronts
from tests.sandbox.store_gate import REFUSED, Call, When

A_DAY_S = 90_000
MIB = 1_048_576


def test_f27_a_mail_of_megabytes_and_thousands_of_people_is_kept_in_documents_that_are_small_enough(
    office: Watched,
) -> None:
    row = office.office.gmail.deliver(office.office.mailbox, huge(office))
    office.arrived.append(row["id"])

    # No timer, which would have the time run away from a worker that has much to read.
    assert len(office.office.stored(row["id"])["text"]) > MIB
    office.at_rest()
    office.kept_every_promise()


def huge(office: Watched) -> bytes:
    """As bytes: the library's own composing of so many addresses takes seconds."""
    people = ",\r\n ".join(f'"{"n" * 150} {at}" <{"p" * 50}{at}@customer.example>' for at in range(3_000))
    headers = [
        f"From: {office.office.contact_email}",
        f"To: {office.office.mailbox}",
        f"Cc: {people}",
        f"Subject: {'s' * 200_000}",
        "References: " + "\r\n ".join(f"<{at}.{'r' * 60}@mail.example>" for at in range(5_000)),
        f"Message-ID: <{new_id('huge')}@mail.example>",
        "Content-Type: text/plain; charset=utf-8",
    ]
    return "\r\n".join([*headers, "", "text " * 300_000]).encode()


def a_large_mail(office: Watched) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = office.office.contact_email, office.office.mailbox, "With a file"
    mail["Message-ID"] = f"<{new_id('large')}@mail.example>"
    mail.set_content("text " * 50_000)
    mail.add_attachment(b"f" * 100_000, maintype="application", subtype="octet-stream", filename="a.bin")
    return mail


def blobs(office: Watched) -> list[str]:
    """The blobs of the office's location."""
    return sorted(path.relative_to(place(office)).as_posix() for path in place(office).rglob("*") if path.is_file())


def place(office: Watched) -> Path:
    return office.stack.plan.run_dir / "blobs" / "locations" / office.office.location


def swept(office: Watched) -> None:
    """As if what lies there now had been written more than a day ago."""
    then = time.time() - A_DAY_S
    for name in blobs(office):
        os.utime(place(office) / name, (then, then))
    office.office.endpoints.run_schedule("renew_watches")


@pytest.mark.parametrize("when", list(When))
def test_f28_a_worker_killed_around_its_commit_leaves_no_document_that_points_at_nothing(
    office: Watched, fronts: Fronts, when: When
) -> None:
    killed = fronts.gate.hold(Call.COMMIT, when, naming=office.commit("chunk"), status=REFUSED)
    row = office.office.gmail.deliver(office.office.mailbox, a_large_mail(office))
    office.arrived.append(row["id"])
    killed.wait()
    written = blobs(office)
    crash(office.stack.plan, "process_history")
    killed.release()

    office.drained()
    shown = office.office.stored(row["id"])
    (file,) = shown["attachments"]
    assert len(written) == 2
    assert blobs(office) == written
    assert office.office.crm.attachment(shown["id"], file["id"]).body == b"f" * 100_000
    assert len(shown["text"]) >= 249_999
    office.kept_every_promise()


def test_f28_what_a_killed_worker_wrote_for_a_mail_that_does_not_belong_any_more_is_cleared_away(
    office: Watched, fronts: Fronts
) -> None:
    killed = fronts.gate.hold(Call.COMMIT, When.BEFORE, naming=office.commit("chunk"), status=REFUSED)
    row = office.office.gmail.deliver(office.office.mailbox, a_large_mail(office))
    killed.wait()
    crash(office.stack.plan, "process_history")
    killed.release()
    office.office.backend.ask("DELETE", "records", f"/contacts/{office.office.contact}")
    crm = office.office.crm
    office.timer(lambda: [one["decision"] for one in crm.explain(gmail_id=row["id"])] == ["left_out"], what="decision")
    assert len(blobs(office)) == 2

    swept(office)

    assert blobs(office) == []


def test_f28_a_request_killed_between_its_files_and_its_commit_leaves_nothing_and_its_repetition_has_them(
    office: Watched, fronts: Fronts
) -> None:
    key, file = new_id("key"), File("a.bin", "image/png", b"f" * 100_000)
    killed = fronts.gate.hold(Call.COMMIT, When.BEFORE, naming=("/outbox/",), status=REFUSED)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(office.office.crm.post_mail, key, office.letter(), [file])
        killed.wait()
        crash(office.stack.plan, "send_email")
        assert isinstance(first.exception(20), urllib3.exceptions.HTTPError)
    killed.release()
    dead = blobs(office)

    accepted = until(lambda: repeated(office, key, file), what="the function, anew")
    office.timer(lambda: office.office.crm.message(accepted["id"])["status"] == "sent", what="the mail, sent")
    assert len(blobs(office)) == 2
    office.limit_left(499)
    swept(office)

    assert blobs(office) == [name for name in blobs(office) if name not in dead]
    (shown,) = office.office.crm.message(accepted["id"])["attachments"]
    assert office.office.crm.attachment(accepted["id"], shown["id"]).body == file.content
    office.at_rest()
    office.kept_every_promise(sent=1)


def repeated(office: Watched, key: str, file: File) -> Row | None:
    try:
        return office.office.crm.send(key, office.letter(), [file])
    except urllib3.exceptions.HTTPError:
        return None
