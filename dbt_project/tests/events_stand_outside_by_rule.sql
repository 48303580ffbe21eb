-- A returned row is an event outside of sessions that belongs into one: because a named visitor did it, or because a
-- session of its person was open within the gap at its time. Asked of staging and of the mart's own sessions.
with

outside as (

    select event_id
    from {{ ref('int_events_sessionized') }}
    where {{ built_days('occurred_on') }} and not is_in_session

),

events as (

    select
        event_id,
        person,
        occurred_at,
        occurred_on,
        visitor_key = '' or startsWith(visitor_key, 'o:') as is_of_nobody,
        is_activity
    from {{ ref('stg_events') }}
    where {{ built_days('occurred_on') }} and event_id in (select event_id from outside)

),

sessions as (

    select person, began_on, started_at, ended_at
    from {{ ref('sessions') }}
    where {{ built_days('began_on', before=1) }} and person in (select person from events)

)

select
    event_id,
    'a visitor did it' as complaint
from events
where is_activity and not is_of_nobody

union all

select distinct
    events.event_id as event_id,
    'a session was open' as complaint
from events
inner join sessions on events.person = sessions.person
where
    not events.is_of_nobody
    and events.occurred_at between sessions.started_at
    and sessions.ended_at + interval {{ var('session_gap_seconds') }} second
    and (
        sessions.began_on = events.occurred_on
        or (
            sessions.began_on = events.occurred_on - 1
            and sessions.started_at > {{ midnight('sessions.began_on') }} + {{ var('session_gap_seconds') }}
        )
    )
