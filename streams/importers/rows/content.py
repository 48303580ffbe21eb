"""What a row says, the same in every format that can say it.

One export comes as JSON lines (whole numbers as text, nulls left out) and as Parquet (typed, nulls
told): an id that is a digest of the row must not tell the two apart. So empty members fall away and
what is no text is written as text.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

_ENCODE = msgspec.json.Encoder(order="sorted").encode


def content_of(cells: dict[str, Any]) -> bytes:
    """An object as JSON, members in the order of their names, empty ones left out."""
    return _ENCODE(_said(cells) or {})


def _said(told: Any) -> Any:
    """A value in its one form; None for what says nothing."""
    match told:
        case dict():
            return {name: said for name, one in told.items() if (said := _said(one))} or None
        case list():
            return [_said(one) for one in told] or None
        case _:
            return _text(told) or None


def _text(told: Any) -> Any:
    """One value as text; what no text stands for (bytes, nothing) as it is."""
    match told:
        case bool():
            return "true" if told else "false"
        case float() if told.is_integer():
            return str(int(told))
        case Decimal():
            return format(told.normalize(), "f")
        case datetime() | date():
            return told.isoformat()
        case str() | int() | float():
            return str(told).strip()
        case _:
            return told
