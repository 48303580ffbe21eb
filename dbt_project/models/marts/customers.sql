-- One row per person, with everything they did so far.
{{ config(materialized='table', tags='roll_up', order_by='person') }}

with

sessions as (

    select
        session_id, person, started_at, ended_at, event_count, server_event_count, channel, channel_source, customer_id
    from {{ ref('sessions') }}

),

-- what servers told of persons while none of their sessions was open
outside_events as (

    select person, customer_id, occurred_at, event_id
    from {{ ref('int_events_sessionized') }}
    where outside_reason = 'server'

),

orders as (

    select order_id, person, ordered_at, gross_revenue_minor, net_revenue_minor
    from {{ ref('orders') }}

),

sessions_of_persons as (

    select
        person,
        min(started_at) as first_seen_at,
        max(ended_at) as last_seen_at,
        count() as session_count,
        sum(event_count) as event_count,
        sum(server_event_count) as server_event_count,
        argMin((channel, channel_source), (started_at, session_id)) as first_touch,
        argMaxIf(customer_id, (started_at, session_id), customer_id != '') as customer_id
    from sessions
    group by person

),

outside_events_of_persons as (

    select
        person,
        count() as server_event_count,
        argMaxIf(customer_id, (occurred_at, event_id), customer_id != '') as customer_id
    from outside_events
    group by person

),

orders_of_persons as (

    select
        person,
        min(ordered_at) as first_ordered_at,
        max(ordered_at) as last_ordered_at,
        count() as order_count,
        sum(orders.gross_revenue_minor) as gross_revenue_minor,
        sum(orders.net_revenue_minor) as net_revenue_minor
    from orders
    group by person

)

select
    person,
    toLowCardinality(multiIf(
        startsWith(person, 'c:'), 'customer',
        startsWith(person, 'p:') or startsWith(person, 'e:'), 'known visitor',
        startsWith(person, 'o:'), 'anonymous order',
        'unknown visitor'
    )) as person_class,
    if(
        sessions_of_persons.customer_id != '', sessions_of_persons.customer_id, outside_events_of_persons.customer_id
    ) as customer_id,
    sessions_of_persons.first_seen_at as first_seen_at,
    sessions_of_persons.last_seen_at as last_seen_at,
    toUInt32(sessions_of_persons.session_count) as session_count,
    sessions_of_persons.event_count as event_count,
    sessions_of_persons.server_event_count + outside_events_of_persons.server_event_count as server_event_count,
    toLowCardinality(sessions_of_persons.first_touch.1) as first_channel,
    toLowCardinality(sessions_of_persons.first_touch.2) as first_channel_source,
    toUInt32(orders_of_persons.order_count) as order_count,
    orders_of_persons.gross_revenue_minor as gross_revenue_minor,
    orders_of_persons.net_revenue_minor as net_revenue_minor,
    orders_of_persons.first_ordered_at as first_ordered_at,
    orders_of_persons.last_ordered_at as last_ordered_at
from sessions_of_persons
-- an order's session may have begun on a day that is not built yet
full outer join outside_events_of_persons using (person)
full outer join orders_of_persons using (person)
