"""The mails of the workloads, the same in every run: plain text beside HTML, 10 KB unless said otherwise."""

import random
from collections.abc import Iterator
from email.message import EmailMessage

CONTACTS = 60
WORDS = ("offer", "meeting", "contract", "invoice", "delivery", "garden", "window", "please", "tomorrow", "the", "of")
TEXT_BYTES, HTML_BYTES = 2_700, 5_600


def contact_address(number: int) -> str:
    """The address of one of a location's contacts."""
    return f"contact-{number}@customer.example"


def stranger_address(number: int) -> str:
    """An address that nobody knows."""
    return f"stranger-{number}@elsewhere.example"


def mails(to: str, count: int, *, of_contacts: float, seed: int = 1, contacts: int = CONTACTS) -> Iterator[bytes]:
    """`count` mails of 10 KB, each a thread of its own; the share `of_contacts` comes from contacts, evenly spread."""
    chance = random.Random(seed)  # noqa: S311 - the same mails in every run
    known = 0
    for number in range(count):
        from_contact = known < (number + 1) * of_contacts
        known += from_contact
        sender = contact_address(number % contacts) if from_contact else stranger_address(number)
        yield mail(sender, to, f"{seed}-{number}", chance)


def mail(sender: str, to: str, name: str, chance: random.Random, *, attachment: int = 0) -> bytes:
    """One mail; `name` makes it unlike all others, `attachment` is the size of its file in bytes."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = f"A Person <{sender}>", to, f"About {name}"
    made["Message-ID"] = message_id(name)
    made["Date"] = "Sun, 01 Mar 2026 09:30:00 +0000"
    made["Authentication-Results"] = "mx.google.com; spf=pass smtp.mailfrom=customer.example; dmarc=pass"
    made.set_content(_text(chance, TEXT_BYTES))
    paragraphs = "".join(f"<p style='margin:0'>{_text(chance, 300)}</p>" for _ in range(HTML_BYTES // 340))
    made.add_alternative(f"<html><body>{paragraphs}</body></html>", subtype="html")
    if attachment:
        made.add_attachment(chance.randbytes(attachment), "application", "octet-stream", filename=f"{name}.bin")
    return made.as_bytes()


def message_id(name: str) -> str:
    """The Message-ID of a mail."""
    return f"<{name}@mail.example>"


def _text(chance: random.Random, size: int) -> str:
    words: list[str] = []
    while size > 0:
        words.append(chance.choice(WORDS))
        size -= len(words[-1]) + 1
    lines = [" ".join(words[at : at + 11]) for at in range(0, len(words), 11)]
    return "\n".join(lines)
