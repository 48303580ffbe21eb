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


{# Days of other columns cannot stand in one table: then every day has to be built anew, which a person decides. #}
{% macro refuse_other_columns(existing, wanted) %}
    {%- set columns_there = [] -%}
    {%- set columns_wanted = [] -%}
    {%- for column in adapter.get_columns_in_relation(existing) -%}
        {%- do columns_there.append(column.name ~ ' ' ~ column.data_type) -%}
    {%- endfor -%}
    {%- for column in adapter.get_columns_in_relation(wanted) -%}
        {%- do columns_wanted.append(column.name ~ ' ' ~ column.data_type) -%}
    {%- endfor -%}
    {%- if columns_there != columns_wanted -%}
        {%- do exceptions.raise_compiler_error(
            existing ~ ' has other columns than its model: drop it and build every day again. '
            ~ 'Columns there: ' ~ columns_there | join(', ')
        ) -%}
    {%- endif -%}
{% endmacro %}
