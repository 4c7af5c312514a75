"""Which thread a mail belongs to: named Message-IDs in common, and the same subject."""

import re
from collections.abc import Sequence

from tests.sandbox.gmail_simulator.encoded_words import decode_text
from tests.sandbox.gmail_simulator.headers import Block, message_ids

_PREFIXES = re.compile(r"(?:\s*(?:(?:re|fwd?|aw|wg|sv|vs|tr|rv|antw)(?:\[\d+\])?\s*:|\[fwd:))+", re.IGNORECASE)


def subject_key(subject: str | None) -> str:
    """The subject without reply and forward prefixes, spaces and case."""
    text = decode_text(subject or "")
    prefixes = _PREFIXES.match(text)
    return " ".join(text[prefixes.end() if prefixes else 0 :].split()).casefold()


def named_ids(block: Block) -> list[str]:
    """The Message-IDs that a mail refers to."""
    return message_ids(*block.all("in-reply-to"), *block.all("references"))


class ThreadIndex:
    """Of one mailbox: which threads know a Message-ID, and what their subject is."""

    def __init__(self) -> None:
        self._knowing: dict[str, list[str]] = {}
        self._subjects: dict[str, set[str]] = {}

    def add(self, thread_id: str, block: Block) -> None:
        """Counts a mail to a thread."""
        for one in {*message_ids(*block.all("message-id")), *named_ids(block)}:
            known = self._knowing.setdefault(one, [])
            if thread_id not in known:
                known.append(thread_id)
        self._subjects.setdefault(thread_id, set()).add(subject_key(block.first("subject")))

    def forget(self, thread_id: str) -> None:
        """Drops a thread that has no message left."""
        self._subjects.pop(thread_id, None)

    def belongs(self, thread_id: str, block: Block) -> bool:
        """Whether a mail may join that thread: it names one of its Message-IDs and has its subject."""
        return thread_id in self._candidates(block, named_ids(block))

    def find(self, block: Block) -> str | None:
        """The thread that a mail joins by itself; None if it begins one."""
        own = message_ids(*block.all("message-id"))
        found = self._candidates(block, [*named_ids(block), *own])
        return found[0] if found else None

    def _candidates(self, block: Block, ids: Sequence[str]) -> list[str]:
        subject = subject_key(block.first("subject"))
        known = [thread for one in reversed(ids) for thread in self._knowing.get(one, ())]
        return [thread for thread in known if subject in self._subjects.get(thread, ())]
