{#
    Drop the tables in which days were being built when something failed: those of this run, and those that a killed
    run left, which nothing can be writing to after a day.
#}
{% macro drop_unfinished_days() %}
    {%- set unfinished -%}
        select database || '.' || name as table_name
        from system.tables
        where
            database in ('staging', 'intermediate', 'marts')
            and (
                endsWith(name, '__{{ invocation_id.replace("-", "") }}_new')
                or (endsWith(name, '_new') and metadata_modification_time < now() - interval 1 day)
            )
    {%- endset -%}
    {%- if execute -%}
        {%- for row in run_query(unfinished).rows -%}
            {%- do run_query('drop table ' ~ row['table_name']) -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}
