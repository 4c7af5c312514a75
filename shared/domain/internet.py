"""Which addresses are somebody's on the internet, and so may be connected to at an outsider's word (T27)."""

import ipaddress
from collections.abc import Iterable
from typing import Final

from shared.errors import Refused

MOST_ADDRESSES: Final = 8
_ASSIGNED: Final = ipaddress.ip_network("2000::/3")
"""All of IPv6 that is given to anybody; what lies outside may be an IPv4 address of ours in disguise."""
_PROTOCOLS: Final = ipaddress.ip_network("192.0.0.0/24")


def public(address: str) -> bool:
    """Whether an IP address is somebody's on the internet, however it is written."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return public(str(ip.ipv4_mapped))
        return ip in _ASSIGNED and ip.is_global and not (ip.sixtofour or ip.teredo)
    return ip.is_global and not ip.is_multicast and ip not in _PROTOCOLS


def reachable(found: Iterable[str], *, anywhere: bool = False) -> list[str]:
    """Of a host's addresses those to connect to: none of them inside any network of ours, unless it may be `anywhere`.

    Raises `Refused` (`inside`) if one of them is.
    """
    addresses = list(dict.fromkeys(found))
    if not anywhere and not all(map(public, addresses)):
        raise Refused("inside", "not on the public internet")
    return addresses[:MOST_ADDRESSES]
