-- One row per identifier that was ever seen together with another one, with the person it belongs to.
--
-- A person is named by the first of its identifiers by rank (customer, phone, e-mail, visitor, partner's), then by
-- time, then by text: nothing depends on the order of arrival. Of a component that is too large to be one person,
-- every identifier is a person of its own, and so is what is quarantined. An identifier without a row was never seen
-- with another one.
{{ config(materialized='persons', order_by='identifier') }}

with

sightings as (

    select identifier, first_seen_at as seen_at, last_seen_at as seen_again_at
    from {{ source('analytics', 'identity_pairs') }}

    union all

    select other_identifier as identifier, first_seen_at as seen_at, last_seen_at as seen_again_at
    from {{ source('analytics', 'identity_pairs') }}

),

seen as (

    select
        identifier,
        indexOf(['c', 'p', 'e', 'v', 't'], left(identifier, 1)) as place,
        toUInt8(if(place = 0, 6, place)) as rank,  -- a kind that nobody knows names no person
        toDateTime64(min(seen_at), 6, 'UTC') as first_seen_at,
        toDateTime64(max(seen_again_at), 6, 'UTC') as last_seen_at
    from sightings
    group by identifier

),

placed as (

    select
        seen.identifier as identifier,
        seen.rank as rank,
        seen.first_seen_at as first_seen_at,
        seen.last_seen_at as last_seen_at,
        if(joined.component = '', seen.identifier, joined.component) as component
    from seen
    left join {{ ref('int_identifiers_connected') }} as joined on seen.identifier = joined.identifier

),

shared as (

    select identifier
    from {{ ref('stg_quarantined_identifiers') }}

    union all

    select identifier
    from {{ ref('stg_identity_decisions') }}
    where other_identifier = '' and decision = 'apart'

),

sized as (

    select
        component,
        count() as component_size,
        argMin(identifier, (rank, first_seen_at, identifier)) as first_identifier
    from placed
    group by component

)

select
    placed.identifier as identifier,
    if(is_merged, sized.first_identifier, placed.identifier) as person,
    placed.rank as rank,
    placed.first_seen_at as first_seen_at,
    placed.last_seen_at as last_seen_at,
    placed.component as component,
    toUInt32(sized.component_size) as component_size,
    toBool(sized.component_size between 2 and {{ var('person_max_identifiers') }}) as is_merged,
    toBool(
        sized.component_size > {{ var('person_max_identifiers') }}
        or placed.identifier in (select identifier from shared)
    ) as is_shared
from placed
inner join sized on placed.component = sized.component
