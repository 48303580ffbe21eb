"""The script for a shop's pages, as it is served: `page.js` without what only its readers need.

The rule is plain, so it asks something of `page.js`: a comment has a line of its own, every
statement ends with a semicolon, strings stand in single quotes on one line.
"""

from __future__ import annotations

import re
from pathlib import Path

SOURCE = Path(__file__).with_name("page.js")

_COMMENT = re.compile(r"^\s*//.*$", re.MULTILINE)
_STRING = re.compile(r"('[^']*')")
_TRUTH = re.compile(r"\b(?:true|false)\b")
_SHORT = {"true": "!0", "false": "!1"}
_SPACE_BESIDE_A_SIGN = re.compile(r"\s*([^\w\s$])\s*")


def page_script() -> bytes:
    """The script, at most 4 KB: no comments, and no space but where two words would touch."""
    pieces = _STRING.split(_COMMENT.sub("", SOURCE.read_text()))
    pieces[::2] = [_SPACE_BESIDE_A_SIGN.sub(r"\1", code) for code in pieces[::2]]
    pieces[::2] = [_TRUTH.sub(lambda word: _SHORT[word[0]], code) for code in pieces[::2]]
    return "".join(pieces).replace(";}", "}").encode()
