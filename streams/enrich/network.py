"""The network of an address: what of it stays in the base when the address does not."""

from __future__ import annotations

from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

_MAPPED = bytes(10) + b"\xff\xff"  # IPv4 in IPv6


def network_of(address: str) -> str:
    """The network of an address: `203.0.113.0/24`, `2001:db8:1::/48`; empty for no address.

    IPv4 written as IPv6 is IPv4, and the zone of a link (`fe80::1%eth0`) is left out.
    """
    return spelled(address)[1]


def spelled(address: str) -> tuple[str, str]:
    """An address in its one short spelling, and its network; both empty for no address."""
    address = address.strip()
    try:
        if ":" not in address:
            inet_pton(AF_INET, address)  # takes no other spelling than this one
            return _with_network(address)
        packed = inet_pton(AF_INET6, address.partition("%")[0])
    except (OSError, ValueError):  # ValueError: a NUL or a lone surrogate
        return "", ""
    if packed.startswith(_MAPPED):
        return _with_network(inet_ntop(AF_INET, packed[12:]))
    return inet_ntop(AF_INET6, packed), inet_ntop(AF_INET6, packed[:6] + bytes(10)) + "/48"


def _with_network(address: str) -> tuple[str, str]:
    return address, address.rpartition(".")[0] + ".0/24"
