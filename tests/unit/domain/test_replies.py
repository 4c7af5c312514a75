"""How a reply joins its thread."""

from dataclasses import replace

import pytest

from shared.domain.identifiers import GmailId, MailboxId, MessageId, ThreadId
from shared.domain.message import Message, Source
from shared.domain.replies import MOST_REFERENCES, base_subject, reply_thread

BOX = MailboxId("m")
ASKED = Message(
    MessageId("x"),
    subject="Offer",
    message_id="<o@x>",
    references=("<n@x>",),
    sources={BOX: Source(GmailId("g"), ThreadId("t"))},
)


@pytest.mark.parametrize(
    "subject",
    ["Offer", "offer ", "Re: Offer", "RE:Offer", "Re: Fwd: AW: offer", "Re[2]: Offer", "Sv:  Offer", "R: Offer"],
)
def test_r14_prefixes_and_case_do_not_part_a_thread(subject: str) -> None:
    assert reply_thread(ASKED, subject, BOX).thread_id == "t"


@pytest.mark.parametrize("subject", ["Offers", "Re: Another", "Regarding Offer", "Reoffer"])
def test_r14_another_subject_begins_a_new_gmail_thread_with_the_references_kept(subject: str) -> None:
    reply = reply_thread(ASKED, subject, BOX)

    assert (reply.thread_id, reply.subject) == (None, subject)
    assert (reply.in_reply_to, reply.references) == ("<o@x>", ("<n@x>", "<o@x>"))


def test_r38_a_mailbox_that_never_had_the_mail_begins_a_new_thread() -> None:
    assert reply_thread(ASKED, "Re: Offer", MailboxId("new")).thread_id is None


def test_R14_R38_a_mail_without_references_hands_on_what_it_answered_itself() -> None:
    answer = replace(ASKED, references=(), in_reply_to="<first@x>")
    assert reply_thread(answer, "Re: Offer", BOX).references == ("<first@x>", "<o@x>")


def test_a_long_line_of_references_keeps_its_first_and_its_last() -> None:
    long = tuple(f"<{at}@x>" for at in range(500))

    references = reply_thread(replace(ASKED, references=long), "Re: Offer", BOX).references

    assert len(references) == MOST_REFERENCES
    assert (references[0], references[-1]) == ("<0@x>", "<o@x>")


@pytest.mark.parametrize("bad", ["<a b@x>", "<a@x>\r\nBcc: y", "", "a@x", "<é@x>", "<" + "a" * 999 + "@x>"])
def test_t15_an_id_that_could_break_a_header_is_left_out(bad: str) -> None:
    reply = reply_thread(replace(ASKED, message_id=bad, references=(bad, "<n@x>")), "Re: Offer", BOX)

    assert (reply.in_reply_to, reply.references) == (None, ("<n@x>",))


def test_prefixes_are_stripped_in_linear_time() -> None:
    assert base_subject("Re: " * 20_000 + "x") == "x"
