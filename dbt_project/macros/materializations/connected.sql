{#
    The connected components of a graph, each named by its smallest vertex.

    The model's query gives the edges in both directions, as (vertex, neighbour); the table has one row per vertex, with
    its component in the second column. Vertices are numbered in the order of their names, as joins over numbers are
    several times faster. In each round every vertex moves to its smallest neighbour, and on to where that one moves,
    until it stands on a vertex that has no smaller neighbour; the graph of the places they moved to is the next
    round's. Such a graph hangs together where the one before did, so it shrinks until each component is one vertex, its
    smallest. Chains, however long, take a round or two, since their way is doubled and not walked.
#}
{% materialization connected, adapter='clickhouse' %}

    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set vertex_column, component_column = model.columns.keys() -%}
    {%- set pairs, names, edges = scratch_relation('pairs'), scratch_relation('names'), scratch_relation('edges') -%}
    {%- set places, moves = scratch_relation('places'), scratch_relation('moves') -%}
    {%- set next, connected = scratch_relation('next'), scratch_relation('connected') -%}

    {{ run_hooks(pre_hooks) }}

    {% do clickhouse__create_empty_table(False, pairs, sql, config.get('contract').enforced) %}
    {% call statement('main') %}
        {{ clickhouse__insert_into(pairs, sql, config.get('contract').enforced) }}
    {% endcall %}
    {% do create_as(names, numbered_vertices(pairs, vertex_column), 'number') %}
    {% do create_as(edges, numbered_edges(pairs, names, vertex_column, component_column), 'vertex') %}
    {% do create_as(places, 'select number as vertex, number as place from ' ~ names, 'vertex') %}
    {%- set edge_count = namespace(left=asked('select count() from ' ~ edges)) -%}
    {%- for _ in range(100) if edge_count.left -%}
        {% do create_as(moves, moved_once(edges), 'vertex') %}
        {% do move_to_the_end(moves, next) %}
        {% do replace_with(places, places_moved(places, moves), next) %}
        {% do replace_with(edges, edges_moved(edges, moves), next) %}
        {%- set edge_count.left = asked('select count() from ' ~ edges) -%}
    {%- endfor -%}
    {%- if edge_count.left -%}
        {%- do exceptions.raise_compiler_error(
            this ~ ': ' ~ edge_count.left ~ ' edges are left after 100 rounds. No graph that fits into a warehouse needs so '
            ~ 'many: look whether the query gives every edge in both directions.'
        ) -%}
    {%- endif -%}
    {% do create_as(connected, named_components(places, names, vertex_column, component_column), vertex_column) %}
    {% do swap_in(connected, target_relation, existing_relation) %}
    {%- for scratch in [pairs, names, edges, places, moves, next] -%}
        {% do run_query('drop table if exists ' ~ scratch ~ ' sync') %}
    {%- endfor -%}

    {{ run_hooks(post_hooks) }}
    {% do persist_docs(target_relation, model) %}
    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}


{% macro numbered_vertices(pairs, vertex_column) %}
    select name, row_number() over (order by name) as number
    from (select distinct {{ vertex_column }} as name from {{ pairs }})
{% endmacro %}


{% macro numbered_edges(pairs, names, vertex_column, neighbour_column) %}
    select near.number as vertex, far.number as neighbour
    from {{ pairs }} as pairs
    inner join {{ names }} as near on pairs.{{ vertex_column }} = near.name
    inner join {{ names }} as far on pairs.{{ neighbour_column }} = far.name
{% endmacro %}


{# Where each vertex moves in one step: to its smallest neighbour, if that one is smaller. #}
{% macro moved_once(edges) %}
    select vertex, least(vertex, min(neighbour)) as place
    from {{ edges }}
    group by vertex
{% endmacro %}


{# Double the way of each vertex until all stand still. Ways only lead down, so a sum tells whether any was longer. #}
{% macro move_to_the_end(moves, next) %}
    {%- set total = namespace(before=none, now=asked('select sum(place) from ' ~ moves)) -%}
    {%- for _ in range(64) if total.before != total.now -%}
        {% do replace_with(moves, moved_twice_as_far(moves), next) %}
        {%- set total.before, total.now = total.now, asked('select sum(place) from ' ~ moves) -%}
    {%- endfor -%}
{% endmacro %}


{% macro moved_twice_as_far(moves) %}
    select near.vertex as vertex, far.place as place
    from {{ moves }} as near
    inner join {{ moves }} as far on near.place = far.vertex
{% endmacro %}


{# All vertices of the beginning, with the places where they are after a round. #}
{% macro places_moved(places, moves) %}
    select places.vertex as vertex, if(moves.place = 0, places.place, moves.place) as place
    from {{ places }} as places
    left join {{ moves }} as moves on places.place = moves.vertex
{% endmacro %}


{# The edges between places, without those that have shrunk to one. #}
{% macro edges_moved(edges, moves) %}
    select distinct near.place as vertex, far.place as neighbour
    from {{ edges }} as edges
    inner join {{ moves }} as near on edges.vertex = near.vertex
    inner join {{ moves }} as far on edges.neighbour = far.vertex
    where near.place != far.place
{% endmacro %}


{% macro named_components(places, names, vertex_column, component_column) %}
    select vertices.name as {{ vertex_column }}, components.name as {{ component_column }}
    from {{ places }} as places
    inner join {{ names }} as vertices on places.vertex = vertices.number
    inner join {{ names }} as components on places.place = components.number
{% endmacro %}


{# A table of this build that nobody else sees; `drop_unfinished_days` drops what a failed build leaves. #}
{% macro scratch_relation(purpose) %}
    {{ return(make_temp_relation(
        this.incorporate(type='table'), '_' ~ purpose ~ '__' ~ invocation_id.replace('-', '') ~ '_new'
    )) }}
{% endmacro %}


{% macro create_as(relation, query, order_by) %}
    {% do run_query('drop table if exists ' ~ relation ~ ' sync') %}
    {% do run_query('create table ' ~ relation ~ ' engine = MergeTree order by ' ~ order_by ~ ' as ' ~ query) %}
{% endmacro %}


{# Replace a table of numbered vertices with what a query over it gives. #}
{% macro replace_with(relation, query, next) %}
    {% do create_as(next, query, 'vertex') %}
    {% do exchange_tables_atomic(next, relation) %}
{% endmacro %}


{% macro asked(query) %}
    {{ return(run_query(query).rows[0][0] | int) }}
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
