-- One row per shop day, kind, source, code and field: events that bear this warning.
--
-- Every event of the base counts, bots' and nobody's too, for this is about what sources send; copies count once.
{{ config(
    materialized='shop_days',
    partition_by='occurred_on',
    order_by=['kind', 'source', 'code', 'field']
) }}

with

warned_events as (

    select
        event_id,
        occurred_on,
        kind,
        source,
        arrayJoin(warnings) as warning
    from {{ source('analytics', 'events') }}
    where {{ built_days('occurred_on') }} and notEmpty(warnings)

)

select
    occurred_on,
    kind,
    source,
    toLowCardinality(warning.1) as code,
    toLowCardinality(warning.2) as field,
    toUInt64(uniqExact(event_id)) as event_count,
    min(event_id) as example_event_id
from warned_events
group by occurred_on, kind, source, code, field
