{#
    A table with one partition per shop day, of which a build replaces exactly its own days.

    dbt's `insert_overwrite` replaces the partitions that the query filled, so that a day which lost its last row would
    keep its old ones. Here the days to replace come from the build (from_day, to_day, widened by the model's meta
    `days_before` and `days_after`): a day without rows is dropped. Each day changes in one piece; readers never see
    half of one. The model's first column in `partition_by` must be its day.
#}
{% materialization shop_days, adapter='clickhouse' %}

    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set new_days = make_temp_relation(target_relation, '__' ~ invocation_id.replace('-', '') ~ '_new') -%}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set has_contract = config.get('contract').enforced -%}
    {%- if existing_relation is none or should_full_refresh() or existing_relation.is_view -%}
        {%- if existing_relation is not none -%}
            {% do adapter.drop_relation(existing_relation) %}
        {%- endif -%}
        {% do clickhouse__create_empty_table(False, target_relation, sql, has_contract) %}
    {%- endif -%}

    {{ run_hooks(pre_hooks) }}

    {% do clickhouse__create_empty_table(False, new_days, sql, has_contract, 'create_new_days') %}
    {% call statement('main') %}
        {{ clickhouse__insert_into(new_days, sql, has_contract) }}
    {% endcall %}

    {%- set filled = partitions_of(new_days) -%}
    {%- set changes = [] -%}
    {%- for day in filled -%}
        {%- do changes.append("replace partition id '" ~ day ~ "' from " ~ new_days) -%}
    {%- endfor -%}
    {%- for day in partitions_of(target_relation, built_days("toDate(partition)", *built_width())) if day not in filled -%}
        {%- do changes.append("drop partition id '" ~ day ~ "'") -%}
    {%- endfor -%}
    {% if changes %}
        {% call statement('replace_days') %}
            alter table {{ target_relation }} {{ changes | join(', ') }}
        {% endcall %}
    {% endif %}
    {% do adapter.drop_relation(new_days) %}

    {{ run_hooks(post_hooks) }}
    {% do persist_docs(target_relation, model) %}
    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}
