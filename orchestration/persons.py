"""Who is who, for people: what joins the identifiers of a person, and decisions about them.

Decisions are rows that nobody deletes, and a rebuild reads them like everything else; they take
effect with the next build. So that there is one, deciding marks a day.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from orchestration.days import PERSONS
from streams.anew import mark_days
from streams.identity import RANKS, written_identifier
from warehouse.client import Warehouse

Decision = Literal["apart", "joined"]

DECISION_COLUMNS = (
    "identifier",
    "other_identifier",
    "decision",
    "reason",
    "decided_by",
    "decided_at",
)

IS_BUILT = "select count() from system.tables where database = 'marts' and name = 'identifiers'"

# One row per identifier of the person that one identifier belongs to.
IDENTIFIERS = """
select identifier, person, component, component_size, first_seen_at, last_seen_at
from marts.identifiers
where person in (select person from marts.identifiers where identifier = {identifier:String})
order by rank, first_seen_at, identifier
"""

# One row per pair that names one of these identifiers.
PAIRS = """
select
    identifier,
    other_identifier,
    min(first_seen_at) as first_met_at,
    max(last_seen_at) as last_met_at,
    (identifier, other_identifier) in (
        select identifier, other_identifier from staging.stg_identity_edges
    ) as is_joining
from analytics.identity_pairs
where identifier in {identifiers:Array(String)} or other_identifier in {identifiers:Array(String)}
group by identifier, other_identifier
order by first_met_at, identifier, other_identifier
"""

DECISIONS = """
select identifier, other_identifier, toString(decision) as decision, reason, decided_by, decided_at
from reference.identity_decisions
where identifier in {identifiers:Array(String)} or other_identifier in {identifiers:Array(String)}
order by decided_at, identifier, other_identifier
"""

# One row per pair that joins two identifiers of a component, by the decisions as they are now.
EDGES = """
select identifier, other_identifier
from staging.stg_identity_edges
where identifier in (
    select identifier
    from marts.identifiers
    where component in (
        select component from marts.identifiers where identifier in {identifiers:Array(String)}
    )
)
"""

# The newest day on which one of these identifiers, or one that was seen with them, was there.
NEWEST_DAY = """
select max(occurred_on)
from analytics.events
where person in (
    select arrayJoin({identifiers:Array(String)})

    union all

    select arrayJoin([identifier, other_identifier])
    from analytics.identity_pairs
    where
        identifier in {identifiers:Array(String)} or other_identifier in {identifiers:Array(String)}
)
having count() > 0
"""

# What an event names beside its visitor or customer was seen together with that one.
IS_KNOWN = """
select
    exists(select 1 from analytics.events where person = {identifier:String})
    or exists(
        select 1 from analytics.identity_pairs
        where identifier = {identifier:String} or other_identifier = {identifier:String}
    )
"""

UNMERGED = """
select
    toString(reason) as reason, component, component_size, identifier, other_identifier,
    decision_reason, partner_count, most_connected
from marts.unmerged_identifiers
order by reason, component_size desc, component, partner_count desc, identifier, other_identifier
"""


class UnknownIdentifierError(Exception):
    """What was named is no identifier, or nothing is known of it yet; the message says which."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """One of the identifiers of a person, with the first and the last time it met another one."""

    identifier: str
    first_seen_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Pair:
    """Two identifiers that one event named; `is_joining` unless a decision or a quarantine
    keeps them apart.
    """

    identifier: str
    other_identifier: str
    first_met_at: datetime
    last_met_at: datetime
    is_joining: bool


@dataclass(frozen=True, slots=True)
class Person:
    """A person with everything that is known of who it is.

    `component_size` counts what hangs together: more than there are identifiers when it is too much
    to be one person.
    """

    person: str
    component_size: int
    identifiers: Sequence[Identifier]
    pairs: Sequence[Pair]
    decisions: Sequence[dict[str, Any]]

    def as_json(self) -> dict[str, object]:
        """One object for scripts."""
        return asdict(self)


def checked(identifier: str) -> str:
    """An identifier as it was given, hashes in lower case.

    Raises:
        UnknownIdentifierError: it has no kind that there is, or no value.
    """
    kind, colon, value = identifier.partition(":")
    if len(kind) != 1 or kind not in RANKS or not colon or not value:
        raise UnknownIdentifierError(
            f"{identifier!r} is no identifier: these have a kind and a value, c: customer, "
            "p: phone, e: e-mail, v: visitor or t: partner's, such as v:8a7f"
        )
    return written_identifier(identifier)


def is_known(warehouse: Warehouse, identifier: str) -> bool:
    """Whether any event ever named an identifier."""
    return bool(warehouse.scalar(IS_KNOWN, identifier=identifier))


def person_of(warehouse: Warehouse, identifier: str) -> Person:
    """The person that an identifier belongs to, as the last build resolved it.

    Raises:
        UnknownIdentifierError: nothing was resolved yet.
    """
    if not warehouse.scalar(IS_BUILT):
        raise UnknownIdentifierError(
            "nobody knows yet who is who: `active-analytics build` finds it out"
        )
    rows = warehouse.dicts(IDENTIFIERS, identifier=identifier)
    names = [row["identifier"] for row in rows] or [identifier]
    return Person(
        person=rows[0]["person"] if rows else identifier,
        component_size=rows[0]["component_size"] if rows else 1,
        identifiers=[
            Identifier(row["identifier"], _utc(row["first_seen_at"]), _utc(row["last_seen_at"]))
            for row in rows
        ],
        pairs=[
            Pair(one, other, _utc(first), _utc(last), bool(is_joining))
            for one, other, first, last, is_joining in warehouse.rows(PAIRS, identifiers=names)
        ],
        decisions=[
            row | {"decided_at": _utc(row["decided_at"])}
            for row in warehouse.dicts(DECISIONS, identifiers=names)
        ],
    )


def decide(
    warehouse: Warehouse,
    decision: Decision,
    identifier: str,
    other_identifier: str,
    *,
    reason: str,
    decided_by: str,
) -> None:
    """Record a decision, and mark a day so that the next build takes it up.

    Args:
        warehouse: where to record it.
        decision: `apart`, or `joined` to take it back.
        identifier: of whom.
        other_identifier: from whom; empty for everybody.
        reason: why, for whoever asks later.
        decided_by: who decided.
    """
    now = datetime.now(UTC)
    row = (identifier, other_identifier, decision, reason, decided_by, now)
    warehouse.insert("reference.identity_decisions", DECISION_COLUMNS, [row])
    names = [one for one in (identifier, other_identifier) if one]
    days = [day for (day,) in warehouse.rows(NEWEST_DAY, identifiers=names)]
    if days:
        mark_days(warehouse, days, PERSONS)


def connection(warehouse: Warehouse, one: str, other: str) -> list[str]:
    """How two identifiers hang together by the decisions as they are now, shortest way first.

    Returns:
        The identifiers on the way, both ends included; empty when nothing joins them.
    """
    if not warehouse.scalar(IS_BUILT):
        return []
    return shortest_way(warehouse.rows(EDGES, identifiers=[one, other]), one, other)


def shortest_way(edges: Iterable[tuple[str, str]], one: str, other: str) -> list[str]:
    """A shortest way between two vertices of a graph; empty when there is none."""
    neighbours: dict[str, set[str]] = {}
    for near, far in edges:
        neighbours.setdefault(near, set()).add(far)
        neighbours.setdefault(far, set()).add(near)
    ways = deque([[one]])
    visited = {one}
    while ways:
        way = ways.popleft()
        if way[-1] == other:
            return way
        for neighbour in sorted(neighbours.get(way[-1], set()) - visited):
            visited.add(neighbour)
            ways.append([*way, neighbour])
    return []


def unmerged(warehouse: Warehouse) -> list[dict[str, Any]]:
    """What was kept from merging and why, as the last build found it; largest components first.

    Raises:
        UnknownIdentifierError: nothing was resolved yet.
    """
    if not warehouse.scalar(IS_BUILT.replace("'identifiers'", "'unmerged_identifiers'")):
        raise UnknownIdentifierError(
            "nobody knows yet who is who: `active-analytics build` finds it out"
        )
    return warehouse.dicts(UNMERGED)


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC)
