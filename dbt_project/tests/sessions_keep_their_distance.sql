-- A returned row is a session that begins within the gap after the visitor's previous one, on the same shop day.
with

sessions as (

    select
        session_id,
        began_on,
        started_at,
        lagInFrame(began_on) over following_session as previous_began_on,
        lagInFrame(ended_at) over following_session as previous_ended_at
    from {{ ref('sessions') }}
    where {{ built_days('began_on') }}
    window following_session as (partition by visitor_key, person order by started_at, session_id)

)

select
    session_id,
    started_at,
    previous_ended_at
from sessions
where
    began_on = previous_began_on
    and started_at <= previous_ended_at + interval {{ var('session_gap_seconds') }} second
