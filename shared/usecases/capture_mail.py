"""Takes in a mail for the auto-BCC addresses: for each user whose address it was sent to, filed, held or dropped."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from shared.domain import keys
from shared.domain.addresses import normalise
from shared.domain.auto_bcc import address_of, tokens_among
from shared.domain.filing import Dropped, Held
from shared.domain.keys import Key
from shared.domain.mail_domains import domain_of, open_to_all
from shared.domain.places import Arrived, Guesses
from shared.errors import Transient
from shared.ports.inbound_mail import Arrival
from shared.ports.store import Count, Put
from shared.usecases.capture_letter import Letter, read_letter
from shared.usecases.capturing import Capturing, Target
from shared.usecases.file_letter import file_letter
from shared.usecases.hold_letter import hold_letter

REMEMBERED: Final = timedelta(days=4)
"""For how long a mail that is brought again is known: longer than any receiver goes on trying."""
STRETCH: Final = timedelta(minutes=10)
MOST_GUESSES: Final = 100
"""Unknown addresses that one origin may name in a stretch of time; then all of its mail has to wait (T22)."""


def capture_mail(ports: Capturing, arrival: Arrival) -> Mapping[str, int]:
    """How many times what was done, for the log. When it returns, nothing is lost if the process dies (F65).

    The same is answered for addresses that exist and for such that do not. Raises `Transient` where the mail is to be
    brought again, unchanged: then it changes nothing twice.
    """
    now, tokens = ports.patience.now(), tokens_among(arrival.recipients, ports.domain)
    letter = read_letter(arrival, now=now)
    known, counter = keys.arrived(arrival.name), keys.guesses(_origin(arrival.sender, letter), _stretch(now))
    reading = ports.store.read(known, counter, *map(keys.auto_bcc, tokens))
    if reading.value(known):
        return {"known": 1}
    guessed = reading.value(counter) or Guesses()
    if guessed.unknown >= MOST_GUESSES:
        raise Transient("an origin of mail guesses at addresses", retry_at=_end(now))
    places = {token: reading.value(keys.auto_bcc(token)) for token in tokens}
    targets = [
        Target(one.location, one.user, address_of(token, ports.domain), token) for token, one in places.items() if one
    ]
    done: Counter[str] = Counter()
    done.update(_ended(ports, target, letter) for target in targets)
    unknown = len(tokens) - len(targets) + done["dropped R60"] + (0 if tokens else 1)
    _remember(ports, known, counter, unknown, now)
    return {**done, "unknown": unknown}


def _ended(ports: Capturing, target: Target, letter: Letter) -> str:
    match file_letter(ports, target, letter):
        case Held(reason):
            hold_letter(ports, target, letter, reason)
            return f"held {reason}"
        case Dropped(rule):
            return f"dropped {rule}"
        case _:
            return "filed"


def _remember(ports: Capturing, known: Key[Arrived], counter: Key[Guesses], unknown: int, now: datetime) -> None:
    counted = Count(counter, {"unknown": unknown}, fields={"expires_at": _end(now) + STRETCH})
    ports.store.commit([Put(known, Arrived(now + REMEMBERED)), *([counted] if unknown else [])])


def _origin(envelope: str, letter: Letter) -> str:
    """Who counts as one sender of guesses: a domain, but each address where anybody may have one.

    Whoever is proved to be the sender counts apart: with their name, which anybody can write, nobody holds them up.
    """
    proved = letter.mail.sender.address if letter.proved and letter.mail.sender else None
    address = proved or normalise(envelope)
    if address is None:
        return ""
    name = address if open_to_all(domain_of(address)) else domain_of(address)
    return f"proved:{name}" if proved else name


def _stretch(now: datetime) -> int:
    return int(now.timestamp() // STRETCH.total_seconds())


def _end(now: datetime) -> datetime:
    return datetime.fromtimestamp((_stretch(now) + 1) * STRETCH.total_seconds(), now.tzinfo)
