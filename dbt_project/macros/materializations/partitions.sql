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


{# How far beyond the build's days the model reaches: (days before, days after). #}
{% macro built_width() %}
    {%- set meta = config.get('meta', {}) -%}
    {{ return((meta.get('days_before', 0), meta.get('days_after', 0))) }}
{% endmacro %}
