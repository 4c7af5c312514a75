"""Learns of send-as addresses that the user has added since the mailbox was connected, from the mail sent as them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from shared.domain import budget
from shared.domain.addresses import address_key
from shared.domain.mail import Mail
from shared.domain.mailbox import Alias, Mailbox, renewed
from shared.errors import Refused
from shared.usecases.address_writes import entry_writes, people_of
from shared.usecases.always_fails import AlwaysFails, blaming_the_mail
from shared.usecases.sync_work import Work


def refresh_aliases(work: Work, mails: Iterable[Mail]) -> None:
    """Asks Gmail for the aliases, once in a run, where a SENT mail is from an address that is not known as the user's.

    Those that Gmail has verified become internal at once in every location of the mailbox (R22, R34). What a From
    claims is never believed. Where Gmail does not tell, time and again, the known ones stay. Raises `Changed`.
    """
    known = {address_key(one) for one in work.mailbox.own_addresses()}
    unknown = any(mail.outbound and mail.sender and address_key(mail.sender.address) not in known for mail in mails)
    if work.own is None and unknown:
        work.spend(budget.ALIASES)
        try:
            with blaming_the_mail(careful=work.careful):
                work.own = work.gmail.aliases()
        except (Refused, AlwaysFails):
            work.own = work.mailbox.name, work.mailbox.aliases
    if work.own and set(work.own[1]) != set(work.mailbox.aliases):
        _keep(work, *work.own)


def _keep(work: Work, name: str, aliases: tuple[Alias, ...]) -> None:
    before = work.mailbox

    def changed(mailbox: Mailbox, at: datetime) -> Mailbox:
        return replace(renewed(mailbox, at=at), name=name, aliases=aliases)

    edits = list(people_of(before, replace(before, aliases=aliases)))
    work.save(changed, entry_writes(work.ports.store, edits))
