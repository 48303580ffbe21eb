"""What statements may use: lists of names, by allow-list.

The engine reads and writes files, opens connections and evaluates text handed to it, by hundreds of
functions, engines, formats and settings, and every release adds some. So what is not listed here is
not served; a test names what a new release brought and nobody has decided on. What the user of a
server of one's own may do beyond that is a setting: WAREHOUSE_ALSO_SERVED.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files

TABLE_FUNCTIONS = frozenset(
    """
    dictionary format generate_series generateRandom generateSeries input merge
    mergeTreeAnalyzeIndexes mergeTreeAnalyzeIndexesUUID mergeTreeCodecBlockCounts mergeTreeIndex
    mergeTreeProjection mergeTreeTextIndex null numbers numbers_mt primes SQLStandardValues values
    view viewExplain viewIfPermitted zeros zeros_mt
    """.split()  # noqa: SIM905  # a list of words reads better
)
TABLE_ENGINES = frozenset(
    """
    AggregatingMergeTree Alias Buffer CoalescingMergeTree CollapsingMergeTree Dictionary
    GenerateRandom Join Log MaterializedView Memory Merge MergeTree Null ReplacingMergeTree
    Set StripeLog SummingMergeTree TinyLog VersionedCollapsingMergeTree View
    """.split()  # noqa: SIM905
)
DATABASE_ENGINES = frozenset({"Atomic", "Memory"})
DICTIONARY_SOURCES = frozenset({"CLICKHOUSE", "NULL"})
DICTIONARY_SOURCE_KEYS = frozenset({"TABLE", "DB"})  # a host is elsewhere; QUERY and WHERE are SQL
DICTIONARY_LAYOUTS = frozenset(
    """
    FLAT HASHED HASHED_ARRAY SPARSE_HASHED CACHE DIRECT RANGE_HASHED COMPLEX_KEY_HASHED
    COMPLEX_KEY_HASHED_ARRAY COMPLEX_KEY_SPARSE_HASHED COMPLEX_KEY_CACHE COMPLEX_KEY_DIRECT
    COMPLEX_KEY_RANGE_HASHED IP_TRIE POLYGON
    """.split()  # noqa: SIM905
)
# Not those that read a schema, a template or an address besides the rows, nor wire protocols.
REFUSED_FORMATS = frozenset(
    """
    AvroConfluent CapnProto Form MySQLDump MySQLWire PostgreSQLWire Protobuf ProtobufList
    ProtobufSingle Template TemplateIgnoreSpaces
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Served:
    """Names that statements may use, each kind folded as the engine compares it.

    `known` are the names of functions and table functions the engine has, in lower case: a call of
    another name can only be of something a statement made (a view with parameters, a function), and
    that statement was judged.
    """

    calls: frozenset[str]
    known: frozenset[str]
    engines: frozenset[str]
    database_engines: frozenset[str]
    sources: frozenset[str]
    formats: frozenset[str]
    settings: frozenset[str]
    known_settings: frozenset[str]
    higher_order: frozenset[str]
    destinations: frozenset[str]
    aggregates: frozenset[str]
    combinators: frozenset[str]

    @property
    def refused(self) -> frozenset[str]:
        """Functions and table functions of the engine that are not served, in lower case."""
        return self.known - self.calls

    def is_combined(self, name: str) -> bool:
        """Whether a name is that of a served aggregate with combinators: `sumIf`, `countDistinct`.

        The engine lists aggregates and combinators, not what they make together.
        """
        rest = name
        while suffix := max(filter(rest.endswith, self.combinators), key=len, default=""):
            rest = rest.removesuffix(suffix)
            if rest.lower() in self.aggregates & self.calls:
                return True
        return False

    @classmethod
    def of_names(
        cls,
        functions: Iterable[str],
        formats: Iterable[str],
        settings: Iterable[str],
        higher_order: Iterable[str],
        *,
        aggregates: Iterable[str],
        combinators: Iterable[str],
        also: frozenset[str] = frozenset(),
    ) -> Served:
        """What is served of what an engine has.

        Args:
            functions: names of the engine's functions and table functions.
            formats: names of its formats.
            settings: names of its settings, those of MergeTree tables included.
            higher_order: names of functions that take functions, also by name.
            aggregates: names of aggregate functions.
            combinators: what may follow those names, in any number.
            also: names of any kind that are served although they are not listed here.
        """
        lower = frozenset(name.lower() for name in also)
        calls = listed_names("functions") | TABLE_FUNCTIONS
        folded_formats = {name.lower() for name in formats}
        return cls(
            calls=frozenset(name.lower() for name in calls) | lower,
            known=frozenset(name.lower() for name in functions),
            engines=TABLE_ENGINES | also,
            database_engines=DATABASE_ENGINES | also,
            sources=DICTIONARY_SOURCES | {name.upper() for name in also},
            formats=frozenset(folded_formats - {name.lower() for name in REFUSED_FORMATS} | lower),
            settings=listed_names("settings") | listed_names("table_settings") | also,
            known_settings=frozenset(settings),
            higher_order=frozenset(name.lower() for name in higher_order),
            destinations=frozenset({"File"}) | also,
            aggregates=frozenset(name.lower() for name in aggregates),
            combinators=frozenset(combinators),
        )


def listed_names(kind: str) -> frozenset[str]:
    """The names of a list beside this module: `functions`, `settings` or `table_settings`."""
    text = files(__name__).joinpath(f"{kind}.txt").read_text()
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return frozenset(name for line in lines for name in line.split())
