# ruff: noqa: E501 - code is quoted as it stands
"""Bugs by which mail is sent twice, or never, or counted wrongly."""

from tests.teeth.bug import bug

SEND_BUGS = (
    bug(
        "retry-on-timeout",
        "a send whose answer never came is sent again at once",
        "usecases/call_gmail.py",
        "    except Doubtful:\n        return _asked_at_once(entry, sender, session, ports)",
        "    except Doubtful:\n        again = sender.begin(mail.size, entry.thread_id)\n"
        "        return end_sent(entry, sender.finish(again, mail), sender, ports)",
    ),
    bug(
        "second-session",
        "a second upload session is opened while the first may still live",
        "usecases/settle_doubt.py",
        "    entry = stored.value\n    try:\n        mail = composed(entry, ports)",
        "    entry = stored.value\n    if start >= 0:\n        return postpone(entry, ports.patience.now(), ports)\n"
        "    try:\n        mail = composed(entry, ports)",
    ),
    bug(
        "doubt-is-failure",
        "a send in doubt is queued again instead of settled",
        "usecases/settle_doubt.py",
        "        case SessionAnswer.UNKNOWN:\n            return _by_evidence(entry, mailbox, ports, marker_survives=marker_survives)",
        "        case SessionAnswer.UNKNOWN:\n            return postpone(entry, now, ports)",
    ),
    bug(
        "absence-without-proof",
        "what the sync has not met yet counts as not sent",
        "domain/evidence.py",
        "if covered and unhidden and marker_survives and entry.call_ended_at and not entry.unseen:",
        "if True:",
    ),
    bug(
        "calling-not-written",
        "the call begins before it is written down that it does",
        "usecases/call_gmail.py",
        "    ports.store.commit([Replace(stored, begun)])\n    return upload(begun, mailbox, sender, session, mail, ports)",
        "    return upload(entry, mailbox, sender, session, mail, ports)",
    ),
    bug(
        "stale-claim-calls",
        "a worker whose claim is long over calls Gmail all the same",
        "usecases/call_gmail.py",
        "    ports.store.commit([Replace(stored, begun)])\n    return upload(begun",
        "    ports.store.commit([Put(stored.key, begun)])\n    return upload(begun",
        "usecases/call_gmail.py",
        "if entry.claimed_at is None or now - entry.claimed_at > CALL_WITHIN:",
        "if entry.claimed_at is None:",
        "usecases/call_gmail.py",
        "from shared.ports.store import Replace, Stored",
        "from shared.ports.store import Put, Replace, Stored",
    ),
    bug(
        "limit-not-reserved",
        "a send is not counted when it is accepted",
        "usecases/reserve_send.py",
        "replace(send_window.reserved(mailbox, now), units=units)",
        "replace(mailbox, units=units)",
    ),
    bug(
        "limit-not-returned",
        "a send that failed goes on counting",
        "usecases/end_entry.py",
        "        if mailbox and current.reserved_at:",
        "        if mailbox and not current.reserved_at:",
    ),
    bug(
        "own-copy-twice",
        "the sync takes the copy of a CRM send for another mail",
        "usecases/adopt_sent.py",
        "    if entry is None or entry.mailbox != mailbox.id:\n        return None\n",
        "    if entry is None or entry.mailbox:\n        return None\n",
    ),
    bug(
        "key-used-twice",
        "an idempotency key is good for any number of mails",
        "usecases/accept_send.py",
        "        if entry := batch.value(keys.outbox(self._asked.entry)):\n            if entry.request_digest != writing.request_digest:",
        "        if entry := batch.value(keys.outbox(self._asked.entry)):\n            if not entry.request_digest:",
    ),
    bug(
        "recipient-again",
        "a recipient of a bulk mail whose call was cut off is written to again",
        "usecases/deliver_run.py",
        "return ledger.ended(line, LineState.UNKNOWN, attempt=attempt, failure=failures.UNKNOWN_AT_PROVIDER)",
        "return replace(line, state=LineState.WAITING, attempt=attempt)",
    ),
)
