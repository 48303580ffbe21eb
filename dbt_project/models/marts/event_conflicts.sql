-- One row per body that another one under the same event id beat.
--
-- A shop that sends an event again should send the same bytes. Another body under the same id is not lost: it stays in
-- the event store and in analytics.events, and is told here; the marts know only the body that counts (first_copies).
{{ config(materialized='shop_days', partition_by='occurred_on', order_by=['event_id', 'body_fingerprint']) }}

with

events as (

    select
        stored.event_id as event_id,
        cityHash64(stored.event_id) as id_hash,
        stored.body_fingerprint as body_fingerprint,
        stored.occurred_on as occurred_on,
        stored.kind as kind,
        stored.source as source,
        stored.broker_time as broker_time,
        stored.topic as log_topic,
        stored."partition" as log_partition,
        stored.offset as log_offset
    from {{ source('analytics', 'events') }} as stored
    where stored.body_fingerprint != 0  -- rows from before there were fingerprints: `active-analytics enrich`

),

ids_of_built_days as (

    select id_hash
    from events
    where {{ built_days('occurred_on') }}

),

ids_in_conflict as (

    select id_hash
    from events
    where id_hash in (select id_hash from ids_of_built_days)
    group by id_hash
    having uniqExact(body_fingerprint) > 1

),

kept as (

    select
        event_id,
        min((
            broker_time, log_topic, log_partition, log_offset, body_fingerprint, kind, occurred_on
        )) as body
    from events
    where id_hash in (select id_hash from ids_in_conflict)
    group by event_id

),

bodies as (

    select
        event_id,
        body_fingerprint,
        occurred_on,
        min((broker_time, log_topic, log_partition, log_offset, kind, source)) as first_copy,
        uniqExact((log_topic, log_partition, log_offset)) as copy_count
    from events
    where id_hash in (select id_hash from ids_in_conflict) and {{ built_days('occurred_on') }}
    group by event_id, body_fingerprint, occurred_on

)

select
    bodies.event_id as event_id,
    bodies.occurred_on as occurred_on,
    toLowCardinality(bodies.first_copy.5) as kind,
    toLowCardinality(bodies.first_copy.6) as source,
    bodies.body_fingerprint as body_fingerprint,
    bodies.first_copy.1 as broker_time,
    toLowCardinality(bodies.first_copy.2) as log_topic,
    bodies.first_copy.3 as log_partition,
    bodies.first_copy.4 as log_offset,
    toUInt32(bodies.copy_count) as copy_count,
    kept.body.5 as kept_fingerprint,
    kept.body.1 as kept_broker_time,
    toLowCardinality(kept.body.6) as kept_kind,
    kept.body.7 as kept_occurred_on
from bodies
inner join kept on bodies.event_id = kept.event_id
where bodies.body_fingerprint != kept.body.5
