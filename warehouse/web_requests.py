"""What browsers say of a request, as far as a service of this machine has to know it.

Shared by the embedded warehouse and by Dagster's pages: every page that a browser of this machine
shows reaches their ports. Browsers say whose page asks (`Origin`, `Sec-Fetch-Site`) and by which
name (`Host`): an unknown name is that of a page that had its own name resolved to loopback (DNS
rebinding).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

# Of `Sec-Fetch-Site` (https://www.w3.org/TR/fetch-metadata/); none: typed, or a program's.
OWN_SITES = frozenset({"same-origin", "none"})


def is_known_host(host: str, allowed: Collection[str]) -> bool:
    """Whether a `Host` header names loopback or an allowed host, by any port: a tunnel has its own.

    Args:
        host: the header as it came.
        allowed: names in lower case, without ports.
    """
    lowered = host.lower()
    name = lowered[1:].partition("]")[0] if lowered[:1] == "[" else lowered.partition(":")[0]
    return name in allowed or _is_loopback(name)


def _is_loopback(name: str) -> bool:
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
