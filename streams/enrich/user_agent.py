"""What a user agent says: device, browser, operating system, and whether a person sits behind it.

The only door to ua-parser. Families and brands are as ua-parser names them; versions are cut to
`major.minor`; what it calls `Other` or `Generic` is empty. Its Rust resolver knows no backtracking,
and only the first 1,024 bytes are examined (512 of what is not ASCII), so that no text can hold a
worker up.

Nothing is remembered here but the compiled expressions, at the first call: 0.4 to 0.7 CPU seconds
and 50 MiB, which 2,000 other texts bring to 70. A new text costs 0.08 ms (2 shared cores); the
caller keeps answers for repeated ones.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple

from streams.enrich.bots import bot_reasons_of, tells_nothing
from streams.enrich.device import device_class_of

if TYPE_CHECKING:
    from ua_parser import OS, Parser
    from ua_parser import UserAgent as Browser

EXAMINED_BYTES = 1024
EXAMINED_BYTES_BEYOND_ASCII = (
    512  # of a text that is not ASCII: there the engine is a third as fast
)
_RULES = "3"  # counts changes of our own rules in bots.py and device.py
_PACKAGES = ("ua-parser", "ua-parser-builtins", "ua-parser-rs", "crawler-user-agents")


class UserAgent(NamedTuple):
    """What a user agent tells; empty where it does not.

    `bot_verdict` is `bot` or `human`, and empty where nothing tells: for no user agent, or
    one that is short or a placeholder.
    """

    device_class: str = ""
    device_brand: str = ""
    browser: str = ""
    browser_version: str = ""
    os: str = ""
    os_version: str = ""
    bot_verdict: str = ""
    bot_reasons: tuple[str, ...] = ()


def user_agent_of(text: str) -> UserAgent:
    """What the text of a `User-Agent` header tells."""
    text = _examined(text)
    if not text:
        return UserAgent()
    told = _parser().parse(text)
    system = told.os.family if told.os else ""
    device = told.device
    reasons = bot_reasons_of(text, is_spider=device is not None and device.family == "Spider")
    brand = (device.brand if device else None) or ""
    return UserAgent(
        device_class=device_class_of(text, system),
        device_brand="" if brand.startswith(("Generic", "Spider")) else brand,
        browser=told.user_agent.family if told.user_agent else "",
        browser_version=_version(told.user_agent),
        os=system,
        os_version=_version(told.os),
        bot_verdict="bot" if reasons else "" if tells_nothing(text) else "human",
        bot_reasons=reasons,
    )


def user_agent_tables() -> str:
    """Which rules and lists `user_agent_of` works by; who stores its answers stores this too."""
    return ", ".join([f"rules {_RULES}", *(f"{one} {version(one)}" for one in _PACKAGES)])


def _examined(text: str) -> str:
    """The part looked at, without a lone surrogate: Rust takes none."""
    begin = text[:EXAMINED_BYTES]
    if begin.isascii():
        return begin.strip()
    whole = begin.encode("utf-8", "replace")
    return whole[:EXAMINED_BYTES_BEYOND_ASCII].decode("utf-8", "ignore").strip()


def _version(of: Browser | OS | None) -> str:
    if of is None or not of.major:
        return ""
    return f"{of.major}.{of.minor}" if of.minor else of.major


@cache
def _parser() -> Parser:
    from ua_parser import Parser
    from ua_parser.loaders import load_lazy_builtins
    from ua_parser.regex import Resolver

    return Parser(Resolver(load_lazy_builtins()))
