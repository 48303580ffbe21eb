-- A returned row is a day whose staged events and whose events in sessions are not the same ones.
with

staged as (

    select
        occurred_on,
        count() as event_count,
        groupBitXor(cityHash64(event_id)) as fingerprint
    from {{ ref('stg_events') }}
    where {{ built_days('occurred_on') }}
    group by occurred_on

),

in_sessions as (

    select
        occurred_on,
        count() as event_count,
        groupBitXor(cityHash64(event_id)) as fingerprint
    from {{ ref('int_events_sessionized') }}
    where {{ built_days('occurred_on') }}
    group by occurred_on

)

select
    occurred_on,
    staged.event_count as staged_count,
    in_sessions.event_count as in_sessions_count
from staged
full outer join in_sessions using (occurred_on)
where staged.event_count != in_sessions.event_count or staged.fingerprint != in_sessions.fingerprint
