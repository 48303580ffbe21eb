-- One row per identifier, or pair of them, that was kept from merging: because everything that hangs together with it
-- is too much to be one person, because it met too many others in a day, or because somebody set it apart.
{{ config(materialized='table', tags='roll_up', order_by=['reason', 'component', 'identifier', 'other_identifier']) }}

with

identifiers as (

    select identifier, component, component_size
    from {{ ref('identifiers') }}

),

pairs as (

    select distinct
        identifier,
        other_identifier,
        least(identifier, other_identifier) as first_identifier,
        greatest(identifier, other_identifier) as second_identifier
    from {{ source('analytics', 'identity_pairs') }}

),

partners as (

    select
        arrayJoin([identifier, other_identifier]) as partner,
        count() as partner_count
    from pairs
    group by partner

),

connected as (

    select
        identifiers.identifier as identifier,
        identifiers.component as component,
        identifiers.component_size as component_size,
        partners.partner_count as partner_count
    from identifiers
    inner join partners on identifiers.identifier = partners.partner

),

hubs as (

    select
        component,
        arrayMap(
            hub -> hub.2,
            arraySlice(arraySort(groupArray((-toInt64(partner_count), identifier))), 1, 5)
        ) as most_connected
    from connected
    group by component

),

kept as (

    select
        identifier,
        '' as other_identifier,
        'too large' as reason,
        '' as decision_reason
    from identifiers
    where component_size > {{ var('person_max_identifiers') }}

    union all

    select
        identifier,
        '' as other_identifier,
        'quarantined' as reason,
        concat(
            'met ', toString(max(met.1)), ' others (', argMax(met.2, met), ':) first on ', toString(argMax(met.3, met))
        ) as decision_reason
    from (
        select identifier, (partner_count, partner_kind, met_on) as met
        from {{ ref('stg_quarantined_identifiers') }}
    )
    where (identifier, '') not in (
        select identifier, other_identifier
        from {{ ref('stg_identity_decisions') }}
        where decision = 'apart'
    )
    group by identifier

    union all

    select
        identifier,
        other_identifier,
        'set apart' as reason,
        decisions.reason as decision_reason
    from {{ ref('stg_identity_decisions') }} as decisions
    where
        decision = 'apart'
        and (
            (other_identifier = '' and identifier in (select identifier from identifiers))
            or (identifier, other_identifier) in (select first_identifier, second_identifier from pairs)
        )

)

select
    kept.identifier as identifier,
    kept.other_identifier as other_identifier,
    toLowCardinality(kept.reason) as reason,
    kept.decision_reason as decision_reason,
    connected.component as component,
    connected.component_size as component_size,
    toUInt32(connected.partner_count) as partner_count,
    hubs.most_connected as most_connected
from kept
inner join connected on kept.identifier = connected.identifier
inner join hubs on connected.component = hubs.component
