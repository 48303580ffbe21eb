"""Columns of URLs and texts as the base holds them: what is personal is masked.

RE2 looks at whole columns of paths for what may be personal, distinct queries are read once, and
only what is found is read one by one: `shown_url` says what is right, and a property test holds
both together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from streams.enrich.cut import Texts
from streams.enrich.shown_url import LONGEST_SCHEME
from streams.enrich.visited import Visited
from streams.personal import LONGEST_MASKED, SIGNS, masked_text

_SIGNS: Final = "|".join(sign for _, sign in SIGNS)


def may_be_personal(texts: pa.StringArray) -> Any:
    """What `streams.personal.may_be_personal` says of each text, (n,) of bool."""
    is_long = pc.greater(pc.utf8_length(texts), LONGEST_MASKED)
    return pc.or_(is_long, pc.match_substring_regex(texts, _SIGNS)).to_numpy(zero_copy_only=False)


def shown_urls(urls: pa.StringArray, visited: Visited) -> pa.StringArray:
    """URLs as they may stand in the base, (n,). Each distinct one is looked at once."""
    coded = urls.dictionary_encode()
    distinct = coded.dictionary
    if len(distinct) == 1 and distinct[0].as_py() == "":
        return urls
    shown = _shown(distinct, visited)
    return urls if shown is distinct else shown.take(coded.indices)


def _shown(urls: pa.StringArray, visited: Visited) -> pa.StringArray:
    """The URLs, the same object where none of them holds anything personal."""
    texts = Texts(urls)
    (query_at,) = texts.places_of_nth("?", 1)
    is_alone = texts.has("#") | texts.has("@") | texts.has(";")
    is_alone |= may_be_personal(texts.cut_between(_path_begins(texts, query_at), query_at))
    begin = np.where(is_alone, texts.ends, np.minimum(query_at + 1, texts.ends))
    queries = texts.cut_between(begin, texts.ends).dictionary_encode()
    distinct = queries.dictionary.to_pylist()
    is_masked = np.array([visited.queries[query][2] != query for query in distinct], bool)
    is_alone |= is_masked[queries.indices.to_numpy()]
    rows = np.flatnonzero(is_alone)
    return with_texts(urls, rows, [visited.shown[url] for url in texts_of(urls, rows)])


def shown_texts(texts: pa.StringArray) -> pa.StringArray:
    """Texts that people typed as they may stand in the base, (n,)."""
    rows = np.flatnonzero(may_be_personal(texts))
    return with_texts(texts, rows, [masked_text(text) for text in texts_of(texts, rows)])


def texts_of(column: pa.StringArray, rows: Any) -> list[str]:
    """The texts in some rows of a column."""
    texts: list[str] = column.take(pa.array(rows)).to_pylist()
    return texts


def with_texts(column: pa.StringArray, rows: Any, texts: Sequence[str]) -> pa.StringArray:
    """A column with other texts in some rows, which ascend."""
    if not len(rows):
        return column
    is_other = np.zeros(len(column), bool)
    is_other[rows] = True
    return pc.replace_with_mask(column, pa.array(is_other), pa.array(texts, pa.string()))


def _path_begins(texts: Texts, query_at: Any) -> Any:
    """Where the path of each URL begins, behind the origin where there is one."""
    first, second, third = texts.places_of_nth("/", 1, 2, 3)
    has_origin = (second == first + 1) & (first - texts.begins <= LONGEST_SCHEME)
    has_origin &= second < query_at
    return np.where(has_origin, np.minimum(third, query_at), texts.begins)
