{#
    The rows of a relation whose `person` is the raw name of an event, with the person that it belongs to today.

    An identifier that was never seen with another one has no row among the resolved ones and is its own person.
#}
{% macro of_resolved_persons(relation) -%}
    select
        {{ relation }}.* except (person),
        if(resolved.person = '', {{ relation }}.person, resolved.person) as person
    from {{ relation }}
    left join (
        select identifier, person
        from {{ ref('identifiers') }}
        where is_merged
    ) as resolved on {{ relation }}.person = resolved.identifier
{%- endmacro %}
