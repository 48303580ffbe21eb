{#
    A model's query, once for each slice of the build's days, so that memory does not grow with their number.

    A slice holds about `slice_events` events and never a part of a day. Measured on 10 M events of 682 days: at once
    4.5 GB of memory and 296 s, in slices of 1 M 1.1 GB and 169 s. Most builds have one slice; then the query is the one that was compiled.
#}
{% macro sql_of_slices(sql) %}
    {%- set slices = slices_of_days() -%}
    {%- if slices | length < 2 -%}
        {{ return([sql]) }}
    {%- endif -%}
    {%- set queries = [] -%}
    {%- for first, last in slices -%}
        {%- do queries.append(modules.re.sub(
            '/. days built ./ [(]([a-z_]+) between toDate[(][^)]+[)] - ([0-9]+) and toDate[(][^)]+[)] [+] ([0-9]+).*?[)] /. so far ./',
            "(\\1 between toDate('" ~ first ~ "') - \\2 and toDate('" ~ last ~ "') + \\3)",
            sql
        )) -%}
    {%- endfor -%}
    {{ return(queries) }}
{% endmacro %}


{#
    The first and last days of slices; a stretch that exceeds the limit is cut, and each stretch stands alone. None at all
    when all days together keep to the limit, as those of most builds do.
#}
{% macro slices_of_days() %}
    {%- set event_count -%}
        select count() from {{ source('analytics', 'events') }} where {{ built_days('occurred_on') }}
    {%- endset -%}
    {%- if asked(event_count) <= var('slice_events') | int -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set counted -%}
        with

        days as (

            select occurred_on as day, count() as event_count
            from {{ source('analytics', 'events') }}
            where {{ built_days('occurred_on') }}
            group by day

        ),

        numbered_days as (

            select
                day,
                multiIf(
                    day between toDate('{{ var("from_day") }}') and toDate('{{ var("to_day") }}'), toDate(0),
                    {%- for first, last in var('also_stretches') %}
                    day between toDate('{{ first }}') and toDate('{{ last }}'), toDate('{{ first }}'),
                    {%- endfor %}
                    day
                ) as stretch,
                intDiv(
                    sum(event_count) over (partition by stretch order by day),
                    {{ var('slice_events') }}
                ) as number
            from days

        )

        select toString(min(day)) as first, toString(max(day)) as last
        from numbered_days
        group by stretch, number
        order by first
    {%- endset -%}
    {%- set slices = [] -%}
    {%- for row in run_query(counted).rows -%}
        {%- do slices.append((row[0], row[1])) -%}
    {%- endfor -%}
    {{ return(slices) }}
{% endmacro %}
