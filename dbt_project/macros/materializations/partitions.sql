{# The partitions of a table that hold rows, as ids (20160831), optionally only those under a condition. #}
{% macro partitions_of(relation, condition='true') %}
    {%- set partitions -%}
        select distinct partition_id
        from system.parts
        where active and rows > 0 and database = '{{ relation.schema }}' and table = '{{ relation.identifier }}'
            and {{ condition }}
    {%- endset -%}
    {{ return(run_query(partitions).rows | map(attribute='partition_id') | list) }}
{% endmacro %}


{# Put the partitions of one table into another, instead of its own. #}
{% macro replace_days(relation, new_days, days) %}
    {%- set changes = [] -%}
    {%- for day in days -%}
        {%- do changes.append("replace partition id '" ~ day ~ "' from " ~ new_days) -%}
    {%- endfor -%}
    {{ alter_partitions(relation, changes) }}
{% endmacro %}


{# Drop the partitions of a table, but for some. #}
{% macro drop_days(relation, days, kept) %}
    {%- set changes = [] -%}
    {%- for day in days if day not in kept -%}
        {%- do changes.append("drop partition id '" ~ day ~ "'") -%}
    {%- endfor -%}
    {{ alter_partitions(relation, changes) }}
{% endmacro %}


{% macro alter_partitions(relation, changes) %}
    {%- if changes -%}
        {% call statement('alter_partitions') %}
            alter table {{ relation }} {{ changes | join(', ') }}
        {% endcall %}
    {%- endif -%}
{% endmacro %}


{# How far beyond the build's days the model reaches: (days before, days after). #}
{% macro built_width() %}
    {%- set meta = config.get('meta', {}) -%}
    {{ return((meta.get('days_before', 0), meta.get('days_after', 0))) }}
{% endmacro %}


{#
    Whether a table is to be replaced as a whole, because it has other columns than its model, or no partition per day.
    Days of both kinds cannot stand in one table, so the build must be of all days that are there, or of all events.
#}
{% macro is_to_be_replaced(existing, wanted) %}
    {%- if shape_of(existing) == shape_of(wanted) -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set is_by_day = partition_key_of(existing) == partition_key_of(wanted) -%}
    {%- set days_left_out -%}
        {%- if is_by_day -%}
            select uniqExact(partition), min(toDate(partition)), max(toDate(partition))
            from system.parts
            where active and rows > 0 and database = '{{ existing.schema }}' and table = '{{ existing.identifier }}'
                and not {{ built_days('toDate(partition)', *built_width()) }}
        {%- else -%}
            select uniqExact(occurred_on), min(occurred_on), max(occurred_on)
            from {{ source('analytics', 'events') }}
            where not {{ built_days('occurred_on') }}
        {%- endif -%}
    {%- endset -%}
    {%- set left_out = run_query(days_left_out).rows[0] -%}
    {%- if left_out[0] | int -%}
        {%- do exceptions.raise_compiler_error(
            existing ~ ' has other columns than its model now has, and this build leaves out ' ~ left_out[0] ~ ' of its days, from '
            ~ left_out[1] ~ ' to ' ~ left_out[2] ~ '. A build of every day replaces the table: `active-analytics build`. '
            ~ 'Columns there: ' ~ shape_of(existing)
        ) -%}
    {%- endif -%}
    {{ return(true) }}
{% endmacro %}


{# Columns with their types, and what a partition is. #}
{% macro shape_of(relation) %}
    {%- set columns = [] -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
        {%- do columns.append(column.name ~ ' ' ~ column.data_type) -%}
    {%- endfor -%}
    {{ return(columns | join(', ') ~ ' by ' ~ partition_key_of(relation)) }}
{% endmacro %}


{% macro partition_key_of(relation) %}
    {%- set key -%}
        select partition_key from system.tables where database = '{{ relation.schema }}' and name = '{{ relation.identifier }}'
    {%- endset -%}
    {{ return(run_query(key).rows[0][0]) }}
{% endmacro %}
