-- One row per pair of identifiers that joins them: seen together, not set apart by a decision, and neither quarantined.
{{ config(materialized='view') }}

with

pairs as (

    select
        identifier,
        other_identifier,
        toDateTime64(min(first_seen_at), 6, 'UTC') as first_met_at,
        toDateTime64(max(last_seen_at), 6, 'UTC') as last_met_at
    from {{ source('analytics', 'identity_pairs') }}
    group by identifier, other_identifier

),

set_apart as (

    select identifier, other_identifier
    from {{ ref('stg_identity_decisions') }}
    where decision = 'apart'

),

quarantined as (

    select identifier
    from {{ ref('stg_quarantined_identifiers') }}

)

select
    identifier,
    other_identifier,
    first_met_at as first_seen_at,
    last_met_at as last_seen_at
from pairs
where
    identifier not in (select identifier from quarantined)
    and other_identifier not in (select identifier from quarantined)
    and (identifier, '') not in (select identifier, other_identifier from set_apart)
    and (other_identifier, '') not in (select identifier, other_identifier from set_apart)
    and (least(identifier, other_identifier), greatest(identifier, other_identifier)) not in (
        select identifier, other_identifier from set_apart
    )
