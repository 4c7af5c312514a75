"""Drafts: every save is a new message, and a sent one appears in either of two shapes."""

from tests.sandbox.gmail_simulator.accounts import Account
from tests.sandbox.gmail_simulator.addresses import is_address
from tests.sandbox.gmail_simulator.behaviour import SentShape
from tests.sandbox.gmail_simulator.errors import not_found
from tests.sandbox.gmail_simulator.headers import split
from tests.sandbox.gmail_simulator.message import StoredMessage
from tests.sandbox.gmail_simulator.sending import completed, named, pass_on
from tests.sandbox.gmail_simulator.world import World


def draft_message(account: Account, draft_id: str) -> StoredMessage:
    """The message that a draft is now; GoogleError 404 if there is no such draft."""
    message_id = account.mailbox.drafts.get(draft_id, "")
    message = account.mailbox.messages.get(message_id)
    if message is None:
        raise not_found()
    return message


def save(
    world: World, account: Account, raw: bytes, draft_id: str | None, thread_id: str | None
) -> tuple[str, StoredMessage]:
    """A new draft, or a new message for one that is there: the old message is deleted. (draft id, message)"""
    mailbox = account.mailbox
    if thread_id is not None and thread_id not in mailbox.threads:
        raise not_found()
    old = draft_message(account, draft_id) if draft_id is not None else None
    whole = completed(world, account, raw)
    thread = thread_id or (old.thread_id if old else None)
    message = mailbox.add(whole, ["DRAFT"], thread_id=thread)
    if old is not None:
        mailbox.remove(old)
    kept = draft_id or mailbox.new_draft_id()
    mailbox.drafts[kept] = message.id
    return kept, message


def drop(account: Account, draft_id: str) -> None:
    """Throws a draft away; GoogleError 404 if there is no such draft."""
    account.mailbox.remove(draft_message(account, draft_id))
    del account.mailbox.drafts[draft_id]


def send(world: World, account: Account, draft_id: str, shape: SentShape) -> StoredMessage:
    """Sends a draft: as a new message besides the deleted draft, or as the same message with other labels."""
    mailbox, draft = account.mailbox, draft_message(account, draft_id)
    to = [address for _, address in named(split(draft.raw)) if is_address(address)]
    del mailbox.drafts[draft_id]
    world.quota.count_send(account)
    if shape is SentShape.LABEL:
        mailbox.relabel(draft, ["SENT"], ["DRAFT"])
        sent = draft
    else:
        thread = draft.thread_id
        sent = mailbox.add(draft.raw, ["SENT"], block=draft.block, thread_id=thread)
        mailbox.remove(draft)
    pass_on(world, account, sent, to)
    return sent
