{#
    A table of (identifier, person) that never changes without marking the days on which it matters.

    The new table is compared with the one there; the days that have events whose person is another one get a
    mark; then the tables are exchanged. A build that ends in between is repeated by the next one, which finds
    the same difference and marks the days again: at worst they are built twice.
#}
{% materialization persons, adapter='clickhouse' %}

    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set has_contract = config.get('contract').enforced -%}
    {%- set new_persons = scratch_relation('persons') -%}
    {%- if existing_relation is none -%}
        {% do clickhouse__create_empty_table(False, target_relation, sql, has_contract) %}
    {%- else -%}
        {# a table from before the column: what is shared now differs from it, and marks its days #}
        {% do run_query('alter table ' ~ target_relation ~ ' add column if not exists is_shared Bool') %}
    {%- endif -%}

    {{ run_hooks(pre_hooks) }}

    {% do clickhouse__create_empty_table(False, new_persons, sql, has_contract, 'create_new_persons') %}
    {% call statement('main') %}
        {{ clickhouse__insert_into(new_persons, sql, has_contract) }}
    {% endcall %}
    {% do run_query(day_marks_of_changes(target_relation, new_persons)) %}
    {% do exchange_tables_atomic(new_persons, target_relation) %}
    {% do run_query('drop table ' ~ new_persons ~ ' sync') %}

    {{ run_hooks(post_hooks) }}
    {% do persist_docs(target_relation, model) %}
    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}


{#
    Marks for the days of events whose person is not the same by two tables: because the person of their visitor or of
    their customer changed, or because a visitor is shared no more, or is now.
#}
{% macro day_marks_of_changes(old_persons, new_persons) %}
    insert into {{ source('operations', 'day_marks') }} (shop_day, reason, marked_at)
    with

    changed as (

        select identifier
        from (
            select identifier, (person, is_shared) as state from {{ old_persons }} where is_merged or is_shared
            union all
            select identifier, (person, is_shared) as state from {{ new_persons }} where is_merged or is_shared
        )
        group by identifier
        having count() = 1 or min(state) != max(state)

    ),

    events as (

        select distinct occurred_on, person, person as named, customer_id, phone_sha256, email_sha256
        from {{ source('analytics', 'events') }}
        where
            person in (select identifier from changed)
            or customer_id in (select substring(identifier, 3) from changed where startsWith(identifier, 'c:'))
            or phone_sha256 in (select substring(identifier, 3) from changed where startsWith(identifier, 'p:'))
            or email_sha256 in (select substring(identifier, 3) from changed where startsWith(identifier, 'e:'))

    ),

    known_events as (

        select occurred_on, customer_id, phone_sha256, email_sha256, known_person, named as person
        from (
            select occurred_on, customer_id, phone_sha256, email_sha256, named, person as known_person
            from ({{ of_resolved_persons('events', old_persons) }})
        )

    ),

    resolved_events as (

        {{ of_resolved_persons('known_events', new_persons) }}

    )

    select distinct
        occurred_on,
        'persons',
        toDateTime64('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f") }}', 6, 'UTC')
    from resolved_events
    where person != known_person
{% endmacro %}
