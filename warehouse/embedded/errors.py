"""What goes wrong, as ClickHouse says it: a code, a text, and the HTTP status belonging to it."""

from __future__ import annotations

import re

_CODE = re.compile(r"Code: (\d+)\. ")
_REPEATED_PREFIX = re.compile(
    r"(Code: \d+\. DB::\w*Exception: )+(?=Code: \d+\. DB::\w*Exception: )"
)
_VERSION = re.compile(r" \(version [^()]*\)\.?")
_REPEATED_NAME = re.compile(r"( \([A-Z_\d]+\))\.?(\s*\1)+")

_STATUS_OF_CODE = {
    **dict.fromkeys((192, 193, 291, 497, 516), 403),
    194: 401,
    **dict.fromkeys((46, 47, 50, 56, 60, 63, 67, 73, 78, 81, 115, 336, 372), 404),
    **dict.fromkeys((6, 26, 27, 33, 36, 38, 41, 42, 43, 44, 53, 62, 69, 72, 117), 400),
    **dict.fromkeys((130, 131, 164, 223, 306, 344, 354, 374, 427, 457), 400),
    **dict.fromkeys((159, 209), 408),
    307: 413,
    48: 501,
    **dict.fromkeys((202, 236, 373), 503),
}


class EngineError(Exception):
    """An exception of the engine, or one of ours in its words: `Code: 62. DB::Exception: …`."""

    def __init__(self, message: str) -> None:
        """Take the engine's own text; one without a code gets 1001, «some other exception»."""
        found = _CODE.search(message)
        self.code = int(found.group(1)) if found else 1001
        text = message[found.start() :] if found else f"Code: 1001. DB::Exception: {message}"
        text = _VERSION.sub("", _REPEATED_PREFIX.sub("", text))
        super().__init__(_REPEATED_NAME.sub(r"\1", text).strip())

    @property
    def status(self) -> int:
        """The HTTP status ClickHouse answers this code with."""
        return _STATUS_OF_CODE.get(self.code, 500)


def refusal(code: int, name: str, message: str) -> EngineError:
    """An error of ours in the engine's words: `refusal(516, "AUTHENTICATION_FAILED", "…")`."""
    return EngineError(f"Code: {code}. DB::Exception: {message} ({name})")
