{#
    The source's events under a condition, every event id once.

    A shop may send an event twice, even with another body or another time, so the copies of an id are sought in the
    whole history and not only where the condition holds. The copy that the broker took first counts: broker_time never
    goes back within a partition, so of one partition that is the smaller offset, and of two partitions the earlier
    time. Neither depends on when or how often the stream stored them. While a message is being enriched anew it has two
    rows: the newer one counts. A colliding hash only sends an id the long way round.
#}
{% macro first_copies(condition) %}
    with

    events as (

        select
            *,
            cityHash64(event_id) as id_hash,
            (topic, "partition", offset) as place_in_log,
            (
                broker_time,
                topic,
                "partition",
                offset,
                cityHash64(* except('^(topic|partition|offset|generation|broker_time|enrichment_version)$'))
            ) as place_among_copies
        from {{ source('analytics', 'events') }}

    ),

    repeated_ids as (

        select id_hash
        from events
        where id_hash in (select id_hash from events where {{ condition }})
        group by id_hash
        having count() > 1

    ),

    bodies as (

        select event_id, argMax(place_among_copies, enrichment_version) as place
        from events
        where id_hash in (select id_hash from repeated_ids)
        group by event_id, place_in_log

    ),

    first_bodies as (

        select event_id, min(place) as first_place
        from bodies
        group by event_id

    )

    select * except (id_hash, place_in_log, place_among_copies)
    from events
    where {{ condition }} and id_hash not in (select id_hash from repeated_ids)

    union all

    select * except (id_hash, place_in_log, place_among_copies)
    from events
    where {{ condition }} and (event_id, place_among_copies) in (select event_id, first_place from first_bodies)
    limit 1 by event_id  -- what is left of an id are equal rows
{% endmacro %}
