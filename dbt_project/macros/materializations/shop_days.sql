{#
    A table with one partition per shop day, of which a build replaces exactly its own days.

    dbt's `insert_overwrite` replaces the partitions that the query filled, so that a day which lost its last row would
    keep its old ones. Here the days to replace come from the build (from_day, to_day, also_stretches), widened by the
    model's meta `days_before` and `days_after`, and a day without rows is dropped. Each day changes in one piece:
    readers never see half of one.

    A table of other columns, or one without a partition per day, is replaced as a whole by a build that leaves none of its days
    out (`is_to_be_replaced` in partitions.sql).
#}
{% materialization shop_days, adapter='clickhouse' %}

    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set new_days = make_temp_relation(target_relation, '__' ~ invocation_id.replace('-', '') ~ '_new') -%}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set has_contract = config.get('contract').enforced -%}
    {%- if existing_relation is not none and (should_full_refresh() or existing_relation.is_view) -%}
        {% do adapter.drop_relation(existing_relation) %}
        {%- set existing_relation = none -%}
    {%- endif -%}
    {%- if existing_relation is none -%}
        {% do clickhouse__create_empty_table(False, target_relation, sql, has_contract) %}
    {%- endif -%}

    {{ run_hooks(pre_hooks) }}

    {% do clickhouse__create_empty_table(False, new_days, sql, has_contract, 'create_new_days') %}
    {%- set is_replaced = is_to_be_replaced(target_relation, new_days) -%}
    {%- set filled = [] -%}
    {% for query in sql_of_slices(sql) %}
        {%- if loop.length > 1 -%}
            {%- do log('slice ' ~ loop.index ~ ' of ' ~ loop.length ~ ' of ' ~ this.identifier) -%}
        {%- endif -%}
        {% call statement('main') %}
            {{ clickhouse__insert_into(new_days, query, has_contract) }}
        {% endcall %}
        {%- if not is_replaced -%}
            {%- set days = partitions_of(new_days) -%}
            {% do replace_days(target_relation, new_days, days) %}
            {% if not loop.last %}{% do adapter.truncate_relation(new_days) %}{% endif %}
            {%- do filled.extend(days) -%}
        {%- endif -%}
    {% endfor %}
    {%- if is_replaced -%}
        {% do exchange_tables_atomic(new_days, target_relation) %}
    {%- else -%}
        {% do drop_days(target_relation, partitions_of(target_relation, built_days('toDate(partition)', *built_width())), filled) %}
    {%- endif -%}
    {% do adapter.drop_relation(new_days) %}

    {{ run_hooks(post_hooks) }}
    {% do persist_docs(target_relation, model) %}
    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}
