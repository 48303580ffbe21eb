"""One pass over a URL's parameters: what they tell, and what stays in the address."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from streams.enrich.address import plain_text
from streams.enrich.campaign import NO_CAMPAIGN, Campaign, campaign_from
from streams.enrich.masks import Masks
from streams.enrich.parameters import CLICK_IDS, Field, meaning_of
from streams.personal import LONGEST_MASKED, masked_emails

_NO_CLICK: Final = len(CLICK_IDS)
MOST_PARAMETERS: Final = 256  # of one query; 8,000 of one sign each would cost 2 ms


class QueryReading:
    """Parts the parameters of one URL into what they tell and what stays.

    Reads the query first and then the fragment: of the same tag in both the first counts. `shown`
    holds all parameters, in order, as they may stand in the base.
    """

    __slots__ = ("click", "click_value", "masks", "partner_track_id", "partners", "shown", "tags")

    def __init__(self, partners: Collection[str], masks: Masks) -> None:
        self.partners = partners
        self.masks = masks
        self.tags: dict[Field, str] = {}
        self.click = _NO_CLICK
        self.click_value = ""
        self.shown: list[str] = []
        self.partner_track_id = ""

    def kept_of(self, query: str) -> str:
        """The parameters that stay, byte for byte but for what is masked; what the others tell is
        noted.

        Those behind the first 256 are left out.
        """
        kept = []
        is_long = len(query) > LONGEST_MASKED
        for piece in query.split("&", MOST_PARAMETERS)[:MOST_PARAMETERS]:
            name, _, value = piece.partition("=")
            meaning = meaning_of(name)
            is_partners = bool(self.partners) and name.lower() in self.partners
            if is_partners:
                self.partner_track_id = self.partner_track_id or masked_emails(plain_text(value))
            mask = self.masks.tag if is_partners else self.masks.parameter
            if meaning == "keep":
                self.shown.append(mask(piece, is_long=is_long))
                kept += [] if is_partners else self.shown[-1:]
            elif meaning == "drop":
                self.shown.append(mask(piece, is_long=is_long))
            else:
                self.shown.append(self.masks.tag(piece, is_long=is_long))
                if value:
                    self._tell(meaning, masked_emails(plain_text(value)))
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
