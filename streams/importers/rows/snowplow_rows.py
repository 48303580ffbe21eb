"""Snowplow's enriched events: tab-separated lines of 131 columns without a header or quotation.

The columns are those of Snowplow's public definition of the format. Self-describing JSON is opened:
`unstruct.<name>` is the event's own data, `contexts.<name>` the list of the entities of that name,
`entity.<name>` the first of them; derived contexts are among them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import msgspec

from streams.importers.rows.content import content_of
from streams.importers.rows.mended_text import read_mended
from streams.importers.rows.opened import opened_bytes
from streams.importers.rows.row_file import Cells, Getter, Row, Unreadable, columns_of, nested

COLUMNS = (
    *("app_id", "platform", "etl_tstamp", "collector_tstamp", "dvce_created_tstamp", "event"),
    *("event_id", "txn_id", "name_tracker", "v_tracker", "v_collector", "v_etl", "user_id"),
    *("user_ipaddress", "user_fingerprint", "domain_userid", "domain_sessionidx"),
    *("network_userid", "geo_country", "geo_region", "geo_city", "geo_zipcode", "geo_latitude"),
    *("geo_longitude", "geo_region_name", "ip_isp", "ip_organization", "ip_domain"),
    *("ip_netspeed", "page_url", "page_title", "page_referrer", "page_urlscheme"),
    *("page_urlhost", "page_urlport", "page_urlpath", "page_urlquery", "page_urlfragment"),
    *("refr_urlscheme", "refr_urlhost", "refr_urlport", "refr_urlpath", "refr_urlquery"),
    *("refr_urlfragment", "refr_medium", "refr_source", "refr_term", "mkt_medium"),
    *("mkt_source", "mkt_term", "mkt_content", "mkt_campaign", "contexts", "se_category"),
    *("se_action", "se_label", "se_property", "se_value", "unstruct_event", "tr_orderid"),
    *("tr_affiliation", "tr_total", "tr_tax", "tr_shipping", "tr_city", "tr_state"),
    *("tr_country", "ti_orderid", "ti_sku", "ti_name", "ti_category", "ti_price"),
    *("ti_quantity", "pp_xoffset_min", "pp_xoffset_max", "pp_yoffset_min", "pp_yoffset_max"),
    *("useragent", "br_name", "br_family", "br_version", "br_type", "br_renderengine"),
    *("br_lang", "br_features_pdf", "br_features_flash", "br_features_java"),
    *("br_features_director", "br_features_quicktime", "br_features_realplayer"),
    *("br_features_windowsmedia", "br_features_gears", "br_features_silverlight"),
    *("br_cookies", "br_colordepth", "br_viewwidth", "br_viewheight", "os_name", "os_family"),
    *("os_manufacturer", "os_timezone", "dvce_type", "dvce_ismobile", "dvce_screenwidth"),
    *("dvce_screenheight", "doc_charset", "doc_width", "doc_height", "tr_currency"),
    *("tr_total_base", "tr_tax_base", "tr_shipping_base", "ti_currency", "ti_price_base"),
    *("base_currency", "geo_timezone", "mkt_clickid", "mkt_network", "etl_tags"),
    *("dvce_sent_tstamp", "refr_domain_userid", "refr_device_tstamp", "derived_contexts"),
    *("domain_sessionid", "derived_tstamp", "event_vendor", "event_name", "event_format"),
    *("event_version", "event_fingerprint", "true_tstamp"),
)

_MARK = "\ufffd"
_CONTEXTS = ("contexts", "derived_contexts")


class SnowplowRows:
    """A file of enriched events."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.columns: Collection[str] = list(dict.fromkeys((*COLUMNS, *columns_of(self.rows()))))
        self.is_complete = False

    def getter(self, column: str) -> Getter:
        """A column of the line, or a dotted path into what it describes."""
        return nested(column)

    def content(self, cells: Cells) -> bytes:
        """The line as JSON, columns in the order of their names."""
        return content_of(cells)

    def rows(self) -> Iterator[Row | Unreadable]:
        """All lines, empty ones left out."""
        with opened_bytes(self._file) as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _row(number, line)


def _row(number: int, line: bytes) -> Row | Unreadable:
    told = line.rstrip(b"\r\n").decode("utf-8", "replace").split("\t")
    if len(told) != len(COLUMNS):
        found = f"{len(told)} columns, where enriched events have {len(COLUMNS)}"
        return Unreadable(number, found)
    cells: dict[str, Any] = {name: cell for name, cell in zip(COLUMNS, told, strict=True) if cell}
    mended = [name for name, cell in cells.items() if _MARK in cell and cell.encode() not in line]
    try:
        _open(cells, mended)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        return Unreadable(number, f"its self-describing JSON is none: {error}")
    return Row(number, cells, "", tuple(dict.fromkeys(mended)))


def _open(cells: dict[str, Any], mended: list[str]) -> None:
    """Replace self-describing JSON by what it describes, by the names of its schemas."""
    if event := cells.pop("unstruct_event", None):
        inner = _json(event, "unstruct_event", mended)["data"]
        cells["unstruct"] = {_name(inner["schema"]): inner["data"]}
    entities: dict[str, list[Any]] = defaultdict(list)
    for column in _CONTEXTS:
        if told := cells.pop(column, None):
            for one in _json(told, column, mended)["data"]:
                entities[_name(one["schema"])].append(one["data"])
    if entities:
        cells["contexts"] = dict(entities)
        cells["entity"] = {name: members[0] for name, members in entities.items()}


def _json(told: str, column: str, mended: list[str]) -> Any:
    """The JSON of a column; halves of characters in it cost themselves."""
    try:
        return msgspec.json.decode(told)
    except msgspec.DecodeError:
        found, places = read_mended(told.encode())
        mended += [column for _ in places]
        return found


def _name(schema: str) -> str:
    """`iglu:com.acme/add_to_cart/jsonschema/1-0-0` is `add_to_cart`."""
    return schema.split("/")[1] if schema.count("/") == 3 else schema
