"""The script for a shop's pages, as it is served: `page.js` without comments and indentation."""

from __future__ import annotations

from pathlib import Path

SOURCE = Path(__file__).with_name("page.js")


def page_script() -> bytes:
    """The script, at most 3 KB; none of its strings runs over a line's end."""
    lines = (line.strip() for line in SOURCE.read_text().splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//")).encode()
