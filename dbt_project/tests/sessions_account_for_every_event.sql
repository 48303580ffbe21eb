-- A returned row is a day whose sessions count other events than were put into sessions begun on it.
with

counted as (

    select
        began_on,
        sum(event_count + server_event_count) as event_count
    from {{ ref('sessions') }}
    where {{ built_days('began_on') }}
    group by began_on

),

in_sessions as (

    select
        began_on,
        count() as event_count
    from {{ ref('int_events_sessionized') }}
    where is_in_session and {{ built_days('began_on') }} and {{ built_days('occurred_on', after=1) }}
    group by began_on

)

select
    began_on,
    counted.event_count as counted_events,
    in_sessions.event_count as events_in_sessions
from counted
full outer join in_sessions using (began_on)
where counted.event_count != in_sessions.event_count
