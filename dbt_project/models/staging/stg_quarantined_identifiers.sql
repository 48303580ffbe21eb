-- One row per identifier and shop day on which it first met too many others of one kind to be one person's.
--
-- A pure function of the pairs and decisions: neither the order of arrival nor what was built before matters.
{{ config(materialized='view') }}

with

pairs as (

    select
        identifier,
        other_identifier,
        toDate(min(first_seen_at), '{{ env_var("SHOP_TIME_ZONE", "UTC") }}') as met_on
    from {{ source('analytics', 'identity_pairs') }}
    group by identifier, other_identifier

),

meetings as (

    select identifier, other_identifier as partner, met_on
    from pairs

    union all

    select pairs.other_identifier as identifier, pairs.identifier as partner, pairs.met_on as met_on
    from pairs

),

meetings_by_kind as (

    select
        identifier,
        met_on,
        left(partner, 1) as partner_kind,
        uniqExact(partner) as partner_count
    from meetings
    group by identifier, met_on, partner_kind
    having partner_count > {{ var('identifier_max_partners_per_day') }}

),

released as (

    select identifier
    from {{ ref('stg_identity_decisions') }}
    where other_identifier = '' and decision = 'joined'

)

select
    identifier,
    met_on,
    most.2 as partner_kind,
    toUInt32(most.1) as partner_count
from (
    select identifier, met_on, max((partner_count, partner_kind)) as most
    from meetings_by_kind
    where identifier not in (select identifier from released)
    group by identifier, met_on
) as busiest_kinds
