"""Mail that leaves an account, by the API or by the user's own hand, and mail that arrives."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime, formataddr

from tests.sandbox.gmail_simulator.accounts import Account
from tests.sandbox.gmail_simulator.addresses import addresses, is_address
from tests.sandbox.gmail_simulator.bounces import UNREACHABLE, beyond_limit, nowhere
from tests.sandbox.gmail_simulator.clock import Clock
from tests.sandbox.gmail_simulator.errors import invalid, not_found
from tests.sandbox.gmail_simulator.headers import Block, rewritten, split
from tests.sandbox.gmail_simulator.message import StoredMessage
from tests.sandbox.gmail_simulator.world import World

MOST_RECIPIENTS = 500
ARRIVED = ("INBOX", "UNREAD")


def send_by_api(world: World, account: Account, raw: bytes, thread_id: str | None) -> StoredMessage:
    """messages.send: rewritten as Gmail does, kept as SENT, delivered. GoogleError 400, 404 or 429 where refused."""
    if not raw:
        raise invalid("'raw' RFC822 payload message string or uploading message via /upload/* URL required")
    block = split(raw)
    to = recipients(block)
    if thread_id is not None and thread_id not in account.mailbox.threads:
        raise not_found()
    beyond = world.quota.sends_beyond(account)
    if beyond > world.behaviour.late_bounces:
        raise world.quota.send_refusal(account)
    joined = thread_id if thread_id and account.mailbox.index.belongs(thread_id, block) else None
    sent = _keep_sent(world, account, _as_gmail_sends(world, account, raw, block), to, joined)
    if beyond:
        deliver(world, account, beyond_limit(account.email, sent, world.clock), ARRIVED, thread_id=sent.thread_id)
    else:
        pass_on(world, account, sent, to)
    return sent


def send_by_hand(world: World, account: Account, raw: bytes, thread_id: str | None) -> StoredMessage:
    """The user sends from Gmail itself: the mail keeps its Message-ID, or is given one."""
    if thread_id is not None and thread_id not in account.mailbox.threads:
        raise not_found()
    whole = completed(world, account, raw)
    block = split(whole)
    to = [address for _, address in named(block) if is_address(address)]
    sent = _keep_sent(world, account, whole, to, thread_id or account.mailbox.index.find(block))
    pass_on(world, account, sent, to)
    return sent


def _keep_sent(world: World, account: Account, raw: bytes, to: Sequence[str], thread: str | None) -> StoredMessage:
    block = split(raw)
    if not world.behaviour.bcc_in_sent:
        raw, block = _without_bcc(raw, block)
    to_self = any(world.directory.receiving(address) is account for address in to)
    labels = ("SENT", *ARRIVED) if to_self else ("SENT",)
    world.quota.count_send(account)
    return account.mailbox.add(raw, labels, block=block, thread_id=thread)


def pass_on(world: World, sender: Account, sent: StoredMessage, to: Sequence[str]) -> None:
    """Delivers a sent mail to those of its recipients that have an account here, without its Bcc.

    What went to a domain that exists nowhere comes back as a report.
    """
    bare, _ = _without_bcc(sent.raw, sent.block)
    done = {sender.sub}
    for address in to:
        receiver = world.directory.receiving(address)
        if receiver is not None and receiver.sub not in done:
            done.add(receiver.sub)
            deliver(world, receiver, _trace(world.clock, sender.email, address) + bare, ARRIVED)
    if outside := [address for address in to if world.directory.receiving(address) is None]:
        named = addresses(sent.block.all("from"))
        own = len(named) == 1 and sender.may_send_as(named[0][1])
        world.outside(sender.email, outside, bare, own)
    if lost := [address for address in to if address.lower().endswith(UNREACHABLE)]:
        deliver(world, sender, nowhere(sender.email, sent, lost, world.clock), ARRIVED, thread_id=sent.thread_id)


def deliver(
    world: World,
    account: Account,
    raw: bytes,
    labels: Sequence[str],
    *,
    internal_date: int | None = None,
    thread_id: str | None = None,
) -> StoredMessage:
    """A mail arrives as it is, in the thread that its References and subject name; `internal_date` in ms."""
    block = split(raw)
    thread = thread_id or account.mailbox.index.find(block)
    return account.mailbox.add(raw, labels, block=block, thread_id=thread, internal_date=internal_date)


def recipients(block: Block) -> list[str]:
    """Everybody in To, Cc and Bcc; GoogleError 400 for nobody, too many, or what is no address."""
    everybody = named(block)
    for header, address in everybody:
        if not is_address(address):
            raise invalid(f"Invalid {header} header")
    if not everybody:
        raise invalid("Recipient address required")
    if len(everybody) > MOST_RECIPIENTS:
        raise invalid("Too many recipients")
    return [address for _, address in everybody]


def named(block: Block) -> list[tuple[str, str]]:
    """(header, address) of everybody in To, Cc and Bcc, whatever an address looks like."""
    return [(name, a) for name in ("To", "Cc", "Bcc") for _, a in addresses(block.all(name.lower()))]


def new_message_id(chance: random.Random, domain: str = "mail.gmail.com") -> str:
    """A Message-ID in Gmail's shape."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-="
    return f"<CA{''.join(chance.choices(alphabet[:-1], k=48))}@{domain}>"


def completed(world: World, account: Account, raw: bytes) -> bytes:
    """The mail with the headers that Gmail's own composer always writes: Message-ID, Date, From."""
    block = split(raw)
    missing = []
    if block.first("message-id") is None:
        missing.append(("Message-ID", new_message_id(world.chance)))
    if block.first("date") is None:
        missing.append(("Date", _date(world.clock)))
    if block.first("from") is None:
        missing.append(("From", account.email))
    return rewritten(raw, block, add=missing) if missing else raw


def _as_gmail_sends(world: World, account: Account, raw: bytes, block: Block) -> bytes:
    drop, add = {"message-id"}, [("Message-ID", new_message_id(world.chance))]
    if not world.behaviour.keep_x_headers:
        drop |= {field.name.lower() for field in block.fields if field.name.lower().startswith("x-")}
    senders = addresses(block.all("from"))
    if len(senders) != 1 or not account.may_send_as(senders[0][1]):
        drop.add("from")
        name = senders[0][0] if senders else account.name
        add.append(("From", formataddr((name, account.email))))
    if block.first("date") is None:
        add.append(("Date", _date(world.clock)))
    if block.first("mime-version") is None:
        add.append(("MIME-Version", "1.0"))
    return rewritten(raw, block, drop=drop, add=add)


def _without_bcc(raw: bytes, block: Block) -> tuple[bytes, Block]:
    if block.first("bcc") is None:
        return raw, block
    bare = rewritten(raw, block, drop={"bcc"})
    return bare, split(bare)


def _date(clock: Clock) -> str:
    return format_datetime(datetime.fromtimestamp(int(clock.now()), UTC))


def _trace(clock: Clock, sender: str, receiver: str) -> bytes:
    domain = sender.rpartition("@")[2]
    return (
        f"Delivered-To: {receiver}\r\n"
        f"Return-Path: <{sender}>\r\n"
        f"Received: from mail.google.com by mx.google.com with ESMTPS for <{receiver}>; {_date(clock)}\r\n"
        f"Authentication-Results: mx.google.com; dkim=pass header.i=@{domain}; "
        f"spf=pass smtp.mailfrom={sender}; dmarc=pass header.from={domain}\r\n"
    ).encode()
