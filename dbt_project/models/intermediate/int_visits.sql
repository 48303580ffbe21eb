-- One row per visit of a person who ever placed an order, with what brought the visitor.
--
-- A visit is the source's own when it tells one, else the session; only what the visitor did is of it. Its channel is
-- that of its first event that knows one. A campaign that comes later in it and is another one than that in force
-- brought the visitor once more: `touches` are the visit itself and these.
{{ config(materialized='table', tags='roll_up', order_by=['person', 'visit_id']) }}

with

orders as (

    select person
    from {{ ref('stg_orders') }}
    where kind in ('order.placed', 'order.changed')

),

events as (

    select
        person,
        visit_id,
        occurred_at,
        visit_sequence,
        event_id,
        (toString(channel), toString(channel_source), is_channel_direct) as channel_known,
        campaign_fingerprint,
        (not knows_channel, occurred_at, visit_sequence, event_id) as place_in_time
    from {{ ref('int_events_sessionized') }}
    where is_of_visit and person in (select person from orders)

),

visits as (

    select
        person,
        visit_id,
        min(occurred_at) as began_at,
        argMin(channel_known, place_in_time) as first_channel,
        argMin(campaign_fingerprint, place_in_time) as first_campaign,
        -- of one instant and one campaign an event says as much as the other
        arraySort(groupArrayIf(
            (occurred_at, visit_sequence, event_id, campaign_fingerprint, channel_known),
            campaign_fingerprint != 0
        )) as campaign_events
    from events
    group by person, visit_id

),

changes as (

    select
        person,
        visit_id,
        began_at,
        first_channel,
        arrayFilter(
            (e, campaign_before) -> e.4 != campaign_before,
            campaign_events,
            arrayPopBack(arrayPushFront(arrayMap(e -> e.4, campaign_events), first_campaign))
        ) as campaign_changes
    from visits

)

select
    person,
    visit_id,
    began_at,
    toLowCardinality(first_channel.1) as channel,
    toLowCardinality(first_channel.2) as channel_source,
    first_channel.3 as is_channel_direct,
    arrayPushFront(
        arrayMap(e -> (e.1, e.5.1, e.5.2, e.5.3), campaign_changes),
        (began_at, first_channel.1, first_channel.2, first_channel.3)
    ) as touches
from changes
