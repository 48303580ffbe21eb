"""One pass over a URL's parameters: what they tell, and what stays in the address.

What a parameter's name means is kept, since shops repeat the same few names in every URL.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Final, Literal
from urllib.parse import unquote

from streams.enrich.address import plain_text
from streams.enrich.campaign import NO_CAMPAIGN, Campaign, campaign_from
from streams.enrich.parameters import CLICK_IDS, FIELDS, TRACKING, TRACKING_PREFIXES, Field

_RANKS: Final = {click.parameter: rank for rank, click in enumerate(CLICK_IDS)}
_NO_CLICK: Final = len(CLICK_IDS)
MOST_PARAMETERS: Final = 256  # of one query; 8,000 of one sign each would cost 2 ms

# A tag's field, the rank of a click id, or whether an unknown parameter only tracks.
_Meaning = Field | int | Literal["keep", "drop"]


class QueryReading:
    """Parts the parameters of one URL into what they tell and what stays.

    Reads the query first and then the fragment: of the same tag in both the first counts.
    """

    __slots__ = ("click", "click_value", "partner_track_id", "partners", "tags")

    def __init__(self, partners: Collection[str]) -> None:
        self.partners = partners
        self.tags: dict[Field, str] = {}
        self.click = _NO_CLICK
        self.click_value = ""
        self.partner_track_id = ""

    def kept_of(self, query: str) -> str:
        """The parameters that stay, byte for byte; what the others tell is noted.

        Those behind the first 256 are left out.
        """
        kept = []
        for piece in query.split("&", MOST_PARAMETERS)[:MOST_PARAMETERS]:
            name, _, value = piece.partition("=")
            meaning = _meaning_of(name)
            if self.partners and name.lower() in self.partners:
                self.partner_track_id = self.partner_track_id or plain_text(value)
                meaning = "drop" if meaning == "keep" else meaning
            if meaning == "keep":
                kept.append(piece)
            elif value and meaning != "drop":
                self._tell(meaning, plain_text(value))
        return "&".join(kept)

    def campaign(self) -> Campaign:
        """The campaign of all that was noted."""
        if not self.tags and self.click == _NO_CLICK and not self.partner_track_id:
            return NO_CAMPAIGN
        click = CLICK_IDS[self.click] if self.click < _NO_CLICK else None
        return campaign_from(self.tags, click, self.click_value, self.partner_track_id)

    def _tell(self, meaning: Field | int, text: str) -> None:
        if isinstance(meaning, int):
            if meaning < self.click and text:
                self.click, self.click_value = meaning, text
        elif text and meaning not in self.tags:
            self.tags[meaning] = text


@lru_cache(maxsize=4096)
def _meaning_of(parameter: str) -> _Meaning:
    name = unquote(parameter).lower()
    if name in FIELDS:
        return FIELDS[name]
    if name in _RANKS:
        return _RANKS[name]
    return "drop" if name in TRACKING or name.startswith(TRACKING_PREFIXES) else "keep"
