-- A returned row is a day whose staged events and whose events in sessions or outside by rule are not the same ones.
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

accounted as (

    select
        occurred_on,
        count() as event_count,
        groupBitXor(cityHash64(event_id)) as fingerprint
    from {{ ref('int_events_sessionized') }}
    where
        {{ built_days('occurred_on') }}
        and (is_in_session != (session_id = toUUID('00000000-0000-0000-0000-000000000000')))
        and (is_in_session = (outside_reason = ''))
    group by occurred_on

)

select
    occurred_on,
    staged.event_count as staged_count,
    accounted.event_count as accounted_count
from staged
full outer join accounted using (occurred_on)
where staged.event_count != accounted.event_count or staged.fingerprint != accounted.fingerprint
