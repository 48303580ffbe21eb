{#
    The connected components of a graph, each named by its smallest vertex.

    The model's query gives the edges in both directions, as (vertex, neighbour); the table has one row per vertex, with
    its component in the second column. In each round every vertex moves to the smallest of its neighbours, two steps
    further to where that one moves; the graph of the places they moved to is the next round's. Such a graph hangs
    together where the one before did, so it shrinks until each component is one vertex, its smallest. A chain of
    n vertices takes about log n / log 4 rounds. Everything happens in the warehouse.
#}
{% materialization connected, adapter='clickhouse' %}

    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set columns = model.columns.keys() | list -%}
    {%- set edges = scratch_relation('edges') -%}
    {%- set moves = scratch_relation('moves') -%}
    {%- set next = scratch_relation('next') -%}
    {%- set components = scratch_relation('components') -%}

    {{ run_hooks(pre_hooks) }}

    {% call statement('main') %}
        create table {{ edges }} engine = MergeTree order by vertex
        as select {{ columns[0] }} as vertex, {{ columns[1] }} as neighbour from ({{ sql }})
    {% endcall %}
    {{ create_as(components, "select distinct vertex as " ~ columns[0] ~ ", vertex as " ~ columns[1] ~ " from " ~ edges, columns[0]) }}
    {%- set state = namespace(left=row_count(edges), rounds=0) -%}
    {%- for _ in range(100) if state.left -%}
        {%- set state.rounds = state.rounds + 1 -%}
        {{ create_as(next, moved_once(edges), 'vertex') }}
        {{ create_as(moves, moved_further(next), 'vertex') }}
        {{ create_as(next, components_moved(components, moves, columns), columns[0]) }}
        {% do exchange_tables_atomic(next, components) %}
        {{ create_as(next, edges_moved(edges, moves), 'vertex') }}
        {% do exchange_tables_atomic(next, edges) %}
        {%- set state.left = row_count(edges) -%}
    {%- endfor -%}
    {%- if state.left -%}
        {%- do exceptions.raise_compiler_error(
            this ~ ' is not done after ' ~ state.rounds ~ ' rounds: ' ~ state.left ~ ' edges are left. That needs a chain of '
            ~ 'more vertices than a warehouse can hold, so look for a fault in the query.'
        ) -%}
    {%- endif -%}
    {% do swap_in(components, target_relation, existing_relation) %}
    {%- for scratch in [edges, moves, next] -%}
        {% do run_query('drop table if exists ' ~ scratch ~ ' sync') %}
    {%- endfor -%}

    {{ run_hooks(post_hooks) }}
    {% do persist_docs(target_relation, model) %}
    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}


{# Where each vertex moves in a round, one step: to its smallest neighbour, if that one is smaller. #}
{% macro moved_once(edges) %}
    select vertex, least(vertex, min(neighbour)) as place
    from {{ edges }}
    group by vertex
{% endmacro %}


{# The same, two steps further. #}
{% macro moved_further(moves) %}
    select first.vertex as vertex, third.place as place
    from {{ moves }} as first
    inner join {{ moves }} as second on first.place = second.vertex
    inner join {{ moves }} as third on second.place = third.vertex
{% endmacro %}


{# All vertices of the beginning, with the places where they are after a round. #}
{% macro components_moved(components, moves, columns) %}
    select
        components.{{ columns[0] }} as {{ columns[0] }},
        if(moves.place = '', components.{{ columns[1] }}, moves.place) as {{ columns[1] }}
    from {{ components }} as components
    left join {{ moves }} as moves on components.{{ columns[1] }} = moves.vertex
{% endmacro %}


{# The edges between places, without those that have shrunk to one. #}
{% macro edges_moved(edges, moves) %}
    select distinct near.place as vertex, far.place as neighbour
    from {{ edges }} as edges
    inner join {{ moves }} as near on edges.vertex = near.vertex
    inner join {{ moves }} as far on edges.neighbour = far.vertex
    where near.place != far.place
{% endmacro %}


{# A table of this build that nobody else sees; `drop_unfinished_days` drops what a failed build leaves. #}
{% macro scratch_relation(purpose) %}
    {{ return(make_temp_relation(this.incorporate(type='table'), '_' ~ purpose ~ '__' ~ invocation_id.replace('-', '') ~ '_new')) }}
{% endmacro %}


{% macro create_as(relation, query, order_by) %}
    {% do run_query('drop table if exists ' ~ relation ~ ' sync') %}
    {% do run_query('create table ' ~ relation ~ ' engine = MergeTree order by ' ~ order_by ~ ' as ' ~ query) %}
{% endmacro %}


{% macro row_count(relation) %}
    {{ return(run_query('select count() from ' ~ relation).rows[0][0] | int) }}
{% endmacro %}


{# Put a table into the place of another one at once: readers see the old one or the new one. #}
{% macro swap_in(new_relation, target_relation, existing_relation) %}
    {%- if existing_relation is none -%}
        {% do run_query('rename table ' ~ new_relation ~ ' to ' ~ target_relation) %}
    {%- else -%}
        {% do exchange_tables_atomic(new_relation, target_relation) %}
        {% do run_query('drop table ' ~ new_relation ~ ' sync') %}
    {%- endif -%}
{% endmacro %}
