-- A returned row is an event of the built days that staging holds nowhere, although it is no bot's and has no copy on
-- other days.
with

missing as (

    select distinct event_id
    from {{ source('analytics', 'events') }}
    where
        {{ built_days('occurred_on') }}
        and cityHash64(event_id) not in (
            select cityHash64(event_id)
            from {{ ref('stg_events') }}
            where {{ built_days('occurred_on', before=1, after=1) }}
        )

)

select event_id
from missing
where event_id not in (
    select event_id
    from {{ source('analytics', 'events') }}
    where
        event_id in (select event_id from missing)
        and (bot_verdict = 'bot' or not {{ built_days('occurred_on', before=1, after=1) }})
)
