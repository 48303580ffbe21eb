{#
    Compare the columns of a model's query with its contract, unless the build says that nothing can have changed.

    The server works out the types of the whole query for it once more: 0.9 of the 3.1 CPU seconds that a build of one small
    day costs there. An insert would turn other types into the contract's without a word, so it is done in every build but
    those of tests that build the same models again and again.
#}
{% macro get_assert_columns_equivalent(sql) %}
    {%- if var('check_contracts') -%}
        {{ clickhouse__get_assert_columns_equivalent(sql) }}
    {%- endif -%}
{% endmacro %}
