{#
    The sessions of the relation `activity`, one row each, as `int_events_sessionized` explains them: visitor_key, person,
    session (its events in order), first_event, session_id and told_visit_ids, which stand beside the events.

    The condition chooses persons; the model needs all sessions, and once more those of few persons.
#}
{% macro sessions_of_activity(condition) %}
    select
        visitor_key,
        person,
        session,
        session[1] as first_event,
        reinterpretAsUUID(sipHash128Reference(visitor_key, first_event.event_id)) as session_id,
        -- an event that tells no visit belongs to the one that its session told last
        arrayFill(visit_id -> visit_id != '', arrayMap(e -> e.visit_id, session)) as told_visit_ids
    from (
        select
            visitor_key,
            person,
            arrayMap(
                (after_gap, day, previous_day) -> after_gap
                or (day != previous_day and not has(days_with_beginning, previous_day)),
                is_after_gap, days, previous_days
            ) as is_beginning,
            arrayJoin(arraySplit((e, beginning) -> beginning, chain, is_beginning)) as session
        from (
            select
                visitor_key,
                person,
                chain,
                arrayMap(e -> e.occurred_on, chain) as days,
                arrayPushFront(arrayPopBack(days), toDate(0)) as previous_days,
                arrayMap(
                    pause -> pause > {{ var('session_gap_seconds') }} * 1000000,
                    arrayDifference(arrayMap(e -> toUnixTimestamp64Micro(e.occurred_at), chain))
                ) as is_after_gap,
                -- days on which a session surely begins: what the day before brought cannot be seen, so it is not asked
                arrayDistinct(arrayFilter(
                    (day, previous_day, e, after_gap) -> if(day = previous_day, after_gap, e.is_after_first_gap),
                    days, previous_days, chain, is_after_gap
                )) as days_with_beginning
            from (
                select
                    visitor_key,
                    person,
                    arraySort(e -> (e.occurred_at, e.visit_sequence, e.event_id), groupArray(tuple(
                        event_id,
                        occurred_at,
                        visit_sequence,
                        occurred_on,
                        kind,
                        channel,
                        channel_source,
                        is_channel_direct,
                        campaign_fingerprint,
                        knows_client,
                        visit_id,
                        customer_id,
                        page_url,
                        occurred_at > {{ midnight('occurred_on') }} + {{ var('session_gap_seconds') }} as is_after_first_gap
                    ))) as chain
                from activity
                where {{ condition }}
                group by visitor_key, person
            )
        )
    )
{% endmacro %}
