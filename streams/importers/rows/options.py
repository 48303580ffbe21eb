"""How a file is read: the part of a mapping that its rows need to know."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Format = Literal["csv", "tsv", "jsonl", "parquet", "snowplow"]
Shape = Literal["plain", "ga4"]
Mark = Annotated[str, Meta(min_length=1, max_length=1)]
NonEmpty = Annotated[str, Meta(min_length=1)]


class File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How the file is read; what is left out follows from its name or is usual.

    `decimal_mark` and `zone` are those of every rule that names none. `nulls` are words that mean
    nothing was told, beside empty cells. `may_lack_columns` lets the file lack columns that the
    mapping knows, as exports of one tool do that differ by version. In a `zone`, a local time that
    the clocks skip in spring is read as if they went on; one that comes twice is the first.
    """

    format: Format | None = None
    shape: Shape = "plain"
    separator: Mark | None = None
    quote: Mark = '"'
    encoding: NonEmpty = "utf-8"
    columns: list[NonEmpty] = []
    decimal_mark: Literal[".", ","] = "."
    zone: str = ""
    nulls: list[str] = []
    may_lack_columns: bool = False
