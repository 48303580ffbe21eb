{#
    The source's events under a condition, every event id once.

    A shop may send an event twice, even with another body or another time, so the copies of an id are sought in the
    whole history and not only where the condition holds. The copy that the broker took first counts; of two taken in
    the same millisecond the one with the smaller fingerprint of what the shop sent. Neither depends on when or how
    often the stream stored them. A colliding hash only sends an id the long way round.
#}
{% macro first_copies(condition) %}
    with

    events as (

        select
            *,
            cityHash64(event_id) as id_hash,
            cityHash64(* except('^(topic|partition|offset|generation|broker_time)$')) as fingerprint
        from {{ source('analytics', 'events') }}

    ),

    repeated_ids as (

        select id_hash
        from events
        where id_hash in (select id_hash from events where {{ condition }})
        group by id_hash
        having count() > 1

    ),

    first_bodies as (

        select event_id, min((broker_time, fingerprint)) as first_body
        from events
        where id_hash in (select id_hash from repeated_ids)
        group by event_id

    )

    select * except (id_hash, fingerprint)
    from events
    where {{ condition }} and id_hash not in (select id_hash from repeated_ids)

    union all

    select * except (id_hash, fingerprint)
    from events
    where {{ condition }} and (event_id, (broker_time, fingerprint)) in (select event_id, first_body from first_bodies)
    limit 1 by event_id  -- what is left of an id are equal rows
{% endmacro %}
