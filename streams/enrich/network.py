"""The network of an address: what of it stays in the base when the address does not."""

from __future__ import annotations

from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

_MAPPED = bytes(10) + b"\xff\xff"  # IPv4 in IPv6


def network_of(address: str) -> str:
    """The network of an address: `203.0.113.0/24`, `2001:db8:1::/48`; empty for no address.

    IPv4 written as IPv6 is IPv4, and the zone of a link (`fe80::1%eth0`) is left out.
    """
    packed = packed_of(address)
    return network_of_packed(packed) if packed else ""


def packed_of(address: str) -> bytes:
    """The 4 or 16 bytes of an address; none for what is no address."""
    try:
        if ":" not in address:
            return inet_pton(AF_INET, address.strip())
        packed = inet_pton(AF_INET6, address.strip().partition("%")[0])
    except (OSError, ValueError):  # ValueError: a NUL or a lone surrogate
        return b""
    return packed[12:] if packed.startswith(_MAPPED) else packed


def network_of_packed(packed: bytes) -> str:
    """The network of the bytes of an address."""
    if len(packed) == 4:
        return f"{packed[0]}.{packed[1]}.{packed[2]}.0/24"
    return inet_ntop(AF_INET6, packed[:6] + bytes(10)) + "/48"


def text_of_packed(packed: bytes) -> str:
    """An address in its one short spelling."""
    return inet_ntop(AF_INET if len(packed) == 4 else AF_INET6, packed)
